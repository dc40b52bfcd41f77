"""An account as this till knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.members_file import Member
from edge_agent.ledger.derived import NOTHING_APPLIED, Applied


@dataclass(frozen=True, slots=True)
class Account:
    """An account as this till knows it. `member` is None for a card that central has not told us of.

    `own_ref` is what this till called the card's account before central told of it.
    """

    ref: str
    member: Member | None
    applied: Applied
    as_of: datetime | None
    own_ref: str | None = None

    @property
    def standing(self) -> Standing:
        """What the members file says of it."""
        return Standing.UNKNOWN if self.member is None else self.member.standing

    @property
    def facts(self) -> MemberFacts:
        """Who it is, for a record in which no rule is worked out."""
        return MemberFacts(
            self.ref, self.standing, None if self.member is None else self.member.tier
        )

    @property
    def refs(self) -> tuple[str, ...]:
        """All refs under which this till may have recorded something for it."""
        joined = () if self.member is None else self.member.joined
        # Central says that our ref was joined only once it has posted something of it.
        own = () if self.own_ref is None else (self.own_ref,)
        return tuple(dict.fromkeys((self.ref, *joined, *own)))

    @property
    def posted(self) -> Sequence[Holding]:
        """What central had posted."""
        return () if self.member is None else self.member.lots


def unknown_account(ref: str, applied: Applied = NOTHING_APPLIED) -> Account:
    """The account of a card that central has not told us of: of the records that it applied none gave it anything."""
    return Account(ref, None, applied, None)
