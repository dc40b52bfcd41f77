"""Programmes that the tests of what is made from a programme share."""

from pathlib import Path

from edge_agent.domain.programme import Programme, load_programme

EVERYTHING = Path(__file__).parents[2] / "data" / "programmes" / "everything.toml"


def everything() -> Programme:
    """A programme with one of every table."""
    return load_programme(EVERYTHING.read_text(encoding="utf-8"), EVERYTHING.name)
