"""What the recorded processes have in common: several lives one after the other, and somebody outside who is told.

Each is started with FOLDER, SAID and FULL: where to work, the file to which it writes a line for each acknowledgement
before anything else happens, and what SQLite is told of syncing (NORMAL and OFF are the negative controls).
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Outside:
    """Whoever is told: a handle that strace sees in the same order as the disk."""

    handle: int

    def hears(self, what: str, **more: object) -> None:
        """One acknowledgement, as one write."""
        os.write(self.handle, (json.dumps({"what": what, **more}) + "\n").encode())


Life = Callable[[Path, Outside], None]


def asked() -> tuple[Path, Outside, str]:
    """Where to work, whom to tell, and how to sync."""
    folder, said, synchronous = sys.argv[1:]
    return Path(folder), Outside(os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)), synchronous


def synced(pragmas: Sequence[str], synchronous: str) -> list[str]:
    """What SQLite is told, but for how it syncs."""
    return [each.replace("synchronous=FULL", f"synchronous={synchronous}") for each in pragmas]


def live(lives: Sequence[Life], folder: Path, outside: Outside) -> None:
    """Each life in a process of its own, whose end takes its handles and locks with it."""
    for each in lives:
        child = os.fork()
        if child == 0:
            _live_once(each, folder, outside)
        _, status = os.waitpid(child, 0)
        if status != 0:
            sys.exit(f"{each.__name__} ended with {status}")


def _live_once(one: Life, folder: Path, outside: Outside) -> None:
    try:
        one(folder, outside)
    except BaseException:  # noqa: BLE001 - a child that raised would go on as if it were the parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
