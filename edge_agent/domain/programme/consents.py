"""What somebody who enrols is asked to agree to."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from edge_agent.domain.programme.form import Flag, TableModel
from edge_agent.domain.programme.texts import LocalText, RuleId

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
"""As head office numbers its texts; as long as a date and a name need."""


class ConsentRule(TableModel):
    """Something to agree to, with the version of its text: what was agreed to can be proved years later."""

    purpose: RuleId = Field(description="Names what it is for.", examples=["newsletter"])
    version: Version = Field(
        description="The version of the text; another text is another version.",
        examples=["2026-01"],
    )
    text: LocalText = Field(
        description="What the customer reads or is told.",
        examples=["Ik wil de nieuwsbrief per e-mail ontvangen."],
    )
    required: Flag = Field(
        default=False,
        description="Whether nobody can become a member without it.",
        examples=[True],
    )


def not_agreed(rules: Iterable[ConsentRule], given: Mapping[str, bool]) -> list[str]:
    """The purposes that have to be agreed to and were not; `given` says for each purpose what was answered."""
    return [rule.purpose for rule in rules if rule.required and not given.get(rule.purpose, False)]
