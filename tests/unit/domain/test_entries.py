"""A return takes back what those units earned, in however many parts they come back (promise 4)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.entries import Entry, EntryKind, reversal, total_per_unit

LOT = "0" * 32
LINE = 1

Lot = tuple[str, str, date | None]

quantities = st.integers(1, 1_000)
earned_on_line = st.lists(
    st.tuples(
        st.sampled_from(("points", "stars")),
        st.sampled_from((None, date(2027, 11, 30), date(2027, 1, 20))),
        quantities,
    ),
    min_size=1,
    max_size=5,
).map(
    lambda drawn: [
        Entry(EntryKind.EARN, unit, quantity, f"rule-{index}", LINE, expires_on=expires_on)
        for index, (unit, expires_on, quantity) in enumerate(drawn)
    ]
)
parts_of_a_line = st.lists(st.integers(1, 5_000), min_size=1, max_size=8)
"""How a bought quantity, in thousandths, comes back."""


def earn(quantity: int, rule: str = "base", line: int = LINE, unit: str = "points") -> Entry:
    return Entry(EntryKind.EARN, unit, quantity, rule, line, expires_on=date(2027, 11, 30))


def per_lot(entries: list[Entry]) -> dict[Lot, int]:
    sums: dict[Lot, int] = {}
    for entry in entries:
        key = (entry.unit, entry.rule, entry.expires_on)
        sums[key] = sums.get(key, 0) + entry.quantity
    return sums


@given(earned=earned_on_line, parts=parts_of_a_line)
def test_a_full_return_in_any_parts_takes_back_exactly_what_the_line_earned(
    earned: list[Entry], parts: list[int]
) -> None:
    bought = Decimal(sum(parts)) / 1000
    reversed_before: list[Entry] = []
    returned = Decimal(0)
    for part in parts:
        returned += Decimal(part) / 1000
        reversed_before += reversal(earned, reversed_before, LOT, LINE, bought, returned)
    taken = {key: -quantity for key, quantity in per_lot(reversed_before).items()}
    assert taken == per_lot(earned)


@given(earned=earned_on_line, parts=parts_of_a_line)
def test_every_state_between_is_the_floor_of_the_share_and_never_gives_points_back(
    earned: list[Entry], parts: list[int]
) -> None:
    bought = Decimal(sum(parts)) / 1000
    totals = total_per_unit(earned)
    limits = per_lot(earned)
    reversed_before: list[Entry] = []
    returned = Decimal(0)
    for part in parts:
        returned += Decimal(part) / 1000
        now = reversal(earned, reversed_before, LOT, LINE, bought, returned)
        assert all(entry.quantity < 0 for entry in now)
        assert all(entry.kind is EntryKind.REVERSE and entry.lot == LOT for entry in now)
        reversed_before += now
        share = Fraction(returned) / Fraction(bought)
        taken = total_per_unit(reversed_before)
        assert {unit: -taken.get(unit, 0) for unit in totals} == {
            unit: total * share.numerator // share.denominator for unit, total in totals.items()
        }
        assert all(-quantity <= limits[key] for key, quantity in per_lot(reversed_before).items())


@given(earned=earned_on_line, again=st.integers(1, 3))
def test_nothing_is_taken_twice(earned: list[Entry], again: int) -> None:
    first = reversal(earned, [], LOT, LINE, Decimal(2), Decimal(2))
    assert reversal(earned, first, LOT, LINE, Decimal(2), Decimal(2 + again)) == []


def test_many_small_returns_take_as_much_as_one(  # Square floors each one, so they take nothing
) -> None:
    earned = [earn(2)]
    reversed_before: list[Entry] = []
    taken = []
    for piece in range(1, 6):
        now = reversal(earned, reversed_before, LOT, LINE, Decimal(5), Decimal(piece))
        taken.append(-sum(entry.quantity for entry in now))
        reversed_before += now
    assert taken == [0, 0, 1, 0, 1]


def test_a_bonus_goes_before_the_base() -> None:
    earned = [earn(4, "base"), earn(4, "bonus")]
    half = reversal(earned, [], LOT, LINE, Decimal(2), Decimal(1))
    assert [(entry.rule, entry.quantity) for entry in half] == [("bonus", -4)]
    rest = reversal(earned, half, LOT, LINE, Decimal(2), Decimal(2))
    assert [(entry.rule, entry.quantity) for entry in rest] == [("base", -4)]


def test_a_reversal_goes_to_the_lot_and_the_day_that_the_points_came_from() -> None:
    (entry,) = reversal([earn(3)], [], LOT, LINE, Decimal("0.482"), Decimal("0.482"))
    assert entry == Entry(EntryKind.REVERSE, "points", -3, "base", LINE, LOT, date(2027, 11, 30))


def test_other_lines_stay_as_they_are() -> None:
    earned = [earn(3, line=1), earn(5, line=2)]
    (entry,) = reversal(earned, [], LOT, 2, Decimal(1), Decimal(1))
    assert (entry.line, entry.quantity) == (2, -5)


def test_another_lines_reversals_do_not_count() -> None:
    earned = [earn(3, line=1), earn(3, line=2)]
    first = reversal(earned, [], LOT, 1, Decimal(1), Decimal(1))
    (second,) = reversal(earned, first, LOT, 2, Decimal(1), Decimal(1))
    assert (second.line, second.quantity) == (2, -3)


@pytest.mark.parametrize(("bought", "returned"), [("0", "1"), ("-1", "1"), ("1", "-1")])
def test_quantities_that_make_no_sense_are_refused(bought: str, returned: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        reversal([earn(1)], [], LOT, LINE, Decimal(bought), Decimal(returned))


entries = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    unit=st.sampled_from(("points", "stars")),
    quantity=st.integers(-(10**12), 10**12),
    rule=st.sampled_from(("base", "big-basket")),
    line=st.none() | st.integers(1, 500),
    lot=st.none() | st.just(LOT),
    expires_on=st.none() | st.dates(),
)


@given(entry=entries)
def test_an_entry_comes_back_from_json_as_it_was(entry: Entry) -> None:
    assert Entry.from_json(entry.to_json()) == entry
