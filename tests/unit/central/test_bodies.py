"""Bodies are read without trusting them; anything at all gets an answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.record import Attachment, RecordKind
from sync.central.bodies import Act, Envelope, Unpostable, kind_of, read_body
from sync.central.personal import read_attachment
from tests.central import AT, Till, earn, take_back

ENVELOPE = Envelope("0412/03", "e" * 32, 1, "a" * 32)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def envelope_of(till: Till, at: int = 0) -> Envelope:
    record = till.records[at]
    return Envelope(till.terminal, till.epoch, record.seq, record.id)


def act_with(attachment: Attachment) -> Act:
    return Act(RecordKind.SALE, "s", AT, None, (), attachment.commitment, None, b"")


def test_what_a_till_writes_is_read() -> None:
    till = Till()
    sale = till.sale("ref-1", [earn(2), earn(10, rule="bonus", expires_on=None)], sale_id="s-1")
    till.give_back(sale.id, [take_back(sale, 1)], "ref-1")
    till.void(sale.id, [take_back(sale, 1)], "ref-1")
    acts = [read_body(record.body, envelope_of(till, at)) for at, record in enumerate(till.records)]
    assert [act.kind for act in acts] == [RecordKind.SALE, RecordKind.RETURN, RecordKind.VOID]
    assert {act.account for act in acts} == {"ref-1"}
    assert [act.original for act in acts] == [None, sale.id, sale.id]
    assert [(entry.rule, entry.quantity) for entry in acts[0].entries] == [
        ("base", 2),
        ("bonus", 10),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(body: bytes) -> None:
    with pytest.raises(Unpostable):
        read_body(body, ENVELOPE)
    kind_of(body)


@given(st.dictionaries(st.text(), _json))
def test_any_json_has_an_answer(facts: dict[str, Any]) -> None:
    with pytest.raises(Unpostable):
        read_body(json.dumps(facts).encode(), ENVELOPE)


@given(st.data())
def test_any_changed_fact_has_an_answer(data: st.DataObject) -> None:
    till = Till()
    till.sale("ref-1", [earn(2)])
    facts = json.loads(till.records[0].body)
    facts[data.draw(st.sampled_from(sorted(facts)))] = data.draw(_json)
    try:
        act = read_body(json.dumps(facts).encode(), envelope_of(till))
    except Unpostable:
        return
    assert all(type(entry.quantity) is int for entry in act.entries)


@pytest.mark.parametrize("day", ["2026-02-30", "20261130", "2026-11-30T00:00:00", 1795996800, ""])
@pytest.mark.parametrize("name", ["expires_on", "matures_on", "day"])
def test_an_entry_of_a_day_that_is_none_is_malformed(name: str, day: Any) -> None:
    till = Till()
    till.sale("ref-1", [earn(2)])
    facts = json.loads(till.records[0].body)
    facts["entries"][0][name] = day
    with pytest.raises(Unpostable, match="malformed"):
        read_body(json.dumps(facts).encode(), envelope_of(till))


@given(st.binary(max_size=200))
def test_any_attachment_has_an_answer(content: bytes) -> None:
    attachment = Attachment(bytes(16), content)
    act = act_with(attachment)
    try:
        card = read_attachment(act, attachment).card
    except Unpostable:
        return
    assert card is None or card


@pytest.mark.parametrize(
    ("content", "card"),
    [
        (b'{"card":{"code":" 2912345678906 ","entry":"keyed"}}', "2912345678906"),
        (b'{"cashier":"C17"}', None),
        (b'{"card":null}', None),
        (b'{"card":{"code":"4111 1111 1111 1111"}}', None),
    ],
)
def test_the_card_of_an_attachment_is_normalised_and_no_payment_card(
    content: bytes, card: str | None
) -> None:
    attachment = Attachment(bytes(16), content)
    act = act_with(attachment)
    assert read_attachment(act, attachment).card == card


@pytest.mark.parametrize(
    "content",
    [b'{"card":{}}', b'{"card":7}', b'{"card":{"code":7}}', b'{"card":{"code":""}}', b"7"],
)
def test_an_attachment_that_is_not_one_is_rejected_or_empty(content: bytes) -> None:
    attachment = Attachment(bytes(16), content)
    act = act_with(attachment)
    if content == b"7":
        assert read_attachment(act, attachment).card is None
        return
    with pytest.raises(Unpostable, match="attachment"):
        read_attachment(act, attachment)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"kind":"sale"}', "sale"),
        (b'{"kind":7}', None),
        (b"[]", None),
        (b"\xff", None),
        (b'{"kind":"a\\u0000"}', None),
    ],
)
def test_the_kind_is_told_where_it_is_readable(body: bytes, kind: str | None) -> None:
    assert kind_of(body) == kind
