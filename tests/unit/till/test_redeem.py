"""Redeeming: reserved on disk before it is answered, charged once, and never more than there is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.errors import (
    Invalid,
    RedemptionDiffers,
    Refused,
    UnknownCard,
    UnknownRedemption,
)
from edge_agent.till.authority import RESERVED_FOR
from edge_agent.till.present import AT_TILL
from edge_agent.till.redeem import Wish
from edge_agent.till.views import Answer
from tests.tills import (
    AT,
    JAN,
    KEY,
    PROGRAMME,
    STRANGER,
    Shop,
    jan,
    milk,
    open_shop,
    points,
    sale,
    scanned,
)

REWARDS = """
[[reward]]
id = "points-off"
title = "punten als korting"
spend = { step = 100, value = 100, minimum = 200 }
[[reward]]
id = "fifth-off"
title = "een vijfde korting"
cost = 300
off = { percent = 20 }
[[reward]]
id = "cake"
title = "een taart"
"""
PLACES = """
[[reward]]
id = "here"
title = "een rondleiding"
cost = 100
sort = "experience"
when = { stores = ["0412"], channels = ["store"] }
[[reward]]
id = "there"
title = "een proeverij"
cost = 100
sort = "experience"
when = { stores = ["0413"] }
[[reward]]
id = "web"
title = "gratis bezorgen"
cost = 100
sort = "experience"
when = { channels = ["web"] }
[[reward]]
id = "web-share"
title = "een tiende korting"
cost = 100
off = { percent = 10 }
when = { channels = ["web"] }
[[reward]]
id = "web-points"
title = "punten als korting in de webwinkel"
spend = { step = 100, value = 150 }
when = { channels = ["web"] }
"""
MARIE, MARIE_REF = "2900000000025", "c" * 32
LAST_DAY = date(2027, 3, 31)


def marie() -> Member:
    return Member(
        MARIE_REF, lots=(Holding("points", 5000, LAST_DAY),), cards=(card_key(KEY, MARIE),)
    )


def text(version: int = 4, more: str = "") -> str:
    return PROGRAMME.read_text().replace("version = 3", f"version = {version}", 1) + REWARDS + more


def reopened(data: Path, at: datetime = AT) -> Shop:
    shop = open_shop(data, at=at)
    shop.shelf.offer(text(), "rewards", AT)
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till that central told of Jan with 2000 points, of Marie with 5000, and of nobody else."""
    opened = reopened(tmp_path)
    opened.confirm(jan(2000), marie())
    yield opened
    opened.close()


def wish(redemption_id: str = "R1", reward: str | None = "five-euro", **more: Any) -> Wish:
    return Wish(redemption_id, more.pop("card", scanned(JAN)), reward, **more)


def reserve(shop: Shop, *args: Any, **more: Any) -> Answer:
    return shop.till.reserve(wish(*args, **more))


def test_a_reward_is_reserved_and_nobody_else_can_use_its_points(shop: Shop) -> None:
    answer = reserve(shop)
    assert answer.first
    until = (AT + RESERVED_FOR).isoformat()
    assert answer.result == {
        "redemption_id": "R1", "state": "reserved", "authorised_by": "limit", "reward": "five-euro",
        "title": "€ 5 korting", "unit": "points", "cost": 250, "discount": 500,
        "needs_quote": False, "until": until,
    }  # fmt: skip
    shown = points(shop)
    assert (shown.confirmed, shown.reserved, shown.spendable) == (2000, 250, 1750)
    assert shop.ledger.head.seq == 0


def test_the_customer_may_choose_how_many_points(shop: Shop) -> None:
    answer = reserve(shop, reward=None, points=Decimal(350))
    # Three steps of 100 points; the 50 that are left over buy nothing and are not charged.
    assert (answer.result["cost"], answer.result["discount"]) == (300, 300)


def test_as_many_as_are_of_use_are_reserved_up_to_the_limit_and_need_a_quote(shop: Shop) -> None:
    answer = reserve(shop, reward="points-off")
    assert (answer.result["cost"], answer.result["discount"]) == (500, None)
    assert answer.result["needs_quote"]


def test_several_of_a_reward_cost_as_many_times(shop: Shop) -> None:
    answer = reserve(shop, times=2)
    assert (answer.result["cost"], answer.result["discount"]) == (500, 1000)


def test_the_same_again_is_answered_the_same_also_after_a_restart(shop: Shop) -> None:
    first = reserve(shop)
    again = reserve(shop)
    assert not again.first
    assert again.text == first.text
    shop.close()
    opened = reopened(shop.data)
    assert reserve(opened).text == first.text
    assert points(opened).reserved == 250
    opened.close()


@pytest.mark.parametrize(
    "other",
    [
        wish(reward="coffee"),
        wish(times=2),
        wish(sale_id="s"),
        wish(channel="web"),
        wish(reward="points-off", points=Decimal(200)),
        wish(card=scanned(MARIE)),
    ],
    ids=["reward", "times", "sale", "channel", "points", "card"],
)
def test_another_wish_under_the_same_id_is_refused(shop: Shop, other: Wish) -> None:
    reserve(shop)
    with pytest.raises(RedemptionDiffers):
        shop.till.reserve(other)


def test_a_typed_number_redeems_nothing(shop: Shop) -> None:
    with pytest.raises(Refused, match="getypt nummer"):
        reserve(shop, card=PresentedCard(JAN, EntryMode.KEYED))


@pytest.mark.parametrize("code", [STRANGER, "123456"])
def test_a_card_that_central_has_not_told_of_is_unknown(shop: Shop, code: str) -> None:
    with pytest.raises(UnknownCard):
        reserve(shop, card=scanned(code))


@pytest.mark.parametrize(
    ("standing", "said"), [(Standing.BLOCKED, "geblokkeerd"), (Standing.ERASED, "verwijderd")]
)
def test_a_blocked_or_erased_account_redeems_nothing(
    shop: Shop, standing: Standing, said: str
) -> None:
    shop.confirm(jan(2000, standing=standing))
    with pytest.raises(Refused, match=said):
        reserve(shop)


def test_what_is_reserved_cannot_be_reserved_again(shop: Shop) -> None:
    shop.confirm(jan(400))
    reserve(shop, "R1")
    with pytest.raises(Refused, match="100"):
        reserve(shop, "R2")


def test_what_this_till_gave_counts_only_once_central_has_confirmed_it(shop: Shop) -> None:
    shop.confirm(jan(245))
    shop.till.sell(sale("s", milk(amount=1000)))
    assert points(shop).shown == 255
    with pytest.raises(Refused):
        reserve(shop)
    shop.shelf.offer(text(5, "[redeem]\nunconfirmed = true\n"), "unconfirmed counts", AT)
    assert reserve(shop).first


def test_a_programme_without_that_reward_says_so_by_name(shop: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        reserve(shop, reward="golden-egg")
    assert [each.path for each in caught.value.fields] == ["reward"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"points": Decimal("200.5"), "reward": None}, "points"),
        ({"points": Decimal(200)}, "points"),
    ],
    ids=["half a point", "a reward with its own price"],
)
def test_points_that_cannot_be_are_named(shop: Shop, given: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        reserve(shop, **given)
    assert [each.path for each in caught.value.fields] == [path]


def test_each_limit_refuses_with_its_reason(shop: Shop) -> None:
    with pytest.raises(Refused, match="hoogstens 500 punten per keer"):
        reserve(shop, reward=None, points=Decimal(600))
    reserve(shop, "R1", times=2)
    with pytest.raises(Refused, match="voor deze klant nog 0 punten"):
        reserve(shop, "R2", reward="coffee")
    assert reserve(shop, "R3", reward="coffee", card=scanned(MARIE)).first


def test_the_limit_of_an_outage_counts_what_central_has_not_posted_of_all_members(
    shop: Shop,
) -> None:
    shop.till._parts = replace(
        shop.till._parts,
        settings=replace(
            shop.till._parts.settings,
            offline=replace(shop.till._parts.settings.offline, per_outage=300),
        ),
    )
    reserve(shop, "R1")
    shop.till.commit("R1")
    with pytest.raises(Refused, match="op deze kassa nog 50 punten"):
        reserve(shop, "R2", reward="coffee", card=scanned(MARIE))
    shop.confirm(jan(1750), marie(), applied_seq=1)
    assert reserve(shop, "R3", reward="coffee", card=scanned(MARIE)).first


def test_with_balances_that_are_too_old_nothing_is_redeemed(shop: Shop) -> None:
    shop.system.at = AT + timedelta(hours=72)
    assert reserve(shop, "R1", reward="coffee").first
    shop.system.at += timedelta(seconds=1)
    with pytest.raises(Refused, match="ouder dan 72 uur"):
        reserve(shop, "R2", reward="coffee")


def test_it_lapses_by_itself_and_is_then_free_again(shop: Shop) -> None:
    reserve(shop)
    shop.system.at += RESERVED_FOR
    assert points(shop).reserved == 250
    shop.system.at += timedelta(seconds=1)
    assert points(shop).reserved == 0
    with pytest.raises(Refused, match="vervallen"):
        shop.till.commit("R1")
    with pytest.raises(Refused, match="vervallen"):
        shop.till.quote("Q", sale("", milk(amount=500), redemptions=("R1",), at=shop.system.at))


def test_cancelled_it_is_free_at_once_and_stays_cancelled(shop: Shop) -> None:
    reserve(shop)
    assert shop.till.cancel("R1")["state"] == "cancelled"
    assert shop.till.cancel("R1")["state"] == "cancelled"
    assert points(shop).reserved == 0
    with pytest.raises(Refused, match="geannuleerd"):
        shop.till.commit("R1")


@pytest.mark.parametrize("act", ["commit", "cancel"])
def test_what_was_never_reserved_is_unknown(shop: Shop, act: str) -> None:
    with pytest.raises(UnknownRedemption):
        getattr(shop.till, act)("R9")


def test_committed_without_a_sale_it_is_one_record_that_can_be_worked_out_again(shop: Shop) -> None:
    reserve(shop, reward="coffee")
    first = shop.till.commit("R1")
    again = shop.till.commit("R1")
    assert (first.first, again.first) == (True, False)
    assert again.result == first.result
    assert (first.result["state"], first.result["spent"]) == ("committed", {"points": 60})
    assert (points(shop).unconfirmed, points(shop).reserved) == (-60, 0)
    (record,) = shop.ledger.records(0, 9)
    body = json.loads(record.body)
    assert body["kind"] == "redemption"
    recorded = Recorded.from_body(body)
    programme = shop.shelf.by_digest(recorded.programme)
    assert programme is not None
    assert recorded.again(programme, AT).entries == recorded.entries
    (entry,) = recorded.entries
    assert (entry.quantity, entry.expires_on) == (-60, LAST_DAY)
    with pytest.raises(Refused, match="al gebruikt"):
        shop.till.cancel("R1")


@pytest.fixture
def placed(shop: Shop) -> Shop:
    """The same till with rewards of this store, of another one, and of the web shop."""
    shop.shelf.offer(text(5, PLACES), "of places", AT)
    return shop


@pytest.mark.parametrize(
    ("reward", "channel", "said"),
    [
        ("there", "store", "niet in deze winkel"),
        ("there", "web", "niet in deze winkel"),
        ("web", "store", "niet via dit kanaal"),
        ("web-share", "store", "niet via dit kanaal"),
        ("web-points", "store", "niet via dit kanaal"),
        ("here", "web", "niet via dit kanaal"),
    ],
)
def test_a_reward_of_another_store_or_channel_is_refused_before_anything_is_reserved(
    placed: Shop, reward: str, channel: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        reserve(placed, reward=reward, channel=channel)
    assert points(placed).reserved == 0


@pytest.mark.parametrize(("reward", "channel"), [("here", "store"), ("web", "web")])
def test_what_is_reserved_in_a_channel_is_charged_there(
    placed: Shop, reward: str, channel: str
) -> None:
    reserve(placed, reward=reward, channel=channel)
    seq = placed.till.commit("R1").result["seq"]
    basket = Recorded.from_body(placed.ledger.lookups().body(seq)).basket
    assert (basket.store, basket.channel) == ("0412", channel)
    assert points(placed).unconfirmed == -100


def test_whoever_is_identified_sees_the_rewards_of_this_store_and_channel(placed: Shop) -> None:
    def shown(*channel: str) -> set[str]:
        rewards = placed.till.identify(scanned(JAN), *channel).to_json()["rewards"]
        return {each["id"] for each in rewards} & {"here", "there", "web"}

    assert (shown(), shown("web")) == ({"here"}, {"web"})
    sold = placed.till.sell(sale("s")).result
    assert {each["id"] for each in sold["rewards"]} & {"here", "there", "web"} == {"here"}


def test_an_issued_reward_is_collected_once(shop: Shop) -> None:
    cake = Holding("reward/cake", 1)
    shop.confirm(replace(jan(0), lots=(cake,)))
    assert reserve(shop, reward="cake").result["cost"] == 1
    with pytest.raises(Refused):
        reserve(shop, "R2", reward="cake")
    shop.till.commit("R1")
    with pytest.raises(Refused):
        reserve(shop, "R3", reward="cake")


def test_with_a_sale_without_a_quote_the_pos_took_the_amount_off_and_it_is_charged(
    shop: Shop,
) -> None:
    reserve(shop)
    # The POS took 5.00 off 12.00 itself, so 7.00 is paid and earns.
    result = shop.till.sell(sale("s", milk(amount=700), redemptions=("R1",))).result
    assert (result["spent"], result["earned"]) == ({"points": 250}, {"points": 7})
    assert result["discount"] == 0
    assert (points(shop).unconfirmed, points(shop).reserved) == (-243, 0)
    with pytest.raises(Refused, match="al gebruikt"):
        shop.till.sell(sale("t", milk(amount=700), redemptions=("R1",)))


def test_a_pos_whose_clock_is_ahead_can_still_use_what_is_reserved(shop: Shop) -> None:
    reserve(shop)
    ahead = AT + timedelta(hours=1)
    used = shop.till.sell(sale("s", milk(amount=700), redemptions=("R1",), at=ahead)).result
    assert used["spent"]["points"] == 250


def test_a_percentage_needs_a_quote(shop: Shop) -> None:
    answer = reserve(shop, reward="fifth-off")
    assert (answer.result["discount"], answer.result["needs_quote"]) == (None, True)
    with pytest.raises(Invalid) as caught:
        shop.till.sell(sale("s", milk(amount=800), redemptions=("R1",)))
    assert [each.path for each in caught.value.fields] == ["redemptions.0"]
    with pytest.raises(Refused):
        shop.till.commit("R1")


@pytest.mark.parametrize(
    ("reservation", "sold", "said"),
    [
        (wish(), sale("s", redemptions=("R9",)), "was not reserved at this till"),
        (wish(), sale("s", redemptions=("R1", "R1")), "stands there twice"),
        (wish(), sale("s", card=MARIE, redemptions=("R1",)), "is not of the member with this card"),
        (wish(), sale("s", card=None, redemptions=("R1",)), "is not of the member with this card"),
        (wish(sale_id="t"), sale("s", redemptions=("R1",)), "was reserved for another sale"),
    ],
)
def test_redemptions_that_are_not_this_sales_are_named(
    shop: Shop, reservation: Wish, sold: Any, said: str
) -> None:
    shop.till.reserve(reservation)
    with pytest.raises(Invalid) as caught:
        shop.till.sell(sold)
    assert said in {each.message for each in caught.value.fields}
    assert shop.ledger.head.seq == 0


def quoted(shop: Shop, *ids: str) -> dict[str, Any]:
    """A quote for 10.00 of milk in two lines."""
    asked = sale("", milk(1, amount=700), milk(2, amount=300), redemptions=ids)
    return shop.till.quote("q", asked)


def paid(*amounts: int) -> Any:
    """The sale that follows the quote, with these amounts."""
    return sale("s", *(milk(n, amount=each) for n, each in enumerate(amounts, 1)), quote_id="q")


def test_a_quote_says_what_is_off_each_line_and_the_sale_is_charged_for_it(shop: Shop) -> None:
    reserve(shop, reward="fifth-off")
    quote = quoted(shop, "R1")
    assert [(each["line"], each["discount"]) for each in quote["lines"]] == [(1, 140), (2, 60)]
    assert quote["lines"][0]["rules"] == [
        {"rule": "fifth-off", "discount": 140, "why": "een vijfde korting"}
    ]
    assert (quote["discount"], quote["spent"], quote["earned"]) == (
        200,
        {"points": 300},
        {"points": 8},
    )
    result = shop.till.sell(paid(560, 240)).result
    for key in ("entries", "lines", "discount", "spent", "earned"):
        assert result[key] == quote[key]
    assert points(shop).reserved == 0


def test_central_can_work_a_quoted_sale_out_again_from_its_record(shop: Shop) -> None:
    reserve(shop, reward="points-off")
    shop.till.quote("q", sale("", milk(1, amount=2000), redemptions=("R1",)))
    shop.till.sell(sale("s", milk(1, amount=1500), quote_id="q"))
    (record,) = shop.ledger.records(0, 9)
    recorded = Recorded.from_body(json.loads(record.body))
    programme = shop.shelf.by_digest(recorded.programme)
    assert programme is not None
    again = recorded.again(programme, record.at)
    assert (again.entries, again.reductions) == (recorded.entries, recorded.reductions)
    assert sum(each.amount for each in recorded.reductions) == 500
    assert recorded.basket.total == 2000


def test_a_sale_that_paid_the_full_price_is_charged_nothing_and_keeps_the_reservation(
    shop: Shop,
) -> None:
    reserve(shop, reward="fifth-off")
    quoted(shop, "R1")
    result = shop.till.sell(paid(700, 300)).result
    assert (result["discount"], result["spent"], result["earned"]) == (
        0,
        {"points": 0},
        {"points": 10},
    )
    assert points(shop).reserved == 300


def test_a_quote_says_what_could_not_be_used_and_why(shop: Shop) -> None:
    reserve(shop, reward="fifth-off")
    asked = sale("", milk(1, amount=1000, kind="deposit"), redemptions=("R1",))
    (refused,) = shop.till.quote("q", asked)["refused"]
    assert (refused["what"], refused["rule"]) == ("R1", "fifth-off")
    assert refused["why"]


def test_points_as_many_as_are_of_use_take_no_more_than_was_reserved(shop: Shop) -> None:
    reserve(shop, reward="points-off")
    asked = sale("", milk(1, amount=2000), redemptions=("R1",))
    quote = shop.till.quote("q", asked)
    assert (quote["discount"], quote["spent"]) == (500, {"points": 500})


def test_what_was_quoted_holds_across_a_publish_and_a_pull(shop: Shop) -> None:
    reserve(shop, reward="fifth-off")
    quote = quoted(shop, "R1")
    shop.shelf.offer(
        text(5).replace("per = 100", "per = 10").replace("percent = 20", "percent = 50"), "5", AT
    )
    shop.confirm(jan(10))
    result = shop.till.sell(paid(560, 240)).result
    for key in ("programme", "entries", "lines", "discount", "spent", "earned"):
        assert result[key] == quote[key]


def test_whoever_is_at_the_till_redeems_without_the_code_being_sent_again(shop: Shop) -> None:
    with pytest.raises(Refused, match="niemand aan de kassa"):
        reserve(shop, card=AT_TILL)
    shop.till.identify(scanned(JAN))
    first = reserve(shop, card=AT_TILL)
    assert points(shop).reserved == 250

    shop.till.leave()
    again = reserve(shop, card=AT_TILL)
    assert (again.first, again.text) == (False, first.text)


def test_what_is_reserved_is_told_and_stands_in_the_view_until_it_is_let_go(shop: Shop) -> None:
    shop.till.identify(scanned(JAN))
    reserved = reserve(shop, card=AT_TILL).result
    shop.till.cancel("R1")
    told = [(kind, data) for kind, data in shop.heard.events if kind in {"redemption", "member"}]
    assert [kind for kind, _ in told] == ["member", "redemption", "member", "redemption", "member"]
    assert [data["state"] for kind, data in told if kind == "redemption"] == [
        "reserved",
        "cancelled",
    ]
    views = [data for kind, data in told if kind == "member"]
    assert [view["redemptions"] for view in views] == [[], [reserved], []]
    assert [view["balance"]["points"]["spendable"] for view in views] == [2000, 1750, 2000]


def test_a_quote_takes_what_was_reserved_at_the_till_and_its_sale_charges_it(shop: Shop) -> None:
    shop.till.identify(scanned(JAN))
    reserve(shop, card=AT_TILL)
    reserve(shop, "bound", sale_id="another")
    asked = sale("", milk(amount=1200), reserved_at_till=True)
    quoted = shop.till.quote("Q", asked)
    assert (quoted["redemptions"], quoted["discount"]) == (["R1"], 500)

    shop.till.sell(sale("S", milk(amount=700), quote_id="Q"))
    assert points(shop).confirmed + points(shop).unconfirmed == 2000 - 250 + 7


@pytest.mark.parametrize(
    ("spend", "choose"),
    [
        ("{ step = 100, value = 100, minimum = 150 }", (100, 200, 1900, 100)),
        ("{ step = 100, value = 100, maximum = 450 }", (100, 100, 400, 100)),
        ("{ step = 3000, value = 900 }", (3000, 3000, 0, 900)),
        ("{ table = [{ points = 250, value = 800 }, { points = 500, value = 1900 }] }", (250, 250, 1750, None)),
    ],
)  # fmt: skip
def test_a_reward_says_from_how_many_points_to_how_many_the_customer_may_choose(
    shop: Shop, spend: str, choose: tuple[int, int, int, int | None]
) -> None:
    rule = f'[[reward]]\nid = "own-choice"\ntitle = "eigen keus"\nspend = {spend}\n'
    shop.shelf.offer(text(5, rule), "choice", AT)
    shop.confirm(jan(1999))
    view = shop.till.identify(scanned(JAN)).to_json()
    (shown,) = [each["choose"] for each in view["rewards"] if each["id"] == "own-choice"]
    assert tuple(shown.values()) == choose
    assert all(each["choose"] is None for each in view["rewards"] if each["id"] == "five-euro")
