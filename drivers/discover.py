"""Every scanner and printer that could be here, used or not; looks only, opens nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serial.tools import list_ports

FOUND_MAX = 200
"""A till has a handful; a machine with more shows the first ones."""


@dataclass(frozen=True, slots=True)
class Found:
    """`kind` and `where` are what the configuration wants as `kind` and `port` (or `path`).

    A serial port does not tell what hangs on it: it may be a scanner or a printer.
    """

    kind: Literal["serial", "usb"]
    where: str
    description: str

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "where": self.where, "description": self.description}


def discover(dev: Path = Path("/dev")) -> list[Found]:
    """Serial ports by their lasting names first, then bare ones, then USB printers."""
    named = list(_by_link(dev / "serial" / "by-id"))
    reached = {_target(dev / "serial" / "by-id", found.where) for found in named}
    for found in _by_link(dev / "serial" / "by-path"):
        target = _target(dev / "serial" / "by-path", found.where)
        if target not in reached:
            named.append(found)
            reached.add(target)
    bare = [found for found in _bare_ports(dev) if Path(found.where).resolve() not in reached]
    return [*named, *bare, *_usb_printers(dev)][:FOUND_MAX]


def _target(folder: Path, where: str) -> Path:
    return folder.joinpath(where).resolve()


def _by_link(folder: Path) -> Iterable[Found]:
    if not folder.is_dir():
        return
    for link in sorted(folder.iterdir()):
        about = link.name.removeprefix("usb-").replace("_", " ")
        yield Found("serial", str(link), about)


def _bare_ports(dev: Path) -> Iterable[Found]:
    """What pyserial lists; only when looking at the real /dev, and without unused ttyS."""
    if dev != Path("/dev"):
        return
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        if port.hwid != "n/a" or not port.device.startswith("/dev/ttyS"):
            yield Found("serial", port.device, port.description or port.device)


def _usb_printers(dev: Path) -> Iterable[Found]:
    folder = dev / "usb"
    if folder.is_dir():
        for node in sorted(folder.glob("lp*")):
            yield Found("usb", str(node), f"USB printer {node.name}")
