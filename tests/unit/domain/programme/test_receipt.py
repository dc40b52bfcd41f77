"""How a programme lays out its receipts."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.domain.programme.receipt import TOLD_BY, ReceiptBlock, ReceiptTable

PAGE = Path(__file__).parents[4] / "docs" / "receipts.md"
B = ReceiptBlock


def test_without_a_setting_every_block_is_printed_in_the_order_that_the_page_tells() -> None:
    assert ReceiptTable().layout == tuple(TOLD_BY)
    rows = re.findall(r"^\| `([a-z]+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(block.value, told) for block, told in TOLD_BY.items()]


@pytest.mark.parametrize(
    ("blocks", "layout"),
    [
        (["earned", "balance"], [B.EARNED, B.BALANCE, B.REMARKS]),
        (["earned", "footer"], [B.EARNED, B.REMARKS, B.FOOTER]),
        (["earned", "footer", "reference"], [B.EARNED, B.REMARKS, B.FOOTER, B.REFERENCE]),
        (["footer", "earned"], [B.FOOTER, B.EARNED, B.REMARKS]),
        (["remarks", "earned"], [B.REMARKS, B.EARNED]),
        (["reference"], [B.REMARKS, B.REFERENCE]),
        ([], [B.REMARKS]),
    ],
)
def test_remarks_can_be_moved_and_not_left_out(
    blocks: list[str], layout: list[ReceiptBlock]
) -> None:
    assert list(ReceiptTable.model_validate({"blocks": blocks}).layout) == layout


@given(st.lists(st.sampled_from(ReceiptBlock), unique=True))
def test_what_a_file_orders_keeps_its_order(blocks: list[ReceiptBlock]) -> None:
    layout = ReceiptTable(blocks=tuple(blocks)).layout
    assert [block for block in layout if block in blocks] == blocks
    assert set(layout) == {*blocks, B.REMARKS}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"blocks": ["earned", "footer", "earned"]}, "earned stands there twice"),
        ({"blocks": ["earnt"]}, "Input should be 'greeting', 'surprise', 'earned'"),
        ({"answer_url": "http://zuiver.example"}, "begins with https://"),
        ({"answer_url": "https://zuiver.example/a b"}, "neither spaces nor accents"),
        ({"answer_url": "https://zuiver.example/é"}, "neither spaces nor accents"),
        ({"answer_url": "https://zuiver.example/{card}"}, "only {store}, {till}, {sale}"),
        ({"answer_url": "https://zuiver.example/{sale.real}"}, "only {store}, {till}, {sale}"),
        ({"answer_url": "https://zuiver.example/{"}, "only {store}, {till}, {sale}"),
        ({"answer_url": "https://" + "z" * 120}, "at most 120 characters"),
    ],
)
def test_a_layout_that_cannot_be_printed_is_refused_with_what_would_be_right(
    table: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        ReceiptTable.model_validate(table)


def test_an_address_is_filled_in_and_nothing_in_it_can_lead_elsewhere() -> None:
    table = ReceiptTable(answer_url="https://zuiver.example/{question}?s={store}-{till}&b={sale}")
    assert table.answer_at("0412", "03", "a/../b?c", "visit") == (
        "https://zuiver.example/visit?s=0412-03&b=a%2F..%2Fb%3Fc"
    )
    assert ReceiptTable().answer_at("0412", "03", "s", "visit") == ""
