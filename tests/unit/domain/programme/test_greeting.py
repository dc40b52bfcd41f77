"""What the screen says when a member is recognised: messages and a question, and nothing to whoever takes no part."""

from dataclasses import replace

import pytest

from edge_agent.domain.member import NOBODY, MemberFacts, Standing
from edge_agent.domain.programme.greeting import Greeting, greeting
from tests.unit.domain.builders import A_SATURDAY, BASE, programme

MEMBER = MemberFacts("7f0c")
RULES = programme(
    BASE
    + '[[message]]\nid = "low"\ntext = "x"\npriority = 1\n'
    + '[[message]]\nid = "high"\ntext = "x"\npriority = 9\n'
    + '[[message]]\nid = "paper"\ntext = "x"\nwhere = ["receipt"]\n'
    + '[[message]]\nid = "here"\ntext = "x"\nwhen = { stores = ["0412"] }\n'
    + '[[message]]\nid = "web"\ntext = "x"\nwhen = { channels = ["web"] }\n'
    + '[[message]]\nid = "bread"\ntext = "x"\nwhen = { categories = ["bread"] }\n'
    + '[messages]\nper_visit = 9\n[[question]]\nid = "q"\ntext = "x"\n'
)


def said(found: Greeting) -> tuple[list[str], str | None]:
    question = None if found.question is None else found.question.id
    return [each.id for each in found.messages], question


def test_the_most_important_comes_first_and_rules_about_a_basket_wait() -> None:
    assert said(greeting(RULES, MEMBER, A_SATURDAY)) == (["high", "low"], "q")
    assert said(greeting(RULES, MEMBER, A_SATURDAY, "0412"))[0] == ["high", "low", "here"]
    assert said(greeting(RULES, MEMBER, A_SATURDAY, channel="web"))[0] == ["high", "low", "web"]


@pytest.mark.parametrize(
    "facts",
    [NOBODY, MemberFacts("7f0c", Standing.BLOCKED), MemberFacts("7f0c", Standing.ERASED)],
)
def test_nothing_is_said_to_whoever_takes_no_part(facts: MemberFacts) -> None:
    assert greeting(RULES, facts, A_SATURDAY) == Greeting()


def test_an_unknown_card_is_greeted() -> None:
    assert said(greeting(RULES, replace(MEMBER, standing=Standing.UNKNOWN), A_SATURDAY))[1] == "q"


def test_a_question_for_the_receipt_is_not_asked_on_the_screen() -> None:
    rules = programme(BASE + '[[question]]\nid = "q"\ntext = "x"\nwhere = ["receipt"]\n')
    assert greeting(rules, MEMBER, A_SATURDAY) == Greeting()
