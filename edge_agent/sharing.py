"""A scanner that agent and POS share: members' codes are ours, every other scan is the POS's."""

from collections.abc import Callable
from typing import Protocol

from drivers.ports import Discarded, Scan, Trailing
from drivers.reading import RepeatWindow


class Till(Protocol):
    """Who knows members' codes."""

    def scanned(self, device: str, text: str, symbology: str | None, *, shared: bool) -> bool:
        """Take a scan; False when it is no member's code."""


class Port(Protocol):
    """The way to the POS; neither call waits."""

    def write(self, scan: bytes) -> bool:
        """Pass a scan on, whole; False when it was dropped."""

    def write_tail(self, tail: bytes) -> None:
        """What followed the scan written last."""


class Sharing:
    """Tells for each scan whose it is; every method is called by the scanner's thread, in order.

    Two equal products in a row are two sales lines, so the scanner itself must not drop repeats; a
    member's code that is read twice within the window identifies once, and neither goes to the POS.
    A payment card's number is passed on like a product (docs/decisions/shared-scanner.md).
    """

    def __init__(
        self,
        till: Till,
        port: Port,
        on_discard: Callable[[Discarded], None],
        window: RepeatWindow,
    ) -> None:
        self._till = till
        self._port = port
        self._on_discard = on_discard
        self._window = window
        self._was_members = False
        self._passed_on = False

    def scan(self, scan: Scan) -> None:
        """Take a member's code, pass anything else on."""
        self._passed_on = False
        if self._window.is_repeat(scan.raw) and self._was_members:
            self._on_discard(Discarded(scan.device, "repeat", len(scan.raw)))
            return
        self._was_members = (
            True  # unless the till says otherwise; where it fails, the code was a member's
        )
        self._was_members = self._till.scanned(scan.device, scan.text, scan.symbology, shared=True)
        if not self._was_members:
            self._port.write(scan.wire)
            self._passed_on = True

    def discarded(self, discarded: Discarded) -> None:
        """Noise belongs to nobody, and neither do its line ends."""
        self._passed_on = False
        self._on_discard(discarded)

    def trailing(self, trailing: Trailing) -> None:
        """The rest of a line end goes where its scan went."""
        if self._passed_on:
            self._port.write_tail(trailing.wire)
