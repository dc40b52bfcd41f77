"""What the rules may know of a member: of everything that is known, only what the programme asks about."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.member import MemberFacts, birthday_windows
from edge_agent.domain.members_file import Member
from edge_agent.domain.programme import Programme
from edge_agent.domain.tallies import Reading, figures
from edge_agent.domain.units import is_tally
from edge_agent.ledger.acts import Lookups
from edge_agent.ledger.derived import TallyAsked
from edge_agent.till.account import Account


def member_facts(
    programme: Programme,
    account: Account,
    lookups: Lookups,
    at: datetime,
    *,
    everything: bool = False,
    own: Sequence[Holding] | None = None,
) -> MemberFacts:
    """The facts of an account at `at`: central's lots and this till's own movements that central has not posted.

    They are as the programme sees the member: in the highest tier that is held, without what is over.

    With `everything` they hold all that the member has, for a redemption or for the screen, not only what the rules
    look at. `own` are this till's movements where they are at hand already. Two queries at most, however many rules
    there are.
    """
    today = programme.local_date(at)
    member = account.member or Member(account.ref)
    own = lookups.unposted(account.refs, account.applied) if own is None else own
    held = (*account.posted, *own)
    asks = programme.asks
    facts = MemberFacts(
        account=account.ref,
        standing=account.standing,
        tier=member.tier,
        since=member.since,
        language=member.language if asks.language else None,
        segments=member.segments & asks.segments,
        attributes={
            name: value for name, value in member.attributes.items() if name in asks.attributes
        },
        birthday=birthday_windows(member.birthday, today) if asks.birthday else frozenset(),
        holdings=_looked_at(programme, held, today, everything=everything),
        figures=_figures(programme, held, today, member.since, lookups),
        referred_by=member.referred_by,
    )
    return programme.present(facts, today)


def till_facts(programme: Programme, lookups: Lookups, at: datetime) -> MemberFacts:
    """The facts of a sale without a card: nobody's, and what holds for the till as a whole."""
    return MemberFacts("", figures=_figures(programme, (), programme.local_date(at), None, lookups))


def _looked_at(
    programme: Programme, held: Iterable[Holding], today: date, *, everything: bool
) -> tuple[Holding, ...]:
    wanted = programme.looks_at

    def looked_at(unit: str) -> bool:
        """Of tallies only those of which rules want the single days; all others are told as figures."""
        if unit in wanted:
            return True
        return not is_tally(unit) and (everything or f"{unit.partition('/')[0]}/" in wanted)

    return summed(each for each in held if looked_at(each.unit) and not each.lapsed_on(today))


def _figures(
    programme: Programme,
    held: Sequence[Holding],
    today: date,
    joined: date | None,
    lookups: Lookups,
) -> dict[str, int]:
    readings = programme.readings
    if not readings:
        return {}
    of_till = [each for each in readings if each.here]
    sums = dict(
        zip(
            of_till,
            lookups.till_sums(
                [TallyAsked(each.unit, *each.window.bounds(today, joined)) for each in of_till]
            ),
            strict=True,
        )
    )

    def of_this_till(reading: Reading, _first: date, _last: date) -> int:
        return sums[reading]

    units = {each.unit for each in readings}
    counted = (each for each in held if each.unit in units)
    return figures(readings, counted, today, joined, of_this_till)
