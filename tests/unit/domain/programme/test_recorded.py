"""What a record holds of a sale, and nothing twice: it is hashed, sent, and worked out again from."""

import json
from datetime import datetime

import pytest

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING, Reduction
from tests.unit.domain.builders import A_SATURDAY, BASE, basket, line, programme

BREAD = basket(line(1, 250, "bread"))
KNOWN = MemberFacts("7f0c", figures={"visits@ever": 3})
NOBODY_COUNTED = MemberFacts("", figures={"use.deal@day.here": 2})
PLAIN = Recorded("d" * 64, KNOWN, BREAD)
ENTRY = Entry(EntryKind.EARN, "points", 2, "base", 1)

CASES = {
    "a member": (PLAIN, {"programme", "facts", "basket"}),
    "nobody, and what the till counted": (
        Recorded("d" * 64, NOBODY_COUNTED, BREAD),
        {"programme", "facts", "basket", "figures"},
    ),
    "nobody": (Recorded("d" * 64, MemberFacts(""), BREAD), {"programme", "facts", "basket"}),
    "everything": (
        Recorded(
            *("d" * 64, KNOWN, BREAD, NOTHING, (ENTRY,)),
            (Reduction(1, 20, "deal", own=True), Reduction(1, 5, "deal")),
            {"lucky": "five"},
            A_SATURDAY,
        ),
        {"programme", "facts", "basket", "wanted", "reductions", "notes", "quoted_at"},
    ),
}


@pytest.mark.parametrize(("sale", "keys"), CASES.values(), ids=CASES)
def test_a_record_holds_what_there_is_and_can_be_read_back(sale: Recorded, keys: set[str]) -> None:
    facts = sale.to_json()
    assert set(facts) == keys
    assert (facts["facts"] is None) == sale.facts.anonymous
    body = json.loads(json.dumps(facts | {"entries": [each.to_json() for each in sale.entries]}))
    again = Recorded.from_body(body)
    assert (again.to_json(), again.entries) == (facts, sale.entries)
    assert (again.facts, again.quoted_at) == (sale.facts, sale.quoted_at)


def test_what_is_off_a_line_is_added_up() -> None:
    off = (Reduction(1, 20, "a"), Reduction(2, 7, "a"), Reduction(1, 5, "b"))
    assert Recorded("d" * 64, KNOWN, BREAD, reductions=off).off() == {1: 25, 2: 7}


def test_it_is_worked_out_again_with_its_own_programme_and_at_the_time_of_its_quote() -> None:
    day = "from_date = 2026-11-21, until_date = 2026-11-21"
    rules = programme(f'{BASE}[[bonus]]\nid = "day"\nadd = 5\nwhen = {{ {day} }}\nwhy = "x"\n')
    later = datetime.fromisoformat("2026-11-22T00:10:00+01:00")
    sale = Recorded(rules.digest, KNOWN, BREAD, quoted_at=A_SATURDAY)
    assert [each.rule for each in sale.again(rules, later).entries] == ["base", "day"]
    unquoted = Recorded(rules.digest, KNOWN, BREAD)
    assert [each.rule for each in unquoted.again(rules, later).entries] == ["base"]
    with pytest.raises(ValueError, match="was worked out with programme"):
        PLAIN.again(rules, later)
