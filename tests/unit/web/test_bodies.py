"""What bodies may hold, and that every mistake is named at once."""

import copy
import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from edge_agent.domain.basket import LINES_MAX, EntryMode, ReturnedLine
from edge_agent.domain.money import AMOUNT_MAX_MINOR
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.errors import Invalid
from edge_agent.till.receipt_facts import sale_reference
from edge_agent.web.bodies.acts import ActionBody, AnswerBody, RedemptionBody
from edge_agent.web.bodies.baskets import QuoteBody, SaleBody
from edge_agent.web.bodies.cards import Presented
from edge_agent.web.bodies.checked import checked, checked_id
from edge_agent.web.bodies.members import MemberBody
from edge_agent.web.bodies.returns import ReturnBody
from edge_agent.web.bodies.trials import trial_from_json
from edge_agent.web.routes import ROUTES
from tests.integration.web.agent import SALE, a_sale
from tests.unit.web.bodies import json_values, places, put


def mistakes(model: type[BaseModel], body: dict[str, Any]) -> dict[str, str]:
    """Path -> message of everything wrong in `body`."""
    with pytest.raises(Invalid) as refusal:
        checked(model, body)
    fields = refusal.value.fields
    assert len({field.path for field in fields}) == len(fields), "each path once"
    return {field.path: field.message for field in fields}


def refused(model: type[BaseModel], body: dict[str, Any]) -> Invalid | None:
    """The refusal, if there is one; anything else that goes wrong fails the test."""
    try:
        checked(model, body)
    except Invalid as refusal:
        return refusal
    return None


def with_line(**changes: Any) -> dict[str, Any]:
    """The sale with its first line changed; None takes the field away."""
    body = a_sale()
    for name, value in changes.items():
        body["lines"][0][name] = value
    return body


def test_a_sale_becomes_the_sale_of_the_domain() -> None:
    sale = checked(SaleBody, SALE).to_sale()
    assert sale.sale_id == SALE["sale_id"]
    assert sale.at == datetime.fromisoformat("2026-11-21T14:03:11+01:00")
    assert sale.card is not None
    assert sale.card.code == "2912345678906"
    assert sale.card.entry is EntryMode.SCANNED
    assert (sale.cashier, sale.quote_id, sale.training, sale.print) == ("C17", None, False, True)
    assert not sale.from_till
    assert sale.basket.total == 400
    assert sale.basket.currency == "EUR"
    assert [line.quantity for line in sale.basket.lines] == [Decimal(2), Decimal("0.482")]
    assert sale.basket.lines[0].categories == ("dairy",)
    assert sale.basket.lines[0].name == "Halfvolle melk 1L"
    assert sale.basket.tenders[0].type == "card"


def test_only_what_the_contract_calls_necessary_is_necessary() -> None:
    body = {
        "sale_id": "1",
        "at": "2026-11-21T14:03:11Z",
        "lines": [{"line": 1, "sku": "x", "quantity": 1, "amount": 5}],
        "total": {"amount": 5, "currency": "EUR"},
    }
    sale = checked(SaleBody, body).to_sale()
    assert (sale.card, sale.print, sale.training, sale.basket.channel) == (
        None,
        False,
        False,
        "",
    )
    assert mistakes(SaleBody, {}) == dict.fromkeys(
        ("sale_id", "at", "lines", "total"), "is required"
    )


WHO = {"code": "2912345678906", "entry": "scanned"}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ActionBody, {"action_id": "A", "action": "review", **WHO}),
        (AnswerBody, {"answer_id": "Q", "question": "recommend", "value": 9, **WHO}),
        (MemberBody, {"member_id": "M", **WHO}),
    ],
)
def test_what_a_member_does_may_say_its_channel(
    model: type[ActionBody | AnswerBody | MemberBody], body: dict[str, Any]
) -> None:
    assert checked(model, body).to_act().channel == ""
    assert checked(model, body | {"channel": "app"}).to_act().channel == "app"
    assert set(mistakes(model, body | {"channel": "The app"})) == {"channel"}


def test_the_card_may_be_the_one_on_the_tills_screen() -> None:
    sale = checked(SaleBody, a_sale(card={"from": "till"})).to_sale()
    assert sale.from_till
    assert sale.card is None


def test_a_card_is_given_in_one_form_only() -> None:
    both = {"from": "till", "code": "2912345678906", "entry": "scanned"}
    assert mistakes(SaleBody, a_sale(card=both)) == {
        "card.code": "must not stand beside from",
        "card.entry": "must not stand beside from",
    }
    assert mistakes(SaleBody, a_sale(card={"from": "pos"})) == {"card.from": "must be 'till'"}
    assert mistakes(SaleBody, a_sale(card={})) == {
        "card.code": "is required",
        "card.entry": "is required",
    }
    assert mistakes(SaleBody, a_sale(card="2912345678906")) == {"card": "must be an object"}


def test_every_mistake_is_named_at_once() -> None:
    body = a_sale(sale_id="a b", at="yesterday", trainign=True, print="yes")
    body["lines"][0].update(amount="258", quantity=0, sku=7)
    body["lines"][1].update(line=1, quantity=0.482, colour="red")
    body["total"] = {"amount": 399, "currency": "USD"}
    body["tenders"] = [{"type": "card", "amount": 398}]
    assert mistakes(SaleBody, body) == {
        "sale_id": "must be 1 to 64 letters, digits, dots, dashes or underscores",
        "at": "must be a time like 2026-11-21T14:03:11+01:00, with its offset",
        "trainign": "unknown field",
        "print": "must be true or false",
        "lines.0.amount": "must be an integer",
        "lines.0.quantity": "must be more than 0",
        "lines.0.sku": "must be text",
        "lines.1.line": "is the number of another line too",
        "lines.1.quantity": "must be an integer or a decimal as text",
        "lines.1.colour": "unknown field",
        "total.currency": "must be 'EUR'",
        "tenders": "do not add up to total.amount",
    }


def test_sums_are_checked_even_where_other_fields_are_bad() -> None:
    body = a_sale(at=17)
    body["total"]["amount"] = 1
    del body["tenders"]
    assert set(mistakes(SaleBody, body)) == {"at", "total.amount"}


@pytest.mark.parametrize(
    "amount", [True, False, 2.58, 258.0, "258", None, [], {}, -1, 10**9, 10**30]
)
@pytest.mark.parametrize("field", ["amount", "discount"])
def test_amounts_are_integers_in_bounds(field: str, amount: Any) -> None:
    assert f"lines.0.{field}" in mistakes(SaleBody, with_line(**{field: amount}))


@pytest.mark.parametrize("amount", [True, 4.0, "400", None, -400, AMOUNT_MAX_MINOR + 1])
def test_the_total_and_tenders_are_integers_in_bounds(amount: Any) -> None:
    body = a_sale()
    body["total"]["amount"] = amount
    body["tenders"][0]["amount"] = amount
    assert {"total.amount", "tenders.0.amount"} <= set(mistakes(SaleBody, body))


@pytest.mark.parametrize(
    "quantity",
    [
        *(0, -1, True, 0.5, None, 100_001, 10**40),
        *("", "0", "-1", "1,5", "1e3", " 1", "1.", ".5", "0.0001", "NaN"),
        *("100000.001", "9" * 40, "١", "１"),
    ],
)
def test_quantities_are_positive_exact_and_bounded(quantity: Any) -> None:
    assert set(mistakes(SaleBody, with_line(quantity=quantity))) == {"lines.0.quantity"}


@pytest.mark.parametrize(
    ("sent", "meant"), [(1, "1"), ("1", "1"), ("2.500", "2.5"), ("10", "10"), ("100000", "100000")]
)
def test_one_quantity_has_one_form(sent: Any, meant: str) -> None:
    sale = checked(SaleBody, with_line(quantity=sent)).to_sale()
    assert str(sale.basket.lines[0].quantity) == meant


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-21",
        "2026-11-21T14:03:11",
        "2026-11-21 14:03:11+01:00",
        "2026-13-21T14:03:11Z",
        "2026-02-30T14:03:11Z",
        "2026-11-21T24:03:11Z",
        "2026-11-21T14:03:60Z",
        "2026-11-21T14:03:11+25:00",
        "20261121T140311Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "２026-11-21T14:03:11Z",
        "",
        1763730191,
        True,
        None,
    ],
)
def test_times_have_an_offset_and_exist(at: Any) -> None:
    assert set(mistakes(SaleBody, a_sale(at=at))) == {"at"}


@pytest.mark.parametrize("sale_id", ["", "a" * 65, "a b", "a/b", "é", "a\n", "..\x00", 7, None])
def test_ids_are_short_and_plain(sale_id: Any) -> None:
    assert set(mistakes(SaleBody, a_sale(sale_id=sale_id))) == {"sale_id"}
    if isinstance(sale_id, str):
        with pytest.raises(Invalid):
            checked_id("sale_id", sale_id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 201),
        ("name", "cut\x1dpaper"),
        ("name", None),
        ("sku", ""),
        ("sku", "x" * 65),
        ("brand", "x" * 65),
        ("brand", "\x00"),
        ("kind", "Gift Card"),
        ("kind", ""),
        ("tax_rate", 9),
        ("tax_rate", "nine"),
        ("categories", "dairy"),
        ("categories", ["x"] * 21),
        ("labels", {}),
        ("line", 0),
        ("line", 10**7),
        ("line", "1"),
    ],
)
def test_texts_and_lists_of_a_line_are_bounded(field: str, value: Any) -> None:
    assert set(mistakes(SaleBody, with_line(**{field: value}))) == {f"lines.0.{field}"}


def test_a_basket_has_lines_but_not_without_end() -> None:
    lines = [{"line": n + 1, "sku": "x", "quantity": 1, "amount": 0} for n in range(LINES_MAX + 1)]
    total = {"amount": 0, "currency": "EUR"}
    body = a_sale(lines=lines, total=total, tenders=[])
    assert set(mistakes(SaleBody, body)) == {"lines"}
    assert set(mistakes(SaleBody, {**body, "lines": []})) == {"lines"}
    assert checked(SaleBody, {**body, "lines": lines[1:]})


def test_a_sale_may_use_so_many_redemptions_and_no_more() -> None:
    used = checked(SaleBody, a_sale(redemptions=["R1", "R2"])).to_sale()
    assert used.redemptions == ("R1", "R2")
    assert mistakes(SaleBody, a_sale(redemptions=["R1"] * 21)) == {
        "redemptions": "must have at most 20 item(s)"
    }


A_REDEMPTION = {"redemption_id": "R1", "code": "2912345678906", "entry": "scanned"}


def test_a_redemption_is_a_reward_or_points_as_many_as_the_customer_likes() -> None:
    wish = checked(RedemptionBody, A_REDEMPTION | {"points": "12.50"}).to_wish()
    assert (wish.reward, wish.points, wish.times) == (None, Decimal("12.50"), 1)
    assert mistakes(RedemptionBody, A_REDEMPTION) == {"": "give reward or points"}


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (0, "must be more than 0 and at most 1000000000"),
        (-5, "must be more than 0 and at most 1000000000"),
        (1.5, "must be an integer or a decimal as text"),
        (True, "must be an integer or a decimal as text"),
        ("1e3", "must be an integer or a decimal as text"),
    ],
)
def test_points_are_exact_and_more_than_nothing(points: object, said: str) -> None:
    assert mistakes(RedemptionBody, A_REDEMPTION | {"points": points}) == {"points": said}


def test_a_quote_is_a_sale_without_its_id() -> None:
    body = {**a_sale(quote_id="Q1")}
    assert mistakes(QuoteBody, body) == {"sale_id": "unknown field"}
    del body["sale_id"]
    quote = checked(QuoteBody, body)
    assert (quote.quote_id, quote.to_sale().sale_id, quote.to_sale().quote_id) == ("Q1", "", None)
    assert quote.to_sale().basket == checked(SaleBody, SALE).to_sale().basket


def test_a_return_names_lines_once_and_by_how_much() -> None:
    body = {"return_id": "R1", "lines": [{"line": 2, "quantity": "0.2"}]}
    assert checked(ReturnBody, body).to_lines() == (ReturnedLine(2, Decimal("0.2")),)
    twice = {"return_id": "R1", "lines": [{"line": 2, "quantity": 1}, {"line": 2, "quantity": 1}]}
    assert set(mistakes(ReturnBody, twice)) == {"lines.1.line"}


def test_the_original_of_another_till_comes_as_facts_of_a_record() -> None:
    original = {"proof": "0411-01", "at": "2026-11-20T10:00:00+01:00", "lines": SALE["lines"]}
    body = {"return_id": "R1", "lines": [{"line": 1, "quantity": 1}], "original": original}
    facts = checked(ReturnBody, body).to_original()
    assert facts is not None
    assert facts["at"] == "2026-11-20T10:00:00+01:00"
    assert facts["lines"][1] == {
        "line": 2,
        "sku": "2100000000005",
        "quantity": "0.482",
        "amount": 142,
        "kind": "product",
    }


def test_the_proof_of_a_sale_with_the_longest_id_fits() -> None:
    proof = sale_reference("0412", "03", "x" * 64, "M5XG6Z3JOR2WK4TF")
    original = {"proof": proof, "at": SALE["at"], "lines": SALE["lines"]}
    body = {"return_id": "R1", "lines": [{"line": 1, "quantity": 1}], "original": original}
    told = checked(ReturnBody, body).to_original()
    assert told is not None
    assert told["proof"] == proof


def test_codes_lose_what_scanners_put_around_them_and_keep_their_separators() -> None:
    body = {"code": "]E02912345678906 ", "entry": "scanned"}
    assert checked(Presented, body).to_card().code == "2912345678906"
    gs1 = {"code": "]d28018123456789012345675\x1d10ABC", "entry": "scanned"}
    assert "\x1d" in checked(Presented, gs1).to_card().code
    for code in ("", "a\rb", "x" * 513):
        assert set(mistakes(Presented, {"code": code, "entry": "keyed"})) == {"code"}


@pytest.mark.parametrize("model", [route.body for route in ROUTES if route.body is not None])
@settings(deadline=None)
@given(body=st.dictionaries(st.text(max_size=10), json_values, max_size=4))
def test_any_object_is_taken_or_refused_by_name(
    model: type[BaseModel], body: dict[str, Any]
) -> None:
    refusal = refused(model, body)
    assert refusal is None or refusal.fields


@settings(deadline=None)
@given(st.data(), json_values)
def test_any_change_of_a_sale_is_taken_or_refused_without_its_value(
    data: st.DataObject, value: Any
) -> None:
    body = copy.deepcopy(SALE)
    put(body, data.draw(st.sampled_from([path for path in places(body) if path])), value)
    refusal = refused(SaleBody, body)
    assert refusal is None or refusal.fields


def test_messages_never_repeat_what_was_sent() -> None:
    secret = "Zaphod-Beeblebrox"
    for path in [path for path in places(SALE) if path]:
        body = copy.deepcopy(SALE)
        put(body, path, [secret])
        refusal = refused(SaleBody, body)
        assert refusal is None or secret not in repr(refusal.fields) + repr(refusal)


def test_a_basket_file_may_leave_out_ids_and_time() -> None:
    bare = {"lines": SALE["lines"], "total": SALE["total"]}
    whole = trial_from_json(json.dumps(SALE).encode())
    assert whole.at is not None
    told = trial_from_json(json.dumps(bare).encode())
    assert told.basket == replace(whole.basket, tenders=())
    assert (told.at, told.code, told.wanted) == (None, None, Wanted())
    wish = {"wanted": {"redemptions": [{"reward": "coffee", "times": 2}], "codes": ["SPRING"]}}
    assert trial_from_json(json.dumps(bare | wish).encode()).wanted == Wanted(
        (Redemption("coffee", None, 2),), ("SPRING",)
    )
    with pytest.raises(Invalid):
        trial_from_json(json.dumps({**bare, "total": {"amount": 1, "currency": "EUR"}}).encode())
