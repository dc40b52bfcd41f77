"""How bonuses act together: what each multiplies, which of them count, and what ends them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.programme import Evaluation, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.unmet import Obstacle
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    awarded,
    basket,
    baskets,
    line,
    programme,
)
from tests.unit.domain.programme.test_rates import facts, rule, tiers

BOUGHT = basket(line(1, 10_000))  # 100 base points


def bonus(rule_id: str, keys: str) -> str:
    return f'[[bonus]]\nid = "{rule_id}"\n{keys}\nwhy = "x"\n'


def stacked(how: str, *bonuses: str) -> str:
    return f"[earning]\n{how}\n{BASE}" + "".join(bonuses)


def per_rule(found: Evaluation) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in found.entries:
        if each.kind is EntryKind.EARN:
            sums[each.rule] = sums.get(each.rule, 0) + each.quantity
    return sums


DOUBLE, TRIPLE = bonus("double", "multiply = 2"), bonus("triple", "multiply = 3")
FIFTY = bonus("fifty", "add = 50")


@pytest.mark.parametrize(
    ("how", "bonuses", "expected"),
    [
        # each on the base points: 100 + 100 + 200
        ('bonuses = "add"', (DOUBLE, TRIPLE), {"base": 100, "double": 100, "triple": 200}),
        # each on what the ones before made of them: 100 x 2 x 3 = 600
        ('bonuses = "multiply"', (DOUBLE, TRIPLE), {"base": 100, "double": 100, "triple": 400}),
        ('bonuses = "best"', (DOUBLE, TRIPLE), {"base": 100, "triple": 200}),
        ('bonuses = "best"', (DOUBLE, TRIPLE, FIFTY), {"base": 100, "triple": 200}),
        ('bonuses = "first"', (DOUBLE, TRIPLE), {"base": 100, "double": 100}),
        ('bonuses = "first"', (FIFTY, TRIPLE), {"base": 100, "fifty": 50}),
        # a fixed bonus is not multiplied, unless it says so
        (
            'bonuses = "multiply"',
            (FIFTY, DOUBLE),
            {"base": 100, "fifty": 50, "double": 100},
        ),
        (
            'bonuses = "multiply"',
            (bonus("fifty", "add = 50\nmultiplied = true"), DOUBLE),
            {"base": 100, "fifty": 50, "double": 150},
        ),
        # on the base alone, whatever stands before
        (
            'bonuses = "multiply"',
            (DOUBLE, bonus("triple", "multiply = 3\non_base = true")),
            {"base": 100, "double": 100, "triple": 200},
        ),
        # nothing after a rule that stops
        (
            'bonuses = "add"',
            (bonus("double", "multiply = 2\nstop = true"), TRIPLE, FIFTY),
            {"base": 100, "double": 100},
        ),
        # the best of a group, and then on top of it
        (
            'bonuses = "multiply"\ngroup = [{ id = "summer", bonuses = "best" }]',
            (
                bonus("a", 'multiply = 2\ngroup = "summer"'),
                FIFTY,
                bonus("b", 'multiply = 3\ngroup = "summer"'),
                bonus("c", "multiply = 2"),
            ),
            {"base": 100, "b": 200, "fifty": 50, "c": 300},
        ),
        # all of a group is in what is multiplied after it
        (
            'bonuses = "multiply"\ngroup = [{ id = "both", bonuses = "add" }]',
            (
                bonus("a", 'multiply = 2\ngroup = "both"'),
                bonus("b", 'multiply = 3\ngroup = "both"'),
                bonus("c", "multiply = 2"),
            ),
            {"base": 100, "a": 100, "b": 200, "c": 400},
        ),
        # within a group each on the one before, between groups each on the base
        (
            'bonuses = "add"\ngroup = [{ id = "chain", bonuses = "multiply" }]',
            (
                bonus("a", 'multiply = 2\ngroup = "chain"'),
                bonus("b", 'multiply = 3\ngroup = "chain"'),
                bonus("c", "multiply = 2"),
            ),
            {"base": 100, "a": 100, "b": 400, "c": 100},
        ),
    ],
)
def test_bonuses_act_together_as_the_programme_declares(
    how: str, bonuses: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert per_rule(awarded(programme(stacked(how, *bonuses)), BOUGHT)) == expected


def test_bonuses_of_two_units_do_not_get_in_each_other_s_way() -> None:
    head = '[unit.stars.name]\none = "star"\nmany = "stars"\n'
    rules = head + stacked('bonuses = "best"', DOUBLE, bonus("star", 'unit = "stars"\nadd = 1'))
    assert per_rule(awarded(programme(rules), BOUGHT)) == {"base": 100, "double": 100, "star": 1}


def obstacles(found: Evaluation) -> dict[str, Obstacle | None]:
    return {each.rule: each.unmet and each.unmet.obstacle for each in found.outcomes}


def test_a_bonus_that_another_kept_out_says_so() -> None:
    best = awarded(programme(stacked('bonuses = "best"', DOUBLE, TRIPLE)), BOUGHT)
    assert obstacles(best) == {"base": None, "double": Obstacle.OTHER_BONUS, "triple": None}
    stop = bonus("double", "multiply = 2\nstop = true")
    ended = awarded(programme(stacked('bonuses = "add"', stop, TRIPLE)), BOUGHT)
    assert obstacles(ended) == {"base": None, "double": None, "triple": Obstacle.STOPPED}


# --- Worked examples of published programmes and of other engines -----------------------------------------------------


def test_a_tier_bonus_and_an_event_each_on_base_points() -> None:
    """1 + 0.5 + 4 = 5.5 points per unit spent: 110 for 20.00. Multiplying 1.5 by 5 would give 150."""
    rules = stacked(
        'bonuses = "add"',
        bonus("tier", 'tier_multiply = { platinum = "1.25", diamond = "1.5" }'),
        bonus("event", "multiply = 5"),
    ) + tiers("platinum", "diamond")
    for tier, points in (("diamond", 110), ("platinum", 105), (None, 100)):
        found = evaluate(programme(rules), facts(tier), basket(line(1, 2000)), A_SATURDAY)
        assert sum(per_rule(found).values()) == points


THREE = (
    line(1, 1200, sku="123", labels=("red",)),
    line(2, 10000, sku="000", labels=("blue",)),
    line(3, 4000, sku="0001", kind="delivery"),
)


@pytest.mark.parametrize(
    ("rules", "points"),
    [
        # 4 per unit of money; the product's own are tripled: 608 + 2 x 48
        (rule("points = 4\nper = 100") + bonus("x", 'multiply = 3\nwhen.skus = ["123"]'), 704),
        # a fixed number for a product, once a line
        (
            rule("points = 4\nper = 100")
            + bonus("p", 'add = 100\neach = "line"\nwhen.skus = ["123"]'),
            708,
        ),
        # two rates add up, multipliers act on that, the fixed bonus comes last and is not multiplied
        (
            '[earning]\nseveral = "add"\nbonuses = "multiply"\n'
            + rule("points = 4\nper = 100", "a")
            + rule("points = 10\nper = 100", "b")
            + bonus("x3", 'multiply = 3\nwhen.labels = ["red"]')
            + bonus("x5", 'multiply = 5\nwhen.labels = ["blue"]')
            + bonus("p", 'add = 200\neach = "line"\nwhen.skus = ["000"]'),
            8264,
        ),
    ],
)
def test_multipliers_act_on_their_own_lines(rules: str, points: int) -> None:
    assert sum(per_rule(awarded(programme(rules), basket(*THREE))).values()) == points


def test_points_are_rounded_down_before_they_are_doubled() -> None:
    """35.60 gives 35, doubled 70, and not 71."""
    assert per_rule(awarded(programme(BASE + DOUBLE), basket(line(1, 3560)))) == {
        "base": 35,
        "double": 35,
    }


def test_twentyfold_points_from_a_minimum_before_tax() -> None:
    """15 per whole unit of 52.60 before tax, times 20: 15600. 49.99 before tax misses the minimum: 735."""
    rules = rule('points = 15\nper = 100\nstep = 100\ntax = "excluded"') + bonus(
        "x20", 'multiply = 20\nwhen = { minimum_sale = 5000, minimum_tax = "excluded" }'
    )
    for paid, points in ((5944, 15600), (5649, 735)):  # with 13 % tax in them
        found = awarded(programme(rules), basket(line(1, paid, tax_rate="13")))
        assert sum(per_rule(found).values()) == points


def test_the_points_of_a_distance_have_a_minimum_and_bonuses_of_their_own() -> None:
    """669 miles: 669, half of it 334, a tier bonus of 125 % of the miles 836. 314 miles count as 500, but not there."""
    rules = (
        '[earning]\nseveral = "add"\n'
        + rule('points = 1\nper_measure = 1\nat_least = 500\nstage = "line"')
        + rule(
            'points = "1.25"\nper_measure = 1\nmultiplied = false\nwhen.tiers = ["platinum"]',
            "elite",
        )
        + bonus("class", 'multiply = "1.5"\nof = ["base"]')
        + tiers("platinum")
    )
    for miles, base, fare, elite in (("669", 669, 334, 836), ("314", 500, 250, 392)):
        flown = basket(line(1, 0, measure=Decimal(miles)))
        found = evaluate(programme(rules), facts("platinum"), flown, A_SATURDAY).entries
        assert [(each.rule, each.quantity) for each in found] == [
            ("base", base),
            ("elite", elite),
            ("class", fare),
        ]


def test_after_a_rule_that_stops_no_other_of_its_unit_gives_anything() -> None:
    stars = '[unit.stars.name]\none = "star"\nmany = "stars"\n'
    rules = (
        f'[earning]\nseveral = "add"\n{stars}'
        + rule("points = 4\nper = 100\nstop = true")
        + rule('points = 100\neach = "line"', "product")
        + rule('points = 1\neach = "sale"\nunit = "stars"', "stars")
        + '[[bonus]]\nid = "x"\nmultiply = 2\nwhy = "x"\n'
    )
    found = awarded(programme(rules), basket(line(1, 15200)))
    assert {each.rule: each.quantity for each in found.entries} == {"base": 608, "stars": 1}
    obstacles = {each.rule: each.unmet and each.unmet.obstacle for each in found.outcomes}
    assert obstacles["product"] is Obstacle.STOPPED
    assert obstacles["x"] is Obstacle.STOPPED
    nothing = awarded(programme(rules), basket(line(1, 24)))  # 0.96 points stop nothing
    assert {each.rule for each in nothing.entries} == {"product", "stars", "x"}


def test_what_a_rule_keeps_from_being_multiplied_is_given_once() -> None:
    """100 for the amount are doubled, 20 for the piece are not."""
    rules = (
        '[earning]\nseveral = "add"\n'
        + BASE
        + rule('points = 20\neach = "piece"\nmultiplied = false', "fixed")
    )
    assert per_rule(awarded(programme(rules + DOUBLE), BOUGHT)) == {
        "base": 100,
        "fixed": 20,
        "double": 100,
    }


def test_an_added_bonus_is_given_for_the_sale_for_each_line_or_for_each_piece() -> None:
    bought = basket(line(1, 500, quantity=3), line(2, 200, quantity=2), line(3, 0, quantity=1))
    for each, points in (("sale", 7), ("line", 21), ("piece", 42)):
        rules = programme(BASE + bonus("x", f'add = 7\neach = "{each}"'))
        assert per_rule(awarded(rules, bought))["x"] == points


def test_half_stamps_are_given_where_the_unit_has_a_decimal() -> None:
    head = '[unit.stamps]\ndecimals = 1\n[unit.stamps.name]\none = "stamp"\nmany = "stamps"\n'
    half = bonus("half", 'unit = "stamps"\nadd = "0.5"')
    assert per_rule(awarded(programme(head + BASE + half), BOUGHT))["half"] == 5


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "give either multiply or add"),
        ("multiply = 2\nadd = 5", "give either multiply or add"),
        ('multiply = 2\neach = "line"', "each goes with add"),
        ('add = 2\nof = ["base"]', "of and stage go with multiply"),
        ('multiply = 2\nstage = "piece"', 'stage is "sale" or "line" here'),
        ('multiply = 2\nof = ["gone"]', "there is no [[earn]] with the id gone"),
        ('multiply = 2\ngroup = "gone"', "there is no"),
        ("tier_multiply = { gold = 1 }", "must be more than 1"),
    ],
)
def test_a_bonus_that_contradicts_itself_is_told_what_would_be_right(keys: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        programme(BASE + bonus("x", keys))
    assert said in str(caught.value)


EFFECTS = st.sampled_from(
    (
        "multiply = 2",
        'multiply = "1.5"\nstage = "line"\nrounding = "half-up"',
        "multiply = 3\non_base = true",
        'multiply = 2\nof = ["base"]',
        "add = 9",
        'add = 2\neach = "line"\nmultiplied = true',
        "multiply = 2\nstop = true",
    )
)
WHEN = st.sampled_from(("", '\nwhen.categories = ["bread"]', '\nwhen.labels = ["new"]'))
IN_GROUP = st.sampled_from(("", "", '\ngroup = "g"'))
STACKINGS = st.sampled_from(("add", "multiply", "best", "first"))


@given(
    how=STACKINGS,
    within=STACKINGS,
    drawn=st.lists(st.tuples(EFFECTS, WHEN, IN_GROUP), max_size=5),
    bought=baskets,
)
def test_the_best_gives_no_less_than_any_alone_and_adding_never_less_than_the_best(
    how: str, within: str, drawn: list[tuple[str, str, str]], bought: Basket
) -> None:
    def given_by(stacking: str, *keys: tuple[str, str, str]) -> int:
        text = f'bonuses = "{stacking}"\ngroup = [{{ id = "g", bonuses = "{within}" }}]'
        bonuses = (bonus(f"b{number}", "".join(each)) for number, each in enumerate(keys))
        found = per_rule(awarded(programme(stacked(text, *bonuses)), bought))
        assert all(quantity > 0 for quantity in found.values())
        return sum(quantity for each, quantity in found.items() if each != "base")

    best = given_by("best", *drawn)
    assert all(given_by(how, each) <= best for each in drawn if not each[2])
    if not any("stop" in effect for effect, _, _ in drawn):
        assert given_by("first", *drawn) <= best <= given_by("add", *drawn)
        assert given_by("add", *drawn) <= given_by("multiply", *drawn)
