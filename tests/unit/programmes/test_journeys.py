"""What a year in each shop comes to stays what it is: what a till worked out, a newer central works out to the same.

Whoever means to change it writes it anew with `python -m tests.unit.programmes.regenerate_journeys` and reads the
difference; that it is right what stands there, the worked examples and properties of the other tests say.
"""

from itertools import zip_longest

import pytest

from tests.unit.programmes.journeys import FILES, TOLD, told, told_path


@pytest.mark.parametrize("shop", FILES)
def test_a_year_in_a_shop_comes_to_what_it_came_to(shop: str) -> None:
    before = told_path(shop).read_text(encoding="utf-8").splitlines()
    pairs = enumerate(zip_longest(before, told(shop).splitlines()), 1)
    assert next((each for each in pairs if each[1][0] != each[1][1]), None) is None


def test_there_is_nothing_told_of_other_shops() -> None:
    assert set(TOLD.iterdir()) == {told_path(shop) for shop in FILES}
