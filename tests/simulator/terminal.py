"""A till of the simulator: the real agent without its web server, devices and threads, on files of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.compose import offline_limits
from edge_agent.ledger.database import as_ledger_errors
from edge_agent.settings import CardTable, CentralTable, Settings, TerminalTable
from edge_agent.store import Store
from edge_agent.till.directory import Directory
from edge_agent.till.parts import Parts, TillSettings
from edge_agent.till.redeem import Wish
from edge_agent.till.till import Till
from sync.client import CentralClient, Place, Timeouts
from sync.errors import CentralError, HeadDiffers, Stalled
from sync.identity import Identity, load_identity, save_identity
from sync.policy import Window
from sync.pull import Pull
from sync.push import push
from sync.signing import Signer
from tests.simulator.asking import authority
from tests.simulator.books import Noted, Seen
from tests.simulator.network import CENTRAL_URL, Network
from tests.tills import Heard, Tray, Wire

AS_LONG_AS_IT_TAKES = Timeouts(total_s=86_400)
"""Who gives up is drawn: the time of this machine, that stands still when somebody stops it, has no say in it."""

CARD_PATTERN = r"29\d{11}"
DISK_OF_IMAGE = ("ledger.db", "ledger.db-wal", "identity", "members")
"""What a backup or a cloned disk holds; SQLite makes its shared memory file anew."""


@dataclass(slots=True)
class Memory:
    """What the simulator knows of a till: it goes back with the disk when that does.

    `chain` are its records in order, `sales` those that can come back, `acts` everything that was acknowledged, each as
    a call that does it again; `refused` are wishes that were not granted, and may be another time.
    """

    chain: list[Noted] = field(default_factory=list)
    own: dict[int, Noted] = field(default_factory=dict)
    sales: list[Any] = field(default_factory=list)
    acts: list[Any] = field(default_factory=list)
    reserved: list[str] = field(default_factory=list)
    refused: list[Wish] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    applied: int = 0
    """Up to which of its records central had made up its mind then."""
    confirmed_as: str = ""
    """The epoch that central said so to."""

    def note(self, noted: Noted) -> None:
        """One more record, or one that another epoch took over."""
        self.chain.append(noted)
        if not self.is_confirmed(noted):
            self.own[noted.seq] = noted
        elif noted.epoch == self.confirmed_as:
            self.own.pop(noted.seq, None)  # it was parked in the epoch before

    def is_confirmed(self, noted: Noted) -> bool:
        """Whether what it moved is in central's figures, or never will be."""
        return noted.seq <= self.applied and (noted.epoch, noted.seq) not in self.seen.parked

    def confirm(self, seen: Seen, epoch: str) -> None:
        """The members file holds now what central had when it said this to the journal `epoch`.

        What that took over from the epoch before counts as its own, whatever became of it there.
        """
        self.seen, self.applied, self.confirmed_as = seen, seen.applied.get(epoch, 0), epoch
        taken_over = {each.seq: each for each in self.chain if each.epoch == epoch}
        own = ((seq, taken_over.get(seq, each)) for seq, each in self.own.items())
        self.own = {seq: each for seq, each in own if not self.is_confirmed(each)}

    def copy(self) -> "Memory":
        """As it is now."""
        return Memory(
            list(self.chain),
            dict(self.own),
            list(self.sales),
            list(self.acts),
            list(self.reserved),
            list(self.refused),
            self.seen,
            self.applied,
            self.confirmed_as,
        )


@dataclass(frozen=True, slots=True)
class Image:
    """A till's disk as it was once."""

    folder: Path
    memory: Memory


class Terminal:
    """One till. `key` is its name in lists: a clone has the same terminal and another key."""

    def __init__(
        self,
        key: str,
        folder: Path,
        network: Network,
        now: Callable[[], datetime],
        began: datetime,
        memory: Memory | None = None,
    ) -> None:
        self.key = key
        self.name = key.partition("#")[0]
        self.folder = folder
        self.offset = timedelta()
        """How far this till's clock is from the true time."""
        self.memory = memory or Memory()
        self.fault: CentralError | None = None
        self._network = network
        self._now = now
        self._began = began
        self._busy: set[str] = set()
        self.open()

    @property
    def is_copy(self) -> bool:
        """Whether it runs on a copy of another one's disk."""
        return self.key != self.name

    def wall(self) -> datetime:
        """The system's clock, right or wrong."""
        return self._now() + self.offset

    def since_boot(self) -> int:
        """Milliseconds since the machine was started, which nobody can set."""
        return int((self._now() - self._began) / timedelta(milliseconds=1))

    @property
    def settings(self) -> Settings:
        """The agent's configuration."""
        store, _, till = self.name.partition("/")
        return Settings(
            terminal=TerminalTable(store=store, till=till, data=self.folder),
            central=CentralTable(url=CENTRAL_URL),
            card=(CardTable(pattern=CARD_PATTERN, check="ean13"),),
        )

    def open(self) -> None:
        """Start the agent."""
        settings = self.settings
        self.store = Store.open(settings, self.wall, self.since_boot)
        self.identity = load_identity(settings.identity_file)
        self.outbox, self._members, self._programmes = self.store.sync_ports()
        self.wire = Wire()
        self.directory = Directory(
            self.store.members, self._card_key, self.store.ledger.is_own_epoch
        )
        self.till = Till(
            Parts(
                settings=TillSettings(
                    settings.terminal.store,
                    settings.terminal.till,
                    settings.language,
                    settings.patterns,
                    offline_limits(settings),
                ),
                ledger=self.store.ledger,
                directory=self.directory,
                shelf=self.store.shelf,
                clock=self.store.clock,
                events=Heard(),
                printing=Tray(None),
                line=self.wire,
                card_key=self._card_key,
                authority=authority(self._to_ask, self.name, self._network),
            )
        )
        self._window = Window()
        self._ask = True
        self._busy = set()
        self._clients: dict[str, CentralClient] = {}

    def _to_ask(self) -> CentralClient | None:
        return None if self.identity is None else self._client("ask", self.identity)

    def _card_key(self) -> bytes | None:
        return None if self.identity is None else self.identity.card_key

    def enrolled(self, identity: Identity) -> None:
        """Keep who this terminal is to central."""
        save_identity(self.settings.identity_file, identity)
        self.identity = identity
        self._clients.clear()

    def close(self) -> None:
        """End the agent at once."""
        self._network.forget(self.key)
        self.store.close()

    def restart(self) -> None:
        """End and start, as after a power cut between two acts."""
        self.close()
        self.open()

    def take_image(self, folder: Path) -> Image:
        """Copy the disk as it is at this moment."""
        folder.mkdir(parents=True)
        for name in DISK_OF_IMAGE:
            source = self.folder / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*-shm"))
            elif source.exists():
                shutil.copy2(source, folder / name)
        return Image(folder, self.memory.copy())

    def go_back_to(self, image: Image) -> None:
        """The disk failed and the backup was put back: what came after it is gone."""
        self.close()
        shutil.rmtree(self.folder)
        shutil.copytree(image.folder, self.folder)
        self.memory = image.memory.copy()
        self.open()

    def fold_log(self) -> None:
        """What the agent does about once a second."""
        self.store.ledger.tidy()

    @property
    def page_limit(self) -> int:
        """How many pages the ledger's file may have."""
        with as_ledger_errors():
            writer = self.store.ledger._connections._writer
            return int(writer.execute("PRAGMA max_page_count").fetchone()[0])

    def fill_disk(self) -> None:
        """Let SQLite find no room for another page."""
        writer = self.store.ledger._connections._writer
        pages = writer.execute("PRAGMA page_count").fetchone()[0]
        writer.execute(f"PRAGMA max_page_count={pages}").fetchone()

    def make_room(self) -> None:
        """There is room again."""
        writer = self.store.ledger._connections._writer
        writer.execute("PRAGMA max_page_count=1073741823").fetchone()

    def push(self) -> bool:
        """Begin a push, as the worker does; False while one is under way or nobody is enrolled."""
        return self._begin("push", self._push)

    def pull(self) -> bool:
        """Begin a pull."""
        return self._begin("pull", self._pull)

    def _begin(self, what: str, run: Callable[[CentralClient], None]) -> bool:
        identity = self.identity
        if what in self._busy or identity is None:
            return False

        def work() -> None:
            self._busy.add(what)
            try:
                run(self._client(what, identity))
            except CentralError as fault:
                self.fault = fault
            finally:
                self._busy.discard(what)

        self._network.start(self.key, work)
        return True

    def _client(self, what: str, identity: Identity) -> CentralClient:
        """Each loop of the worker has its own, and keeps it."""
        if what not in self._clients:
            signer = Signer(
                identity.terminal, identity.signing_key, lambda: self.wall().timestamp()
            )
            place = Place(identity.central, key=identity.central_key)
            self._clients[what] = CentralClient(place, signer, AS_LONG_AS_IT_TAKES)
        return self._clients[what]

    def _push(self, client: CentralClient) -> None:
        asked, self._ask = self._ask, False
        result = push(client, self.outbox, self._window, ask_first=asked)
        self.fault = result.fault
        self.wire.offline = result.fault is not None
        if isinstance(result.fault, HeadDiffers) or (asked and result.fault is not None):
            self._ask = True

    def _pull(self, client: CentralClient) -> None:
        acknowledged = self.outbox.received()
        try:
            result = Pull(client, self.outbox, self._members, self._programmes).run()
        except Stalled:
            self._ask = True
            raise
        if result.received < acknowledged or result.closed:
            self._ask = True
        self.memory.confirm(self._network.seen[self.key], self.store.ledger.epoch)
