"""What rules may know of a member: what the programme asks about, and nothing else of a person."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Birthday, MemberFacts
from edge_agent.domain.programme import Programme
from edge_agent.till.facts import member_facts, till_facts
from tests.tills import AT, JAN, STRANGER, Shop, jan, milk, sale
from tests.unit.domain.builders import BASE, HEAD, programme

ASKS = (
    BASE
    + """
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 100000
[[bonus]]
id = "young"
add = 10
why = "young"
when = { segments = ["young"], not_segments = ["staff"], attributes = { diet = ["vegan"] }, tiers = ["gold"] }
[[bonus]]
id = "fifth"
add = 10
why = "fifth"
when = { visits = [5], away_days = 30 }
"""
)
"""Asks about two segments, one attribute, the tiers, the number of visits and the last one."""


def facts_of(
    shop: Shop, rules: Programme, code: str = JAN, *, everything: bool = False
) -> MemberFacts:
    lookups = shop.ledger.lookups()
    account = shop.directory.presented(code, lookups)
    return member_facts(rules, account, lookups, AT, everything=everything)


def test_only_segments_and_attributes_that_a_rule_names_are_facts(shop: Shop) -> None:
    shop.confirm(
        replace(
            jan(),
            segments=frozenset({"young", "rich"}),
            attributes={"diet": "vegan", "shoe": "43"},
            birthday="11-18",
            language="nl",
        )
    )
    facts = facts_of(shop, programme(ASKS))
    assert facts.segments == {"young"}
    assert facts.attributes == {"diet": "vegan"}
    assert facts.birthday == frozenset()
    assert facts.language is None


def test_a_rule_on_birthday_and_language_makes_both_facts(shop: Shop) -> None:
    shop.confirm(replace(jan(), birthday="11-18", language="nl"))
    rules = BASE + (
        '[[bonus]]\nid = "cake"\nadd = 1\nwhy = "cake"\nwhen = { birthday = "week", languages = ["nl"] }\n'
    )
    facts = facts_of(shop, programme(rules))
    assert facts.birthday == {Birthday.DAY, Birthday.WEEK, Birthday.MONTH}
    assert facts.language == "nl"


def test_holdings_are_those_that_are_looked_at_and_not_over(shop: Shop) -> None:
    gold = Holding("tier/gold", 1, date(2027, 12, 31))
    shop.confirm(
        replace(
            jan(),
            lots=(
                Holding("points", 118, date(2027, 3, 31)),
                gold,
                Holding("tier/silver", 1, date(2026, 10, 31)),
            ),
        )
    )
    assert facts_of(shop, programme(ASKS)).holdings == (gold,)
    assert facts_of(shop, programme(ASKS)).tier == "gold"
    everything = facts_of(shop, programme(ASKS), everything=True).holdings
    assert everything == (Holding("points", 118, date(2027, 3, 31)), gold)


@pytest.mark.parametrize(("away", "points"), [(365, 118), (366, 0)])
def test_what_was_not_used_for_too_long_is_neither_a_fact_nor_a_balance(
    shop: Shop, away: int, points: int
) -> None:
    rules = programme("[unit.points.inactivity]\ndays = 365\n" + BASE)
    last = Holding("count/active-points", 1, day=AT.date() - timedelta(days=away))
    shop.confirm(replace(jan(), lots=(Holding("points", 118), last)))
    lookups = shop.ledger.lookups()
    account = shop.directory.presented(JAN, lookups)
    facts = member_facts(rules, account, lookups, AT, everything=True)
    assert sum(each.quantity for each in facts.holdings) == points
    balance = shop.directory.holdings(account, lookups, rules, AT).balance["points"]
    assert balance.shown == points


def test_visits_are_centrals_and_this_tills_own_until_they_are_posted(shop: Shop) -> None:
    visited = Holding("count/visits", 3, day=AT.date() - timedelta(days=40))
    shop.confirm(replace(jan(), lots=(visited,)))
    facts = facts_of(shop, programme(ASKS))
    assert facts.figures == {"visits@ever": 3, "visits@ever:since": 40}
    assert facts.holdings == ()


def test_a_card_that_nobody_has_shown_is_one_account_from_quote_to_sale(shop: Shop) -> None:
    before = facts_of(shop, programme(BASE), STRANGER)
    assert before.account
    assert before == facts_of(shop, programme(BASE), STRANGER)
    shop.till.sell(sale("s", card=STRANGER))
    assert shop.till.sale("s")[1].member == before.account


def test_without_a_card_there_are_no_facts_but_the_tills_own(shop: Shop) -> None:
    assert till_facts(programme(ASKS), shop.ledger.lookups(), AT) == MemberFacts("")


COLLECTION = (
    BASE
    + """
[[challenge]]
id = "both"
title = "both"
gives = [{ quantity = 100 }]
items = [{ id = "a", title = "a", skus = ["a"] }, { id = "b", title = "b", skus = ["b"] }]
"""
)


def test_what_was_counted_for_a_challenge_is_a_fact_of_the_next_sale(shop: Shop) -> None:
    shop.shelf.offer(HEAD.replace("version = 1", "version = 9") + COLLECTION, "it", AT)
    first = shop.till.sell(sale("s", replace(milk(amount=100), sku="a")))
    second = shop.till.sell(sale("t", replace(milk(amount=100), sku="b")))
    assert (first.result["earned"]["points"], second.result["earned"]["points"]) == (1, 101)
