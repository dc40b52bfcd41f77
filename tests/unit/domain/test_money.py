"""Money and points are whole numbers, and what is split adds up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.money import Rounding, Share, apportion, fraction, rounded

weights = st.lists(st.integers(0, 100_000), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("value", "floor", "half_up"),
    [
        ("0", 0, 0),
        ("0.49", 0, 0),
        ("0.5", 0, 1),
        ("1.5", 1, 2),
        ("2.5", 2, 3),  # not to even, as binary floats and spreadsheets may do
        ("2.4999999999999999999999", 2, 2),
        ("268.28", 268, 268),  # odoo#153541 made 268.28000000000003 of it
        ("-0.5", -1, -1),
        ("-0.4", -1, 0),
    ],
)
def test_floor_goes_down_and_half_up_takes_halves_away_from_zero(
    value: str, floor: int, half_up: int
) -> None:
    exact = fraction(value)
    assert rounded(exact, Rounding.FLOOR) == floor
    assert rounded(exact, Rounding.HALF_UP) == half_up


def test_a_tenth_is_a_tenth() -> None:
    assert fraction("0.1") * 3 == fraction(Decimal("0.3")) == Fraction(3, 10)


@given(total=st.integers(0, 10**12), weights=weights)
def test_parts_add_up_and_none_is_negative(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0


@given(total=st.integers(0, 10**6), weights=weights)
def test_no_part_is_a_whole_unit_from_its_exact_share(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    if whole:
        for part, weight in zip(apportion(total, weights), weights, strict=True):
            assert abs(part - Fraction(total * weight, whole)) < 1


@given(total=st.integers(0, 10**6), weights=weights)
def test_a_weight_of_nothing_gets_nothing(total: int, weights: list[int]) -> None:
    if sum(weights):
        parts = apportion(total, weights)
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(total=st.integers(0, 1000), weights=weights, data=st.data())
def test_the_order_of_weights_moves_at_most_one_unit_between_equals(
    total: int, weights: list[int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(weights))))
    straight = apportion(total, weights)
    shuffled = apportion(total, [weights[index] for index in order])
    assert sum(straight) == sum(shuffled)
    if sum(weights):
        assert all(abs(shuffled[at] - straight[index]) <= 1 for at, index in enumerate(order))


def test_equal_remainders_go_to_the_first_lines() -> None:
    assert apportion(5, [100, 100, 100]) == [2, 2, 1]
    assert apportion(1, [1, 1]) == [1, 0]


def test_the_larger_remainder_goes_first() -> None:
    assert apportion(10, [333, 333, 334]) == [3, 3, 4]
    assert apportion(2, [10, 30, 60]) == [0, 1, 1]


@given(total=st.integers(0, 10**6), weights=weights)
def test_what_is_left_goes_to_the_largest_remainders_however_many_there_are(
    total: int, weights: list[int]
) -> None:
    """Worked out another way: by sorting the exact remainders."""
    whole = sum(weights)
    if whole:
        parts = [total * weight // whole for weight in weights]
        by_remainder = sorted(
            range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at)
        )
        for at in by_remainder[: total - sum(parts)]:
            parts[at] += 1
        assert apportion(total, weights) == parts


def test_without_any_weight_the_first_takes_everything() -> None:
    assert apportion(25, [0, 0, 0]) == [25, 0, 0]


def test_nothing_over_nothing_is_nothing() -> None:
    assert apportion(0, []) == []
    with pytest.raises(ValueError, match="nothing to split"):
        apportion(1, [])


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [1, -1])])
def test_what_is_negative_cannot_be_split(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        apportion(total, weights)


@given(
    whole=st.integers(-(10**9), 10**9),
    share=st.fractions(0, 100, max_denominator=10**6),
    rounding=st.sampled_from(Rounding),
)
def test_a_share_is_rounded_as_the_product_would_be(
    whole: int, share: Fraction, rounding: Rounding
) -> None:
    quantity = Share.of(share, rounding).taken(whole)
    exact = whole * share
    assert quantity == rounded(exact, rounding)
    assert abs(quantity - exact) < 1
    if rounding is Rounding.HALF_EVEN:
        assert quantity == round(exact)


@pytest.mark.parametrize(
    ("value", "half_even"),
    [("0.25", 0), ("0.5", 0), ("0.75", 1), ("1.25", 1), ("1.5", 2), ("2.5", 2), ("-1.5", -2)],
)
def test_half_even_rounds_only_halves_to_the_even_number(value: str, half_even: int) -> None:
    assert rounded(fraction(value), Rounding.HALF_EVEN) == half_even
