"""Rules about goods that the law keeps from being rewarded."""

from collections.abc import Iterator

from edge_agent.domain.programme.conditions import Selection
from edge_agent.domain.programme.exclusions import ExcludeRule
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.programme import ProgrammeFile
from edge_agent.domain.programme.shape import tables


def goods(file: ProgrammeFile) -> Iterator[Mistake]:
    """No rule that gives something is about goods that may not be rewarded."""
    forbidden = file.law.forbidden()
    for path, table in tables(file):
        if (
            isinstance(table, Selection)
            and not isinstance(table, ExcludeRule)
            and "without" not in path
        ):
            for word in sorted((table.categories or frozenset()) & forbidden.keys()):
                message = f"{word} may not be rewarded (law.{forbidden[word]}); take it out"
                yield Mistake((*path, "categories"), "forbidden-goods", message)
