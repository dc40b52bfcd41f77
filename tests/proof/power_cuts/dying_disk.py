"""What may be left on a disk when the power goes: everything synced, and any part of what was not.

Of what was written to a file since its last sync, each sector is left as it was at any moment since, one independent of
the other: torn, reordered, or not there at all. So is its length; cutting a file short happens or does not. Names (new,
renamed, removed) that the folder's sync has not covered are there or not, each for itself: more than any journalling
file system would do, so that nothing here rests on one. Within a sector a write does not damage what it does not touch,
which SQLite relies on too (sqlite.org/psow.html).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.proof.power_cuts.system_calls import (
    Link,
    Make,
    Operation,
    Remove,
    Rename,
    Resize,
    Said,
    Sync,
    Write,
)

SECTORS = (512, 4096)
"""What disks write as one: bytes. Which of them it is, each cut draws."""

ALL_OR_SOME = (0.0, 0.1, 0.5, 0.9, 1.0)
"""How likely a sector is left as it was last; each cut draws one. The others are left as at a moment before."""


@dataclass
class File:
    """One file: what is surely on the disk, and what was done to it since its last sync."""

    content: bytearray = field(default_factory=bytearray)
    since: list[Write | Resize] = field(default_factory=list)

    def sync(self) -> None:
        """All of it is on the disk."""
        for change in self.since:
            _apply(self.content, change)
        self.since.clear()

    def left(self, chance: random.Random, sector: int, last: float) -> bytes:
        """What a power cut now leaves."""
        remains = Remains(self.content.copy(), sector)
        for change in self.since:
            remains.take(change, survives=chance.random() < last)
        return remains.drawn(chance, last)


def _apply(content: bytearray, change: Write | Resize) -> None:
    if isinstance(change, Write):
        if len(content) < change.offset:
            content.extend(bytes(change.offset - len(content)))
        content[change.offset : change.offset + len(change.data)] = change.data
    else:
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))


Piece = tuple[int, bytes]
"""Offset and bytes that lie within one sector."""


@dataclass
class Remains:
    """What may be left of one file: `content` is there, `pieces` of each sector up to any moment."""

    content: bytearray
    sector: int
    pieces: dict[int, list[Piece]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sizes = [len(self.content)]
        self._seen = len(self.content)
        self._reach: int | None = None

    def take(self, change: Write | Resize, *, survives: bool) -> None:
        """One more change since the last sync; `survives` matters where the file is cut short."""
        if isinstance(change, Resize) and change.size < self._seen:
            self._cut_short(change.size, survives)
            self._seen = change.size
            return
        if isinstance(change, Write):
            self._write(change)
            end = change.offset + len(change.data)
        else:
            end = change.size
        self._seen = max(self._seen, end)
        if self._reach is None:
            self.sizes.append(self._seen)

    def _cut_short(self, size: int, survives: bool) -> None:
        """Either the file was cut short, and what was beyond is gone for good, or nothing that came to lie beyond
        afterwards is there: it is in other blocks, which only the new length leads to."""
        if self._reach is not None or not survives:
            self._reach = size if self._reach is None else min(self._reach, size)
            return
        del self.content[size:]
        self.sizes = [size]
        for number, written in self.pieces.items():
            self.pieces[number] = [(at, data[: size - at]) for at, data in written if at < size]

    def _write(self, change: Write) -> None:
        data = (
            change.data
            if self._reach is None
            else change.data[: max(0, self._reach - change.offset)]
        )
        start = 0
        while start < len(data):
            number, within = divmod(change.offset + start, self.sector)
            end = min(len(data), start + self.sector - within)
            self.pieces.setdefault(number, []).append((change.offset + start, data[start:end]))
            start = end

    def drawn(self, chance: random.Random, last: float) -> bytes:
        """One of all the contents that are possible."""
        content = self.content.ljust(max(self.sizes), b"\0")
        for written in self.pieces.values():
            for offset, data in written[: _some(chance, len(written), last)]:
                content[offset : offset + len(data)] = data
        return bytes(content[: self.sizes[_some(chance, len(self.sizes) - 1, last)]])


def _some(chance: random.Random, count: int, last: float) -> int:
    """How many of `count` changes, in order, are left."""
    return count if chance.random() < last else chance.randrange(count + 1)


FOLDER = File()
"""Stands for a folder among the names."""

Names = dict[str, File]


@dataclass(frozen=True, slots=True)
class NameChange:
    """Names that change together; None is a name that is gone."""

    now: tuple[tuple[str, File | None], ...]

    def apply(self, names: Names) -> None:
        """Make it so."""
        for path, file in self.now:
            if file is None:
                names.pop(path, None)
            else:
                names[path] = file

    def is_in(self, folder: str) -> bool:
        """Whether a sync of that folder covers it."""
        return any(str(PurePosixPath(path).parent) == folder for path, _ in self.now)


@dataclass
class Disk:
    """A disk on which operations are done one after the other, until the power goes."""

    root: str
    names: Names = field(default_factory=dict)
    _surely: Names = field(default_factory=dict)
    _since: list[NameChange] = field(default_factory=list)

    def do(self, operation: Operation) -> None:
        """One operation has been done."""
        match operation:
            case Make(path, folder):
                self._name((path, FOLDER if folder else File()))
            case Write(path) | Resize(path):
                self.names[path].since.append(operation)
            case Rename(path) if self.names[path] is FOLDER:
                raise ValueError(f"the folder {path} is renamed, which is not modelled")
            case Rename(path, to):
                self._name((path, None), (to, self.names[path]))
            case Link(path, to):
                self._name((to, self.names[path]))
            case Remove(path):
                self._name((path, None))
            case Sync(path):
                self._sync(path)
            case Said():
                pass

    def _name(self, *now: tuple[str, File | None]) -> None:
        change = NameChange(now)
        change.apply(self.names)
        self._since.append(change)

    def _sync(self, path: str) -> None:
        file = self.names.get(path, FOLDER)
        if file is not FOLDER:
            file.sync()
            return
        covered = [change for change in self._since if change.is_in(path)]
        for change in covered:
            change.apply(self._surely)
            self._since.remove(change)

    def left(self, chance: random.Random) -> dict[str, bytes | None]:
        """What a power cut now leaves, by path; None for a folder. What lies in a folder that is gone is gone too."""
        sector, last = chance.choice(SECTORS), chance.choice(ALL_OR_SOME)
        names = dict(self._surely)
        for change in self._since:
            if chance.random() < last:
                change.apply(names)
        return {
            path: None if file is FOLDER else file.left(chance, sector, last)
            for path, file in names.items()
            if self._reachable(path, names)
        }

    def _reachable(self, path: str, names: Names) -> bool:
        parents = [str(each) for each in PurePosixPath(path).parents]
        return all(parent in names for parent in parents[: parents.index(self.root)])


def put_down(left: dict[str, bytes | None], root: str, folder: Path) -> None:
    """Write what is left below another folder."""
    for path in sorted(left, key=len):
        content = left[path]
        place = folder / PurePosixPath(path).relative_to(root)
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content)


def said_before(operations: Sequence[Operation], cut: int) -> list[str]:
    """What was acknowledged when the power went after so many operations."""
    return [each.line for each in operations[:cut] if isinstance(each, Said)]
