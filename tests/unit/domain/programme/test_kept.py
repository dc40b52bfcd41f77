"""The basket of what was kept: each amount by its share, and means of payment that shrink with the total."""

from dataclasses import replace
from decimal import Decimal

import pytest

from edge_agent.domain.basket import Basket, ReturnedLine, Tender
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.kept import Back, OverReturned, Refund, Sold, refunds
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING, Reduction
from tests.unit.domain.builders import A_SATURDAY, basket, line

BOUGHT = basket(
    line(1, 1000, quantity=Decimal(3), discount=100, levy=50, measure=Decimal("1.5")),
    line(2, 500),
)
OFF = (Reduction(1, 301, "deal"), Reduction(2, 100, "deal"))


def back(bought: Basket, *returned: tuple[int, str]) -> Back:
    """After these returns of so much of a line each."""
    sale = Recorded("d" * 64, MemberFacts("7f0c"), bought, NOTHING, (), OFF)
    lines = [[ReturnedLine(number, Decimal(quantity))] for number, quantity in returned]
    return Back.after(Sold("5" * 32, A_SATURDAY, sale), lines)


def test_a_third_back_leaves_two_thirds_of_every_amount() -> None:
    kept = back(BOUGHT, (1, "1")).kept_basket()
    first, second = kept.lines
    assert first.quantity == Decimal(2)
    assert (first.amount, first.discount, first.levy) == (667, 67, 34)
    assert (first.measure, second) == (Decimal("1.0"), BOUGHT.lines[1])
    assert kept.total == 667 + 500
    reductions = back(BOUGHT, (1, "1")).kept_reductions()
    assert [(each.line, each.amount) for each in reductions] == [(1, 201), (2, 100)]


def test_what_came_back_as_a_whole_is_gone() -> None:
    everything = back(BOUGHT, (1, "3"), (2, "1"))
    assert everything.is_everything
    assert (everything.kept_basket().lines, everything.kept_reductions()) == ((), [])
    one = back(BOUGHT, (1, "2"), (1, "1"))
    assert not one.is_everything
    assert [each.number for each in one.kept_basket().lines] == [2]


@pytest.mark.parametrize(
    ("tenders", "left"),
    [
        ((Tender("card", 1000), Tender("cash", 500)), (Tender("card", 333), Tender("cash", 167))),
        ((Tender("card", 1500), Tender("cash", 0)), (Tender("card", 500), Tender("cash", 0))),
        # change was given, or nothing was told: no share says how the kept part was paid
        ((Tender("card", 1501), Tender("cash", -1)), (Tender("card", 1501), Tender("cash", -1))),
        ((), ()),
    ],
)
def test_means_of_payment_shrink_with_the_total(
    tenders: tuple[Tender, ...], left: tuple[Tender, ...]
) -> None:
    assert back(replace(BOUGHT, tenders=tenders), (1, "3")).kept_basket().tenders == left


def test_refunds_in_parts_end_where_one_of_everything_does() -> None:
    nothing, first, second, third = (back(BOUGHT, *[(1, "1")] * times) for times in range(4))
    parts = [*refunds(nothing, first), *refunds(first, second), *refunds(second, third)]
    assert parts == [Refund(1, 233), Refund(1, 233), Refund(1, 233)]
    assert refunds(nothing, third) == [Refund(1, 699)]
    assert refunds(third, third) == []


def test_no_more_comes_back_than_was_bought() -> None:
    with pytest.raises(OverReturned, match="of line 1 at most 1 can come back"):
        back(BOUGHT, (1, "2"), (1, "1.001"))
    with pytest.raises(KeyError):
        back(BOUGHT, (7, "1"))
