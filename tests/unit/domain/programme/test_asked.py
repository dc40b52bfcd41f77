"""What a programme asks about a member, and what two of its versions ask together."""

import pytest

from edge_agent.domain.programme.asked import Asked, asked
from tests.unit.domain.builders import BASE, programme

NOTHING = Asked()
SOMETHING = Asked(frozenset({"a"}), frozenset({"pet"}), birthday=True, language=True, names=False)


def test_what_either_asks_is_asked() -> None:
    for each in (NOTHING.and_also(SOMETHING), SOMETHING.and_also(NOTHING)):
        assert (each.segments, each.attributes) == (frozenset({"a"}), frozenset({"pet"}))
        assert (each.birthday, each.language) == (True, True)
    other = Asked(frozenset({"b"}), frozenset({"car"}))
    both = SOMETHING.and_also(other)
    assert (both.segments, both.attributes) == (frozenset({"a", "b"}), frozenset({"pet", "car"}))
    assert NOTHING.and_also(NOTHING) == NOTHING
    again = SOMETHING.and_also(SOMETHING)
    assert (again.segments, again.attributes) == (SOMETHING.segments, SOMETHING.attributes)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("minimum_sale = 5", NOTHING),
        ('segments = ["a"], not_segments = ["b"]', Asked(segments=frozenset({"a", "b"}))),
        ('attributes = { pet = ["cat"] }', Asked(attributes=frozenset({"pet"}))),
        ('birthday = "day"', Asked(birthday=True)),
        ('languages = ["fr"]', Asked(language=True)),
    ],
)
def test_a_condition_asks_for_what_it_needs(when: str, expected: Asked) -> None:
    rule = f'[[bonus]]\nid = "b"\nadd = 5\nwhen = {{ {when} }}\nwhy = "x"\n'
    assert asked(programme(BASE + rule).file) == expected


def test_who_is_spoken_to_is_asked_where() -> None:
    message = '[[message]]\nid = "m"\ntext = "x"\n'
    assert asked(programme(BASE + message).file) == Asked(attributes=frozenset({"channel"}))
