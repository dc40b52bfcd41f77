"""Campaigns that are credited afterwards: counted by every sale, worked out by central once, after the last day."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import summed
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import ProgrammeInvalid, evaluate
from edge_agent.domain.programme.upkeep import caught_up
from tests.unit.domain.builders import BASE, basket, earned, line, programme

FEBRUARY = """\
[[campaign]]
id = "february"
on_top = 3
spend = 60000
most = 3000
credited_after_days = 28
scope.without.kinds = ["gift-card", "service"]
when = { from_date = 2026-02-01, until_date = 2026-02-28 }
why = "4 x punten"
"""
RULES = programme(BASE + FEBRUARY)
BEFORE_IT, ALL_OF_IT = date(2026, 1, 31), date(2026, 12, 31)


class Member:
    """A member who buys, and for whom central does its daily job."""

    def __init__(self, standing: Standing = Standing.KNOWN) -> None:
        self.standing = standing
        self.entries: list[Entry] = []

    def buys(self, day: str, *lines: Line) -> int:
        """The points of a sale at the till."""
        at = datetime.fromisoformat(f"{day}T12:00:00+01:00")
        found = evaluate(RULES, MemberFacts("m1"), basket(*lines), at)
        self.entries += found.entries
        return earned(found.entries)

    def credited(self, after: date = BEFORE_IT, until: date = ALL_OF_IT) -> list[tuple[date, int]]:
        """What central's daily job gives on which days."""
        held = summed(each.holding for each in self.entries)
        facts = MemberFacts("m1", self.standing, holdings=held)
        found = [(day, due.entries) for day, due in caught_up(RULES, facts, None, after, until)]
        for _, entries in found:
            self.entries += entries
        return [(day, earned(entries)) for day, entries in found]


CREDITED_ON = date(2026, 3, 28)


@pytest.mark.parametrize(
    ("bought", "credit"),
    [
        ({"2026-02-03": 80000}, 2400),  # 800 points, three times as many on top
        ({"2026-02-03": 59900}, 0),  # one short of the minimum
        ({"2026-02-03": 60000}, 1800),
        ({"2026-02-01": 30000, "2026-02-28": 30000}, 1800),  # the first and the last day
        ({"2026-01-31": 30000, "2026-02-28": 30000}, 0),
        ({"2026-02-03": 60000, "2026-03-01": 90000}, 1800),
        ({"2026-02-03": 150000}, 3000),  # at most 3000
    ],
)
def test_who_spent_enough_in_the_campaign_gets_points_on_top_once_it_is_over(
    bought: dict[str, int], credit: int
) -> None:
    member = Member()
    for day, amount in bought.items():
        assert member.buys(day, line(1, amount)) == amount // 100
    assert member.credited() == ([(CREDITED_ON, credit)] if credit else [])


def test_gift_cards_and_services_count_for_nothing() -> None:
    member = Member()
    member.buys("2026-02-03", line(1, 50000), line(2, 20000, kind="gift-card"))
    assert member.credited() == []
    member.buys("2026-02-04", line(1, 10000), line(2, 20000, kind="service"))
    assert member.credited() == [(CREDITED_ON, 1800)]


def test_what_comes_back_counts_no_more() -> None:
    member = Member()
    member.buys("2026-02-03", line(1, 80000))
    kept = [each for each in member.entries if each.kind is EntryKind.COUNT]
    # a quarter is returned: 600.00 and 600 points are left
    member.entries += [each._replace(quantity=-each.quantity // 4) for each in kept]
    assert member.credited() == [(CREDITED_ON, 1800)]


def test_it_is_credited_once_however_often_and_late_the_job_runs() -> None:
    member = Member()
    member.buys("2026-02-03", line(1, 80000))
    assert member.credited(until=CREDITED_ON - timedelta(days=1)) == []
    late = CREDITED_ON + timedelta(days=20)
    assert member.credited(after=late, until=late + timedelta(days=1)) == [
        (late + timedelta(days=1), 2400)
    ]
    assert member.credited(after=late) == []


def test_a_blocked_account_is_not_credited() -> None:
    member = Member(Standing.BLOCKED)
    member.buys("2026-02-03", line(1, 80000))
    assert member.credited() == []


@given(amounts=st.lists(st.integers(0, 60_000), max_size=6))
def test_the_credit_is_never_more_than_the_cap_nor_than_three_times_the_base(
    amounts: list[int],
) -> None:
    member = Member()
    base = sum(member.buys("2026-02-03", line(1, amount)) for amount in amounts)
    credit = sum(quantity for _, quantity in member.credited())
    assert credit == (min(3 * base, 3000) if sum(amounts) >= 60000 else 0)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("when = { from_date = 2026-02-01 }", "say when.from_date and when.until_date"),
        (
            "when = { from_date = 2026-02-01, until_date = 2027-04-01 }",
            "longer than the 400 days",
        ),
        (
            'of = ["gone"]\nwhen = { from_date = 2026-02-01, until_date = 2026-02-28 }',
            "there is no [[earn]] with the id gone",
        ),
    ],
)
def test_a_campaign_without_an_end_is_refused(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        programme(BASE + f'[[campaign]]\nid = "x"\non_top = 1\nwhy = "x"\n{keys}\n')
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("until", "after", "fits"), [(370, 29, True), (370, 30, False), (310, 90, False)]
)
def test_a_campaign_and_its_wait_are_shorter_than_counts_are_kept(
    until: int, after: int, fits: bool
) -> None:
    last = date(2026, 2, 1) + timedelta(days=until)
    text = BASE + (
        f'[[campaign]]\nid = "x"\non_top = 1\nwhy = "x"\ncredited_after_days = {after}\n'
        f"when = {{ from_date = 2026-02-01, until_date = {last} }}\n"
    )
    if fits:
        assert programme(text).file.campaign[0].credited_on == last + timedelta(days=after)
    else:
        with pytest.raises(ProgrammeInvalid, match="longer than the 400 days"):
            programme(text)
