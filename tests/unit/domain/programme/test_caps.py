"""Caps: what is given beyond them is taken away again, from the rules that are declared, and not a point more."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.unmet import Obstacle
from edge_agent.domain.tallies import Reading, figures
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    HEAD,
    awarded,
    basket,
    earned,
    line,
    programme,
    shares,
)

DOUBLE = '[[bonus]]\nid = "double"\nmultiply = 2\nwhy = "x"\n'
FIFTY = '[[bonus]]\nid = "fifty"\nadd = 50\nwhy = "x"\n'


def cap(keys: str, rule_id: str = "cap") -> str:
    return f'[[cap]]\nid = "{rule_id}"\n{keys}\nwhy = "x"\n'


def per_rule(found: Evaluation) -> dict[str, int]:
    """What each rule gave."""
    sums: dict[str, int] = {}
    for each in found.entries:
        if each.kind is EntryKind.EARN:
            sums[each.rule] = sums.get(each.rule, 0) + each.quantity
    return sums


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # 100 + 100 + 50 were given
        ("most = 300", {"base": 100, "double": 100, "fifty": 50}),
        ("most = 250", {"base": 100, "double": 100, "fifty": 50}),
        ("most = 220", {"base": 100, "double": 100, "fifty": 20}),
        ("most = 150", {"base": 100, "double": 50}),
        ("most = 99", {"base": 99}),
        ('most = 125\ntrims = "shares"', {"base": 50, "double": 50, "fifty": 25}),
        ('most = 60\nrules = ["double", "fifty"]', {"base": 100, "double": 60}),
        ('most = 10\nrules = ["fifty"]', {"base": 100, "double": 100, "fifty": 10}),
        ("most = 10\nfrom_date = 2026-11-22", {"base": 100, "double": 100, "fifty": 50}),
        ("most = 10\nuntil_date = 2026-11-20", {"base": 100, "double": 100, "fifty": 50}),
        ("most = 10\nfrom_date = 2026-11-21\nuntil_date = 2026-11-21", {"base": 10}),
    ],
)
def test_what_is_too_much_goes_from_the_latest_rules_or_from_all_by_their_shares(
    keys: str, expected: dict[str, int]
) -> None:
    rules = programme(BASE + DOUBLE + FIFTY + cap(f'{keys}\nof = "sale"'))
    assert per_rule(awarded(rules, basket(line(1, 10_000)))) == expected


def test_every_cap_holds_on_what_the_one_before_left() -> None:
    rules = BASE + DOUBLE + cap('most = 60\nof = "sale"\nrules = ["double"]', "small")
    found = awarded(
        programme(rules + cap('most = 130\nof = "sale"', "large")), basket(line(1, 10_000))
    )
    assert per_rule(found) == {"base": 100, "double": 30}


def test_a_cap_is_in_whole_units_where_the_unit_has_decimals() -> None:
    head = HEAD.replace("[unit.points.name]", "[unit.points]\ndecimals = 2\n[unit.points.name]")
    rules = programme(BASE + cap('most = "12.5"\nof = "sale"'), head)
    assert earned(awarded(rules, basket(line(1, 10_000))).entries) == 1250


def test_each_rule_says_that_it_was_capped_and_the_cap_what_it_took() -> None:
    rules = programme(BASE + DOUBLE + FIFTY + cap('most = 150\nof = "sale"'))
    told = {
        each.rule: (each.unmet and each.unmet.obstacle, each.note)
        for each in awarded(rules, basket(line(1, 10_000))).outcomes
    }
    assert told == {
        "base": (None, None),
        "double": (None, "capped by cap"),
        "fifty": (Obstacle.CAPPED, "capped by cap"),
        "cap": (None, "took away 100"),
    }
    below = awarded(rules, basket(line(1, 100))).outcomes[-1]
    assert below.unmet is not None
    assert below.unmet.obstacle is Obstacle.WITHIN_CAP


def test_lines_keep_what_is_left_and_the_count_is_by_line_for_returns() -> None:
    rules = programme(BASE + cap('most = 100\nper = "day"\ntrims = "shares"'))
    entries = awarded(rules, basket(line(1, 15_000), line(2, 5_000))).entries
    assert shares(entries, "base") == {1: 75, 2: 25}
    assert shares(entries, "cap") == {1: 75, 2: 25}
    assert {each.unit for each in entries if each.kind is EntryKind.COUNT} == {"count/cap.cap"}


def test_a_cap_of_the_sale_alone_counts_nothing() -> None:
    entries = awarded(
        programme(BASE + cap('most = 10\nof = "sale"')), basket(line(1, 5000))
    ).entries
    assert {each.kind for each in entries} == {EntryKind.EARN}


# --- Over time --------------------------------------------------------------------------------------------------------


class Till:
    """Sales of members one after the other at one till; everything that was counted is seen by the next."""

    def __init__(self, rules: Programme) -> None:
        self.rules = rules
        self.held: dict[str, list[Holding]] = {}
        self.counted: list[Entry] = []

    def _of_till(self, reading: Reading, first: date, last: date) -> int:
        return sum(
            each.quantity
            for each in self.counted
            if each.unit == reading.unit and each.day and first <= each.day <= last
        )

    def sells(self, at: datetime, bought: Basket, account: str = "m1") -> int:
        """The points of one sale."""
        held = self.held.setdefault(account, [])
        seen = figures(self.rules.readings, held, at.date(), None, self._of_till)
        found = evaluate(self.rules, MemberFacts(account, figures=seen), bought, at)
        held += [each.holding for each in found.entries]
        self.counted += [each for each in found.entries if each.kind is EntryKind.COUNT]
        return earned(found.entries)


def days(*later: int) -> list[datetime]:
    return [A_SATURDAY + timedelta(days=number) for number in later]


@pytest.mark.parametrize(
    ("keys", "later", "points"),
    [
        # 100 points a sale, on days counted from Saturday 21 November 2026
        ('most = 150\nper = "day"', (0, 0, 0, 1), [100, 50, 0, 100]),
        ('most = 150\nper = "week"', (0, 1, 2), [100, 50, 100]),  # Monday is the third day
        ('most = 150\nper = "month"', (0, 9, 10), [100, 50, 100]),  # 1 December
        ('most = 150\nper = "year"', (0, 40, 41), [100, 50, 100]),  # 31 December, 1 January
        ('most = 150\nper = "30 days"', (0, 29, 30), [100, 50, 100]),
        ("most = 150", (0, 400), [100, 50]),
        (
            "most = 150\nfrom_date = 2026-11-22\nuntil_date = 2026-11-24",
            (0, 1, 2, 3, 4),
            [100, 100, 50, 0, 100],
        ),
        ('times = 2\nper = "month"', (0, 1, 2, 10), [100, 100, 0, 100]),
    ],
)
def test_a_cap_over_a_time_leaves_what_is_left_of_it(
    keys: str, later: tuple[int, ...], points: list[int]
) -> None:
    till = Till(programme(BASE + cap(keys)))
    assert [till.sells(at, basket(line(1, 10_000))) for at in days(*later)] == points


def test_a_birthday_bonus_comes_once_a_year_however_often_one_shops() -> None:
    rules = programme(BASE + FIFTY + cap('times = 1\nper = "year"\nrules = ["fifty"]'))
    till = Till(rules)
    assert [till.sells(at, basket(line(1, 1000))) for at in days(0, 1, 45)] == [60, 10, 60]


def test_a_cap_of_the_till_is_shared_by_all_members_and_one_of_a_member_is_not() -> None:
    of_till = Till(programme(BASE + cap('most = 150\nof = "till"')))
    of_member = Till(programme(BASE + cap("most = 150")))
    bought = basket(line(1, 10_000))
    assert [of_till.sells(A_SATURDAY, bought, account) for account in ("a", "b", "c")] == [
        100,
        50,
        0,
    ]
    assert [of_member.sells(A_SATURDAY, bought, account) for account in ("a", "b", "a")] == [
        100,
        100,
        50,
    ]


@given(
    sales=st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9000), min_size=1, max_size=4)),
        max_size=8,
    ),
    most=st.integers(1, 300),
    trims=st.sampled_from(("latest", "shares")),
)
def test_no_day_ever_gives_more_than_the_cap_and_never_less_than_there_was_room_for(
    sales: list[tuple[int, list[int]]], most: int, trims: str
) -> None:
    uncapped = programme(BASE + DOUBLE + FIFTY)
    till = Till(
        programme(BASE + DOUBLE + FIFTY + cap(f'most = {most}\nper = "day"\ntrims = "{trims}"'))
    )
    per_day: dict[int, int] = {}
    for day, amounts in sorted(sales):
        bought = basket(*(line(number, amount) for number, amount in enumerate(amounts, 1)))
        free = earned(awarded(uncapped, bought).entries)
        before = per_day.get(day, 0)
        got = till.sells(A_SATURDAY + timedelta(days=day), bought)
        assert got == min(free, most - before)
        per_day[day] = before + got


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "give either most or times"),
        ("most = 5\ntimes = 5", "give either most or times"),
        ('most = 5\nof = "sale"\nper = "day"', 'of = "sale" goes with most and without per'),
        ("most = 5\nfrom_date = 2026-02-01\nuntil_date = 2026-01-01", "lies before from_date"),
        ('most = 5\nper = "daily"', "is no stretch of time"),
        ('most = 5\nrules = ["gone"]', "there is no rule with the id gone"),
        ('most = 5\nunit = "stars"', "there is no [unit.stars]"),
    ],
)
def test_a_cap_that_cannot_be_is_told_what_would_be_right(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        programme(BASE + cap(keys))
    assert said in str(caught.value)
