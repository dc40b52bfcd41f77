"""Strategies and finders for bodies."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

CARDS = (
    "4111111111111111",  # the payment networks' own test numbers
    "5500000000000004",
    "2223003122003222",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "3782 822463 10005",
    "%B4111111111111111^TEST/CARD^2912101",
    ";4111111111111111=29121010000000000000?",
    "%B50123456789^TEST/CARD^2912101",  # tracks of numbers that are too short to tell by themselves
    ";50123456789=29121010000?",
    "４１１１１１１１１１１１１１１１",
    "betaald met 4111111111111111 aan de kassa",
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value, the value itself first."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def put(value: Any, path: tuple[Any, ...], item: Any) -> None:
    """Put `item` where `path` points to; the path is not empty."""
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = item
