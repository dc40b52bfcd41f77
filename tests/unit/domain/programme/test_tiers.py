"""Tiers: how they are reached, held and lost."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Line
from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.upkeep import (
    caught_up,
    follow,
    keep_up,
    tier_granted,
    tier_reviewed,
)
from edge_agent.domain.tallies import figures
from tests.unit.domain.builders import BASE, basket, line, programme

EARN = BASE.replace('"base"', '"per-euro"')
LEVELS = """
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 100000
[[tiers.level]]
id = "base"
name = "Basis"
at_least = 0
[[tiers.level]]
id = "silver"
name = "Zilver"
at_least = 35000
"""
YEARLY = """
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
"""


def tiers(table: str = YEARLY, levels: str = LEVELS, earn: str = EARN) -> Programme:
    return programme(earn + table + levels)


class Member:
    """One member at a till that works the programme out by itself, with central's daily job beside it."""

    def __init__(
        self, rules: Programme, joined: str = "2022-01-01", day: str = "2022-01-01"
    ) -> None:
        self.rules = rules
        self.facts = MemberFacts("7f0c", since=date.fromisoformat(joined))
        self.day = date.fromisoformat(day)

    def buys(self, day: str, *lines: Line | int) -> dict[str, int]:
        """What the sale comes to, per unit."""
        self.day = date.fromisoformat(day)
        bought = basket(
            *(line(n, each) if isinstance(each, int) else each for n, each in enumerate(lines, 1))
        )
        return self._has(evaluate(self.rules, self._now(), bought, self._at()).entries)

    def is_given(self, day: str, *entries: Entry) -> None:
        self.day = date.fromisoformat(day)
        more = follow(self.rules, self._now(), entries, self._at()).entries
        self._has([*entries, *more])

    def keeps_up(self, until: str) -> None:
        """Central's job for every morning up to that day."""
        last = date.fromisoformat(until)
        for day, due in caught_up(self.rules, self.facts, None, self.day, last):
            self.facts = self.facts.after(due.entries, (), day)
        self.day = last

    def tier(self, day: str | None = None) -> str | None:
        """The tier that a till shows on a day, with no word from central."""
        today = self.day if day is None else date.fromisoformat(day)
        return self.rules.present(self.facts, today).tier

    def points(self) -> int:
        return sum(each.quantity for each in self.facts.holdings if each.unit == "points")

    def _at(self) -> datetime:
        return datetime.combine(self.day, datetime.min.time(), self.rules.timezone)

    def _now(self) -> MemberFacts:
        known = figures(self.rules.readings, self.facts.holdings, self.day, self.facts.since)
        return replace(self.facts, figures=known)

    def _has(self, entries: Iterable[Entry]) -> dict[str, int]:
        self.facts = self.facts.after(entries, (), self.day)
        return total_per_unit(entries)


def points(quantity: int) -> Entry:
    return Entry(EntryKind.ADJUST, "points", quantity, "by-hand")


def test_a_tier_is_reached_at_once_and_held_to_the_end_of_next_year() -> None:
    member = Member(tiers())
    assert member.tier() == "base"
    assert member.buys("2022-01-20", 36_000)["tier/silver"] == 1
    assert member.tier("2022-12-31") == "silver"
    assert "tier/silver" not in member.buys("2023-05-01", 10_000)
    assert (member.tier("2023-12-31"), member.tier("2024-01-01")) == ("silver", "base")


@pytest.mark.parametrize(
    ("spent_before", "amount", "tier"),
    [
        (0, 6_00, "bronze"),
        (0, 150_00, "silver"),
        (0, 250_00, "gold"),
        (4_00, 50_00, "bronze"),
        (80_00, 30_00, "silver"),
        (180_00, 30_00, "gold"),
        (220_00, 5_00, "gold"),
    ],
)
@pytest.mark.parametrize("counts", ["this-sale", "next-sale"])
def test_levels_may_be_listed_in_any_order(
    spent_before: int, amount: int, tier: str, counts: str
) -> None:
    levels = "".join(
        f'[[tiers.level]]\nid = "{name}"\nname = "{name}"\nat_least = {least}\n'
        for name, least in (("gold", 200_00), ("silver", 100_00), ("bronze", 0))
    )
    member = Member(tiers(f'[tiers]\nmeasure = "spend"\ncounts = "{counts}"\n', levels))
    if spent_before:
        member.buys("2024-01-01", spent_before)
    member.buys("2024-01-02", amount)
    assert member.tier() == tier


DOUBLE_FOR_SILVER = """
[[bonus]]
id = "double"
multiply = 2
when = { tiers = ["silver"] }
why = "dubbel voor Zilver"
"""


@pytest.mark.parametrize(
    ("counts", "first", "second"), [("this-sale", 700, 2), ("next-sale", 350, 2)]
)
def test_whether_the_sale_that_reaches_a_tier_has_its_benefits_is_declared(
    counts: str, first: int, second: int
) -> None:
    table = YEARLY + f'counts = "{counts}"\n'
    member = Member(tiers(table, earn=EARN + DOUBLE_FOR_SILVER))
    assert member.buys("2024-01-02", 350_00)["points"] == first
    assert member.buys("2024-01-02", 1_00)["points"] == second


def test_a_tier_may_begin_on_the_next_day() -> None:
    member = Member(tiers(YEARLY + 'counts = "next-day"\n'))
    assert member.buys("2024-01-02", 350_00)["tier/silver"] == 1
    assert "tier/silver" not in member.buys("2024-01-02", 1_00)
    assert (member.tier("2024-01-02"), member.tier("2024-01-03")) == ("base", "silver")


def test_a_rule_for_silver_is_not_for_whoever_is_gold() -> None:
    member = Member(tiers(earn=EARN + DOUBLE_FOR_SILVER))
    member.buys("2024-01-02", 350_00)
    member.buys("2024-02-02", 700_00)
    assert member.tier() == "gold"
    assert member.buys("2024-03-02", 1_00)["points"] == 1


def test_only_what_is_in_scope_counts_and_tax_as_declared() -> None:
    table = YEARLY + 'scope = { without = { kinds = ["gift_card"] } }\ntax = "excluded"\n'
    member = Member(tiers(table))
    gift = line(2, 900_00, kind="gift_card")
    found = member.buys("2024-01-02", line(1, 121_00, tax_rate="21"), gift)
    assert found["count/tier-spend"] == 100_00


def test_points_earned_make_the_tier_whether_they_are_spent_or_not() -> None:
    levels = LEVELS.replace("100000", "100").replace("35000", "30")
    member = Member(tiers('[tiers]\nmeasure = "points"\n', levels))
    member.is_given("2024-01-01", points(30))
    assert member.tier() == "silver"
    member.facts = member.facts.after(
        [Entry(EntryKind.REDEEM, "points", -30, "spent")], (), member.day
    )
    member.buys("2024-02-01", 1_00)
    assert (member.points(), member.tier()) == (1, "silver")


def test_visits_count_one_by_one() -> None:
    levels = LEVELS.replace("100000", "3").replace("35000", "2")
    rules = tiers('[tiers]\nmeasure = "visits"\n', levels)
    facts = MemberFacts("7f0c", figures={"visits@ever": 2})
    found = evaluate(rules, facts, basket(line(1, 100)), datetime(2024, 1, 1, 12).astimezone())
    assert [each.unit for each in found.entries if each.kind is EntryKind.EARN] == [
        "points",
        "tier/gold",
    ]


ACTIVE = """
[tiers]
measure = "active"
review = { every_days = 365, resets_points = true }
"""
ACTIVE_LEVELS = """
level = [
  { id = "l0", name = "L0", at_least = 0 }, { id = "l1", name = "L1", at_least = 10 },
  { id = "l2", name = "L2", at_least = 30 }, { id = "l3", name = "L3", at_least = 100 },
]
"""


@pytest.mark.parametrize(("spent", "tier"), [(25, "l0"), (20, "l1"), (0, "l2")])
def test_a_review_first_measures_and_then_resets_the_points(spent: int, tier: str) -> None:
    member = Member(tiers(ACTIVE, ACTIVE_LEVELS), joined="2023-01-01", day="2023-01-01")
    member.is_given("2023-06-01", points(10))
    assert member.tier() == "l1"
    member.is_given("2023-06-01", points(20))
    assert member.tier() == "l2"
    if spent:
        member.is_given("2023-09-01", Entry(EntryKind.REDEEM, "points", -spent, "spent"))
    member.keeps_up("2023-12-31")
    assert member.tier() == "l2"
    member.keeps_up("2024-01-01")
    assert (member.tier(), member.points()) == (tier, 0)


def test_a_reset_leaves_what_is_still_pending() -> None:
    rules = tiers(ACTIVE, ACTIVE_LEVELS)
    held = (Holding("points", 50), Holding("points", 20, None, date(2024, 1, 9)))
    facts = MemberFacts("7f0c", since=date(2023, 1, 1), holdings=held)
    entries = keep_up(rules, facts, date(2024, 1, 1)).entries
    assert total_per_unit(entries) == {"tier/l2": 1, "points": -50}


def test_a_tier_that_ended_is_held_anew_where_the_review_finds_it_earned() -> None:
    rules = tiers(ACTIVE, ACTIVE_LEVELS)
    held = (Holding("points", 50), Holding("tier/l2", 1, date(2023, 12, 31)))
    facts = MemberFacts("7f0c", since=date(2023, 1, 1), holdings=held)
    entries = tier_reviewed(rules, facts, date(2024, 1, 1)).entries
    assert [(each.kind, each.quantity) for each in entries if each.unit == "tier/l2"] == [
        (EntryKind.EARN, 1)
    ]


@pytest.mark.parametrize(
    ("downgrade", "tier"),
    [("one-down", "silver"), ("base", "base"), ("requalified", "base"), ("never", "gold")],
)
def test_a_review_that_was_asked_for_lowers_by_the_policy(downgrade: str, tier: str) -> None:
    levels = LEVELS.replace("100000", "500").replace("35000", "100")
    rules = tiers(f'[tiers]\nmeasure = "active"\ndowngrade = "{downgrade}"\n', levels)
    member = Member(rules)
    granted = tier_granted(rules, member.facts, "gold", date(2024, 1, 1))
    member.is_given("2024-01-01", points(50), *granted)
    assert member.tier() == "gold"
    reviewed = tier_reviewed(rules, member.facts, date(2025, 1, 1))
    member.facts = member.facts.after(reviewed.entries, (), date(2025, 1, 1))
    assert (member.tier("2025-01-01"), member.points()) == (tier, 50)


@pytest.mark.parametrize(
    ("downgrade", "tiers_by_year"),
    [
        ("one-down", {2023: "gold", 2024: "silver", 2025: "base"}),
        ("requalified", {2023: "gold", 2024: "base", 2025: "base"}),
        ("base", {2023: "gold", 2024: "base", 2025: "base"}),
    ],
)
def test_what_comes_after_a_tier_is_known_to_a_till_without_a_line(
    downgrade: str, tiers_by_year: dict[int, str]
) -> None:
    member = Member(tiers(YEARLY + f'downgrade = "{downgrade}"\n'))
    member.buys("2022-03-01", 1_200_00)
    assert {year: member.tier(f"{year}-06-01") for year in tiers_by_year} == tiers_by_year


@pytest.mark.parametrize(("downgrade", "tier"), [("requalified", "silver"), ("base", "base")])
def test_what_was_earned_meanwhile_counts_where_it_is_declared(downgrade: str, tier: str) -> None:
    member = Member(tiers(YEARLY + f'downgrade = "{downgrade}"\n'))
    member.buys("2022-03-01", 1_200_00)
    member.buys("2023-03-01", 400_00)
    assert member.tier() == "gold"
    assert member.tier("2024-01-01") == tier


def test_a_tier_earned_again_is_held_on() -> None:
    member = Member(tiers())
    member.buys("2022-03-01", 400_00)
    member.buys("2023-11-01", 300_00)
    member.buys("2023-12-01", 60_00)
    assert (member.tier("2024-12-31"), member.tier("2025-01-01")) == ("silver", "base")


def test_a_rolling_year_moves_the_end_with_each_day_that_still_reaches_it() -> None:
    table = '[tiers]\nmeasure = "spend"\nover = "12 months"\nvalid = { months = 12 }\n'
    member = Member(tiers(table))
    member.buys("2024-01-10", 400_00)
    assert member.buys("2024-06-10", 1_00)["tier/silver"] == 1
    assert (member.tier("2025-06-10"), member.tier("2025-06-11")) == ("silver", "base")
    assert "tier/silver" not in member.buys("2025-01-11", 1_00)  # the first sale no longer counts


def test_there_is_no_review_without_tiers_nor_of_an_erased_account() -> None:
    held = (Holding("tier/gold", 1),)
    day = date(2025, 1, 1)
    erased = MemberFacts("7f0c", Standing.ERASED, holdings=held)
    assert tier_reviewed(tiers(), erased, day).entries == ()
    assert tier_reviewed(programme(BASE), MemberFacts("7f0c", holdings=held), day).entries == ()
    assert tier_reviewed(tiers(), MemberFacts("7f0c", holdings=held), day).entries != ()


@pytest.mark.parametrize(
    ("rules", "there"), [(tiers(), "base, silver, gold"), (programme(BASE), "none")]
)
def test_a_tier_that_there_is_not_cannot_be_granted(rules: Programme, there: str) -> None:
    with pytest.raises(ValueError, match=f"'platinum' is none of the tiers: {there}"):
        tier_granted(rules, MemberFacts("7f0c"), "platinum", date(2025, 1, 1))


@pytest.mark.parametrize(
    ("held", "spent", "following"),
    [
        ((), 0, "silver"),
        ((), 34_999_99, None),
        (("silver",), 0, "gold"),  # given by hand: the way on is to the one above it
        (("gold",), 0, None),
    ],
)
@pytest.mark.parametrize("base", [True, False])
def test_the_way_on_is_from_the_tier_that_is_held(
    held: tuple[str, ...], spent: int, following: str | None, *, base: bool
) -> None:
    levels = LEVELS if base else LEVELS.replace("at_least = 0", "at_least = 1")
    facts = MemberFacts(
        "7f0c",
        holdings=tuple(Holding(f"tier/{each}", 1) for each in held),
        figures={"tier-spend@year": spent},
    )
    at = datetime.fromisoformat("2026-11-21T12:00:00+01:00")
    found = [each.rule for each in outlook(tiers(levels=levels), facts, at).progress]
    lowest = None if base or held or spent else "base"
    assert found == [each for each in [lowest or following] if each]


def test_without_a_tier_for_everybody_a_review_leaves_none() -> None:
    levels = '[[tiers.level]]\nid = "gold"\nname = "Goud"\nat_least = 500\n'
    rules = tiers('[tiers]\nmeasure = "active"\ndowngrade = "base"\n', levels)
    facts = MemberFacts("7f0c", holdings=(Holding("tier/gold", 1),))
    entries = tier_reviewed(rules, facts, date(2025, 1, 1)).entries
    assert total_per_unit(entries) == {"tier/gold": -1}


def test_whoever_lost_a_tier_is_told_what_comes_after_it() -> None:
    facts = MemberFacts("7f0c", figures={"tier-spend@year": 350_00})
    rules = tiers()
    at = datetime.combine(date(2024, 5, 1), datetime.min.time(), rules.timezone)
    assert [each.rule for each in outlook(rules, facts, at).progress] == ["gold"]


@pytest.mark.parametrize(("amount", "tier"), [(349_99, "base"), (350_00, "silver")])
def test_a_cent_short_is_short(amount: int, tier: str) -> None:
    member = Member(tiers())
    member.buys("2024-01-10", amount)
    assert member.tier() == tier


def test_what_is_no_purchase_is_no_visit() -> None:
    levels = LEVELS.replace("100000", "3").replace("35000", "2")
    rules = tiers('[tiers]\nmeasure = "visits"\n', levels)
    facts = MemberFacts("7f0c", figures={"visits@ever": 1})
    assert follow(rules, facts, [points(5)], datetime(2024, 1, 1, 12).astimezone()).entries == ()


def test_time_alone_extends_no_tier() -> None:
    table = '[tiers]\nmeasure = "spend"\nover = "12 months"\nvalid = { months = 12 }\n'
    member = Member(tiers(table))
    member.buys("2024-01-10", 400_00)
    member.keeps_up("2024-06-10")
    assert [each.expires_on for each in member.facts.holdings if "tier/" in each.unit] == [
        date(2025, 1, 10)
    ]


def test_a_birthday_present_counts_for_the_tier() -> None:
    present = """
[[action]]
id = "birthday"
title = "Verjaardag"
happens = "birthday"
gives = [{ quantity = 30 }]
"""
    levels = LEVELS.replace("100000", "100").replace("35000", "30")
    rules = tiers('[tiers]\nmeasure = "points"\n', levels, EARN + present)
    facts = MemberFacts("7f0c")
    days = dict(caught_up(rules, facts, "03-05", date(2024, 3, 1), date(2024, 3, 10)))
    given = {day: total_per_unit(each.entries) for day, each in days.items()}
    assert [each.get("tier/silver") for each in given.values()] == [1]


def test_a_tier_given_by_hand_at_central_is_a_floor() -> None:
    member = Member(tiers())
    member.facts = replace(member.facts, tier="silver")
    assert member.tier("2040-01-01") == "silver"
    member.buys("2024-01-10", 1_000_00)
    assert (member.tier(), member.tier("2026-01-01")) == ("gold", "silver")


@pytest.mark.parametrize(
    ("bought", "expected"),
    [
        ((), "Zilver: nog € 350,00 (t/m 31 dec 2024)"),
        ((316_00,), "Zilver: nog € 34,00 (t/m 31 dec 2024)"),
        ((350_00,), "Goud: nog € 650,00 (t/m 31 dec 2024)"),
        ((1_000_00,), ""),
    ],
)
def test_what_is_missing_to_the_next_tier(bought: tuple[int, ...], expected: str) -> None:
    member = Member(tiers())
    for amount in bought:
        member.buys("2024-05-01", amount)
    member.day = date(2024, 5, 1)
    found = outlook(member.rules, member._now(), member._at()).progress
    assert (
        " ".join(
            each.in_words("nl", "EUR", member.rules.file.unit).replace("\xa0", " ")
            for each in found
        )
        == expected
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (YEARLY + 'downgrade = "never"\n', "leave out valid"),
        (YEARLY + "review = { every_days = 365 }\n", "either valid or review"),
        ('[tiers]\nmeasure = "points"\ncounts = "this-sale"\n', "needs spend or visits"),
        ('[tiers]\nmeasure = "spend"\nover = "year"\nreview = { each = "year" }\n', "12 months"),
        ('[tiers]\nmeasure = "spend"\nover = "20 months"\n', "too long"),
        ('[tiers]\nmeasure = "spend"\nreview = { each = "ever" }\n', "never comes round"),
        ('[tiers]\nmeasure = "spend"\nreview = {}\n', "either every_days or each"),
    ],
)
def test_tiers_that_contradict_themselves_are_refused(table: str, message: str) -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        tiers(table)
    assert message in str(refused.value)


def test_two_tiers_with_the_same_threshold_are_refused() -> None:
    with pytest.raises(ProgrammeInvalid, match="same at_least"):
        tiers(levels=LEVELS.replace("100000", "35000"))


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 600_00)), min_size=1, max_size=12),
    st.sampled_from(["requalified", "one-down", "base"]),
)
def test_no_sale_lowers_a_tier(sales: list[tuple[int, int]], downgrade: str) -> None:
    rules = tiers(YEARLY + f'downgrade = "{downgrade}"\n')
    member = Member(rules)
    day = date(2022, 1, 1)
    for waited, amount in sales:
        day += timedelta(days=waited)
        before = member.tier(day.isoformat())
        member.buys(day.isoformat(), amount)
        after = member.tier()
        assert rules.levels.index(after or "base") >= rules.levels.index(before or "base")


def test_a_held_tier_is_no_sum_to_be_spent() -> None:
    held = (
        Holding("tier/gold", 1, date(2024, 12, 31)),
        Holding("tier/gold", 1, date(2025, 12, 31)),
    )
    facts = MemberFacts("7f0c", holdings=held)
    assert tiers().present(facts, date(2025, 6, 1)).tier == "gold"
