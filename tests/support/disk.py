"""Disks that are full, read-only or broken: a small file system of our own, and strace to let calls fail."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.needs import REQUIRE_ALL, require
from tests.support.waiting import wait_until

CHUNK = b"\0" * 65_536
FREE_BYTES = 4_096


def _not_possible(reason: str) -> None:
    if os.environ.get(REQUIRE_ALL):
        pytest.fail(f"{reason} (required because {REQUIRE_ALL} is set)")
    pytest.skip(reason)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes at `folder`; skipped visibly where mounting is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = require("mount", "apt-get install mount")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        _not_possible(f"needs to mount a tmpfs, as root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Fill the file system of `folder` to the last byte; remove the file that is returned to make room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(CHUNK[: min(len(CHUNK), max(1, shutil.disk_usage(folder).free))])
        except OSError:
            return ballast


def make_read_only(folder: Path, read_only: bool) -> None:
    """Mount the file system of `folder` again, the other way."""
    how = "remount,ro" if read_only else "remount,rw"
    subprocess.run(["mount", "-o", how, folder], check=True, capture_output=True)


@contextmanager
def failing_calls(pid: int, calls: str, error: str, path: Path) -> Iterator[None]:
    """Let these system calls of a running process fail on that file, and only there, while the block runs."""
    inject = ["-e", f"inject={calls}:error={error}"]
    with traced(pid, [calls], [path], Path("/dev/null"), inject):
        yield


@contextmanager
def traced(
    pid: int, calls: Sequence[str], paths: Sequence[Path], log: Path, more: Sequence[str] = ()
) -> Iterator[None]:
    """Write the calls of a running process on these files to `log` while the block runs; `more` is for strace."""
    strace = require("strace", "apt-get install strace")
    command = [strace, "-f", "-qq", "-o", str(log)]
    for path in paths:
        command += ["-P", str(path)]
    tracer = subprocess.Popen(
        [*command, "-e", f"trace={','.join(calls)}", *more, "-p", str(pid)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_traced(pid, tracer)
        yield
    finally:
        tracer.terminate()
        tracer.communicate(timeout=10)


def _wait_until_traced(pid: int, tracer: subprocess.Popen[str]) -> None:
    """Every thread of the process has to be held."""

    def traced() -> bool:
        if tracer.poll() is not None:
            assert tracer.stderr is not None
            _not_possible(f"needs strace to attach to a process: {tracer.stderr.read().strip()}")
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        states = [(thread / "status").read_text() for thread in threads]
        return all("TracerPid:\t0\n" not in state for state in states)

    wait_until(traced, "strace holds every thread")
    time.sleep(0.05)
