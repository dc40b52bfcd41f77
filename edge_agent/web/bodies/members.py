"""Enrolment, and what members agree to."""

from typing import Annotated, Any

from pydantic import Field

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import normalised
from edge_agent.domain.programme.consents import Consent
from edge_agent.domain.programme.programme_file import CONSENTS_MAX
from edge_agent.till.without_sale import Consenting, Enrolling
from edge_agent.web.bodies.cards import OfAnybody, OfHolder
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import WORDS_MAX, Code, Day, Id, Kind, Text, Word


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

    def to_consent(self) -> Consent:
        """The consent of the domain."""
        return Consent(self.purpose, self.version, self.given)


class MemberBody(OfAnybody):
    """`POST /v1/members`: enrolment; `referred_by` is the card of whoever brought them in, `channel` as in a sale."""

    member_id: Id
    profile: ProfileBody = ProfileBody()
    consents: Annotated[list[ConsentBody], Field(max_length=CONSENTS_MAX)] = []
    referred_by: Code | None = None
    channel: Kind | None = None

    def to_act(self) -> Enrolling:
        """The enrolment, in the till's words."""
        code = self.referred_by
        referrer = None if code is None else PresentedCard(normalised(code), EntryMode.SCANNED)
        consents = tuple(each.to_consent() for each in self.consents)
        return Enrolling(
            self.member_id,
            self.to_holder_if_any(),
            self.profile.to_facts(),
            consents,
            referrer,
            self.channel or "",
        )


class ConsentsBody(OfHolder):
    """`POST /v1/consents`: what a member agrees to from now on, or with `given` false takes back."""

    consent_id: Id
    consents: Annotated[list[ConsentBody], Field(min_length=1, max_length=CONSENTS_MAX)]

    def to_act(self) -> Consenting:
        """The act, in the till's words."""
        consents = tuple(each.to_consent() for each in self.consents)
        return Consenting(self.consent_id, self.to_holder(), consents)
