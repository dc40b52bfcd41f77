"""What members agree to, in which version of its text, and can take back."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

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


class Consent(NamedTuple):
    """What somebody agreed to, or with `given` false took back, and the version of the text that they were shown."""

    purpose: str
    version: str
    given: bool = True

    def to_json(self) -> dict[str, Any]:
        """The consent as a record holds it."""
        return self._asdict()


class WrongConsent(NamedTuple):
    """What is wrong with a consent: its place in the list (None for one that is missing), the field, and the reason."""

    place: int | None
    field: str
    message: str


def wrong_consents(
    rules: Sequence[ConsentRule], said: Sequence[Consent], *, joining: bool = False
) -> Iterator[WrongConsent]:
    """What is wrong with these consents: agreed to is only what the programme asks now, in the wording of now.

    Whatever was agreed to can be taken back, in any version. Who is `joining` has to agree to what is required.
    """
    known = {rule.purpose: rule for rule in rules}
    for place, each in enumerate(said):
        rule = known.get(each.purpose)
        if any(each.purpose == before.purpose for before in said[:place]):
            yield WrongConsent(place, "purpose", "stands there twice")
        elif rule is None and each.given:
            there = ", ".join(known) or "none"
            yield WrongConsent(place, "purpose", f"is not asked by the programme; it asks: {there}")
        elif rule is not None and each.given and each.version != rule.version:
            why = f"is not the version of the text of now, which is {rule.version}"
            yield WrongConsent(place, "version", why)
    if joining:
        given = {each.purpose for each in said if each.given}
        for rule in rules:
            if rule.required and rule.purpose not in given:
                yield WrongConsent(None, "", f"must agree to {rule.purpose}")
