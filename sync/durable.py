"""Names and contents that a power cut leaves in place. The agent has the same for itself: this part stands alone."""

import os
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Return when the content of a file, or the names in a folder, are on the disk; raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, where they are missing; all are on the disk then. Raises OSError."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_to_disk(each.parent)
