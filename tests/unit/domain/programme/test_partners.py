"""Partners: rates of their own, in their unit or ours, and who pays is told for the books."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from tests.unit.domain.builders import BASE, HEAD, basket, line, programme, shares
from tests.unit.domain.customers import at

UNITS = HEAD + '[unit.miles]\nname = { one = "mile", many = "miles" }\ndecimals = 1\n'
NOON = at("2026-11-21")
MIXED = basket(
    line(1, 1_000, "bread"), line(2, 2_550, labels=("fly",)), line(3, 1_450, labels=("fly",))
)


def partner(keys: str) -> Programme:
    return programme(f'{BASE}[[partner]]\nid = "fly"\nname = "Fly"\n{keys}\n', UNITS)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # 40.00 at a mile per 2.00 = 20.0 miles, split 12.75 and 7.25 (tenths: 127.5 and 72.5)
        ('when = { labels = ["fly"] }\nunit = "miles"\npoints = 1\nper = 200', {2: 128, 3: 72}),
        ('when = { labels = ["fly"] }\nunit = "points"\npoints = 2\nper = 100', {2: 51, 3: 29}),
        ('when = { channels = ["fly-shop"] }\npoints = 1\nper = 100', {}),
        ('when = { stores = ["0412"] }\npoints = 1\nper = 100', {1: 10, 2: 26, 3: 14}),
        # half a mile for each of our points: of the 50 these lines had 26 (25.5 rounded in their favour) and 14
        ('when = { labels = ["fly"] }\nunit = "miles"\nshare = 0.5', {2: 130, 3: 70}),
        ('when = { labels = ["fly"] }\nunit = "points"\nshare = 0.01', {}),
        ('when = { labels = ["fly"] }\nunit = "points"\nshare = 0.02\nrounding = "half-up"', {2: 1}),
    ],
)  # fmt: skip
def test_a_partner_gives_at_its_own_rate_split_over_its_lines(
    keys: str, expected: Mapping[int, int]
) -> None:
    bought = replace(MIXED, store="0412")
    found = evaluate(partner(keys), MemberFacts("a"), bought, NOON)
    assert shares(found.entries, "fly") == expected
    assert sum(shares(found.entries, "base").values()) == 50


@pytest.mark.parametrize(("pays", "note"), [("", "partner"), ('pays = "house"', "house")])
def test_who_pays_is_noted_for_the_books(pays: str, note: str) -> None:
    rules = partner(f'when = {{ labels = ["fly"] }}\npoints = 1\nper = 100\n{pays}')
    assert evaluate(rules, MemberFacts("a"), MIXED, NOON).notes() == {"fly": f"paid by {note}"}


def test_shares_are_never_of_each_other() -> None:
    one = '[[partner]]\nid = "{}"\nname = "x"\nwhen = {{}}\nshare = 1\n'
    rules = programme(BASE + one.format("a") + one.format("b"))
    found = evaluate(rules, MemberFacts("a"), basket(line(1, 1_000)), NOON)
    assert [sum(shares(found.entries, rule).values()) for rule in ("base", "a", "b")] == [10] * 3


def test_a_line_that_takes_money_off_lowers_what_is_given_and_has_no_part_in_it() -> None:
    no_base = BASE + 'scope = { categories = ["none"] }\n'
    rules = programme(
        f'{no_base}[[partner]]\nid = "fly"\nname = "x"\nwhen = {{}}\npoints = 1\nper = 100\n'
    )
    for off, expected in ((-500, {1: 5}), (-1_000, {}), (-2_000, {})):
        bought = basket(line(1, 1_000), line(2, off))
        assert shares(evaluate(rules, MemberFacts("a"), bought, NOON).entries, "fly") == expected


def test_nobody_earns_without_a_card() -> None:
    rules = partner("when = {}\npoints = 1\nper = 100")
    assert evaluate(rules, NOBODY, MIXED, NOON).entries == ()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("when = {}", "give either points and per, or share"),
        ("when = {}\npoints = 1", "points and per go together"),
        ("when = {}\npoints = 1\nper = 100\nshare = 1", "give either points and per, or share"),
        ('when = {}\nshare = 1\nunit = "stars"', "stars"),
        ("share = 1", "when"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(keys: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=words):
        partner(keys)
