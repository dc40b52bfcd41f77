"""What the rules fail on stops no queue: it is recorded without them, answered once, and seen at central.

A sale can be made that they fail on. Of the other acts nobody knows one, so the tests take away what they call.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pysqlite3 import dbapi2 as sqlite3
from structlog.testing import capture_logs

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.consents import Consent
from edge_agent.domain.record import RecordKind
from edge_agent.errors import Invalid, LedgerUnavailable, OverReturn, Refused
from edge_agent.ledger.reservations import ReservationState
from edge_agent.till.attach import Attaching
from edge_agent.till.give_back import GiveBack, give_back
from edge_agent.till.receipt_layout import plain
from edge_agent.till.receipts import Paper, Receipts
from edge_agent.till.redeem import Wish
from edge_agent.till.sell import sell
from edge_agent.till.without_sale import Answering, Consenting, Enrolling, Reported
from sync.central.bodies import Envelope, read_body
from tests.tills import (
    JAN,
    JAN_REF,
    STRANGER,
    Shop,
    back,
    jan,
    milk,
    open_shop,
    points,
    sale,
    scanned,
)
from tests.unit.domain.builders import BASE, HEAD

RULES = f"""{HEAD}
{BASE}
[unit.stars]
decimals = 4
name = {{ one = "ster", many = "sterren" }}

[[earn]]
id = "stars"
unit = "stars"
points = 10000
per = 1

[[reward]]
id = "five-euro"
title = "€ 5 korting"
cost = 400
off = {{ amount = 500 }}

[[reward]]
id = "fifth"
title = "een vijfde korting"
cost = 100
off = {{ percent = 20 }}

[[reward]]
id = "tasting"
title = "een proeverij"
cost = 100
sort = "experience"

[[action]]
id = "review"
title = "een recensie"
gives = [{{ unit = "points", quantity = 25 }}]

[[action]]
id = "welcome"
title = "welkom"
happens = "enrolment"
gives = [{{ unit = "points", quantity = 100 }}]

[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
opens_case_at_most = 6
gives = [{{ unit = "points", quantity = 5 }}]
"""
"""Ten thousand stars a cent, in ten thousandths: of the dearest line that a till takes no ledger could count them."""
TOO_MUCH = AMOUNT_MAX_MINOR


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    (tmp_path / "data").mkdir()
    opened = open_shop(tmp_path / "data", programme=rules)
    opened.confirm(jan(2000))
    yield opened
    opened.close()


def body_of(shop: Shop, result: dict[str, Any]) -> dict[str, Any]:
    return shop.ledger.lookups().body(result["seq"])


def said_by_central(shop: Shop, seq: int) -> str | None:
    """The code with which central parks or rejects a record; None for one that it can post."""
    (record,) = [each for each in shop.ledger.waiting(0, 100, 10**6) if each.seq == seq]
    envelope = Envelope(shop.ledger.terminal, shop.ledger.epoch, seq, record.id)
    reason = read_body(record.body, envelope).unlike
    return None if reason is None else reason.code


def test_the_sale_is_recorded_with_nothing_given_and_the_next_one_is_worked_out(shop: Shop) -> None:
    answer = shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    assert (answer.first, answer.result["entries"], answer.result["balance"]) == (True, [], None)
    assert (answer.result["earned"], answer.result["spent"]) == ({}, {})
    body = body_of(shop, answer.result)
    assert (body["kind"], body["not_worked_out"]) == (RecordKind.SALE, "OverflowError")
    assert body["facts"]["account"] == JAN_REF
    assert body["basket"]["total"]["amount"] == TOO_MUCH
    assert shop.till.sell(sale("s-1", milk(amount=TOO_MUCH))).result == answer.result
    ordinary = shop.till.sell(sale("s-2", milk(amount=2))).result
    assert ordinary["earned"] == {"points": 0, "stars": "20000.0000"}
    assert "not_worked_out" not in body_of(shop, ordinary)


def test_a_training_sale_is_answered_without_them_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "sell.work_out")
    answer = shop.till.sell(sale("s-1", training=True))
    assert (answer.first, answer.result["entries"], answer.result["training"]) == (True, [], True)
    assert "not_worked_out" in answer.result
    assert shop.ledger.head.seq == 0


def test_central_parks_it_by_name_and_posts_the_others(shop: Shop) -> None:
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    shop.till.sell(sale("s-2"))
    assert [said_by_central(shop, seq) for seq in (1, 2)] == ["not-worked-out", None]


def test_a_copy_of_its_receipt_says_that_the_points_are_not_known_and_no_number(shop: Shop) -> None:
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    shop.till.print_copy("s-1")
    ((_, document),) = shop.tray.jobs
    said = " ".join(plain(document, 42))
    assert "Deze bon is nog niet in uw saldo verwerkt." in said
    assert "Gespaard" not in said


def test_what_was_to_be_used_with_it_is_used_up_and_not_to_be_had_again(shop: Shop) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH), redemptions=("r-1",)))
    assert points(shop).reserved == 0
    redemption = shop.ledger.lookups().redemption("r-1")
    assert redemption is not None
    assert (redemption.state.value, redemption.seq) == ("committed", 1)


class NoReceipts(Receipts):
    """Receipts that fail, for what cannot be brought about from outside."""

    def paper(self, *_args: Any, **_more: Any) -> Paper:
        raise KeyError("of the test")


def test_a_quoted_sale_is_recorded_as_it_was_quoted_and_paid(shop: Shop) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    shop.till.quote("q", sale("", milk(amount=2000), redemptions=("r-1",)))
    parts = shop.till._parts
    paid = sale("s-1", milk(amount=1500), quote_id="q")
    result = sell(parts, NoReceipts(parts.settings), paid).result
    assert (result["discount"], result["receipt"]) == (500, {"lines": []})
    assert (result["spent"]["points"], result["earned"]["points"]) == (400, 15)
    body = body_of(shop, result)
    assert [each["amount"] for each in body["reductions"]] == [500]
    assert said_by_central(shop, 1) is None
    assert (points(shop).unconfirmed, points(shop).reserved) == (15 - 400, 0)


def test_what_a_quote_charged_is_what_the_record_says_and_what_central_works_out(
    shop: Shop,
) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "fifth"))
    shop.till.reserve(Wish("r-2", scanned(JAN), "five-euro"))
    shop.till.quote("q", sale("", milk(amount=300), redemptions=("r-1", "r-2")))
    parts = shop.till._parts
    paid = sale("s-1", milk(amount=0), quote_id="q")
    result = sell(parts, NoReceipts(parts.settings), paid).result
    used = body_of(shop, result)["redeemed"]
    # Of the 5.00 there were 3.00 to pay, which cost 240 of 400 points, and nothing was left for the fifth.
    assert [(each["id"], each["quantity"], each["value"]) for each in used] == [("r-2", 240, 300)]
    unused = shop.ledger.lookups().redemption("r-1")
    assert unused is not None
    assert unused.state is ReservationState.RESERVED
    assert shop.worked_again() == []


def test_it_can_come_back_like_any_sale(shop: Shop) -> None:
    shop.till.sell(sale("s-1", milk(amount=TOO_MUCH)))
    given = shop.till.give_back("s-1", "b-1", (back(1, "1"),), None).result
    assert (given["refund"]["amount"], given["entries"]) == (TOO_MUCH // 2, [])


class RulesFail(Exception):
    """Of the test."""


def fails(*_args: Any, **_more: Any) -> Any:
    raise RulesFail


Do = Callable[[Shop], dict[str, Any]]


def broken(monkeypatch: pytest.MonkeyPatch, *places: str) -> None:
    for place in places:
        monkeypatch.setattr(f"edge_agent.till.{place}", fails)


ACTS: dict[str, tuple[Do, RecordKind]] = {
    "action": (
        lambda shop: shop.till.report(Reported("a-1", scanned(JAN), "review")).result,
        RecordKind.ACTION,
    ),
    "answer": (
        lambda shop: shop.till.answer(Answering("q-1", "recommend", 3, scanned(JAN))).result,
        RecordKind.ANSWER,
    ),
    "enrolment": (
        lambda shop: (
            shop.till.enrol(Enrolling("m-1", scanned(STRANGER), {"display_name": "Piet"})).result
        ),
        RecordKind.MEMBER,
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_without_a_sale_is_recorded_with_nothing_given(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    act, kind = ACTS[name]
    broken(monkeypatch, "without_sale.facts_of")
    result = act(shop)
    assert (result["entries"], result["balance"]) == ([], None)
    assert (result["earned"], result["spent"]) == ({}, {})
    assert result["not_worked_out"] == (
        "vastgelegd, maar de punten waren niet uit te rekenen; het hoofdkantoor kijkt ernaar"
    )
    body = body_of(shop, result)
    assert (body["kind"], body["not_worked_out"]) == (kind, "RulesFail")
    assert said_by_central(shop, 1) == "not-worked-out"
    monkeypatch.undo()
    assert act(shop) == result


def test_an_action_that_nobody_knows_is_refused_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "without_sale.facts_of")
    with pytest.raises(Invalid):
        shop.till.report(Reported("a-1", scanned(JAN), "dance"))
    with pytest.raises(Invalid):
        shop.till.answer(Answering("q-1", "recommend", 99, scanned(JAN)))
    assert shop.ledger.head.seq == 0


def test_what_was_answered_is_kept_and_so_is_that_somebody_has_to_look_at_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "without_sale.facts_of")
    result = ACTS["answer"][0](shop)
    said = {"answer_id": "q-1", "question": "recommend", "value": 3, "case": True}
    assert body_of(shop, result)["answer"] == said


def test_consents_give_nothing_and_are_posted_as_ever(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.shelf.offer(
        RULES.replace("version = 1", "version = 2")
        + '[[consent]]\npurpose = "mail"\nversion = "1"\ntext = "Stuur mij post."\n',
        "consents",
        shop.system.at,
    )
    broken(monkeypatch, "without_sale.facts_of")
    agreed = (Consent("mail", "1", given=True),)
    result = shop.till.change_consents(Consenting("c-1", scanned(JAN), agreed)).result
    assert "not_worked_out" not in result
    assert said_by_central(shop, 1) is None


@pytest.mark.parametrize("whole", [False, True])
def test_goods_come_back_and_are_paid_back_with_nothing_taken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    shop.till.sell(sale("s-1", milk(amount=200)))

    def bring() -> dict[str, Any]:
        if whole:
            return shop.till.void("s-1", "b-1").result
        return shop.till.give_back("s-1", "b-1", (back(1, "1"),), None).result

    broken(monkeypatch, "give_back.work_out")
    result = bring()
    assert (result["refund"]["amount"], result["entries"]) == (200 if whole else 100, [])
    assert (result["receipt"], result["balance"]) == ({"lines": []}, None)
    assert (result["earned"], result["spent"]) == ({}, {})
    assert "niet uit te rekenen" in result["not_worked_out"]
    assert body_of(shop, result)["not_worked_out"] == "RulesFail"
    assert said_by_central(shop, 2) == "not-worked-out"
    monkeypatch.undo()
    assert bring() == result


def test_what_comes_back_next_takes_what_the_return_before_could_not(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.till.sell(sale("s-1", milk(amount=200)))
    broken(monkeypatch, "give_back.work_out")
    shop.till.give_back("s-1", "b-1", (back(1, "1"),), None)
    monkeypatch.undo()
    rest = shop.till.give_back("s-1", "b-2", (back(1, "1"),), None).result
    assert (rest["refund"]["amount"], rest["earned"]["points"]) == (100, -2)
    with pytest.raises(OverReturn):
        shop.till.give_back("s-1", "b-3", (back(1, "1"),), None)


def test_a_return_whose_receipt_fails_is_recorded(shop: Shop) -> None:
    parts = shop.till._parts
    receipts = NoReceipts(parts.settings)
    wanted = GiveBack(RecordKind.RETURN, "b-1", "of-another-till", (back(1, "1"),))
    answer = give_back(parts, receipts, wanted)
    assert (answer.awaiting_original, answer.result["receipt"]) == (True, {"lines": []})
    assert "not_worked_out" not in body_of(shop, answer.result)


def test_a_card_is_attached_with_nothing_given(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sold = shop.till.sell(sale("s-1", milk(amount=200), card=None)).result
    broken(monkeypatch, "attach.attached")
    attaching = Attaching("s-1", scanned(JAN), sold["reference"])
    result = shop.till.attach(attaching).result
    assert (result["entries"], "niet uit te rekenen" in result["not_worked_out"]) == ([], True)
    assert (result["earned"], result["spent"]) == ({}, {})
    assert said_by_central(shop, 2) == "not-worked-out"
    monkeypatch.undo()
    assert shop.till.attach(attaching).result == result


def test_a_redemption_by_itself_uses_what_was_reserved(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "tasting"))
    broken(monkeypatch, "charge.collect")
    result = shop.till.commit("r-1").result
    assert (result["state"], "niet uit te rekenen" in result["not_worked_out"]) == (
        "committed",
        True,
    )
    assert (body_of(shop, result)["redeemed"][0]["quantity"], result["spent"]) == (100, {})
    assert said_by_central(shop, 1) == "not-worked-out"
    monkeypatch.undo()
    assert shop.till.commit("r-1").result == result


def test_what_has_not_happened_yet_is_refused_in_words(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "redeem.collect", "quote.work_out")
    with pytest.raises(Refused) as of_reward:
        shop.till.reserve(Wish("r-1", scanned(JAN), "five-euro"))
    with pytest.raises(Refused) as of_basket:
        shop.till.quote("q", sale("", milk(amount=200)))
    said = "dit is nu niet uit te rekenen; afrekenen kan gewoon, zonder dit"
    assert (of_reward.value.detail, of_basket.value.detail) == (said, said)
    assert points(shop).reserved == 0


def test_whoever_is_identified_is_shown_with_the_balance_and_what_is_reserved(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.till.reserve(Wish("r-1", scanned(JAN), "tasting"))
    known = shop.till.identify(scanned(JAN)).to_json()
    broken(monkeypatch, "directory.member_facts")
    with capture_logs() as logged:
        view = shop.till.identify(scanned(JAN)).to_json()
    assert [each["failure"] for each in logged if each["event"] == "not_worked_out"] == [
        "RulesFail"
    ]
    assert view["not_worked_out"] == (
        "aanbiedingen en voortgang zijn nu niet uit te rekenen; afrekenen kan gewoon"
    )
    for same in ("known", "member", "card", "balance", "redemptions", "as_of"):
        assert view[same] == known[same]
    assert (view["rewards"], view["offers"], view["progress"]) == ([], [], [])
    assert shop.heard.events[-1] == ("member", view)
    assert "not_worked_out" not in known


@pytest.mark.parametrize("entry", EntryMode)
def test_of_whom_not_even_the_balance_can_be_worked_out_it_is_unknown_and_not_nought(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, entry: EntryMode
) -> None:
    broken(monkeypatch, "directory._balances", "identify.greeting_json")
    view = shop.till.identify(PresentedCard(JAN, entry)).to_json()
    assert view["member"]["id"] == JAN_REF
    # What is not shown of a typed number stays so.
    assert view["balance"] == (None if entry is EntryMode.KEYED else {})


def test_an_act_is_answered_where_what_the_member_then_has_cannot_be_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.till.identify(scanned(JAN))
    broken(monkeypatch, "identify.greeting_json")
    assert ACTS["action"][0](shop)["earned"]["points"] == 25


def test_a_slip_that_cannot_be_worked_out_is_refused_in_words(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "directory.member_facts")
    with pytest.raises(Refused, match="nu niet uit te rekenen"):
        shop.till.print_slip(scanned(JAN))
    assert shop.tray.jobs == []


def test_what_the_ledger_cannot_do_now_is_no_failure_of_the_rules(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*_args: Any, **_more: Any) -> Any:
        sqlite3.connect(":memory:").execute("SELECT 1 FROM no_such_table")

    monkeypatch.setattr("edge_agent.till.without_sale.facts_of", broken_off)
    with pytest.raises(LedgerUnavailable):
        shop.till.report(Reported("a-1", scanned(JAN), "review"))
    assert shop.ledger.head.seq == 0
