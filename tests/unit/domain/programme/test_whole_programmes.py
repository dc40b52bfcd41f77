"""What holds for whole programmes of some of everything: for every basket, member and wish.

Points never appear from nothing, what is shared out adds up, and the order of scanning decides nothing.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.situation import Wanted
from tests.unit.domain.builders import programme as loaded
from tests.unit.domain.customers import Customer
from tests.unit.domain.whole import DRAW, NOON, alike, baskets, members, rich_programmes, wishes

ROOT = Path(__file__).parents[4]


def worked_out(
    rules: Programme,
    member: MemberFacts,
    bought: Basket,
    wanted: Wanted,
    *,
    explains: bool = False,
) -> Evaluation:
    """A sale at noon of a Saturday, with a draw."""
    facts = Customer(rules, member).facts(NOON)
    return evaluate(rules, facts, bought, NOON, wanted, DRAW, explains=explains)


def as_recorded(found: Evaluation) -> list[object]:
    """The entries and reductions as a record holds them."""
    entries: list[object] = [each.to_json() for each in found.entries]
    return entries + [each.to_json() for each in found.reductions]


def given_by(found: Evaluation, bought: Basket) -> Counter[tuple[str, str, str, str | None]]:
    """What every rule moved of which unit, by article: line numbers are only where something was scanned."""
    skus = {line.number: line.sku for line in bought.lines} | {None: None}
    moved: Counter[tuple[str, str, str, str | None]] = Counter()
    for each in found.entries:
        moved[each.kind.value, each.unit, each.rule, skus[each.line]] += each.quantity
    return moved


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_every_entry_is_of_a_rule_that_holds_and_of_a_line_that_was_sold(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    programme = loaded(rules)
    explained = worked_out(programme, member, bought, wanted, explains=True)
    gave = Counter[Entry](entry for one in explained.outcomes for entry in one.entries)
    assert gave == Counter(explained.entries)
    numbers = {line.number for line in bought.lines} | {None}
    unmet = {one.rule for one in explained.outcomes if one.unmet is not None and not one.entries}
    holds = {one.rule for one in explained.outcomes if one.entries}
    for entry in explained.entries:
        event(f"{entry.kind.value} {entry.unit.partition('.')[0]}")
        assert entry.line in numbers
        assert entry.rule in holds
        assert entry.rule not in unmet - holds
        assert programme.reason(entry.rule, "nl") != ""
        assert programme.mechanism_of(entry.rule) != ""
        assert entry.kind is not EntryKind.EARN or entry.quantity > 0
        assert entry.kind is not EntryKind.REDEEM or entry.quantity < 0


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_bonuses_only_give_on_lines_that_they_are_about(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    programme = loaded(rules)
    about = {rule.id: rule.when for rule in programme.file.bonus}
    lines = {line.number: line for line in bought.lines}
    for entry in worked_out(programme, member, bought, wanted).entries:
        if entry.rule in about and entry.line is not None:
            assert about[entry.rule].takes(lines[entry.line])
            assert about[entry.rule].unmet_at(NOON) is None


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_nothing_costs_less_than_nothing_and_what_is_off_adds_up(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    found = worked_out(loaded(rules), member, bought, wanted)
    off: Counter[int] = Counter()
    for line, amount, rule, _ in found.reductions:
        assert type(amount) is int
        assert amount > 0
        assert rule
        off[line] += amount
    assert dict(off) == dict(found.off())
    amounts = {line.number: line.amount - line.levy for line in bought.lines}
    assert all(taken <= amounts[line] for line, taken in off.items())


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_nobody_spends_more_than_they_have(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    """Whatever is taken was held before the sale or given by it."""
    programme = loaded(rules)
    found = worked_out(programme, member, bought, wanted)
    have: Counter[str] = Counter()
    for holding in member.holdings:
        have[holding.unit] += holding.quantity
    for entry in found.entries:
        have[entry.unit] += entry.quantity
    assert min(have.values(), default=0) >= 0


@given(rules=rich_programmes, member=members, bought=baskets | alike, wanted=wishes, data=st.data())
def test_who_is_scanned_first_decides_nothing(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted, data: st.DataObject
) -> None:
    programme = loaded(rules)
    shuffled = data.draw(st.permutations(bought.lines))
    lines = tuple(replace(each, number=number) for number, each in enumerate(shuffled, 1))
    other = replace(bought, lines=lines)
    before, after = (worked_out(programme, member, each, wanted) for each in (bought, other))
    assert given_by(before, bought) == given_by(after, other)
    assert sum(before.off().values()) == sum(after.off().values())


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_everything_is_whole_numbers(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    def numbers(value: object) -> Iterator[object]:
        if isinstance(value, dict):
            for each in value.values():
                yield from numbers(each)
        elif isinstance(value, list):
            for each in value:
                yield from numbers(each)
        elif not isinstance(value, str):
            yield value

    found = worked_out(loaded(rules), member, bought, wanted)
    facts = as_recorded(found)
    assert {type(each) for each in numbers(facts)} <= {int, bool}


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
def test_to_explain_changes_nothing_and_the_record_works_out_to_the_same(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted
) -> None:
    programme = loaded(rules)
    found = worked_out(programme, member, bought, wanted)
    explained = worked_out(programme, member, bought, wanted, explains=True)
    assert (found.entries, found.reductions) == (explained.entries, explained.reductions)
    facts = Customer(programme, member).facts(NOON)
    recorded = json.loads(
        json.dumps([facts.to_json(), bought.to_json(), wanted.to_json()], sort_keys=True)
    )
    again = evaluate(
        loaded(rules),
        MemberFacts.from_json(recorded[0]),
        Basket.from_json(recorded[1]),
        NOON,
        Wanted.from_json(recorded[2]),
        DRAW,
    )
    assert (again.entries, again.reductions) == (found.entries, found.reductions)


ELSEWHERE = """
from tests.unit.domain.programme.test_whole_programmes import answers
print(answers())
"""


def answers() -> str:
    """A digest of what a fixed draw of programmes and baskets comes to, in all particulars."""
    digest = hashlib.sha256()

    @given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes)
    def works_out(rules: str, member: MemberFacts, bought: Basket, wanted: Wanted) -> None:
        found = worked_out(loaded(rules), member, bought, wanted, explains=True)
        facts = as_recorded(found)
        digest.update(json.dumps(facts).encode())
        digest.update(repr([(one.rule, one.unmet, one.note) for one in found.outcomes]).encode())

    settings(derandomize=True, database=None, deadline=None, max_examples=40)(works_out)()
    return digest.hexdigest()


def answers_in_a_process(**environment: str) -> str:
    """What a fresh process answers; hypothesis draws from the modules that are loaded, so this one is no measure."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def here() -> str:
    """What a process answers as things are on this machine."""
    return answers_in_a_process()


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"PYTHONHASHSEED": "0", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4711", "TZ": "America/Los_Angeles", "LC_ALL": "tr_TR.UTF-8"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "de_DE.UTF-8"},
    ],
    ids=lambda each: each["TZ"],
)
def test_every_machine_gives_the_same_answer(elsewhere: dict[str, str], here: str) -> None:
    """In another process, with another order of sets, in another time zone and language."""
    assert answers_in_a_process(**elsewhere) == here
