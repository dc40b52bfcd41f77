"""Whatever programme loads, it works out: no valid file makes a sale fail, and what comes out keeps the basic laws."""

from random import Random

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, ReturnedLine
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate, load_programme
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Wanted
from tests.unit.domain.programme.any_programme import BEGUN, any_programme
from tests.unit.domain.whole import DRAW, NOON, RECORD, baskets, members, wishes

dices = st.integers(0, 10**9).map(Random)


def loaded(dice: Random) -> Programme | None:
    """A programme at random, None for one that contradicts itself; anything but `ProgrammeInvalid` is a failure."""
    try:
        return load_programme(any_programme(dice), "any.toml")
    except ProgrammeInvalid:
        return None


def test_enough_of_them_are_good() -> None:
    good = [found for number in range(60) if (found := loaded(Random(number))) is not None]
    tables = {
        name for programme in good for name in programme.file.model_fields_set if name not in BEGUN
    }
    assert len(good) >= 10
    assert len(tables) >= 8


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)
@given(dice=dices, member=members, bought=baskets, wanted=wishes)
def test_every_programme_that_loads_works_out_every_basket_and_its_return(
    dice: Random, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    rules = loaded(dice)
    assume(rules is not None)
    assert rules is not None
    for name in rules.file.model_fields_set - BEGUN.keys():
        event(name)
    worked = evaluate(rules, member, bought, NOON, wanted, DRAW)
    for line in bought.lines:
        assert 0 <= worked.off().get(line.number, 0) <= line.amount - line.levy
    for each in worked.entries:
        assert type(each.quantity) is int
        assert each.kind in {EntryKind.EARN, EntryKind.REDEEM, EntryKind.COUNT}
        assert each.kind is not EntryKind.REDEEM or each.quantity < 0
        # No other mechanism is asked what it changed of these.
        if each.unit.startswith(("tier/", "membership/")):
            assert rules.mechanism_of(each.rule) in {"tier", "membership"}
    recorded = Recorded(
        rules.digest, member, bought, wanted, worked.entries, worked.reductions, worked.notes()
    )
    assert recorded.again(rules, NOON, DRAW) == worked
    sold = Sold(RECORD, NOON, recorded)
    lines = [ReturnedLine(each.number, each.quantity) for each in bought.lines]
    after = member.after(worked.entries, rules.readings, rules.local_date(NOON))
    given = give_back(rules, sold, [], lines, after, NOON, DRAW)
    assert 0 <= given.refund <= bought.total - sum(worked.off().values())
