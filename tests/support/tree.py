"""A copy of the tree, in which things may be broken."""

import shutil
import subprocess
from pathlib import Path


def copy_of(root: Path, to: Path) -> Path:
    """A copy of what git knows of the tree, so that nothing here is ever changed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, to / name)
    return to
