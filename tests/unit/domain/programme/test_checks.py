# ruff: noqa: E501  (tables: one file a row)
"""What the checks find in which rules, and what they leave alone: the other side of each finding."""

from fractions import Fraction

import pytest

from edge_agent.domain.programme import ProgrammeInvalid, check_programme
from edge_agent.domain.programme.checks.costs import best_rate
from edge_agent.domain.programme.own_rules import OwnRule
from edge_agent.domain.programme.shape import tables
from tests.unit.domain.builders import BASE, HEAD, programme

POINTS_EXPIRE = "[unit.points.expiry]\nmonths = 12\n"
STARS = "[unit.stars.expiry]\nmonths = 12\n"
EARNS_STARS = STARS + '[[earn]]\nid = "s"\nunit = "stars"\npoints = 1\nper = 100\n'
CARD_OF_STAMPS = '[unit.stamps.expiry]\nmonths = 1\n[[earn]]\nid = "s"\nunit = "stamps"\npoints = 1\neach = "sale"\n'
EURO = '[unit.euro]\ndecimals = 2\nname = { one = "x", many = "x" }\nexpiry = { months = 12 }\n'
WALLET = f'{EURO}[[wallet]]\nid = "w"\ntitle = "x"\nunit = "euro"\ntender = "card"\n'
GOLD = '[tiers]\nmeasure = "spend"\nlevel = [{ id = "gold", name = "x", at_least = 5 }]\n'


def card(name: str) -> str:
    return f'[[stamp]]\nid = "{name}"\ntitle = "x"\nsize = 10\n'


def offer(name: str, off: str, *, when: str = 'categories = ["cheese"]', more: str = "") -> str:
    return (
        f'[[offer]]\nid = "{name}"\ntitle = "x"\noff = {{ {off} }}\nwhen = {{ {when} }}\n{more}\n'
    )


def bonus(when: str, effect: str = "multiply = 2") -> str:
    return f'[[bonus]]\nid = "extra"\n{effect}\nwhen = {{ {when} }}\nwhy = "x"\n'


def reward(body: str) -> str:
    return f'[[reward]]\nid = "thing"\ntitle = "x"\n{body}\n'


def voucher(body: str) -> str:
    return f'[[voucher]]\nid = "paper"\ntitle = "x"\nvalue = 500\n{body}\n'


def surprise(body: str) -> str:
    return f'[[surprise]]\nid = "luck"\ntitle = "x"\none_in = 10\n{body}\n'


def found(rules: str) -> list[tuple[str, str]]:
    """The codes that are found and the keys at which they are."""
    try:
        findings = check_programme(HEAD + POINTS_EXPIRE + BASE + rules, "p.toml").warnings
    except ProgrammeInvalid as error:
        findings = error.findings
    return [(each.code, each.key) for each in findings]


FINDINGS = [
    # What can never hold.
    (bonus('segments = ["a"], not_segments = ["a", "b"]'), ("unreachable", "bonus[0].when.not_segments")),
    (bonus("joined_days_max = 30, away_days = 60"), ("unreachable", "bonus[0].when.away_days")),
    (bonus("visits = [1], away_days = 60"), ("unreachable", "bonus[0].when.away_days")),
    (bonus('categories = ["x"]') + '[[exclude]]\nid = "out"\ncategories = ["x", "y"]\nwhy = "x"\n', ("unreachable", "bonus[0]")),
    (bonus('categories = ["x", "z"]') + '[[exclude]]\nid = "out"\ncategories = ["x", "y"]\nwhy = "x"\n[[exclude]]\nid = "off"\ncategories = ["z"]\nwhy = "x"\n', ("unreachable", "bonus[0]")),
    (bonus("until_date = 2025-12-31"), ("over", "bonus[0].when.until_date")),
    (bonus("", "multiply = 2\nunit = 'stars'") + STARS, ("unreachable", "bonus[0].multiply")),
    (CARD_OF_STAMPS + card("one") + card("two"), ("unreachable", "stamp[1].unit")),
    # What costs more than anybody meant.
    (bonus('categories = ["x"]', "add = 5"), ("no-minimum", "bonus[0].add")),
    (bonus("", "multiply = 10.1"), ("runaway-stack", "bonus[0].multiply")),
    (bonus("", "tier_multiply = { gold = 12 }") + GOLD, ("runaway-stack", "bonus[0].multiply")),
    (bonus("", "multiply = 20") + '[[cap]]\nid = "cap"\nmost = 500\nper = "day"\nrules = ["extra"]\nwhy = "x"\n', ("runaway-stack", "bonus[0].multiply")),
    (bonus("", "multiply = 20") + EARNS_STARS + '[[cap]]\nid = "cap"\nmost = 500\nper = "day"\nunit = "stars"\nwhy = "x"\n', ("runaway-stack", "bonus[0].multiply")),
    (reward("cost = 25\noff = { amount = 501 }"), ("generous", "reward[0].off")),
    (reward("cost = 5\noff = { amount = 499 }"), ("generous", "reward[0].off")),
    (reward("cost = 5\noff = { amount = 500 }"), ("reward-above-spend", "reward[0].off")),
    (reward("spend = { step = 1, value = 21 }"), ("generous", "reward[0].spend")),
    (reward("cost = 5\noff = { percent = 5 }") + reward("cost = 5\noff = { amount = 500 }").replace("thing", "other"), ("reward-above-spend", "reward[1].off")),
    # What is asked for and nobody gives.
    (reward("cost = 10\nunit = 'stars'") + STARS, ("never-given", "reward[0]")),
    (reward("cost = 10\nunit = 'euro'") + WALLET, ("never-given", "reward[0]")),
    (reward("off = { percent = 100, units = 1 }\nexpiry = { months = 1 }"), ("never-given", "reward[0]")),
    (voucher("expiry = { months = 3 }"), ("never-given", "voucher[0]")),
    (voucher("expiry = { months = 3 }\nat_points = { unit = 'stars', points = 5 }") + STARS, ("never-given", "voucher[0].at_points")),
    ('[[stamp]]\nid = "card"\ntitle = "x"\nsize = 10\n[unit.stamps.expiry]\nmonths = 1\n', ("never-given", "stamp[0]")),
    ('[tiers]\nmeasure = "points"\nunit = "stars"\nlevel = [{ id = "gold", name = "x", at_least = 5 }]\n' + STARS, ("never-given", "tiers.unit")),
    # What never ends, or has no bound.
    (voucher("at_points = { points = 200 }"), ("no-validity", "voucher[0]")),
    (surprise('prizes = [{ id = "p", title = "x", quantity = 5 }]'), ("no-budget", "surprise[0]")),
    (surprise('prizes = [{ id = "p", title = "x", quantity = 5 }]\nbudgets = [{ worth = 1000 }]'), ("no-budget", "surprise[0].prizes[0]")),
    (offer("code", "percent = 5", more='how = "code"\ncodes = ["X"]'), ("no-limit", "offer[0].codes")),
    ('[[cap]]\nid = "cap"\nmost = 500\nfrom_date = 2026-06-01\nwhy = "x"\n', ("no-end", "cap[0].from_date")),
    ('[[action]]\nid = "review"\ntitle = "x"\ngives = [{ quantity = 1 }]\n', ("no-limit", "action[0]")),
    (offer("code", "percent = 5", more='how = "code"\ncodes = ["X"]\nlimits = [{ times = 1, of = "sale" }]'), ("no-limit", "offer[0].codes")),
    # Discounts that meet.
    (offer("a", "percent = 50") + offer("b", "percent = 1"), ("discount-stack", "offer[1].off")),
    (offer("a", "percent = 40") + offer("b", "percent = 40"), ("discount-stack", "offer[1].off")),
    (offer("a", "percent = 40") + offer("b", "percent = 40", when=""), ("discount-stack", "offer[1].off")),
    # The law.
    (offer("wine", "percent = 26", when='categories = ["alcohol"]'), ("alcohol-discount", "offer[0].off")),
    (offer("wine", "percent = 60, every = 2", when='categories = ["alcohol"]'), ("alcohol-discount", "offer[0].off")),
    (reward("cost = 100\noff = { percent = 26 }\nwhen = { categories = ['alcohol'] }"), ("alcohol-discount", "reward[0].off")),
    (voucher("expiry = { days = 9 }\nat_points = { points = 200 }\nwhen = { categories = ['alcohol'] }\noff = { percent = 26 }").replace("value = 500\n", ""), ("alcohol-discount", "voucher[0].off")),
    (bonus('contains = [{ categories = ["tobacco"] }]'), ("forbidden-goods", "bonus[0].when.contains[0].categories")),
    ('[law]\ntobacco = ["rookwaar"]\n' + bonus('categories = ["rookwaar"]'), ("forbidden-goods", "bonus[0].when.categories")),
    # Privacy.
    (bonus('segments = ["zwangeren"]'), ("sensitive-trait", "bonus[0].when.segments")),
    (bonus('not_segments = ["Health-x"]'), ("sensitive-trait", "bonus[0].when.not_segments")),
    (bonus('attributes = { ziekte = ["ja"] }'), ("sensitive-trait", "bonus[0].when.attributes")),
    # Names.
    ('[[cap]]\nid = "c"\nmost = 5\nwhy = "x"\nrules = ["test"]\n', ("unknown-name", "cap[0].rules[0]")),
    (bonus('tiers = ["gold"]'), ("unknown-name", "bonus[0].when.tiers[0]")),
    (bonus('memberships = ["plus"]'), ("unknown-name", "bonus[0].when.memberships[0]")),
    ('[[action]]\nid = "review"\ntitle = "x"\ngives = [{ reward = "cofee" }]\nlimits = [{ times = 1 }]\n', ("unknown-name", "action[0].gives[0].reward")),
    ("[unit.things]\ndecimals = 1\n", ("missing-key", "unit.things.name")),
    ('[[exclude]]\nid = "law-x"\ncategories = ["x"]\nwhy = "x"\n', ("reserved-id", "exclude[0].id")),
    ('[[exclude]]\nid = "owed"\ncategories = ["x"]\nwhy = "x"\n', ("reserved-id", "exclude[0].id")),
    ('[referral]\nreferrer = [{ quantity = 5 }]\n' + offer("referral", "percent = 5"), ("duplicate-id", "referral.id")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "expected"), FINDINGS, ids=[f"{each[0]} {each[1]}" for _, each in FINDINGS]
)
def test_what_is_found(rules: str, expected: tuple[str, str]) -> None:
    assert found(rules) == [expected]


FINE = {
    "a segment without part of it": bonus('segments = ["a"], not_segments = ["b"]'),
    "some of the goods are excluded": bonus('categories = ["x", "z"]') + '[[exclude]]\nid = "out"\ncategories = ["x"]\nwhy = "x"\n',
    "only its discounts are excluded": bonus('categories = ["x"]') + '[[exclude]]\nid = "out"\ncategories = ["x"]\nforbids = "discounts"\nwhy = "x"\n',
    "a partner gives what a reward costs": reward("cost = 10\nunit = 'stars'") + STARS + '[[partner]]\nid = "p"\nname = "x"\nwhen = { labels = ["p"] }\nunit = "stars"\npoints = 1\nper = 100\n',
    "a wallet is filled with what a reward costs": reward("cost = 10\nunit = 'euro'") + WALLET + 'top_up = { skus = ["top-up"] }\n',
    "a reward that a surprise gives": reward("off = { percent = 100, units = 1 }\nexpiry = { months = 1 }") + surprise('prizes = [{ id = "p", title = "x", reward = "thing" }]\nbudgets = [{ wins = 5 }]'),
    "every gift of it ends": reward("off = { percent = 100, units = 1 }") + '[[action]]\nid = "review"\ntitle = "x"\ngives = [{ reward = "thing", expiry = { days = 30 } }]\nlimits = [{ times = 1 }]\n',
    "a bought voucher is money and may last": voucher('bought = { lines = { kinds = ["voucher"] } }'),
    "one of them stands alone": offer("a", "percent = 40") + offer("b", "percent = 40", more="alone = true"),
    "only the best counts": '[combine]\noffers = "best"\n' + offer("a", "percent = 40") + offer("b", "percent = 40"),
    "other goods": offer("a", "percent = 40") + offer("b", "percent = 40", when='categories = ["bread"]'),
    "a quarter off wine": offer("wine", "percent = 25", when='categories = ["alcohol"]'),
    "the fourth bottle free": offer("wine", "percent = 100, every = 4", when='categories = ["alcohol"]'),
    "anything but tobacco": bonus('without = { categories = ["tobacco"] }'),
    "half off together": offer("a", "percent = 50") + offer("b", "amount = 10"),
    "more than half off by one": offer("a", "percent = 60"),
    "one of them is activated": offer("a", "percent = 40") + offer("b", "percent = 40", more='how = "activated"'),
    "one of them is for a segment": offer("a", "percent = 40") + offer("b", "percent = 40", when='categories = ["cheese"], segments = ["s"]'),
    "one of them is for some profiles": offer("a", "percent = 40") + offer("b", "percent = 40", when='categories = ["cheese"], attributes = { pet = ["cat"] }'),
    "a code that a member uses once": offer("code", "percent = 5", more='how = "code"\ncodes = ["X"]\nlimits = [{ times = 1 }]'),
    "a coupon is used up on paper": offer("code", "percent = 5", more='how = "code"\ncoupons = ["981"]'),
    "joining happens once": '[[action]]\nid = "review"\ntitle = "x"\nhappens = "enrolment"\ngives = [{ quantity = 1 }]\n',
    "a minimum spend": bonus("minimum_spend = 1", "add = 5"),
    "a minimum sale": bonus("minimum_sale = 1", "add = 5"),
    "a minimum quantity": bonus("minimum_quantity = 1", "add = 5"),
    "on one visit": bonus("visits = [2]", "add = 5"),
    "on some visits": bonus("every_visit = 5", "add = 5"),
    "on the birthday": bonus('birthday = "day"', "add = 5"),
    "ten times the points": bonus("", "multiply = 10"),
    "more than that for some days": bonus("from_date = 2026-01-01, until_date = 2026-12-31", "multiply = 11"),
    "more than that on one visit": bonus("visits = [1]", "multiply = 11"),
    "a fifth back": reward("cost = 25\noff = { amount = 500 }"),
    "a fifth back, step by step": reward("spend = { step = 1, value = 20 }"),
    "it ends on the day that the version begins": bonus("until_date = 2026-01-01"),
    "away since joining": bonus("joined_days_max = 30, away_days = 30"),
    "away before the second visit": bonus("visits = [1, 2], away_days = 60"),
    "one of the brands is excluded": bonus('categories = ["x"]') + '[[exclude]]\nid = "out"\ncategories = ["x"]\nbrands = ["b"]\nwhy = "x"\n',
    "a capped stack": bonus("", "multiply = 20") + '[[cap]]\nid = "cap"\nmost = 500\nper = "day"\nwhy = "x"\n',
    "points that live as long as one comes": "[unit.stars.inactivity]\nmonths = 12\n" + reward("cost = 10\nunit = 'stars'") + '[[earn]]\nid = "s"\nunit = "stars"\npoints = 1\nper = 100\n',
}  # fmt: skip


@pytest.mark.parametrize("rules", FINE.values(), ids=FINE)
def test_what_is_left_alone(rules: str) -> None:
    assert found(rules) == []


def test_what_no_rule_did_is_named_as_no_rule_can_be() -> None:
    rules = programme(
        POINTS_EXPIRE
        + "[unit.stars.inactivity]\nmonths = 12\n"
        + BASE
        + bonus("visits = [5]")
        + '[tiers]\nmeasure = "spend"\nreview = { every_days = 365 }\n'
        + '[[tiers.level]]\nid = "gold"\nname = "Goud"\nat_least = 500\n'
    )
    declared = {getattr(table, "id", None) for _, table in tables(rules.file)}
    named = {
        rule for part in (*rules.mechanisms, *rules.chores) for rule in part.reasons()
    } - declared
    of_central = {OwnRule.OPENING, OwnRule.GIVEN_AGAIN, OwnRule.OWED}
    assert named == {rule.value for rule in OwnRule} - of_central


def test_the_best_rate_of_a_unit_is_that_of_its_own_rules() -> None:
    others = "".join(
        f'[unit.{unit}.expiry]\nmonths = 12\n[[earn]]\nid = "{unit}"\nunit = "{unit}"\npoints = 9\nper = 1\n'
        for unit in ("miles", "stars")
    )
    assert best_rate(programme(BASE + others).file, "points") == Fraction(1, 100)
