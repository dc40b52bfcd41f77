"""Where the bench works, and what machine it is."""

import compileall
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.ledger.database import sqlite_version

DATA_PARENT = Path("/var/tmp")
"""Kept over restarts (Filesystem Hierarchy Standard 5.15), so a disk and no memory; /tmp often is memory."""

IN_MEMORY = frozenset({"tmpfs", "ramfs", "zram"})


class NotADisk(Exception):
    """The folder lies in memory, where a durable commit costs nothing and every figure would flatter."""


def leave_bytecode() -> None:
    """Compile our modules as an installer does: Python would do it at every start where it may not write them."""
    for package in ("edge_agent", "drivers", "sync"):
        compileall.compile_dir(Path(__file__).parents[2] / package, quiet=1)


@contextmanager
def working_folder(parent: Path) -> Iterator[Path]:
    """A folder on a real disk, gone afterwards. Raises NotADisk."""
    kind = filesystem_of(parent)
    if kind in IN_MEMORY:
        raise NotADisk(f"{parent} is {kind}; give a folder on a disk with --data")
    folder = Path(tempfile.mkdtemp(prefix="edge-agent-bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def filesystem_of(folder: Path) -> str:
    """The kind of filesystem that `folder` lies on."""
    device = folder.stat().st_dev
    found = "unknown"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        numbers = before.split()[2].split(":")
        if os.makedev(int(numbers[0]), int(numbers[1])) == device:
            found = after.split()[0]
    return found


def machine(folder: Path) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite_version(),
        "filesystem": filesystem_of(folder),
    }
