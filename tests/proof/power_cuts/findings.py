"""What is wrong after a power cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.ledger.database import connect

Acknowledgement = Mapping[str, Any]
"""One line that the outside was told."""


@dataclass
class Found:
    """Acknowledged and not there, or there and not whole."""

    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)


def last(acknowledged: Sequence[Acknowledgement], what: str) -> Acknowledgement | None:
    """The latest acknowledgement of a kind."""
    return next((each for each in reversed(acknowledged) if each["what"] == what), None)


def check_pages(path: Path, found: Found) -> None:
    """SQLite's own, whole check."""
    database = connect(path, read_only=True)
    try:
        said = [row[0] for row in database.execute("PRAGMA integrity_check").fetchall()]
        if said != ["ok"]:
            found.corrupt.append(f"{path.name}: {said[0]}")
    finally:
        database.close()
