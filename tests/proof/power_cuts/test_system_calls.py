"""What strace sees of a process becomes operations on files; what cannot be told the meaning of is an error."""

import sys
from pathlib import Path

import pytest

from tests.proof.power_cuts.system_calls import (
    Link,
    Make,
    Reading,
    Remove,
    Rename,
    Resize,
    Said,
    Sync,
    Write,
    record,
)

WORKS = """
import os, sys
root, said = sys.argv[1:]
outside = os.open(said, os.O_WRONLY | os.O_CREAT)
os.mkdir(root + "/in")
file = os.open(root + "/in/a", os.O_RDWR | os.O_CREAT, 0o600)
os.write(file, b"one"); os.write(file, b"two")
os.pwrite(file, b'\\x00"\\n', 100)
os.fsync(file)
os.write(outside, b"it is there\\n")
os.ftruncate(file, 2)
os.rename(root + "/in/a", root + "/b")
os.link(root + "/b", root + "/c")
os.unlink(root + "/b")
os.fsync(os.open(root, os.O_RDONLY))
with open(root + "/c", "wb") as again:
    again.write(b"new")
"""


def test_every_change_of_a_file_is_seen_in_its_order(tmp_path: Path) -> None:
    root, said = tmp_path / "root", tmp_path / "said"
    root.mkdir()
    command = [sys.executable, "-S", "-c", WORKS, str(root), str(said)]
    a, b, c = f"{root}/in/a", f"{root}/b", f"{root}/c"
    assert record(command, root, said, tmp_path / "trace") == [
        Make(f"{root}/in", folder=True),
        Make(a),
        Write(a, 0, b"one"),
        Write(a, 3, b"two"),
        Write(a, 100, b'\x00"\n'),
        Sync(a),
        Said("it is there"),
        Resize(a, 2),
        Rename(a, b),
        Link(b, c),
        Remove(b),
        Sync(str(root)),
        Resize(c, 0),
        Write(c, 0, b"new"),
    ]


def in_hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


FILE = f"3<{in_hex('/root/file')}>"


@pytest.mark.parametrize(
    "line",
    [
        f'7 pwrite64({FILE}, "{in_hex("x")}", 1, 0 <unfinished ...>',
        f"7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, {FILE}, 0) = 0x7f0000000000",
        f'7 openat(AT_FDCWD, "{in_hex("/root/file")}", O_WRONLY|O_CREAT|O_APPEND, 0600) = {FILE}',
        f'7 unlinkat(5<{in_hex("/root")}>, "{in_hex("file")}", 0) = 0',
        f"7 fallocate({FILE}, 0, 0, 4096) = 0",
        f'7 write(3<{in_hex("/root/file")}>(deleted), "{in_hex("x")}", 1) = 1',
    ],
    ids=[
        "two at once",
        "through memory",
        "appended",
        "by folder",
        "not modelled",
        "after its name is gone",
    ],
)
def test_what_is_not_understood_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(Reading("/root", "/said").operations(iter([line])))
