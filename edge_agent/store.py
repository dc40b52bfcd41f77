"""Everything of an agent that is on disk, opened."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.clock import Clock, boot_ms, system_now
from edge_agent.data_folder import DataFolder
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.settings import Settings
from edge_agent.sync_ports import LedgerOutbox, MembersStore, ProgrammeStore
from edge_agent.till.shelf import ProgrammeShelf


@dataclass
class Store:
    """Everything of an agent that is on disk, opened; what the commands work on that need no devices."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    ledger: Ledger
    members: MembersFile
    shelf: ProgrammeShelf

    @classmethod
    def open(
        cls,
        settings: Settings,
        now: Callable[[], datetime] = system_now,
        since_boot: Callable[[], int] = boot_ms,
    ) -> "Store":
        """Open the data folder; `now` is the system's clock, `since_boot` the milliseconds since it was started.

        Raises DataFolderBusy, DataFolderUnusable, WrongTerminal, LedgerUnavailable.
        """
        terminal = settings.terminal
        folder = DataFolder(terminal.data)
        try:
            ledger = Ledger.open(terminal.data, f"{terminal.store}/{terminal.till}", now())
            members = MembersFile(terminal.data / "members")
            shelf = ProgrammeShelf(ledger)
            clock = Clock(ledger.last_clock(), now, since_boot)
        except BaseException:
            folder.release()
            raise
        return cls(settings, folder, clock, ledger, members, shelf)

    def begin_with_programme_file(self) -> None:
        """Take the configured programme file; a till that is not connected yet earns by it. Raises ProgrammeInvalid."""
        path = self.settings.programme.file
        if path is not None:
            self.shelf.offer(path.read_bytes().decode(), str(path), self.clock.now())

    def sync_ports(self) -> tuple[LedgerOutbox, MembersStore, ProgrammeStore]:
        """What sync works on."""
        return (
            LedgerOutbox(self.ledger),
            MembersStore(self.members, self.clock),
            ProgrammeStore(self.shelf, self.clock),
        )

    def close(self) -> None:
        """Close everything and let another agent in."""
        self.members.close()
        self.ledger.close()
        self.folder.release()
