"""What head office does by hand: once, however often it is sent, and with what follows from it by the rules."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from sync.central.by_hand import Adjustment, Release, TierGrant, Transfer
from sync.central.central import Central
from sync.central.ledger import holdings
from sync.central.problems import Problem
from tests.central import Till
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import changes, everything, sums

STARTER = (Path(__file__).parents[3] / "config" / "programmes" / "starter.toml").read_text()
PROGRAMME = (
    STARTER.replace(
        "[unit.points]\n",
        '[unit.points]\ntransfer = {}\npending = { days = 30, released_by = "delivered" }\n',
    )
    + """
[tiers]
measure = "active"

[[tiers.level]]
id = "platinum"
name = "Platina"
at_least = 100000
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 100
"""
)
CARDS = ("2912345678906", "2912345678913")


@pytest.fixture
def ready(central: Central) -> Central:
    """A central with a programme and two members; the first has 90 points that can be used."""
    central.programmes.publish(PROGRAMME, "test")
    lines = [f"{card},M{n}\n" for n, card in enumerate(CARDS, 1)]
    central.member_import.run(["card,member_id\n", *lines])
    central.by_hand.adjust("M1", Adjustment(adjustment_id="start", quantity=90, reason="start"))
    return central


def held(central: Central, member: str = "M1") -> dict[str, int]:
    found: dict[str, int] = central.members.get(member)["balance"]
    return found


def test_a_correction_leads_to_the_tier_that_it_reaches(ready: Central) -> None:
    assert held(ready) == {"points": 90}
    change = Adjustment(adjustment_id="a-1", quantity=10, reason="klacht")
    for _ in range(2):
        ready.by_hand.adjust("M1", change)
        assert held(ready) == {"points": 100, "tier/gold": 1}


def test_a_tier_is_given_by_hand_once(ready: Central) -> None:
    grant = TierGrant(grant_id="g-1", tier="gold")
    assert ready.by_hand.grant_tier("M2", grant)["is_new"]
    before = everything(ready)
    assert not ready.by_hand.grant_tier("M2", grant)["is_new"]
    assert everything(ready) == before
    assert held(ready, "M2") == {"tier/gold": 1}
    with pytest.raises(Problem, match="tier") as refused:
        ready.by_hand.grant_tier("M2", TierGrant(grant_id="g-2", tier="diamond"))
    assert refused.value.errors[0]["path"] == "tier"


def test_points_go_from_one_member_to_another_and_none_appear(ready: Central) -> None:
    seen = changes(ready).next
    for _ in range(2):
        ready.by_hand.transfer("M1", Transfer(transfer_id="t-1", to="M2", quantity=40))
        assert (held(ready), held(ready, "M2")) == ({"points": 50}, {"points": 40})
    assert sums(ready) == (90, 90)
    assert len(changes(ready, after=seen).members) == 2


def test_the_same_id_with_other_content_is_refused_and_what_was_done_stands(ready: Central) -> None:
    ready.by_hand.grant_tier("M1", TierGrant(grant_id="g-1", tier="gold"))
    with pytest.raises(Problem) as refused:
        ready.by_hand.grant_tier("M1", TierGrant(grant_id="g-1", tier="platinum"))
    assert refused.value.code == "grant-differs"
    ready.by_hand.transfer("M1", Transfer(transfer_id="t-1", to="M2", quantity=40))
    with pytest.raises(Problem) as refused:
        ready.by_hand.transfer("M1", Transfer(transfer_id="t-1", to="M2", quantity=41))
    assert refused.value.code == "transfer-differs"


@pytest.mark.parametrize(
    ("transfer", "why"),
    [
        (Transfer(transfer_id="t", to="M2", quantity=91), "cannot be given"),
        (Transfer(transfer_id="t", to="M2", unit="stamps", quantity=1), "cannot be given"),
        (Transfer(transfer_id="t", to="M1", quantity=1), "share this account"),
        (Transfer(transfer_id="t", to="nobody", quantity=1), "no such member"),
    ],
    ids=["more than there is", "not for giving", "the same account", "nobody"],
)
def test_what_cannot_be_given_stays(ready: Central, transfer: Transfer, why: str) -> None:
    before = everything(ready)
    with pytest.raises(Problem, match=f"(?i){why}"):
        ready.by_hand.transfer("M1", transfer)
    assert everything(ready) == before


def test_what_waits_is_released_by_its_event_and_once(
    ready: Central, till: Till, clock: SteppingClock
) -> None:
    expires_on = date(2027, 11, 30)
    pending = Entry(EntryKind.EARN, "points", 7, "base", 1, None, expires_on, date(2026, 12, 21))
    sale = till.sale("ref-1", [pending], card=CARDS[1])
    ready.push(till.message())
    clock.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert not ready.by_hand.release(sale.id, Release(event="weighed"))["is_new"]
    assert ready.by_hand.release(sale.id, Release(event="delivered"))["is_new"]
    assert not ready.by_hand.release(sale.id, Release(event="delivered"))["is_new"]
    with ready.database.read() as connection:
        account = ready.members.row(connection, "M2").ref
        assert holdings(connection, [account])[account] == [Holding("points", 7, expires_on)]
    with pytest.raises(Problem, match="sale"):
        ready.by_hand.release("0" * 32, Release(event="delivered"))


def test_without_a_programme_only_corrections_can_be_made(central: Central) -> None:
    central.member_import.run(["card,member_id\n", f"{CARDS[0]},M1\n"])
    central.by_hand.adjust("M1", Adjustment(adjustment_id="a", quantity=5, reason="start"))
    assert held(central) == {"points": 5}
    with pytest.raises(Problem, match="programme"):
        central.by_hand.grant_tier("M1", TierGrant(grant_id="g", tier="gold"))
