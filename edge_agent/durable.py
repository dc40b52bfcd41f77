"""Names and contents that a power cut leaves in place; SQLite does the same for its own files."""

import os
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Return when the content of a file, or the names in a folder, are on the disk; raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder, and those that it lies in, where they are missing: on the disk when this returns.

    Syncing a file in a new folder does not promise the folder's own name (fsync(2)). Raises OSError.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    for each in missing:
        sync_to_disk(each.parent)
