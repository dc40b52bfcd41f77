"""A sale is held to its quote: the same lines, each less what the quote took off, or none of them less."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from edge_agent.domain.basket import LINES_MAX, Line, Sale, Tender
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING, UNQUOTED, Reduction
from edge_agent.errors import Invalid, QuoteLapsed
from edge_agent.till.quote import bind
from edge_agent.till.quotes import QUOTE_LASTS, QUOTED_LINES_MAX, Quote, Quotes
from tests.tills import AT, JAN, JAN_REF, STRANGER, milk, sale, scanned
from tests.unit.domain.builders import BASE, programme

ASKED = sale("", milk(1, amount=300), milk(2, amount=200), milk(3, amount=100)).basket
"""What was quoted: 6.00 in three lines, of which 0.50 is off the first and 0.25 off the second."""
RULES = programme(BASE)
QUOTED = Quote(
    RULES,
    scanned(JAN),
    Recorded(
        RULES.digest,
        MemberFacts(JAN_REF),
        ASKED,
        NOTHING,
        (),
        (
            Reduction(1, 30, "cheese"),
            Reduction(1, 20, "five-euro", True),
            Reduction(2, 25, "cheese"),
        ),
    ),
    AT,
    AT + QUOTE_LASTS,
)
WITHOUT_DISCOUNT = replace(QUOTED, recorded=replace(QUOTED.recorded, reductions=()))


def paid(*amounts: int) -> Sale:
    """The quoted lines, paid with these amounts."""

    lines = [milk(number, amount=amount) for number, amount in enumerate(amounts, 1)]
    return sale("s", *lines, quote_id="q")


def refused(sold: Sale, quoted: Quote = QUOTED, code: str | None = JAN) -> dict[str, str]:
    """What is said of each field that differs."""
    with pytest.raises(Invalid) as caught:
        bind(quoted, sold, None if code is None else scanned(code))
    return {each.path: each.message for each in caught.value.fields}


def test_with_every_discount_taken_off_it_is_what_was_quoted() -> None:
    bound = bind(QUOTED, paid(250, 175, 100), scanned(JAN))
    assert bound.basket == ASKED
    assert bound.wanted == NOTHING


def test_with_no_discount_taken_off_nothing_is_applied() -> None:
    bound = bind(QUOTED, paid(300, 200, 100), scanned(JAN))
    assert bound.basket == ASKED
    assert bound.wanted == UNQUOTED


def test_every_line_that_differs_is_named_with_by_how_much() -> None:
    assert refused(paid(249, 200, 100)) == {
        "lines.0.amount": "is 1 less than the quote's 300 less 50 discount",
        "lines.1.amount": "is 25 more than the quote's 200 less 25 discount",
    }


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((milk(1, amount=250), milk(2, amount=175)), {"lines": "lack the quote's line 3"}),
        (
            (milk(1, amount=250), milk(2, amount=175), milk(3, amount=100), milk(4, amount=1)),
            {"lines.3.line": "is not a line of the quote"},
        ),
        (
            (milk(1, "3", 250), milk(2, amount=175), milk(3, amount=100)),
            {"lines.0.quantity": "is not the quote's 2"},
        ),
        (
            (Line(1, "other", Decimal(2), 250), milk(2, amount=175), milk(3, amount=100)),
            {"lines.0.sku": "is not the quote's"},
        ),
    ],
    ids=["a line less", "a line more", "another quantity", "another article"],
)
def test_other_lines_are_refused_by_name(lines: tuple[Line, ...], said: dict[str, str]) -> None:
    assert refused(sale("s", *lines, quote_id="q")) == said


@pytest.mark.parametrize("code", [STRANGER, None])
def test_nobody_else_gets_what_was_quoted_for_one_customer(code: str | None) -> None:
    assert refused(paid(250, 175, 100), code=code) == {
        "card": "is not the one that the quote was made for"
    }


@pytest.mark.parametrize("code", [STRANGER, None])
def test_where_nothing_is_off_another_card_may_be_shown_at_the_end(code: str | None) -> None:
    card = None if code is None else scanned(code)
    assert bind(WITHOUT_DISCOUNT, paid(300, 200, 100), card).basket == ASKED


def test_how_it_was_paid_is_the_sales_own() -> None:
    sold = paid(250, 175, 100)
    tendered = replace(sold, basket=replace(sold.basket, tenders=(Tender("cash", 525),)))
    assert bind(QUOTED, tendered, scanned(JAN)).basket.tenders == (Tender("cash", 525),)


def kept(quotes: Quotes, *ids: str, at: datetime = AT) -> list[bool]:
    """Whether each of them can still be had."""
    found = []
    for quote_id in ids:
        try:
            quotes.get(quote_id, at, "s")
            found.append(True)
        except QuoteLapsed:
            found.append(False)
    return found


def test_no_more_lines_are_kept_than_there_is_room_for_the_oldest_lapse_early() -> None:
    long = replace(ASKED, lines=tuple(milk(number) for number in range(1, LINES_MAX + 1)))
    quote = replace(QUOTED, recorded=replace(QUOTED.recorded, basket=long))
    quotes = Quotes()
    ids = [f"q{number}" for number in range(QUOTED_LINES_MAX // LINES_MAX + 1)]
    for quote_id in ids:
        quotes.keep(quote_id, quote)
    assert kept(quotes, *ids) == [False] + [True] * (len(ids) - 1)


def test_what_has_lapsed_is_not_kept_until_somebody_asks_for_it() -> None:
    quotes = Quotes()
    quotes.keep("old", QUOTED)
    quotes.keep("young", replace(QUOTED, until=AT + timedelta(minutes=16) + QUOTE_LASTS))
    assert kept(quotes, "old", "young") == [False, True]
