"""Parts of a test run that need more than python3, git and make."""

import os
import shutil
from pathlib import Path

import pytest

REQUIRE_ALL = "EDGE_AGENT_TESTS_REQUIRE_ALL"
"""Set by `.ci/run`: there a missing part is a failure, because CI has to have run everything."""


def require(what: str, install: str, *folders: Path) -> str:
    """Return the path of the program `what`; without it skip, or fail where all is required.

    `install` is the command that brings it, shown to whoever reads the skipped line. `folders` are looked into before
    those of PATH.
    """
    places = [*map(str, folders), os.environ.get("PATH", os.defpath)]
    path = shutil.which(what, path=os.pathsep.join(places))
    if path is not None:
        return path
    reason = f"needs {what}: {install}"
    if os.environ.get(REQUIRE_ALL):
        pytest.fail(f"{reason} (required because {REQUIRE_ALL} is set)")
    pytest.skip(reason)
