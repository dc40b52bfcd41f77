"""What is shown as usable while central cannot be asked is what would be granted: no more, and not less."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.allowance import Allowance
from edge_agent.domain.cards import card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.errors import Refused
from edge_agent.till.account import Account
from edge_agent.till.redeem import Wish
from edge_agent.till.shown import own_word
from tests.tills import AT, JAN, JAN_REF, KEY, PROGRAMME, Shop, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import HEAD

REWARDS = """
[[reward]]
id = "points-off"
title = "punten als korting"
spend = { step = 100, value = 100, minimum = 200 }
[[reward]]
id = "per-cent"
title = "elk punt een cent"
cost_per = 1
off = { percent = 10 }
[[reward]]
id = "full-card"
title = "€ 4 korting"
off = { amount = 400 }
"""
"""Beside them 250 points are 5.00: a point is worth 2 cents, and 4.00 are 200 points."""
DECIMALS = """
[unit.points]
decimals = 2
[[reward]]
id = "five-euro"
title = "5 euro korting"
cost = "250.5"
off = { amount = 500 }
[[reward]]
id = "points-off"
title = "punten als korting"
spend = { step = "0.5", value = 1 }
[[reward]]
id = "full-card"
title = "€ 4 korting"
off = { amount = 400 }
"""
NUMBERS = itertools.count(1)
MARIE, MARIE_REF = "2900000000025", "c" * 32
LAST_DAY = jan().lots[0].expires_on


def holder(points: int = 2000, cards: int = 3, **more: Any) -> Member:
    """Jan with points and full stamp cards."""
    issued = (Holding("reward/full-card", cards, LAST_DAY),) if cards else ()
    return replace(jan(points), lots=(*jan(points).lots, *issued), **more)


def marie() -> Member:
    return Member(MARIE_REF, lots=jan(2000).lots, cards=(card_key(KEY, MARIE),))


def opened(data: Path) -> Shop:
    shop = open_shop(data)
    text = PROGRAMME.read_text().replace("version = 3", "version = 4", 1) + REWARDS
    shop.shelf.offer(text, "rewards", AT)
    shop.wire.offline = True
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till whose central is away, and told it of Jan and of Marie before."""
    found = opened(tmp_path)
    found.confirm(holder(), marie())
    yield found
    found.close()


def limited(shop: Shop, **limits: Any) -> None:
    parts = shop.till._parts
    changed = replace(parts.settings, offline=replace(parts.settings.offline, **limits))
    shop.till._parts = replace(parts, settings=changed)


def allow(shop: Shop, quantity: int, hours: int = 0) -> None:
    """Central set so much of Jan's points aside for this till; its figures are so many hours old."""
    until, as_of = shop.system.at + timedelta(days=30), shop.system.at - timedelta(hours=hours)
    with shop.members.update() as update:
        update.put_allowances([Allowance(JAN_REF, "points", quantity, until)])
        update.commit(MembersPosition(2, shop.ledger.epoch, 0, as_of, 1))


def seen(shop: Shop) -> dict[str, Any]:
    return shop.till.identify(scanned(JAN)).to_json()


def spendable(shop: Shop) -> Any:
    return seen(shop)["balance"]["points"]["spendable"]


def rewards(shop: Shop) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in seen(shop)["rewards"]}


def reserve(shop: Shop, redemption_id: str, reward: str | None = "five-euro", **more: Any) -> Any:
    card = scanned(more.pop("card", JAN))
    return shop.till.reserve(Wish(redemption_id, card, reward, **more)).result


def refusal(shop: Shop, reward: str, **more: Any) -> str | None:
    """Why a reward is refused when it is asked for now; None where it is reserved, and then it is let go of."""
    asked = f"asked-{next(NUMBERS)}"
    try:
        reserve(shop, asked, reward, **more)
    except Refused as refused:
        return refused.detail
    shop.till.cancel(asked)
    return None


def check(shop: Shop) -> None:
    """All that is shown comes true when it is asked for at once, and what is not shown does not."""
    view = seen(shop)
    for reward in view["rewards"]:
        said = refusal(shop, reward["id"])
        assert (said is None) == reward["available"], (said, reward)
        if reward["limited"]:
            assert said == reward["why_not"]
        choose = reward["choose"]
        if choose is None:
            continue
        most = Decimal(choose["most"])
        if most:
            assert refusal(shop, reward["id"], points=most) is None, reward
            assert most <= Decimal(view["balance"]["points"]["spendable"])
        assert refusal(shop, reward["id"], points=most + Decimal(choose["step"])), reward


def test_with_central_the_limits_are_not_looked_at(shop: Shop) -> None:
    shop.wire.offline = False
    limited(shop, per_redemption=1, per_member=1, per_outage=1)
    assert spendable(shop) == 2000
    assert rewards(shop)["points-off"]["choose"]["most"] == 2000
    parts, lookups = shop.till._parts, shop.ledger.lookups()
    programme, account = parts.shelf.at(AT), parts.directory.by_card(JAN, lookups)
    assert own_word(parts, lookups, programme, account) is None


def test_of_one_redemption(shop: Shop) -> None:
    limited(shop, per_redemption=240)
    assert spendable(shop) == 240
    shown = rewards(shop)
    assert (shown["coffee"]["available"], shown["five-euro"]["available"]) == (True, False)
    said = "in te wisselen zonder centrale: hoogstens 240 punten per keer"
    assert (shown["five-euro"]["why_not"], shown["five-euro"]["limited"]) == (said, True)
    assert shown["points-off"]["choose"]["most"] == 200
    check(shop)


def test_of_a_member(shop: Shop) -> None:
    assert spendable(shop) == 500
    reserve(shop, "R1", times=2)
    shop.till.commit("R1")
    assert spendable(shop) == 0
    shown = rewards(shop)
    said = "in te wisselen zonder centrale: voor deze klant nog 0 punten"
    assert {each["why_not"] for each in shown.values() if each["unit"] == "points"} == {said}
    assert shown["points-off"]["choose"]["most"] == 0
    check(shop)


def test_of_all_members_at_this_till(shop: Shop) -> None:
    limited(shop, per_outage=300)
    reserve(shop, "R1", card=MARIE)
    assert spendable(shop) == 50
    said = "in te wisselen zonder centrale: op deze kassa nog 50 punten"
    assert rewards(shop)["five-euro"]["why_not"] == said
    check(shop)


def test_with_figures_that_are_too_old(shop: Shop) -> None:
    shop.system.at += timedelta(hours=72)
    assert spendable(shop) == 500
    shop.system.at += timedelta(seconds=1)
    assert spendable(shop) == 0
    assert "ouder dan 72 uur" in rewards(shop)["coffee"]["why_not"]
    check(shop)


def test_of_a_member_who_redeems_only_with_central(shop: Shop) -> None:
    shop.confirm(holder(redeems_offline=False))
    assert spendable(shop) == 0
    assert "centrale bereikbaar" in rewards(shop)["coffee"]["why_not"]
    check(shop)


def test_an_allowance_is_shown_however_old_the_figures_are(shop: Shop) -> None:
    allow(shop, 320)
    shop.system.at += timedelta(days=10)
    assert spendable(shop) == 320
    assert rewards(shop)["points-off"]["choose"]["most"] == 300
    check(shop)
    reserve(shop, "R1")
    assert spendable(shop) == 70
    shown = rewards(shop)
    assert (shown["coffee"]["available"], shown["five-euro"]["available"]) == (True, False)
    check(shop)


def test_an_allowance_is_read_once_however_many_rewards_there_are(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(shop, 320)
    read: list[str] = []
    allowance = shop.directory.allowance

    def counted(account: Account, unit: str) -> Any:
        read.append(unit)
        return allowance(account, unit)

    monkeypatch.setattr(shop.directory, "allowance", counted)
    seen(shop)
    assert len(read) == len(set(read))


def test_where_an_allowance_is_smaller_than_the_limits_these_apply(shop: Shop) -> None:
    allow(shop, 60)
    assert spendable(shop) == 500
    check(shop)


def test_what_is_missing_is_said_before_any_limit(shop: Shop) -> None:
    limited(shop, per_redemption=100)
    shop.confirm(holder(118))
    shown = rewards(shop)["five-euro"]
    assert (shown["why_not"], shown["limited"]) == ("nog 132 punten", False)
    assert spendable(shop) == 100


def test_what_was_issued_counts_in_money_and_the_receipt_keeps_it_ready(shop: Shop) -> None:
    reserve(shop, "R1", "full-card")
    reserve(shop, "R2", "full-card")
    shown = rewards(shop)["full-card"]
    said = "in te wisselen zonder centrale: voor deze klant nog €\xa02,00"
    assert (shown["available"], shown["why_not"]) == (False, said)
    assert spendable(shop) == 100
    check(shop)
    sold = shop.till.sell(sale("s")).result
    assert "Voor u klaar: € 4 korting" in " ".join(sold["receipt"]["lines"]).replace("\xa0", " ")


def test_the_event_and_the_sale_say_the_same_as_identify(shop: Shop) -> None:
    reserve(shop, "R1")
    view = seen(shop)
    kind, told = shop.heard.events[-1]
    assert (kind, told["rewards"]) == ("member", view["rewards"])
    assert told["balance"]["points"]["spendable"] == 250
    sold = shop.till.sell(sale("s", milk(amount=700), redemptions=("R1",))).result
    assert sold["balance"]["points"]["spendable"] == 250
    (choose,) = (each["choose"] for each in sold["rewards"] if each["id"] == "points-off")
    assert choose["most"] == 200


@pytest.fixture(scope="module", params=[REWARDS, DECIMALS], ids=["whole", "decimals"])
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A till that is tried again and again; points of the other programme have two decimals."""
    found = opened(tmp_path_factory.mktemp("tried"))
    if request.param == DECIMALS:
        text = HEAD.replace("version = 1", "version = 5", 1) + DECIMALS
        found.shelf.offer(text, "decimals", AT)
    yield found
    found.close()


@settings(max_examples=25, deadline=None)
@given(
    have=st.integers(0, 300_000),
    cards=st.integers(0, 2),
    limits=st.fixed_dictionaries(
        {
            "per_redemption": st.integers(0, 700),
            "per_member": st.integers(0, 900),
            "per_outage": st.integers(0, 1500),
        }
    ),
    allowance=st.just(0) | st.integers(0, 150_000),
    hours=st.sampled_from([0, 71, 73]),
    redeems_offline=st.booleans(),
    before=st.lists(st.sampled_from(["five-euro", "full-card", "points-off"]), max_size=2),
)
def test_whatever_is_shown_is_granted_when_it_is_asked_for_at_once(
    tried: Shop,
    have: int,
    cards: int,
    limits: dict[str, int],
    allowance: int,
    hours: int,
    redeems_offline: bool,
    before: list[str],
) -> None:
    shop, parts = tried, tried.till._parts.shelf.at(AT).file.unit["points"].scale
    member = holder(have * parts // 100, cards, redeems_offline=redeems_offline)
    limited(shop, per_redemption=500, per_member=500, per_outage=20_000)
    shop.confirm(member)
    made = []
    for reward in before:
        asked = f"before-{next(NUMBERS)}"
        try:
            reserve(shop, asked, reward)
        except Refused:
            continue
        made.append(asked)
    allow(shop, allowance * parts // 100, hours)
    limited(shop, **limits)
    check(shop)
    for asked in made:
        shop.till.cancel(asked)
