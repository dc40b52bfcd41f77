"""Offers: for whom, when, how often, by which code; who is held out; and which one is mentioned."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import ProgrammeInvalid
from edge_agent.domain.programme.acts import act_on
from edge_agent.domain.programme.offers import HELD_OUT, SHOWN, OfferRule, offers_for
from edge_agent.domain.programme.situation import Act, Wanted
from tests.unit.domain.builders import A_SATURDAY, basket
from tests.unit.domain.programme.reducing import (
    codes,
    member,
    offer,
    piece,
    rules,
    total_off,
    why_not,
    worked,
)

TEN = basket(piece(1, "A", 1, 10_000))


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-11-20", 0), ("2026-11-21", 1000), ("2026-11-22", 1000), ("2026-11-23", 0)],
)
def test_an_offer_holds_from_its_first_to_its_last_day(day: str, expected: int) -> None:
    deal = offer(
        "deal", "percent = 10", "when = { from_date = 2026-11-21, until_date = 2026-11-22 }"
    )
    at = datetime.fromisoformat(f"{day}T10:00:00+01:00")
    assert total_off(worked(rules(deal), TEN, at=at)) == expected


@pytest.mark.parametrize(
    ("condition", "bought", "expected"),
    [
        ("minimum_sale = 10000", basket(piece(1, "A", 1, 6000)), 0),
        ("minimum_sale = 10000", basket(piece(1, "A", 2, 6000)), 12_000),
        ('skus = ["A"], minimum_spend = 4000', basket(piece(1, "A", 1, 2000)), 0),
        (
            'skus = ["A"], minimum_spend = 4000',
            basket(piece(1, "A", 1, 2000), piece(2, "B", 1, 3000)),
            0,
        ),
        (
            'skus = ["A"], minimum_spend = 4000',
            basket(piece(1, "A", 2, 2000), piece(2, "B", 1, 3000)),
            4000,
        ),
        (  # 320.00 with 15 % in it are 278.26 before tax
            'minimum_sale = 32000, minimum_tax = "excluded"',
            basket(piece(1, "A", 1, 32_000, tax_rate="15")),
            0,
        ),
        (
            'minimum_sale = 32000, minimum_tax = "excluded"',
            basket(piece(1, "A", 1, 36_800, tax_rate="15")),
            36_800,
        ),
        ('contains = [{ skus = ["A"], quantity = 3 }]', basket(piece(1, "A", 2, 100)), 0),
        ('contains = [{ skus = ["A"], quantity = 3 }]', basket(piece(1, "A", 3, 100)), 300),
    ],
)
def test_conditions_on_the_basket(condition: str, bought: object, expected: int) -> None:
    deal = offer("deal", "percent = 100", f"when = {{ {condition} }}")
    assert total_off(worked(rules(deal), bought)) == expected  # type: ignore[arg-type]


def test_both_the_amount_and_the_number_must_be_there() -> None:
    deal = offer(
        "deal",
        "percent = 10",
        'how = "code"\ncodes = ["V"]\n'
        'when = { contains = [{ skus = ["A"], quantity = 3 }], minimum_sale = 32000 }',
    )
    few = basket(piece(1, "A", 2, 10_000), piece(2, "B", 24, 500))
    enough = basket(piece(1, "A", 3, 10_000), piece(2, "B", 24, 500))
    assert why_not(worked(rules(deal), few, codes("V"))) == {"deal": "not-in-basket"}
    assert total_off(worked(rules(deal), enough, codes("V"))) == 4200


def test_for_everyone_or_for_members() -> None:
    deals = offer("all", "amount = 100") + offer("some", "amount = 10", "members_only = true")
    assert total_off(worked(rules(deals), TEN)) == 110
    assert total_off(worked(rules(deals), TEN, facts=NOBODY)) == 100


def test_for_a_segment_and_by_profile() -> None:
    deal = offer(
        "deal", "amount = 100", 'when = { segments = ["families"], attributes = { pet = ["cat"] } }'
    )
    families = frozenset({"families"})
    assert total_off(worked(rules(deal), TEN)) == 0
    assert total_off(worked(rules(deal), TEN, facts=member(segments=families))) == 0
    cat = member(segments=families, attributes={"pet": "cat"})
    assert total_off(worked(rules(deal), TEN, facts=cat)) == 100


ACTIVATED = offer("deal", "amount = 100", 'how = "activated"')


def test_an_offer_to_be_activated_holds_while_it_is() -> None:
    yes = member(Holding("offer/deal", 1, date(2026, 11, 21)))
    over = member(Holding("offer/deal", 1, date(2026, 11, 20)))
    assert [
        total_off(worked(rules(ACTIVATED), TEN, facts=who)) for who in (member(), yes, over)
    ] == [
        0,
        100,
        0,
    ]


def test_activating_gives_it_until_the_offer_ends() -> None:
    deal = offer("deal", "amount = 100", 'how = "activated"\nwhen = { until_date = 2026-12-31 }')
    (entry,) = act_on(rules(deal), member(), Act("activate/deal"), A_SATURDAY).entries
    assert (entry.unit, entry.quantity) == ("offer/deal", 1)
    assert entry.expires_on == date(2026, 12, 31)


BY_CODE = offer(
    "deal", "percent = 100", 'how = "code"\ncodes = ["TestCoupon"]\nlimits = [{ times = 1 }]'
)


@pytest.mark.parametrize("code", ["TestCoupon", "TESTCOUPON", " testcoupon "])
def test_a_code_is_the_same_in_capitals(code: str) -> None:
    assert total_off(worked(rules(BY_CODE), TEN, codes(code))) == 10_000
    assert total_off(worked(rules(BY_CODE), TEN)) == 0
    assert total_off(worked(rules(BY_CODE), TEN, codes("another"))) == 0


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("from_date = 2026-11-22, until_date = 2026-12-31", "not-yet"),
        ("until_date = 2026-11-20", "over"),
        ("from_time = 15:00:00", "too-early"),
        ('segments = ["few"]', "other-segment"),
        ("minimum_sale = 10001", "too-little"),
        ('skus = ["B"]', "no-line"),
    ],
)
def test_a_code_is_no_way_around_the_conditions(when: str, why: str) -> None:
    keys = f'how = "code"\ncodes = ["X"]\nwhen = {{ {when} }}'
    found = worked(rules(offer("deal", "percent = 10", keys)), TEN, codes("x"))
    assert (why_not(found), total_off(found)) == ({"deal": why}, 0)


def test_a_code_counts_once_however_often_it_is_scanned() -> None:
    deal = offer("deal", "percent = 50", 'how = "code"\ncodes = ["half"]')
    assert total_off(worked(rules(deal), TEN, codes("half", "HALF"))) == 5000


def test_a_code_scanned_before_the_card_vanishes_when_the_member_has_used_it() -> None:
    programme = rules(BY_CODE)
    first = worked(programme, TEN, codes("TESTCOUPON"))
    assert [(each.unit, each.quantity) for each in first.entries] == [("count/use.deal", 1)]
    assert [reading.key for reading in programme.readings] == ["use.deal@ever"]
    assert total_off(worked(programme, TEN, codes("TESTCOUPON"), NOBODY)) == 10_000
    again = worked(
        programme, TEN, codes("TESTCOUPON"), member(figures={programme.readings[0].key: 1})
    )
    assert (total_off(again), why_not(again)) == (0, {"deal": "used-up"})
    assert [each.asked for each in again.outcomes if each.unmet] == ["TESTCOUPON"]


@pytest.mark.parametrize(
    ("limit", "figure"),
    [
        (', per = "day"', "use.deal@day"),
        (', per = "week"', "use.deal@week"),
        (', per = "month"', "use.deal@month"),
        (', per = "year"', "use.deal@year"),
        ("", "use.deal@ever"),
        (', per = "day", of = "till"', "till:use.deal@day"),
        (', of = "till"', "till:use.deal@ever"),
    ],
)
def test_limits(limit: str, figure: str) -> None:
    programme = rules(offer("deal", "amount = 100", f"limits = [{{ times = 2{limit} }}]"))
    assert [total_off(worked(programme, TEN, facts=member(figures={figure: used})))
            for used in (0, 1, 2, 3)] == [100, 100, 0, 0]  # fmt: skip


def test_uses_are_not_counted_where_no_limit_asks() -> None:
    found = worked(
        rules(offer("deal", "amount = 100", 'limits = [{ times = 1, of = "sale" }]')), TEN
    )
    assert found.entries == ()


# --- The control group


def test_a_declared_share_of_members_is_held_out_the_same_ones_on_every_machine() -> None:
    rule = rules(offer("deal", "amount = 100", "held_out_percent = 20")).file.offer[0]
    accounts = [f"{number:016x}" for number in range(2_000)]
    held = [account for account in accounts if rule.holds_out(account)]
    assert 340 <= len(held) <= 460  # 400, and more than three standard deviations of 18 either way
    assert held[:3] == ["0000000000000005", "0000000000000011", "0000000000000012"]


def test_nobody_without_a_card_is_held_out() -> None:
    deals = [
        offer(f"deal-{number}", "amount = 100", "held_out_percent = 50") for number in range(9)
    ]
    assert not any(each.holds_out("") for each in rules("".join(deals)).file.offer)


def test_who_is_held_out_pays_the_price_and_is_noted() -> None:
    programme = rules(offer("deal", "amount = 100", "held_out_percent = 50"))
    notes = set()
    for number in range(20):
        who = MemberFacts(f"{number:016x}")
        found = worked(programme, TEN, facts=who)
        outcome = next(each for each in found.outcomes if each.rule == "deal")
        held = programme.file.offer[0].holds_out(who.account)
        assert (outcome.note, total_off(found)) == ((HELD_OUT, 0) if held else (SHOWN, 100))
        notes.add(outcome.note)
    assert notes == {HELD_OUT, SHOWN}


def test_nobody_is_in_two_groups_by_the_same_hash() -> None:
    deals = "".join(offer(f"deal-{n}", "amount = 1", "held_out_percent = 50") for n in range(2))
    first, second = rules(deals).file.offer
    accounts = [f"{number:016x}" for number in range(400)]
    both = sum(first.holds_out(each) and second.holds_out(each) for each in accounts)
    assert 60 <= both <= 140  # a quarter; the same hash for both would give a half


# --- What the cashier may say

SHOP = (
    offer("low", "amount = 100", 'say = "laag"')
    + offer("worth-more", "amount = 300")
    + offer("ranked", "percent = 5", 'rank = 5\nsay = "eerst"\nwhen = { until_date = 2026-11-30 }')
    + offer("later", "amount = 900", "when = { from_date = 2027-01-01 }")
    + offer("code", "amount = 900", 'how = "code"\ncodes = ["x"]')
    + offer("to-activate", "amount = 50", 'how = "activated"')
    + offer("for-few", "amount = 900", 'when = { segments = ["few"] }')
    + offer("once", "amount = 900", "limits = [{ times = 1 }]")
)


HERE = ("0412", "store")


def test_the_offer_to_mention_is_the_highest_in_rank_and_then_in_worth() -> None:
    used = member(figures={"use.once@ever": 1})
    shown = offers_for(rules(SHOP).file.offer, used, A_SATURDAY, *HERE)
    assert [(each.id, each.active) for each in shown] == [
        ("ranked", True),
        ("worth-more", True),
        ("low", True),
        ("to-activate", False),
    ]
    assert shown[0].say is not None
    assert (shown[0].say.nl, shown[0].until) == ("eerst", date(2026, 11, 30))


def test_an_offer_is_mentioned_only_where_it_holds() -> None:
    deals = rules(
        offer("here", "amount = 1", 'when = { stores = ["0412"] }')
        + offer("web", "amount = 1", 'when = { channels = ["web", "app"] }')
        + offer("there", "amount = 1", 'how = "activated"\nwhen = { stores = ["0413"] }')
    ).file.offer

    def ids(*place: str) -> list[str]:
        return [each.id for each in offers_for(deals, member(), A_SATURDAY, *place)]

    assert (ids("0412", "store"), ids("0412", "app")) == (["here"], ["here", "web"])
    assert (ids("0413", "store"), ids("0414", "store")) == (["there"], [])


@pytest.mark.parametrize(
    ("keys", "worth"),
    [
        ({"off": {"amount": 250}}, 250),
        ({"off": {"percent": 10}}, 100),  # as of ten euro
        ({"off": {"percent": 10, "up_to": 700}}, 700),
        ({"off": {"price": 99}}, 0),
        ({"how": "code", "coupons": ["981"]}, 0),
    ],
)
def test_about_how_much_an_offer_is_worth(keys: dict[str, Any], worth: int) -> None:
    assert OfferRule.model_validate({"id": "deal", "title": "x", **keys}).worth == worth


def test_who_is_held_out_is_told_nothing() -> None:
    rule = rules(offer("deal", "amount = 100", "held_out_percent = 50")).file.offer
    shown = {
        rule[0].holds_out(account): offers_for(rule, MemberFacts(account), A_SATURDAY, *HERE)
        for account in (f"{number:016x}" for number in range(20))
    }
    assert shown[True] == []
    assert len(shown[False]) == 1


# --- Coupon numbers

COUPONS = offer("deal", "percent = 10", 'how = "code"\ncoupons = ["9520500"]')


@pytest.mark.parametrize(
    "text",
    [
        "(255)9520500123456",
        "]C12559520500123456",
        "2559520500123456000789",
        "https://example.org/255/9520500123456",
    ],
)
def test_a_global_coupon_number_in_all_its_forms(text: str) -> None:
    assert total_off(worked(rules(COUPONS), TEN, codes(text))) == 1000


def test_a_euro_coupon_is_worth_what_its_number_says_off_its_own_lines() -> None:
    deal = (
        '[[offer]]\nid = "deal"\ntitle = "x"\nhow = "code"\ncoupons = ["9813765", "982"]\n'
        'when = { brands = ["Zuiver"] }\n'
    )
    bought = basket(piece(1, "A", 1, 500), piece(2, "B", 1, 15, brand="Zuiver"))
    assert worked(rules(deal), bought, codes("9813765030011")).off() == {2: 10}
    twice = codes("9813765030011", "9828508010106")
    assert worked(rules(deal), bought, twice).off() == {2: 15}  # never below zero


@pytest.mark.parametrize("text", ["9813765030012", "(255)9520500123457", "9520500123456"])
def test_a_number_with_a_wrong_digit_or_no_coupon_takes_nothing_off(text: str) -> None:
    both = COUPONS + COUPONS.replace("deal", "other").replace("9520500", "981")
    found = worked(rules(both), TEN, codes(text))
    assert (total_off(found), why_not(found)) == (0, {})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('off = { percent = 5 }\nhow = "code"', 'how = "code" and codes or coupons go together'),
        ('off = { percent = 5 }\ncodes = ["x"]', 'how = "code" and codes or coupons go together'),
        ("rank = 1", "say with off what it takes off"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=said):
        rules(f'[[offer]]\nid = "deal"\ntitle = "x"\n{keys}\n')


def test_a_sale_without_a_quote_is_not_reduced_any_more() -> None:
    found = worked(rules(offer("deal", "amount = 100")), TEN, Wanted(reduces=False))
    assert found.off() == {}


def test_the_first_day_begins_at_midnight_in_the_shop() -> None:
    """In the programme's own time zone, which in November is an hour ahead of UTC."""
    deal = offer("deal", "amount = 100", "when = { from_date = 2026-11-22 }")
    late = datetime.fromisoformat("2026-11-21T23:30:00+00:00")
    assert total_off(worked(rules(deal), TEN, at=late)) == 100
    assert total_off(worked(rules(deal), TEN, at=late - timedelta(hours=1))) == 0


def test_only_offers_to_be_activated_look_at_what_the_member_has() -> None:
    assert rules(offer("deal", "amount = 100")).looks_at == frozenset()
    assert rules(ACTIVATED).looks_at == {"offer/deal"}
