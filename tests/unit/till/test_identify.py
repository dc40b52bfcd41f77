"""Identifying: who holds this card, and telling cards apart."""

from dataclasses import replace

import pytest

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import card_key, tombstone
from edge_agent.domain.member import Standing
from edge_agent.errors import PaymentCard, Refused, UnknownCard, UnknownSale
from edge_agent.till.present import AT_TILL
from edge_agent.till.views import PrintState
from tests.tills import AT, JAN, JAN_REF, KEY, PROGRAMME, STRANGER, Shop, jan, points, sale, scanned

TRACK_2 = ";4111111111111111=25121011234500000000?"


def test_a_member_is_found_with_balance_rewards_and_what_expires(shop: Shop) -> None:
    view = shop.till.identify(scanned(JAN))
    assert (view.known, view.account, view.display_name) == (True, JAN_REF, "Jan B.")
    assert view.card == "*********8906"
    assert points(shop).confirmed == 118
    assert view.shown["expiring"] == [
        {"unit": "points", "quantity": 118, "on": "2027-03-31", "warn": False}
    ]
    rewards = {each["id"]: each for each in view.shown["rewards"]}
    assert rewards["coffee"]["available"]
    money = rewards["five-euro"]
    assert (money["available"], money["why_not"]) == (False, "nog 132 punten")


def test_an_unknown_well_formed_card_is_answered_as_such(shop: Shop) -> None:
    view = shop.till.identify(scanned(STRANGER))
    assert not view.known
    assert view.to_json()["member"] is None
    assert shop.ledger.head.seq == 0


def test_a_stranger_sees_what_was_earned_here(shop: Shop) -> None:
    shop.till.sell(sale(card=STRANGER))
    assert points(shop, STRANGER).unconfirmed == 2


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_blocked_or_erased_card_says_so(shop: Shop, standing: Standing) -> None:
    shop.confirm(jan(standing=standing))
    assert shop.till.identify(scanned(JAN)).to_json()["standing"] == standing.value


def test_a_code_of_another_form_is_no_card_of_this_shop(shop: Shop) -> None:
    with pytest.raises(UnknownCard):
        shop.till.identify(scanned("8710400011118"))


@pytest.mark.parametrize("code", ["4111111111111111", TRACK_2])
def test_a_payment_card_is_refused_and_nothing_repeats_it(shop: Shop, code: str) -> None:
    with pytest.raises(PaymentCard) as caught:
        shop.till.identify(scanned(code))
    assert "4111" not in str(caught.value)
    assert not shop.till.scanned("hand", code, None)
    assert shop.heard.events == [
        (
            "scan",
            {
                "device": "hand",
                "shown": "",
                "symbology": None,
                "accepted": False,
                "reason": "payment-card",
            },
        )
    ]


def test_a_scan_is_told_masked_and_then_the_member(shop: Shop) -> None:
    assert shop.till.scanned("hand", f"]E0{JAN}", "EAN-13")
    assert shop.heard.kinds() == ["scan", "member"]
    assert shop.heard.events[0][1]["shown"] == "*********8906"


def test_an_article_before_the_scanner_is_no_member(shop: Shop) -> None:
    assert not shop.till.scanned("hand", "8710400011118", "EAN-13")
    assert shop.heard.events[0][1]["reason"] == "not-a-member-card"


def test_a_copy_is_the_same_receipt_marked_as_a_copy(shop: Shop) -> None:
    shop.till.sell(sale("s", print=True))
    shop.confirm(jan(500), applied_seq=1)
    assert shop.till.print_copy("s") == "queued"
    (_, first), (job, copy) = shop.tray.jobs
    assert job == "copy:s"
    texts = [block.text for block in copy.blocks if hasattr(block, "text")]
    assert "*** KOPIE ***" in texts
    assert [text for text in texts if text and "KOPIE" not in text] == [
        block.text for block in first.blocks if hasattr(block, "text") and block.text
    ]


def test_a_copy_of_an_unknown_sale_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownSale):
        shop.till.print_copy("never")


def test_a_slip_shows_the_balance(shop: Shop) -> None:
    assert shop.till.print_slip(scanned(JAN)) == "queued"
    ((job, slip),) = shop.tray.jobs
    assert job == "slip"
    assert any("118 punten" in block.text for block in slip.blocks if hasattr(block, "text"))


def test_without_a_printer_a_slip_is_refused(shop: Shop) -> None:
    shop.tray.columns = None
    with pytest.raises(Refused):
        shop.till.print_slip(scanned(JAN))


def test_a_slip_for_a_card_that_has_nothing_yet_says_so(shop: Shop) -> None:
    with pytest.raises(Refused):
        shop.till.print_slip(scanned(STRANGER))


def test_the_outcome_of_a_receipt_is_kept(shop: Shop) -> None:
    shop.till.sell(sale("s", print=True))
    shop.till.printed("sale:s", PrintState.UNKNOWN)
    shop.till.printed("copy:s", PrintState.PRINTED)
    assert shop.till.sale("s")[1].print == "unknown"


def test_a_typed_number_earns_and_shows_no_balance(shop: Shop) -> None:
    typed = PresentedCard(JAN, EntryMode.KEYED)
    view = shop.till.identify(typed)
    assert view.balance is None
    assert {name for name, value in view.shown.items() if value} == {"standing"}
    answer = shop.till.sell(replace(sale("s", print=True), card=typed))
    assert answer.result["earned"] == {"points": 2}
    assert answer.result["balance"] is None
    assert not any("118" in line or "120" in line for line in answer.result["receipt"]["lines"])
    assert shop.till.void("s", "v").result["balance"] is None
    with pytest.raises(Refused):
        shop.till.print_slip(typed)


def test_a_programme_may_show_the_balance_for_a_typed_number(shop: Shop) -> None:
    text = PROGRAMME.read_text().replace("version = 3", "version = 4")
    shop.shelf.offer(text.replace("shows_balance = false", "shows_balance = true"), "next", AT)
    assert shop.till.identify(PresentedCard(JAN, EntryMode.KEYED)).balance is not None


def test_a_slip_may_be_for_whoever_is_at_the_till(shop: Shop) -> None:
    with pytest.raises(Refused, match="niemand"):
        shop.till.print_slip(AT_TILL)
    shop.till.scanned("hand", JAN, None)
    assert shop.till.print_slip(AT_TILL) == "queued"


def test_whoever_leaves_is_not_the_next_sales_member(shop: Shop) -> None:
    shop.till.scanned("hand", JAN, None)
    shop.till.leave()
    assert shop.till.sell(sale(card=None, from_till=True)).result["card"] is None


def test_a_card_whose_member_was_erased_says_so_by_what_is_left_of_it(shop: Shop) -> None:
    """Its own key is nowhere any more; a card that nobody ever had is told apart."""
    shop.confirm(
        replace(jan(0, standing=Standing.ERASED, name=""), cards=(tombstone(card_key(KEY, JAN)),))
    )
    assert shop.till.identify(scanned(JAN)).standing is Standing.ERASED
    assert shop.till.identify(scanned(STRANGER)).standing is Standing.UNKNOWN


def test_what_somebody_buys_who_was_erased_is_recorded_without_the_card(shop: Shop) -> None:
    shop.confirm(
        replace(jan(0, standing=Standing.ERASED, name=""), cards=(tombstone(card_key(KEY, JAN)),))
    )
    shop.till.sell(sale("a"))
    shop.till.sell(sale("b", card=STRANGER))
    erased, stranger = shop.ledger.waiting(0, 10, 10**6)
    assert erased.attachment is not None
    assert stranger.attachment is not None
    assert JAN.encode() not in erased.attachment.content
    assert STRANGER.encode() in stranger.attachment.content


def test_a_slip_brings_nobody_to_the_till(shop: Shop) -> None:
    typed = PresentedCard(JAN, EntryMode.KEYED, None)
    shop.till.identify(typed)
    shop.till.print_slip(scanned(JAN))
    assert shop.till._parts.present.card(shop.clock.now()) is typed
