"""From which lots a redemption takes: a fixed order, never more than there is, and the rest is a debt."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.entries import ALWAYS, Life
from sync.central.ledger import OVERDRAFT, HeldLot, taking

TODAY = date(2026, 11, 21)
NOVEMBER = Life(None, date(2026, 11, 30))
DECEMBER = Life(None, date(2026, 12, 31))
PAST = Life(None, date(2026, 11, 20))
PENDING = Life(date(2026, 11, 22), None)


def lot(name: str, quantity: int, life: Life = ALWAYS) -> HeldLot:
    return HeldLot(name, life, quantity)


@pytest.mark.parametrize(
    ("held", "life", "quantity", "taken"),
    [
        ([lot("a", 5), lot("b", 5)], ALWAYS, 7, [lot("a", 5), lot("b", 2)]),
        (
            [lot("a", 5, NOVEMBER), lot("b", 5, DECEMBER)],
            DECEMBER,
            7,
            [lot("b", 5, DECEMBER), lot("a", 2, NOVEMBER)],
        ),
        ([lot("a", 5), lot("b", 9, NOVEMBER)], None, 3, [lot("b", 3, NOVEMBER)]),
        ([lot("a", 5, PAST), lot("b", 2)], None, 3, [lot("b", 2), lot(OVERDRAFT, 1)]),
        ([lot("a", 5, PENDING)], None, 3, [lot(OVERDRAFT, 3)]),
        ([lot("a", 5, PAST)], PAST, 3, [lot("a", 3, PAST)]),
        ([lot("a", 5), lot("b", -3)], ALWAYS, 4, [lot("a", 2), lot(OVERDRAFT, 2)]),
        ([lot("a", -3)], ALWAYS, 4, [lot(OVERDRAFT, 4)]),
        ([], ALWAYS, 4, [lot(OVERDRAFT, 4)]),
    ],
    ids=[
        "equal lots by their ids",
        "the life that the till named first, then the soonest expiring",
        "without a life the soonest expiring",
        "what has expired is not used",
        "what is pending is not used",
        "what the till could still use it did use",
        "a debt in one lot is owed by the others",
        "nothing but a debt",
        "nothing at all",
    ],
)
def test_which_lots_are_taken_from(
    held: list[HeldLot], life: Life | None, quantity: int, taken: list[HeldLot]
) -> None:
    assert taking(held, life, quantity, TODAY) == taken


_LIVES = st.sampled_from([ALWAYS, NOVEMBER, DECEMBER, PAST, PENDING])
_HELD = st.lists(
    st.builds(HeldLot, st.sampled_from("abcd"), _LIVES, st.integers(-20, 20)),
    max_size=6,
    unique_by=lambda each: (each.lot, each.life),
)


@given(_HELD, _LIVES, st.integers(1, 60))
def test_all_of_it_is_taken_and_never_more_from_the_lots_than_they_have_between_them(
    held: list[HeldLot], life: Life, quantity: int
) -> None:
    taken = taking(held, life, quantity, TODAY)
    assert sum(each.quantity for each in taken) == quantity
    usable = [each for each in held if each.life in {life, ALWAYS, NOVEMBER, DECEMBER}]
    debt = sum(each.quantity for each in taken if each.lot == OVERDRAFT)
    assert debt == max(0, quantity - max(0, sum(each.quantity for each in usable)))
    there = {(each.lot, each.life): each.quantity for each in held}
    for each in taken:
        if each.lot != OVERDRAFT:
            assert 0 < each.quantity <= there[each.lot, each.life]
