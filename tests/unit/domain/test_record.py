"""A record's bytes are always the same, and no change to them goes unseen."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.record import (
    GENESIS,
    HASH_BYTES,
    Attachment,
    ClockReading,
    Position,
    Record,
    RecordKind,
    canonical,
    chain_hash,
    in_epoch,
    make_attachment,
    make_record,
)
from edge_agent.domain.redeemed import AuthorisedBy, Redeemed

AT = datetime.fromisoformat("2026-11-21T14:03:11+01:00")
CLOCK = ClockReading(AT, "b00t", 1234)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
objects = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=8), json_values, max_size=6
)


def record(facts: dict[str, Any], attachment: Attachment | None = None) -> Record:
    return make_record(
        Position("0412/03", "e" * 32, 1),
        "f" * 32,
        RecordKind.SALE,
        AT,
        CLOCK,
        GENESIS,
        facts,
        attachment,
    )


@given(value=objects, data=st.data())
def test_canonical_bytes_do_not_depend_on_the_order_of_keys(
    value: dict[str, Any], data: st.DataObject
) -> None:
    keys = data.draw(st.permutations(list(value)))
    assert canonical({key: value[key] for key in keys}) == canonical(value)


@given(value=objects)
def test_canonical_bytes_read_and_written_again_are_the_same(value: dict[str, Any]) -> None:
    raw = canonical(value)
    assert json.loads(raw) == value
    assert canonical(json.loads(raw)) == raw


def test_canonical_bytes_to_the_letter() -> None:
    assert canonical({"b": [1, True, None], "a": "é€"}) == '{"a":"é€","b":[1,true,null]}'.encode()


@given(value=objects)
def test_canonical_bytes_are_those_of_the_standard_library(value: dict[str, Any]) -> None:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("\ud800", UnicodeEncodeError),
        (Decimal(1), TypeError),
        ({1}, TypeError),
        (datetime(2026, 1, 1, tzinfo=UTC), TypeError),
    ],
)
def test_what_has_no_canonical_bytes_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        canonical({"a": value})


def test_the_bytes_of_a_record_are_what_they_were_in_the_first_release() -> None:
    made = record({"sale": {"id": "s1"}})
    assert made.body == (
        b'{"at":"2026-11-21T14:03:11+01:00","clock":{"boot":"b00t","boot_ms":1234,'
        b'"wall":"2026-11-21T14:03:11+01:00"},"epoch":"'
        + b"e" * 32
        + b'","id":"'
        + b"f" * 32
        + b'","kind":"sale","sale":{"id":"s1"},"seq":1,"terminal":"0412/03","v":1}'
    )
    assert made.hash == hashlib.sha256(GENESIS + made.body).digest()
    assert len(made.hash) == HASH_BYTES


def test_a_flagged_clock_is_part_of_the_body() -> None:
    assert ClockReading(AT, "b", 1, flagged=True).to_json()["flagged"] is True
    assert "flagged" not in CLOCK.to_json()


@given(
    body=st.binary(min_size=1, max_size=200),
    previous=st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES),
    data=st.data(),
)
def test_the_hash_sees_any_changed_byte(body: bytes, previous: bytes, data: st.DataObject) -> None:
    whole = bytearray(previous + body)
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    changed = chain_hash(bytes(whole[:HASH_BYTES]), bytes(whole[HASH_BYTES:]))
    assert changed != chain_hash(previous, body)


@pytest.mark.parametrize(
    "name", ["seq", "id", "at", "v", "terminal", "epoch", "clock", "commitment"]
)
def test_a_fact_cannot_take_the_place_of_the_envelope(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        record({name: "x"})


def test_the_body_commits_to_the_attachment_and_holds_nothing_of_it() -> None:
    attachment = make_attachment(b"s" * 16, {"card": "2912345678906"})
    assert attachment is not None
    made = record({"sale": {}}, attachment)
    assert json.loads(made.body)["commitment"] == attachment.commitment
    assert b"2912345678906" not in made.body
    assert attachment.commitment == hashlib.sha256(b"s" * 16 + attachment.content).hexdigest()


def test_the_commitment_cannot_be_tried_out_without_the_salt() -> None:
    one, other = (make_attachment(salt * 16, {"card": "2912345678906"}) for salt in (b"a", b"b"))
    assert one is not None
    assert other is not None
    assert one.commitment != other.commitment
    assert one.commitment != hashlib.sha256(one.content).hexdigest()


def test_without_personal_facts_there_is_no_attachment() -> None:
    assert make_attachment(b"s" * 16, {}) is None
    assert "commitment" not in json.loads(record({}).body)


def test_a_record_that_another_epoch_takes_over_says_where_it_was_before() -> None:
    before = record({"points": 5})
    facts = json.loads(in_epoch(before.body, before.hash, "a" * 32))
    assert facts.pop("before") == {"epoch": "e" * 32, "hash": before.hash.hex()}
    assert facts.pop("epoch") == "a" * 32
    assert facts | {"epoch": "e" * 32} == json.loads(before.body)


@pytest.mark.parametrize("value", [None, 0, 500])
def test_a_redemption_comes_back_from_json_as_it_was(value: int | None) -> None:
    redeemed = Redeemed("r-1", "coffee", AuthorisedBy.ALLOWANCE, "points", 60, value)
    facts = redeemed.to_json()
    assert Redeemed.from_json(facts) == redeemed
    assert (facts["authorised_by"], facts["value"]) == ("allowance", value)
