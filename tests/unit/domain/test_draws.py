"""Draws that can be repeated: fixed by the sale and the key, even, and apart from each other."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.draws import DRAWN_BELOW, Draw, draw_from, share_of

KEY = bytes(range(32))


def test_a_draw_is_the_hmac_over_store_till_sale_and_rule() -> None:
    text = b"loyalty draw 1\x000412\x0003\x00S-173\x00luck"
    expected = int.from_bytes(hmac.new(KEY, text, hashlib.sha256).digest()[:8], "big")
    assert draw_from(KEY, "0412", "03", "S-173")("luck") == expected


@pytest.mark.parametrize(
    "other",
    [
        draw_from(KEY[::-1], "0412", "03", "S-173"),
        draw_from(KEY, "0413", "03", "S-173"),
        draw_from(KEY, "0412", "04", "S-173"),
        draw_from(KEY, "0412", "03", "S-174"),
        draw_from(KEY, "0412", "0", "3S-173"),
    ],
)
def test_another_key_place_or_sale_draws_something_else(other: Draw) -> None:
    assert other("luck") != draw_from(KEY, "0412", "03", "S-173")("luck")
    assert other("luck") == other("luck") != other("luck/prize")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        draw_from(KEY[:31], "0412", "03", "S-173")


@given(st.integers(1, 1_000))
def test_shares_are_equal_and_none_is_left_out(shares: int) -> None:
    edges = [-(-share * DRAWN_BELOW // shares) for share in range(shares + 1)]
    assert [share_of(edge, shares) for edge in edges[:-1]] == list(range(shares))
    assert [share_of(edge - 1, shares) for edge in edges[1:]] == list(range(shares))


def test_shares_fall_evenly_over_many_sales() -> None:
    drawn = [draw_from(KEY, "0412", "03", f"S-{n}")("luck") for n in range(20_000)]
    counts = [sum(share_of(each, 10) == share for each in drawn) for share in range(10)]
    assert all(abs(count - 2_000) < 200 for count in counts)  # 4.7 standard deviations
