"""Questions: one at a visit, not too often; an answer may give points once, and a bad one opens a case."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from edge_agent.domain.member import NOBODY, MemberFacts, Standing
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate
from edge_agent.domain.programme.acts import UnknownQuestion, answered
from edge_agent.domain.programme.messages import BOTH, Place
from edge_agent.domain.programme.questions import NotAnAnswer
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, at, given
from tests.unit.domain.programme.telling import telling, telling_at_visit

BREAD = basket(line(1, 250, "bread"))
NOON = at("2026-11-21")


def question(rule: str, keys: str = "") -> str:
    return f'[[question]]\nid = "{rule}"\ntext = "{rule}?"\n{keys}\n'


def questions(*rules: str, every_days: int = 14) -> Programme:
    return programme(f"{BASE}[questions]\nevery_days = {every_days}\n{''.join(rules)}")


TWO = questions(question("a"), question("b"))


def asked_after(rules: Programme, *days: int) -> list[str | None]:
    """The question that is asked at sales so many days later."""
    customer = Customer(rules)
    found = []
    for day in days:
        put = telling(rules, customer.buys(BREAD, NOON + timedelta(days=day))).question
        found.append(None if put is None else put.question.id)
    return found


@pytest.mark.parametrize(
    ("rules", "days", "expected"),
    [
        # one at a visit; the next question after 14 days, the same one after 90
        (TWO, (0, 0, 13, 14, 28, 89, 90, 104), ["a", None, None, "b", None, None, "a", "b"]),
        (questions(question("a", "every_days = 1"), every_days=1), (0, 0, 1, 2), ["a", None, "a", "a"]),
        (questions(question("a", "when = { visits = [3] }")), (0, 0, 0, 0), [None, None, "a", None]),
        (questions(question("a", "when = { minimum_sale = 251 }"), question("b")), (0,), ["b"]),
        (questions(question("a", 'when = { categories = ["fruit"] }')), (0,), [None]),
    ],
)  # fmt: skip
def test_one_question_whose_time_has_come(
    rules: Programme, days: tuple[int, ...], expected: list[str | None]
) -> None:
    assert asked_after(rules, *days) == expected


@property_of(st.integers(1, 30), st.lists(st.integers(0, 20), max_size=15))
def test_nobody_is_asked_twice_within_the_days(every: int, gaps: list[int]) -> None:
    rules = questions(*(question(f"q-{n}", "every_days = 1") for n in range(3)), every_days=every)
    customer, now, asked_on = Customer(rules), NOON, []
    for gap in gaps:
        now += timedelta(days=gap)
        found = customer.buys(BREAD, now)
        assert sum(each.rule.startswith("q-") for each in found.outcomes) <= 1
        if telling(rules, found).question is not None:
            asked_on.append(now.date())
    pairs = pairwise(asked_on)
    assert all((later - earlier).days >= every for earlier, later in pairs)


def test_before_the_sale_the_question_is_on_the_screen_already_and_an_answer_is_enough() -> None:
    rules = questions(question("a"), question("b"))
    customer = Customer(rules)
    put = telling_at_visit(rules, customer.facts(NOON), NOON).question
    assert put is not None
    assert (put.question.id, put.places) == ("a", BOTH)
    customer.record(answered(rules, customer.facts(NOON), "a", 9, NOON).evaluation.entries)
    assert telling(rules, customer.buys(BREAD, NOON)).question is None


def test_it_is_asked_where_the_customer_wants_to_be_asked() -> None:
    rules = questions(question("a", 'where = ["receipt"]'), question("b"))
    by_till = MemberFacts("a", attributes={"channel": "till"})
    put = telling(rules, evaluate(rules, by_till, BREAD, NOON)).question
    assert put is not None
    assert (put.question.id, put.places) == ("b", frozenset({Place.SCREEN}))
    by_post = MemberFacts("a", attributes={"channel": "post"})
    assert telling(rules, evaluate(rules, by_post, BREAD, NOON)).question is None
    assert telling(rules, evaluate(rules, NOBODY, BREAD, NOON)).question is None


CHOICES = 'scale = "choice"\nchoices = [{ id = "quick", text = "snel" }, { id = "slow", text = "traag" }]\n'


@pytest.mark.parametrize(
    ("keys", "value", "recorded", "opens_case"),
    [
        ("opens_case_at_most = 6", 6, 6, True),
        ("opens_case_at_most = 6", 7, 7, False),
        ("opens_case_at_most = 6", "0", 0, True),  # from a QR code
        ("", 0, 0, False),
        ('scale = "stars"\nopens_case_at_most = 2', 2, 2, True),
        ('scale = "stars"\nopens_case_at_most = 2', 3, 3, False),
        ('scale = "yes-no"\nopens_case_on = ["no"]', "no", "no", True),
        ('scale = "yes-no"\nopens_case_on = ["no"]', "yes", "yes", False),
        (CHOICES + 'opens_case_on = ["slow"]', "slow", "slow", True),
        (CHOICES, "slow", "slow", False),
    ],
)  # fmt: skip
def test_a_bad_answer_opens_a_case(
    keys: str, value: int | str, recorded: int | str, opens_case: bool
) -> None:
    found = answered(questions(question("a", keys)), MemberFacts("a"), "a", value, NOON)
    assert (found.value, found.opens_case) == (recorded, opens_case)
    assert type(found.value) is type(recorded)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("", 11), ("", -1), ("", "x"), ("", True), ("", "07"), ("", "1.0"),
        ('scale = "stars"', 0), ('scale = "stars"', 6),
        ('scale = "yes-no"', "maybe"), ('scale = "yes-no"', 1),
        (CHOICES, "fast"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_those_that_are(keys: str, value: int | str) -> None:
    rules = questions(question("a", keys))
    with pytest.raises(
        NotAnAnswer, match=r"a is answered with one of (0, 1|1, 2|yes, no|quick, slow)"
    ):
        answered(rules, MemberFacts("a"), "a", value, NOON)


def test_a_question_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UnknownQuestion, match="there is no such question; there is: a"):
        answered(questions(question("a")), MemberFacts("a"), "b", 1, NOON)


@pytest.mark.parametrize(
    ("per", "days", "points"),
    [("ever", (0, 0, 400), [10, 0, 0]), ("year", (0, 1, 41), [10, 0, 10]), ("30 days", (0, 29, 30), [10, 0, 10])],
)  # fmt: skip
def test_answering_gives_points_once_within_its_time(
    per: str, days: tuple[int, ...], points: list[int]
) -> None:
    rules = questions(question("a", f'gives = [{{ quantity = 10 }}]\ngives_once_per = "{per}"'))
    customer, got = Customer(rules), []
    for day in days:
        now = NOON + timedelta(days=day)
        found = answered(rules, customer.facts(now), "a", 5, now).evaluation
        customer.record(found.entries)
        got.append(given(found))
    assert got == points


@pytest.mark.parametrize("facts", [NOBODY, MemberFacts("a", Standing.BLOCKED)])
def test_an_answer_of_nobody_is_kept_and_gives_nothing(facts: MemberFacts) -> None:
    rules = questions(question("a", "gives = [{ quantity = 10 }]\nopens_case_at_most = 6"))
    found = answered(rules, facts, "a", 3, NOON)
    assert (found.value, found.opens_case, found.evaluation.entries) == (3, True, ())


def test_the_keys_to_press_have_their_words() -> None:
    (nps, yes_no, choice) = questions(
        question("a"), question("b", 'scale = "yes-no"'), question("c", CHOICES)
    ).file.question
    assert list(nps.answers) == [str(number) for number in range(11)]
    assert [each.nl for each in yes_no.answers.values()] == ["ja", "nee"]
    assert [each.nl for each in choice.answers.values()] == ["snel", "traag"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('scale = "choice"', "give choices with scale"),
        ('choices = [{ id = "x", text = "x" }]', "give choices with scale"),
        (CHOICES.replace("quick", "slow"), "two choices have the same id"),
        ('scale = "yes-no"\nopens_case_at_most = 1', "opens_case_at_most is for nps and stars"),
        ('opens_case_on = ["5"]', "opens_case_on names answers"),
        (CHOICES + 'opens_case_on = ["dear"]', "opens_case_on names answers, of quick, slow"),
        ("every_days = 0", "must be more than 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(keys: str, words: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=words):
        questions(question("a", keys))
