"""What the customer is told of without asking: what is pending, what expires, what is within reach."""

from datetime import date, datetime
from typing import Any

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.outlook import OnDay, Outlook, outlook
from edge_agent.domain.programme.progress import (
    Measure,
    Progress,
    Stand,
    Towards,
    units_in_words,
)
from edge_agent.domain.programme.texts import texts
from edge_agent.domain.programme.units import UnitTable
from tests.unit.domain.builders import BASE, HEAD, programme

NOON = datetime.fromisoformat("2026-11-21T12:00:00+01:00")
RULES = programme(BASE, HEAD + "[unit.points]\nwarn_days = 30\n")
GOLD = texts({"nl": "Goud", "en": "Gold", "de": "Gold", "fr": "Or"})


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def held(quantity: int, expires_on: str | None = None, matures_on: str | None = None) -> Holding:
    return Holding("points", quantity, day_of(expires_on), day_of(matures_on))


@pytest.mark.parametrize(
    ("holdings", "warned"),
    [
        ((held(10, "2026-12-21"),), [("2026-12-21", 10)]),  # the 30th day from today
        ((held(10, "2026-12-22"),), []),
        ((held(10, "2026-11-21"),), [("2026-11-21", 10)]),  # usable today for the last time
        ((held(10, "2026-11-20"),), []),  # over
        ((held(10),), []),
        ((held(10, "2026-12-01"), held(-4, "2026-12-01")), [("2026-12-01", 6)]),
        ((held(10, "2026-12-01"), held(-10, "2026-12-01")), []),
        ((held(5, "2026-12-10"), held(7, "2026-12-01")), [("2026-12-01", 7), ("2026-12-10", 5)]),
        ((held(10, "2026-12-01", "2026-11-28"),), []),  # nobody can use it yet
        ((Holding("voucher/x", 500, date(2026, 12, 1)),), []),  # no unit of the programme
    ],
)
def test_what_ends_within_the_units_days_is_told_of(
    holdings: tuple[Holding, ...], warned: list[tuple[str, int]]
) -> None:
    found = outlook(RULES, MemberFacts("a", holdings=holdings), NOON).expiring
    assert found == tuple(OnDay("points", n, date.fromisoformat(day)) for day, n in warned)


def test_what_waits_is_told_of_with_its_first_day() -> None:
    holdings = (
        held(10, None, "2026-12-05"),
        held(3, None, "2026-12-05"),
        held(9, None, NOON.date().isoformat()),
    )
    found = outlook(RULES, MemberFacts("a", holdings=holdings), NOON)
    assert found.pending == (OnDay("points", 13, date(2026, 12, 5)),)


def test_the_day_is_that_of_the_programmes_zone() -> None:
    late = datetime.fromisoformat("2026-11-20T23:30:00+00:00")  # half past midnight in Amsterdam
    facts = MemberFacts("a", holdings=(held(10, "2026-11-20"), held(5, "2026-12-21")))
    assert outlook(RULES, facts, late).expiring == (OnDay("points", 5, date(2026, 12, 21)),)


def to(have: int, need: int, measure: Measure = Measure.MONEY, **more: Any) -> Progress:
    return Progress(Towards.TIER, "gold", GOLD, have, need, measure, **more)


@pytest.mark.parametrize(
    ("progress", "language", "said"),
    [
        (to(6_600, 10_000), "nl", "Goud: nog € 34,00"),
        (to(6_600, 10_000), "en", "Gold: €34.00 to go"),
        (to(6_600, 10_000), "de", "Gold: noch 34,00 €"),
        (to(6_600, 10_000), "fr", "Or : encore 34,00 €"),
        (to(1, 2, Measure.VISITS), "nl-NL", "Goud: nog 1 bezoek"),
        (to(1, 4, Measure.WEEKS), "de", "Gold: noch 3 Wochen"),
        (to(15, 100, Measure.UNIT, unit="stamps"), "nl", "Goud: nog 8,5 zegels"),
        (to(90, 100, Measure.UNIT, unit="stamps"), "nl", "Goud: nog 1 zegel"),
        (to(1, 2, Measure.ITEMS, until=date(2026, 12, 31)), "nl", "Goud: nog 1 soort (t/m 31 dec 2026)"),
        (to(3, 2, until=date(2026, 12, 31), stand=Stand.REACHED), "en", "Gold: reached"),
        (to(0, 2, stand=Stand.TO_ACTIVATE), "nl", "Goud: nog niet geactiveerd"),
    ],
)  # fmt: skip
def test_progress_in_words(progress: Progress, language: str, said: str) -> None:
    stamps = UnitTable.model_validate({"name": {"one": "zegel", "many": "zegels"}, "decimals": 1})
    words = progress.in_words(language, "EUR", {"stamps": stamps})
    assert words.replace("\xa0", " ").replace("\u202f", " ") == said


def test_units_are_told_with_their_decimals() -> None:
    unit = UnitTable.model_validate({"name": {"one": "point", "many": "points"}, "decimals": 2})
    assert [units_in_words(unit, n, "en") for n in (161, 100, 2_000_000)] == [
        "1.61 points",
        "1 point",
        "20,000 points",
    ]


def test_nothing_is_missing_of_what_is_passed() -> None:
    assert to(12, 10).missing == 0


@pytest.mark.parametrize(
    ("waiting", "nearest"),
    [
        ([("coffee", 30, 60), ("cake", 90, 100)], "cake"),
        ([("coffee", 60, 60), ("cake", 1, 100)], "cake"),  # coffee can be had now
        ([("coffee", 60, 60)], None),
        ([], None),
    ],
)
def test_the_nearest_reward_is_the_one_of_which_least_is_missing(
    waiting: list[tuple[str, int, int]], nearest: str | None
) -> None:
    found = Outlook(
        progress=tuple(
            Progress(Towards.REWARD, rule, GOLD, have, need, Measure.UNIT, "points")
            for rule, have, need in waiting
        )
    )
    assert (found.nearest_reward.rule if found.nearest_reward else None) == nearest


def test_what_ends_with_inactivity_is_told_of_with_the_day_on_which_it_would_end() -> None:
    rules = programme("[unit.points.inactivity]\nmonths = 6\n" + BASE)
    figures = {"active-points@ever:since": 170}  # 4 June, so all of it ends on 4 December
    facts = MemberFacts("a", holdings=(held(50), held(7, "2026-11-30")), figures=figures)
    assert outlook(rules, facts, NOON).expiring == (
        OnDay("points", 7, date(2026, 11, 30)),
        OnDay("points", 50, date(2026, 12, 4)),
    )
    gone = MemberFacts("a", holdings=(held(50),), figures={"active-points@ever:since": 200})
    assert outlook(rules, gone, NOON).expiring == ()


PLACES = """
[[reward]]
id = "web-coffee"
cost = 60
title = "Coffee"
when = { channels = ["web"] }
[[challenge]]
id = "there"
title = "Five visits"
target = 5
gives = [{ quantity = 100 }]
when = { stores = ["0413"] }
"""


def test_what_can_only_be_had_elsewhere_is_told_of_and_says_so() -> None:
    rules = programme(PLACES, HEAD)

    def told(facts: MemberFacts, *place: str) -> list[str]:
        return [
            each.in_words("en", "EUR", rules.file.unit, each.unmet_where(*place))
            for each in outlook(rules, facts, NOON).progress
        ]

    has = MemberFacts("a", holdings=(held(60),))
    assert told(has, "0413", "web") == ["Coffee: reached", "Five visits: 5 visits to go"]
    assert told(has, "0412", "store") == [
        "Coffee: reached, not in this channel",
        "Five visits: 5 visits to go, not in this store",
    ]
    done = MemberFacts("a", figures={"did.there@ever": 1, "done.there@ever": 1})
    assert told(done, "0412", "store")[1] == "Five visits: reached"  # and nothing to do anywhere


EVERYTHING = """
[unit.stamps]
name = { one = "stamp", many = "stamps" }
[[earn]]
id = "base"
points = 1
per = 100
[[stamp]]
id = "card"
title = "Coffee card"
unit = "stamps"
size = 10
[tiers]
measure = "spend"
[[tiers.level]]
id = "silver"
name = "Silver"
at_least = 500
[[reward]]
id = "coffee"
cost = 60
title = "Coffee"
[[reward]]
id = "cake"
cost = 100
title = "Cake"
same_sale = true
[[challenge]]
id = "five"
title = "Five visits"
target = 5
gives = [{ quantity = 100 }]
"""


def test_everything_that_leads_somewhere_is_told_of_once() -> None:
    rules = programme(EVERYTHING, HEAD)
    facts = MemberFacts("a", holdings=(held(40), Holding("stamps", 3)))
    found = outlook(rules, facts, NOON)
    assert sorted((each.towards, each.rule, each.have, each.need) for each in found.progress) == [
        (Towards.CHALLENGE, "five", 0, 5),
        (Towards.REWARD, "cake", 40, 100),
        (Towards.REWARD, "coffee", 40, 60),
        (Towards.STAMP_CARD, "card", 3, 10),
        (Towards.TIER, "silver", 0, 500),
    ]
    assert found.nearest_reward is not None
    assert found.nearest_reward.rule == "coffee"
