# ruff: noqa: E501  (tables: one case a row)
"""Which lines a rule is about and when it holds, at the borders of days, windows and summer time."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Tender
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts
from edge_agent.domain.programme import evaluate
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.matching import RuleIndex
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.programme.visits import SINCE_LAST_VISIT, VISITS_EVER
from edge_agent.domain.programme.when import Weekday
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    MEMBER,
    awarded,
    basket,
    baskets,
    earned,
    line,
    programme,
    selections,
    shares,
)

BREAD = basket(line(1, 1000, "bread"))


def obstacle(when: str, at: str, bought: Basket = BREAD) -> Obstacle | None:
    """What keeps a bonus with these conditions from being given at a time; None when it is given."""
    rules = programme(BASE + f'[[bonus]]\nid = "extra"\nadd = 5\nwhen = {{ {when} }}\nwhy = "x"\n')
    found = awarded(rules, bought, datetime.fromisoformat(at))
    outcome = next(each for each in found.outcomes if each.rule == "extra")
    assert (outcome.unmet is None) == bool(outcome.entries)
    return None if outcome.unmet is None else outcome.unmet.obstacle


EVENING = 'weekdays = ["tue"], from_time = 18:00:00, until_time = 20:00:00'
DECEMBER = "from_date = 2026-12-01, until_date = 2026-12-31"
NIGHT = "from_time = 02:00:00, until_time = 03:00:00"


@pytest.mark.parametrize(
    ("when", "at", "expected"),
    [
        # 2026-11-24 is a Tuesday
        (EVENING, "2026-11-24T17:59:59.999999+01:00", Obstacle.TOO_EARLY),
        (EVENING, "2026-11-24T18:00:00+01:00", None),
        (EVENING, "2026-11-24T19:59:59.999999+01:00", None),
        (EVENING, "2026-11-24T20:00:00+01:00", Obstacle.TOO_LATE),
        (EVENING, "2026-11-25T18:30:00+01:00", Obstacle.OTHER_DAY),
        (EVENING, "2026-11-24T17:30:00+00:00", None),  # 18:30 in Amsterdam
        (EVENING, "2026-11-24T12:30:00-06:00", None),
        # days begin and end in Amsterdam
        (DECEMBER, "2026-11-30T23:59:59+01:00", Obstacle.NOT_YET),
        (DECEMBER, "2026-12-01T00:00:00+01:00", None),
        (DECEMBER, "2026-11-30T23:00:00+00:00", None),
        (DECEMBER, "2026-12-31T23:59:59+01:00", None),
        (DECEMBER, "2026-12-31T23:00:00+00:00", Obstacle.OVER),
        ('weekdays = ["sat"]', "2026-11-20T23:59:59+01:00", Obstacle.OTHER_DAY),
        ('weekdays = ["sat"]', "2026-11-21T00:00:00+01:00", None),
        ('weekdays = ["sat"]', "2026-11-21T23:59:59+01:00", None),
        ('weekdays = ["sat"]', "2026-11-22T00:00:00+01:00", Obstacle.OTHER_DAY),
        # midnight is a time like any other
        ("until_time = 00:30:00", "2026-11-21T00:00:00+01:00", None),
        ("until_time = 00:30:00", "2026-11-21T00:30:00+01:00", Obstacle.TOO_LATE),
        ("from_time = 00:00:00", "2026-11-21T00:00:00+01:00", None),
        ("from_time = 23:00:00", "2026-11-21T23:59:59+01:00", None),
        ("from_time = 23:00:00", "2026-11-22T00:00:00+01:00", Obstacle.TOO_EARLY),
        # 29 March 2026: from 2:00 the clock goes to 3:00, so the hour is not there
        (NIGHT, "2026-03-29T00:59:59+00:00", Obstacle.TOO_EARLY),
        (NIGHT, "2026-03-29T01:00:00+00:00", Obstacle.TOO_LATE),
        ('weekdays = ["sun"]', "2026-03-28T22:59:59+00:00", Obstacle.OTHER_DAY),
        ('weekdays = ["sun"]', "2026-03-28T23:00:00+00:00", None),
        ('weekdays = ["sun"]', "2026-03-29T21:59:59+00:00", None),
        ('weekdays = ["sun"]', "2026-03-29T22:00:00+00:00", Obstacle.OTHER_DAY),
        # 25 October 2026: at 3:00 it is 2:00 again, so the hour is there twice
        (NIGHT, "2026-10-24T23:59:59+00:00", Obstacle.TOO_EARLY),
        (NIGHT, "2026-10-25T00:30:00+00:00", None),
        (NIGHT, "2026-10-25T01:30:00+00:00", None),
        (NIGHT, "2026-10-25T02:00:00+00:00", Obstacle.TOO_LATE),
        ('weekdays = ["sun"]', "2026-10-24T22:00:00+00:00", None),
        ('weekdays = ["sun"]', "2026-10-25T22:59:59+00:00", None),
        ('weekdays = ["sun"]', "2026-10-25T23:00:00+00:00", Obstacle.OTHER_DAY),
    ],
)
def test_windows_hold_from_their_beginning_until_before_their_end(
    when: str, at: str, expected: Obstacle | None
) -> None:
    assert obstacle(when, at) is expected


NOON = "2026-11-21T12:00:00+01:00"


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((4999,), Obstacle.TOO_LITTLE),
        ((5000,), None),
        ((2500, 2500), None),
        ((2500, 2499), Obstacle.TOO_LITTLE),
    ],
)
def test_the_minimum_is_reached_by_all_selected_lines_together(
    amounts: tuple[int, ...], expected: Obstacle | None
) -> None:
    bought = basket(*(line(number, amount) for number, amount in enumerate(amounts, 1)))
    assert obstacle("minimum_spend = 5000", NOON, bought) is expected


def test_lines_that_are_not_selected_do_not_count_for_the_minimum() -> None:
    bought = basket(line(1, 900, "bread"), line(2, 9000, "dairy"))
    when = 'categories = ["bread"], minimum_spend = 1000'
    assert obstacle(when, NOON, bought) is Obstacle.TOO_LITTLE


@pytest.mark.parametrize(
    ("when", "lines"),
    [
        ('categories = ["bread", "fruit"]', [1, 2]),
        ('brands = ["Zuiver"]', [2, 3]),
        ('categories = ["bread"], brands = ["Zuiver"]', [2]),
        ('skus = ["8710400011118"]', [3]),
        ('labels = ["new"]', [1]),
        ('kinds = ["service"]', [4]),
        ('categories = ["Bread"]', []),  # words are compared as they are
        ("minimum_spend = 1", [1, 2, 3, 4]),
    ],
)
def test_every_key_must_match_and_any_of_its_values_will_do(when: str, lines: list[int]) -> None:
    bought = basket(
        line(1, 1000, "fruit", labels=("new",)),
        line(2, 1000, "bread", "fruit", brand="Zuiver"),
        line(3, 1000, "dairy", brand="Zuiver", sku="8710400011118"),
        line(4, 1000, kind="service"),
    )
    rules = programme(BASE + f'[[bonus]]\nid = "extra"\nadd = 40\nwhen = {{ {when} }}\nwhy = "x"\n')
    assert sorted(key or 0 for key in shares(awarded(rules, bought).entries, "extra")) == lines


@given(bought=baskets, drawn=st.lists(selections, max_size=8))
def test_the_index_finds_what_asking_every_rule_about_every_line_finds(
    bought: Basket, drawn: list[dict[str, object]]
) -> None:
    rules = [Selection.model_validate(each) for each in drawn]
    asked = {
        number: [each for each in bought.lines if rule.takes(each)]
        for number, rule in enumerate(rules)
    }
    found = RuleIndex(rules).selected(bought.lines)
    assert {number: list(chosen) for number, chosen in found.items()} == {
        number: chosen for number, chosen in asked.items() if chosen
    }


@given(
    bought=baskets,
    minimums=st.lists(st.one_of(st.none(), st.integers(1, 60_000)), max_size=12),
    drawn=selections,
)
def test_rules_about_everything_fall_out_early_where_the_basket_is_too_small_and_no_others(
    bought: Basket, minimums: list[int | None], drawn: dict[str, object]
) -> None:
    """A minimum without tax, or about some lines, is left to be asked: these are not measured on all lines."""
    rules = [Conditions.model_validate({"minimum_spend": least}) for least in minimums if least] + [
        Conditions(),
        Conditions.model_validate({"minimum_spend": 60_000, "minimum_tax": "excluded"}),
        Conditions.model_validate({**drawn, "minimum_spend": 60_000}),
    ]
    amount = sum(each.amount for each in bought.lines)
    early = {
        number
        for number, rule in enumerate(rules)
        if rule.is_everything
        and rule.minimum_tax is Tax.INCLUDED
        and (rule.minimum_spend or 0) > amount
    }
    found = RuleIndex(rules, rules).open_at(datetime.fromisoformat(NOON)).selected(bought.lines)
    assert set(found) == set(RuleIndex(rules).selected(bought.lines)) - early


def test_quantities_do_not_matter_to_conditions() -> None:
    bought = basket(line(1, 5000, quantity=Decimal("0.482")))
    assert obstacle("minimum_spend = 5000", NOON, bought) is None


def test_lines_of_several_kinds_are_taken_out_by_a_list() -> None:
    kept_out = [{"kinds": ["gift-card"]}, {"categories": ["tobacco"]}]
    scope = Selection.model_validate({"without": kept_out})
    assert not scope.takes(line(1, 100, kind="gift-card"))
    assert not scope.takes(line(1, 100, "tobacco"))
    assert scope.takes(line(1, 100, "bread"))
    assert Selection.model_validate({"without": kept_out[0]}).takes(line(1, 100, "tobacco"))


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def _minutes_later(minutes: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=AMSTERDAM) + timedelta(minutes=minutes)


_CLOCKS = st.sampled_from([time(0, 30), time(9), time(12), time(18), time(23, 59)])
_DAYS = st.integers(1, 9).map(lambda day: date(2026, 3, day))


def _windows_open(drawn: dict[str, Any]) -> bool:
    opens, closes = drawn.get("from_time", time.min), drawn.get("until_time", time.max)
    first, last = drawn.get("from_date", date.min), drawn.get("until_date", date.max)
    return bool(opens < closes and first <= last)


_TIMES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "weekdays": st.sets(st.sampled_from(Weekday), min_size=1),
        "from_time": _CLOCKS,
        "until_time": _CLOCKS,
        "from_date": _DAYS,
        "until_date": _DAYS,
    },
).filter(_windows_open)


@given(
    drawn=st.lists(_TIMES, max_size=6),
    times=st.lists(
        st.integers(0, 9 * 24 * 60).map(_minutes_later),
        min_size=1,
        max_size=6,
    ),
)
def test_the_rules_open_at_a_time_are_those_that_the_time_does_not_keep_from_holding(
    drawn: list[dict[str, Any]], times: list[datetime]
) -> None:
    """Also where one index is asked for several times, and exactly on the borders that the rules name."""
    rules = [Conditions.model_validate(each) for each in drawn]
    index = RuleIndex(rules, rules)
    borders = [
        datetime.combine(at, clock, AMSTERDAM)
        for at in times
        for rule in rules
        for clock in (rule.from_time, rule.until_time)
        if clock is not None
    ]
    for at in (*times, *borders, *times):
        open_ones = {number for number, rule in enumerate(rules) if rule.unmet_at(at) is None}
        assert set(index.open_at(at).selected((line(1, 100),))) == open_ones


@pytest.mark.parametrize(
    ("when", "given_at"),
    [("every_visit = 2", [2, 4]), ("visits = [1, 3]", [1, 3]), ("every_visit = 3", [3])],
)
def test_a_visit_is_counted_from_the_first_one(when: str, given_at: list[int]) -> None:
    rules = programme(BASE + f'[[bonus]]\nid = "extra"\nadd = 5\nwhen = {{ {when} }}\nwhy = "x"\n')
    before: list[dict[str, int]] = [{}, *({VISITS_EVER.key: visits} for visits in (1, 2, 3))]
    found = [
        evaluate(rules, replace(MEMBER, figures=figures), BREAD, A_SATURDAY) for figures in before
    ]
    assert [visit for visit, each in enumerate(found, 1) if earned(each.entries) == 15] == given_at


WINE = basket(
    line(1, 1000, "wine", quantity=Decimal(2), tax_rate="21"), line(2, 210, tax_rate="21")
)
DISCOUNTED = basket(line(1, 1000, "wine", discount=5), line(2, 210))
JOINED = MemberFacts("7f0c", since=date(2026, 11, 1))


def paid(*tenders: Tender) -> Basket:
    return replace(WINE, tenders=tenders)


@pytest.mark.parametrize(
    ("when", "facts", "bought", "expected"),
    [
        ("minimum_spend = 1210", JOINED, WINE, None),
        ("minimum_spend = 1211", JOINED, WINE, Unmet(Obstacle.TOO_LITTLE, 1)),
        ('categories = ["wine"], minimum_spend = 1000', JOINED, WINE, None),
        ('categories = ["wine"], minimum_spend = 1210', JOINED, WINE, Unmet(Obstacle.TOO_LITTLE, 210)),
        ('minimum_spend = 1000, minimum_tax = "excluded"', JOINED, WINE, None),
        ('minimum_spend = 1001, minimum_tax = "excluded"', JOINED, WINE, Unmet(Obstacle.TOO_LITTLE, 1)),
        ('categories = ["wine"], minimum_sale = 1210', JOINED, WINE, None),
        ('categories = ["wine"], minimum_sale = 1211', JOINED, WINE, Unmet(Obstacle.TOO_LITTLE, 1)),
        ('minimum_sale = 1000, minimum_tax = "excluded"', JOINED, WINE, None),
        ('minimum_sale = 1001, minimum_tax = "excluded"', JOINED, WINE, Unmet(Obstacle.TOO_LITTLE, 1)),
        ("minimum_quantity = 3", JOINED, WINE, None),
        ("minimum_quantity = 3.1", JOINED, WINE, Unmet(Obstacle.TOO_FEW)),
        ('categories = ["wine"], minimum_quantity = 3', JOINED, WINE, Unmet(Obstacle.TOO_FEW)),
        ('contains = [{ categories = ["wine"], quantity = 2 }]', JOINED, WINE, None),
        ('contains = [{ categories = ["wine"], quantity = 3 }]', JOINED, WINE, Unmet(Obstacle.NOT_IN_BASKET)),
        ("no_discount = true", JOINED, WINE, None),
        ("no_discount = true", JOINED, DISCOUNTED, Unmet(Obstacle.DISCOUNTED)),
        ('tenders = ["cash", "giftcard"]', JOINED, paid(Tender("card", 1000), Tender("cash", 210)), None),
        ('tenders = ["cash"]', JOINED, paid(Tender("card", 1210), Tender("cash", 0)), Unmet(Obstacle.OTHER_TENDER)),
        ('tenders = ["cash"]', JOINED, WINE, Unmet(Obstacle.OTHER_TENDER)),
        ('stores = ["0412", "0413"]', JOINED, replace(WINE, store="0413"), None),
        ('stores = ["0412"]', JOINED, WINE, Unmet(Obstacle.OTHER_STORE)),
        ('channels = ["web"]', JOINED, replace(WINE, channel="web"), None),
        ('channels = ["web"]', JOINED, WINE, Unmet(Obstacle.OTHER_CHANNEL)),
        ('segments = ["a", "b"]', replace(JOINED, segments=frozenset({"b"})), WINE, None),
        ('segments = ["a", "b"]', JOINED, WINE, Unmet(Obstacle.OTHER_SEGMENT)),
        ('not_segments = ["a", "b"]', JOINED, WINE, None),
        ('not_segments = ["a", "b"]', replace(JOINED, segments=frozenset({"b"})), WINE, Unmet(Obstacle.OTHER_SEGMENT)),
        ('attributes = { pet = ["cat", "dog"] }', replace(JOINED, attributes={"pet": "dog"}), WINE, None),
        ('attributes = { pet = ["cat"] }', replace(JOINED, attributes={"pet": "dog"}), WINE, Unmet(Obstacle.OTHER_PROFILE)),
        ('attributes = { pet = ["dog"], car = ["no"] }', replace(JOINED, attributes={"pet": "dog"}), WINE, Unmet(Obstacle.OTHER_PROFILE)),
        ('languages = ["fr", "nl"]', replace(JOINED, language="nl-BE"), WINE, None),
        ('languages = ["fr"]', JOINED, WINE, Unmet(Obstacle.OTHER_PROFILE)),
        ('birthday = "week"', replace(JOINED, birthday=frozenset({Birthday.WEEK})), WINE, None),
        ('birthday = "day"', replace(JOINED, birthday=frozenset({Birthday.WEEK})), WINE, Unmet(Obstacle.NO_BIRTHDAY)),
        ("joined_days_min = 20", JOINED, WINE, None),
        ("joined_days_min = 21", JOINED, WINE, Unmet(Obstacle.JOINED_TOO_RECENTLY, 20)),
        ("joined_days_max = 20", JOINED, WINE, None),
        ("joined_days_max = 19", JOINED, WINE, Unmet(Obstacle.JOINED_TOO_LONG_AGO, 20)),
        ("joined_days_max = 19", MemberFacts("7f0c"), WINE, Unmet(Obstacle.JOINED_UNKNOWN)),
        ("away_days = 60", replace(JOINED, figures={SINCE_LAST_VISIT.key: 60}), WINE, None),
        ("away_days = 60", replace(JOINED, figures={SINCE_LAST_VISIT.key: 59}), WINE, Unmet(Obstacle.NOT_AWAY, 59)),
        ("away_days = 60", JOINED, WINE, Unmet(Obstacle.NOT_AWAY, 0)),
        ("visits = [3]", replace(JOINED, figures={VISITS_EVER.key: 2}), WINE, None),
        ("visits = [3]", replace(JOINED, figures={VISITS_EVER.key: 3}), WINE, Unmet(Obstacle.OTHER_VISIT, 4)),
        ("every_visit = 3", replace(JOINED, figures={VISITS_EVER.key: 5}), WINE, None),
        ("every_visit = 3", replace(JOINED, figures={VISITS_EVER.key: 6}), WINE, Unmet(Obstacle.OTHER_VISIT, 7)),
        ('tiers = ["gold"]', replace(JOINED, tier="gold"), WINE, None),
        ('tiers = ["gold"]', JOINED, WINE, Unmet(Obstacle.OTHER_TIER, ("gold",))),
        ('memberships = ["plus"]', replace(JOINED, holdings=(Holding("membership/plus", 1),)), WINE, None),
        ('memberships = ["plus"]', replace(JOINED, holdings=(Holding("membership/plus", 1, date(2026, 11, 20)),)), WINE, Unmet(Obstacle.NOT_PAID_MEMBER)),
    ],
)  # fmt: skip
def test_every_condition_holds_up_to_its_border_and_not_beyond(
    when: str, facts: MemberFacts, bought: Basket, expected: Unmet | None
) -> None:
    rules = programme(
        f'{BASE}[[bonus]]\nid = "extra"\nadd = 5\nwhen = {{ {when} }}\nwhy = "x"\n'
        '[tiers]\nmeasure = "spend"\nlevel = [{ id = "gold", name = "x", at_least = 100000 }]\n'
        '[[membership]]\nid = "plus"\ntitle = "x"\nskus = ["plus"]\nmonths = 1\n'
    )
    explained = evaluate(rules, facts, bought, A_SATURDAY, explains=True)
    (outcome,) = (each for each in explained.outcomes if each.rule == "extra")
    assert outcome.unmet == expected
    plain = evaluate(rules, facts, bought, A_SATURDAY)
    assert any(each.rule == "extra" for each in plain.entries) == (expected is None)
