"""Whether somebody is between BEGIN and COMMIT on a SQLite database in WAL mode, asked of the kernel from outside."""

import fcntl
import os
import struct
import time
from pathlib import Path

_WRITE_LOCK_AT = 120
"""Byte of the `-shm` file that a writer holds from BEGIN IMMEDIATE to the end of its transaction
(sqlite.org/walformat.html, "WAL_WRITE_LOCK")."""

_FLOCK = "hhqqi"
"""`struct flock` of 64-bit Linux: type, whence, start, length, process."""


def is_held(database: Path) -> bool:
    """Whether a transaction that writes is under way; False where the database is not open."""
    try:
        handle = os.open(f"{database}-shm", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _WRITE_LOCK_AT, 1, 0)
        kind, *_ = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    finally:
        os.close(handle)
    return bool(kind != fcntl.F_UNLCK)


def wait_until_held(database: Path, most_s: float) -> None:
    """Return as soon as a transaction is seen, or after `most_s` seconds."""
    until_s = time.monotonic() + most_s
    while not is_held(database) and time.monotonic() < until_s:
        pass
