"""Bodies that can be read in one way only, and payment cards in them."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from edge_agent.domain.cards import holds_payment_card
from edge_agent.errors import PaymentCard
from edge_agent.web.body import DEPTH_MAX, decoded
from edge_agent.web.problems import Malformed
from tests.integration.web.agent import SALE
from tests.unit.web.bodies import CARDS, json_values, places, put


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"[]",
        b'"text"',
        b"17",
        b"null",
        b"not json",
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": "\n"}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": ' * 100_000,
        b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
)
def test_what_is_no_object_read_in_one_way_only_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decoded(raw)


@settings(deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_any_object_without_a_card_is_read_as_it_is(value: dict[str, Any]) -> None:
    try:
        found = decoded(json.dumps(value, ensure_ascii=False).encode())
    except PaymentCard:  # by chance: a float of 17 digits will do
        return
    assert json.dumps(found, default=float) == json.dumps(value)


@settings(deadline=None)
@given(st.data(), st.sampled_from(CARDS), st.booleans())
def test_a_payment_card_in_any_field_at_any_depth_is_refused_by_path_alone(
    data: st.DataObject, card: str, escaped: bool
) -> None:
    body = copy.deepcopy(SALE)
    path = data.draw(st.sampled_from([each for each in places(body) if each]))
    put(body, path, card)
    with pytest.raises(PaymentCard) as refusal:
        decoded(json.dumps(body, ensure_ascii=escaped).encode())
    assert [field.path for field in refusal.value.fields] == [".".join(map(str, path))]
    assert card not in repr(refusal.value.fields) + str(refusal.value)


def test_a_card_hidden_by_escapes_is_found() -> None:
    hidden = "".join(f"\\u{ord(digit):04x}" for digit in "4111111111111111")
    with pytest.raises(PaymentCard):
        decoded(f'{{"cashier": "{hidden}"}}'.encode())


@pytest.mark.parametrize(
    "card",
    [
        "4111.1111.1111.1111",
        "4111/1111/1111/1111",
        "4111_1111_1111_1111",
        "4111 / 1111 / 1111 / 1111",
        "4111 - 1111 - 1111 - 1111",
        "3782/822463/10005",
        "622202 0000000000000",
        "4111\t1111\t1111\t1111",
        "4111\x1d1111\x1d1111\x1d1111",
        "4111\u20281111\u20281111\u20281111",
        "4111\u20131111\u20131111\u20131111",
        "4111\u00ad1111\u00ad1111\u00ad1111",
        "".join(chr(ord("٠") + int(digit)) for digit in "4111111111111111"),
        "]C04111111111111111",
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_a_card_is_found_however_its_groups_and_digits_are_written(
    card: str, escaped: bool
) -> None:
    if card.startswith("622202"):
        card = card[:-1] + luhn.calc_check_digit(card[:-1].replace(" ", ""))
    with pytest.raises(PaymentCard) as refusal:
        decoded(json.dumps({"cashier": card}, ensure_ascii=escaped).encode())
    assert [field.path for field in refusal.value.fields] == ["cashier"]


def test_a_card_whose_slashes_are_escaped_is_found() -> None:
    with pytest.raises(PaymentCard):
        decoded(rb'{"cashier": "4111\/1111\/1111\/1111"}')


@pytest.mark.parametrize(
    "number",
    [
        "4111.1111.1111.1111",
        "4111_1111_1111_1111",
        "4111/1111/1111/1111",
        "4111 - 1111 - 1111 - 1111",
        "3782.822463.10005",
        "411111 1111111111",
        "4111\n1111\n1111\n1111",
        "4111\x1d1111\x1d1111\x1d1111",
        "4111\u20281111\u20281111\u20281111",
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_a_card_in_groups_is_found_whatever_stands_between_them(number: str, escaped: bool) -> None:
    assert holds_payment_card(number)
    body = json.dumps({"name": number}, ensure_ascii=escaped)
    for text in (body, body.replace("/", "\\/")):
        with pytest.raises(PaymentCard):
            decoded(text.encode())


@pytest.mark.parametrize("number", ["4111111111111111", "-4111111111111111", "4111111111111111.0"])
def test_a_card_written_as_a_number_is_found(number: str) -> None:
    with pytest.raises(PaymentCard) as refusal:
        decoded(f'{{"lines": [{{"amount": {number}}}]}}'.encode())
    assert [field.path for field in refusal.value.fields] == ["lines.0.amount"]


def test_a_card_as_the_name_of_a_field_is_found_and_not_named() -> None:
    with pytest.raises(PaymentCard) as refusal:
        decoded(b'{"lines": [{"4111111111111111": 1}]}')
    assert [field.path for field in refusal.value.fields] == ["lines.0.(a field's name)"]


def test_every_card_is_named() -> None:
    with pytest.raises(PaymentCard) as refusal:
        decoded(b'{"a": "4111111111111111", "b": ["x", "5500000000000004"]}')
    assert [field.path for field in refusal.value.fields] == ["a", "b.1"]


def test_an_article_number_that_passes_luhn_is_an_article_as_sku_only() -> None:
    article = next(
        text
        for number in range(4_000_000_000_000, 4_000_000_001_000)
        if holds_payment_card(text := _gtin14(number))
    )
    assert decoded(json.dumps({"lines": [{"sku": article}]}).encode())
    with pytest.raises(PaymentCard):
        decoded(json.dumps({"lines": [{"name": article}]}).encode())


def test_our_own_ids_and_codes_are_no_cards() -> None:
    assert decoded(json.dumps(SALE).encode()) == SALE


def test_a_card_nested_too_deep_to_name_is_refused_all_the_same() -> None:
    raw = b'{"a": ' + b"[" * DEPTH_MAX + b'"4111111111111111"' + b"]" * DEPTH_MAX + b"}"
    with pytest.raises(Malformed):
        decoded(raw)


def _gtin14(first: int) -> str:
    digits = f"{first:013d}"
    total = sum(int(each) * (3 if index % 2 == 0 else 1) for index, each in enumerate(digits))
    return digits + str(-total % 10)
