"""Enrolment."""

from typing import Annotated, Any

from pydantic import Field

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import normalised
from edge_agent.till.without_sale import Enrolling
from edge_agent.web.bodies.cards import OfAnybody
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import WORDS_MAX, Code, Day, Id, Text, Word


class ProfileBody(Strict):
    """What somebody says of themselves; it stays out of everything that is hashed."""

    display_name: Annotated[Text, Field(min_length=1)] | None = None
    email: Annotated[Text, Field(min_length=3)] | None = None
    phone: Annotated[Text, Field(min_length=6)] | None = None
    birthday: Day | None = None
    language: Word | None = None
    attributes: Annotated[dict[Word, Text], Field(max_length=WORDS_MAX)] = {}

    def to_facts(self) -> dict[str, Any]:
        """What was given, as central reads it: attributes beside the rest."""
        given = self.model_dump(exclude={"attributes"}, exclude_none=True)
        return {**self.attributes, **given}


class ConsentBody(Strict):
    """What was agreed to (or not), and the version of the text that was shown."""

    purpose: Word
    version: Word
    given: bool = True


class MemberBody(OfAnybody):
    """`POST /v1/members`: enrolment; `referred_by` is the card of whoever brought them in."""

    member_id: Id
    profile: ProfileBody = ProfileBody()
    consents: Annotated[list[ConsentBody], Field(max_length=WORDS_MAX)] = []
    referred_by: Code | None = None

    def to_act(self) -> Enrolling:
        """The enrolment, in the till's words."""
        code = self.referred_by
        referrer = None if code is None else PresentedCard(normalised(code), EntryMode.SCANNED)
        consents = tuple(each.model_dump() for each in self.consents)
        return Enrolling(
            self.member_id, self.to_holder_if_any(), self.profile.to_facts(), consents, referrer
        )
