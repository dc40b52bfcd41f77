"""What a programme asks about a member: nothing else of a person gets into its facts."""

from typing import NamedTuple

from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.messages import CHANNEL, MessageRule
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.shape import tables


class Asked(NamedTuple):
    """The segments and attributes that any rule names, and whether one looks at the birthday or the language.

    No rule looks at the name: `names` is whether tills may show it, by the word of the newest programme alone.
    """

    segments: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    birthday: bool = False
    language: bool = False
    names: bool = True

    def and_also(self, other: "Asked") -> "Asked":
        """What either asks."""
        return Asked(
            self.segments | other.segments,
            self.attributes | other.attributes,
            self.birthday or other.birthday,
            self.language or other.language,
        )


def asked(file: TableModel) -> Asked:
    """What the conditions in a programme file ask, wherever in it they stand, and how members want to be spoken to."""
    found = [table for _, table in tables(file)]
    every = [table for table in found if isinstance(table, Circumstances)]
    speaks = any(isinstance(table, MessageRule | QuestionRule) for table in found)
    return Asked(
        frozenset(
            segment
            for each in every
            for segment in (each.segments or frozenset()) | (each.not_segments or frozenset())
        ),
        frozenset(name for each in every for name in each.attributes or ())
        | ({CHANNEL} if speaks else frozenset()),
        any(each.birthday is not None for each in every),
        any(each.languages is not None for each in every),
    )
