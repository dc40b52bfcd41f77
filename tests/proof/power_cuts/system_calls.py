"""What a process does to files, seen by strace below it: every byte, size, name and sync, in order.

What SQLite keeps in `-shm` files is not seen, for it is written through shared memory. It need not survive: the first
connection after a power cut works it out anew from the log. That nothing else is mapped that way is checked here.
"""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.needs import require

RECORD_S_MAX = 120
"""The recorded process takes some seconds; one that hangs must not hang the test run."""

STRING_BYTES_MAX = 1 << 24
"""Longer than anything that is written at once: strace would cut it."""

CHANGES_FILES = (
    "open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "sync_file_range,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,"
    "mmap,sendfile,copy_file_range,splice"
)
SHARED_MEMORY = "-shm"


@dataclass(frozen=True, slots=True)
class Make:
    """A new, empty file or folder under a name."""

    path: str
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset."""

    path: str
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resize:
    """Another length; what is new reads as zeros."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """fsync or fdatasync has returned: of a file its content, of a folder its names."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file under another name, in place of what was there."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Link:
    """A file under one more name."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A name that is gone."""

    path: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line that the process told the outside: what it acknowledged."""

    line: str


Operation = Make | Write | Resize | Sync | Rename | Link | Remove | Said


def record(command: Sequence[str], root: Path, said: Path, trace: Path) -> list[Operation]:
    """Run `command` and return what it did to the files below `root`, and the lines that it wrote to `said`.

    `trace` is where strace puts its own notes. Skips the test without strace.
    """
    strace = require("strace", "apt-get install strace")
    arguments = [strace, "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", str(STRING_BYTES_MAX)]
    arguments += ["-e", "signal=none", "-e", f"trace={CHANGES_FILES}", "-o", str(trace)]
    done = subprocess.run(
        [*arguments, *command], capture_output=True, text=True, timeout=RECORD_S_MAX, check=False
    )
    assert done.returncode == 0, f"what was to be recorded ended so:\n{done.stderr[-3000:]}"
    with trace.open(encoding="ascii") as lines:
        return list(Reading(str(root), str(said)).operations(lines))


_BY_NAME = frozenset(
    [
        "open",
        "openat",
        "creat",
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "mkdir",
        "mkdirat",
        "unlink",
        "unlinkat",
        "rmdir",
    ]
)
_CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})+)>(\(deleted\))?")


def _text(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal.replace("\\x", ""))


@dataclass
class Reading:
    """Reads strace's lines. Raises ValueError for what it cannot tell the meaning of, rather than leave it out."""

    root: str
    said: str
    _known: set[str] = field(default_factory=set)
    _at: dict[tuple[str, int], int] = field(default_factory=dict)
    """Where the next `write` of (process, handle) goes."""

    def operations(self, lines: Iterator[str]) -> Iterator[Operation]:
        """Every operation on the files below the root."""
        marks = [
            "\\x" + "\\x".join(f"{byte:02x}" for byte in each.encode())
            for each in (self.root, self.said)
        ]
        for line in lines:
            if not any(mark in line for mark in marks):
                continue
            if "<unfinished ...>" in line:
                raise ValueError(
                    f"two threads wrote at once; the order is not certain: {line[:200]}"
                )
            found = _CALL.match(line)
            if found is None:
                raise ValueError(f"not a system call: {line[:200]}")
            process, name, arguments, result = found.groups()
            if int(result) >= 0:
                yield from self._operation(process, name, arguments, int(result))

    def _operation(
        self, process: str, name: str, arguments: str, result: int
    ) -> Iterator[Operation]:
        strings = [_text(each) for each in _STRING.findall(arguments)]
        if name in _BY_NAME:
            paths = [each.decode() for each in strings]
            if not all(path.startswith("/") for path in paths):
                raise ValueError(
                    f"{name} of {paths}, which depends on a folder and is not modelled"
                )
            yield from self._by_name(process, name, paths, arguments, result)
        else:
            yield from self._by_handle(process, name, arguments, strings, result)

    def _by_name(
        self, process: str, name: str, paths: Sequence[str], arguments: str, result: int
    ) -> Iterator[Operation]:
        path, to = paths[0], paths[-1]
        if name in {"open", "openat", "creat"}:
            yield from self._opened(process, path, arguments, result)
        elif name in {"rename", "renameat", "renameat2"}:
            self._known.discard(path)
            self._known.add(to)
            yield Rename(path, to)
        elif name in {"link", "linkat"}:
            self._known.add(to)
            yield Link(path, to)
        elif name in {"mkdir", "mkdirat"}:
            yield Make(path, folder=True)
        else:
            self._known.discard(path)
            if not path.endswith(SHARED_MEMORY):
                yield Remove(path)

    def _opened(self, process: str, path: str, arguments: str, handle: int) -> Iterator[Operation]:
        self._at[process, handle] = 0
        if path == self.said or path.endswith(SHARED_MEMORY) or "O_DIRECTORY" in arguments:
            return
        if "O_APPEND" in arguments:
            raise ValueError(f"{path} is appended to, which is not modelled")
        if path not in self._known:
            self._known.add(path)
            # Without O_CREAT it is a folder, or was there before.
            if "O_CREAT" in arguments:
                yield Make(path)
        elif "O_TRUNC" in arguments:
            yield Resize(path, 0)

    def _by_handle(
        self, process: str, name: str, arguments: str, strings: Sequence[bytes], result: int
    ) -> Iterator[Operation]:
        handle, path = self._file(arguments)
        if name == "mmap":
            writes = "MAP_SHARED" in arguments and "PROT_WRITE" in arguments
            if writes and not path.endswith(SHARED_MEMORY):
                raise ValueError(f"{path} is written to through memory, which is not seen")
        elif path.endswith(SHARED_MEMORY):
            return
        elif path == self.said:
            yield from (Said(line.decode()) for line in strings[0].splitlines())
        elif name == "write":
            offset = self._at[process, handle]
            self._at[process, handle] = offset + result
            yield Write(path, offset, strings[0][:result])
        elif name == "pwrite64":
            yield Write(path, int(arguments.rsplit(",", 1)[1]), strings[0][:result])
        elif name == "ftruncate":
            yield Resize(path, int(arguments.rsplit(",", 1)[1]))
        elif name in {"fsync", "fdatasync"}:
            yield Sync(path)
        else:
            raise ValueError(f"{name} on {path}, which is not modelled")

    def _file(self, arguments: str) -> tuple[int, str]:
        found = _HANDLE.search(arguments)
        if found is None:
            raise ValueError(f"no file in {arguments[:200]}")
        handle, path, deleted = found.groups()
        decoded = _text(path).decode()
        if deleted and not decoded.endswith(SHARED_MEMORY):
            raise ValueError(f"{decoded} is used after its name was removed, which is not modelled")
        return int(handle), decoded
