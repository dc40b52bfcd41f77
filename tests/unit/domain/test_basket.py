"""A basket in a record is the basket that was sold, less free text, in one form only."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, EntryMode, Line, PresentedCard, Tender
from edge_agent.domain.record import canonical
from tests.unit.domain.builders import basket, baskets, line

tenders = st.lists(
    st.builds(Tender, type=st.sampled_from(("card", "cash")), amount=st.integers(0, 10**6)),
    max_size=3,
).map(tuple)


@given(bought=baskets, paid=tenders, channel=st.sampled_from(("store", "web")))
def test_a_basket_comes_back_from_json_as_it_was(
    bought: Basket, paid: tuple[Tender, ...], channel: str
) -> None:
    whole = Basket(bought.lines, bought.total, bought.currency, paid, channel)
    again = Basket.from_json(whole.to_json())
    assert again == whole
    assert canonical(again.to_json()) == canonical(whole.to_json())


def test_every_fact_of_a_line_comes_back() -> None:
    full = Line(
        number=7,
        sku="8710400011118",
        quantity=Decimal("0.482"),
        amount=258,
        discount=40,
        categories=("dairy", "milk"),
        brand="Zuiver",
        labels=("new",),
        kind="deposit",
        tax_rate="9",
        levy=15,
        measure=Decimal("1.250"),
        margin="low",
    )
    assert Line.from_json(full.to_json()) == full


def test_what_is_not_told_of_a_line_takes_no_place_in_its_record() -> None:
    bare = line(7, 258).to_json()
    assert bare == {"line": 7, "sku": "sku-7", "quantity": "1", "amount": 258, "kind": "product"}
    assert Line.from_json(bare) == line(7, 258)
    assert basket().to_json() == {
        "lines": [],
        "total": {"amount": 0, "currency": "EUR"},
        "tenders": [],
        "channel": "store",
    }
    assert Basket.from_json(basket().to_json() | {"store": "0412"}).to_json()["store"] == "0412"


def test_a_card_is_not_shown_where_a_sale_is_written_to_a_log() -> None:
    card = PresentedCard("2912345678906", EntryMode.SCANNED)
    assert "2912345678906" not in repr(card)
    assert card.to_json() == {"code": "2912345678906", "entry": "scanned"}
    assert [each.is_typed for each in (card, replace(card, entry=EntryMode.KEYED))] == [False, True]


def test_a_name_is_free_text_and_never_enters_a_record() -> None:
    assert "Halfvolle" not in str(basket(line(1, 258, name="Halfvolle melk")).to_json())


@pytest.mark.parametrize(
    ("written", "plain"),
    [("2", "2"), ("2.0", "2"), ("2.000", "2"), ("2E0", "2"), ("1E+1", "10"), ("0.4820", "0.482")],
)
def test_equal_quantities_have_equal_bytes(written: str, plain: str) -> None:
    assert line(1, 100, quantity=Decimal(written)).to_json()["quantity"] == plain
