"""More than buying: what is given for it, how often, and what becomes of what goes beyond."""

from datetime import date

import pytest

from edge_agent.domain.basket import Basket
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.programme import Evaluation, Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.acts import UnknownAction, act_on
from edge_agent.domain.programme.situation import Act
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.programme.upkeep import caught_up
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, at, given

NOON = at("2026-11-21")


def action(keys: str, rule: str = "review") -> Programme:
    return programme(f'{BASE}[[action]]\nid = "{rule}"\ntitle = "x"\n{keys}\n')


def did(rules: Programme, *acts: tuple[str, int]) -> list[int]:
    """What reviews give that are reported at these times, so many at once."""
    customer = Customer(rules)
    return [given(customer.does("review", at(when), times)) for when, times in acts]


PER_DAY = 'limits = [{ times = 2, per = "day" }]'
PER_DAY_AND_MONTH = 'limits = [{ times = 5, per = "day" }, { times = 10, per = "month" }]'


@pytest.mark.parametrize(
    ("keys", "acts", "points"),
    [
        ("gives = [{ quantity = 5 }]", [("2026-11-21", 1), ("2026-11-21", 3)], [5, 15]),
        (
            f"gives = [{{ quantity = 100 }}]\n{PER_DAY}",
            [("2026-11-01 09:00", 1), ("2026-11-01 12:00", 1), ("2026-11-01 23:59", 1), ("2026-11-02 00:00", 1)],
            [100, 100, 0, 100],
        ),
        (  # as many as there is room for; two limits at once
            f"gives = [{{ quantity = 5 }}]\n{PER_DAY_AND_MONTH}",
            [("2026-10-30", 7), ("2026-10-31", 6), ("2026-10-31", 1), ("2026-11-01", 1)],
            [25, 25, 0, 5],
        ),
        ("gives = [{ quantity = 5 }]\nlimits = [{ times = 1 }]", [("2026-01-02", 1), ("2027-01-01", 1)], [5, 0]),
        ('gives = [{ quantity = 5 }]\nwhen = { weekdays = ["sat"] }', [("2026-11-21", 1), ("2026-11-22", 1)], [5, 0]),
    ],
)  # fmt: skip
def test_an_action_gives_as_often_as_its_limits_leave_room_for(
    keys: str, acts: list[tuple[str, int]], points: list[int]
) -> None:
    assert did(action(keys), *acts) == points


def test_beyond_a_limit_all_of_it_is_refused_where_that_is_declared() -> None:
    rules = action(
        'gives = [{ quantity = 300 }]\nlimits = [{ times = 5, per = "day" }]\nbeyond = "refused"'
    )
    customer = Customer(rules)
    assert given(customer.does("review", at("2026-11-21 10:00"), 4)) == 1_200
    refused = customer.does("review", at("2026-11-21 20:00"), 2)
    assert refused.entries == ()
    assert refused.outcomes[0].unmet == Unmet(Obstacle.DAILY_LIMIT, 5)
    assert given(customer.does("review", at("2026-11-21 20:00"), 1)) == 300
    assert given(customer.does("review", at("2026-11-22 10:00"), 5)) == 1_500


def test_a_limit_that_is_not_of_the_day_is_told_apart() -> None:
    customer = Customer(action('limits = [{ times = 1, per = "month" }]\nbeyond = "refused"'))
    customer.does("review", NOON)
    assert customer.does("review", NOON).outcomes[0].unmet == Unmet(Obstacle.USED_UP, 1)


def test_joining_gives_welcome_points_once() -> None:
    rules = action('happens = "enrolment"\ngives = [{ quantity = 5 }]', "welcome")
    customer = Customer(rules)
    assert [given(customer.does("enrolment", NOON)) for _ in range(2)] == [5, 0]
    with pytest.raises(UnknownAction, match="there is no such action; there is: none"):
        customer.does("welcome", NOON)


def test_joining_where_nothing_is_given_for_it_is_no_mistake() -> None:
    assert act_on(programme(BASE), MemberFacts("a"), Act("enrolment"), NOON).entries == ()


def test_an_action_that_is_not_there_names_those_that_are() -> None:
    rules = action("")
    with pytest.raises(UnknownAction, match="there is no such action; there is: review"):
        act_on(rules, MemberFacts("a"), Act("reviews"), NOON)
    for times in (-1, 0, 1_001):
        with pytest.raises(ValueError, match="from 1 to 1000"):
            act_on(rules, MemberFacts("a"), Act("review", times), NOON)
    assert act_on(rules, MemberFacts("a"), Act("review", 1_000), NOON).entries


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_who_does_not_earn_is_given_nothing(standing: Standing) -> None:
    rules = action("gives = [{ quantity = 5 }]")
    assert act_on(rules, MemberFacts("a", standing), Act("review"), NOON).entries == ()


def test_nobody_is_given_nothing() -> None:
    rules = action("gives = [{ quantity = 5 }]")
    assert act_on(rules, MemberFacts(""), Act("review"), NOON).entries == ()


def test_the_birthday_gift_comes_once_a_year_from_the_daily_job() -> None:
    rules = action('happens = "birthday"\ngives = [{ quantity = 10 }]', "bday")
    due = list(caught_up(rules, MemberFacts("a"), "03-03", date(2026, 1, 1), date(2027, 12, 31)))
    assert [(day, given(found)) for day, found in due] == [
        (date(2027, 3, 3), 10),  # of the 400 days that are caught up with
    ]
    missed = list(caught_up(rules, MemberFacts("a"), "02-29", date(2026, 2, 27), date(2026, 3, 9)))
    assert [(day, given(found)) for day, found in missed] == [(date(2026, 2, 28), 10)]


def test_the_birthday_gift_worked_out_again_on_the_same_day_gives_nothing() -> None:
    rules = action('happens = "birthday"\ngives = [{ quantity = 10 }]', "bday")
    facts = MemberFacts("a")
    first = list(caught_up(rules, facts, "03-03", date(2026, 3, 2), date(2026, 3, 3)))
    after = facts.after(first[0][1].entries, (), date(2026, 3, 3))
    assert list(caught_up(rules, after, "03-03", date(2026, 3, 2), date(2026, 3, 3))) == []


def test_at_a_sale_what_happens_by_itself_is_given_within_its_limits() -> None:
    rules = action(
        'happens = "sale"\nwhen = { away_days = 60 }\nlimits = [{ times = 1, per = "year" }]\n'
        "gives = [{ quantity = 50 }]",
        "back",
    )
    bought = basket(line(1, 1000))
    away = MemberFacts("a", figures={"visits@ever:since": 61})
    assert given(sold(rules, away, bought)) == 60
    again = MemberFacts("a", figures={"visits@ever:since": 61, "act.back@year": 1})
    assert given(sold(rules, again, bought)) == 10


def sold(rules: Programme, facts: MemberFacts, bought: Basket) -> Evaluation:
    return evaluate(rules, facts, bought, NOON)


def test_activating_is_an_action_that_can_give_too_but_only_once() -> None:
    rules = programme(
        BASE
        + '[[action]]\nid = "yes"\ntitle = "x"\nhappens = "activation"\ngives = [{ quantity = 3 }]\n'
        + '[[challenge]]\nid = "run"\ntitle = "x"\ntarget = 2\nactivate = true\ngives = [{ quantity = 9 }]\n'
    )
    customer = Customer(rules)
    assert given(customer.does("activate/run", NOON)) == 3
    again = customer.does("activate/run", NOON)
    assert again.entries == ()
    assert again.outcomes[0].unmet == Unmet(Obstacle.USED_UP, 1)


@pytest.mark.parametrize(
    ("keys", "rule", "words"),
    [
        ('happens = "sale"', "review", "needs limits, since it is given by itself"),
        ("", "enrolment", "the id enrolment is kept for"),
        ('gives = [{ unit = "points", reward = "x" }]', "review", "give one of unit, reward, voucher"),
        ("gives = [{ quantity = 0 }]", "review", "must be more than 0"),
        ('limits = [{ times = 1, per = "hour" }]', "review", "'hour' is no stretch of time"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(keys: str, rule: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        action(keys, rule)
    assert words in str(refused.value)
