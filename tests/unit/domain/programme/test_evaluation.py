"""What holds for every programme and every basket."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import MemberFacts, Standing
from edge_agent.domain.money import rounded
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.rates import Stage
from tests.unit.domain.builders import (
    A_SATURDAY,
    BASE,
    MEMBER,
    awarded,
    basket,
    baskets,
    programme,
    programmes,
)
from tests.unit.domain.builders import line as one

moments = st.integers(0, 2 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def by_rule(found: Evaluation) -> Counter[str]:
    sums: Counter[str] = Counter()
    for entry in found.entries:
        sums[entry.rule] += entry.quantity
    return sums


@given(rules=programmes(), bought=baskets, at=moments)
def test_entries_are_whole_positive_and_the_same_every_time(
    rules: Programme, bought: Basket, at: datetime
) -> None:
    found = evaluate(rules, MEMBER, bought, at)
    assert found == evaluate(rules, MEMBER, bought, at)
    for entry in found.entries:
        assert type(entry.quantity) is int
        assert entry.quantity > 0
        assert entry.kind is EntryKind.EARN
        assert entry.lot is None
        assert (entry.expires_on is None) or entry.expires_on > at.date()


@given(rules=programmes(), bought=baskets, at=moments)
def test_the_lines_and_the_rules_add_up_to_the_same_and_every_entry_has_its_reason(
    rules: Programme, bought: Basket, at: datetime
) -> None:
    found = evaluate(rules, MEMBER, bought, at)
    awards = [award for outcome in found.outcomes for award in outcome.entries]
    per_line = Counter[tuple[str, int | None]]()
    per_award = Counter[tuple[str, int | None]]()
    for entry in found.entries:
        per_line[entry.unit, entry.line] += entry.quantity
        assert rules.reason(entry.rule, "nl")
    for award in awards:
        per_award[award.unit, award.line] += award.quantity
    assert per_line == per_award
    lines = {line.number for line in bought.lines}
    assert {entry.line for entry in found.entries} <= lines


@given(rules=programmes(), bought=baskets, at=moments)
def test_every_rule_has_one_outcome_with_points_or_with_a_reason(
    rules: Programme, bought: Basket, at: datetime
) -> None:
    found = evaluate(rules, MEMBER, bought, at, explains=True)
    assert [outcome.rule for outcome in found.outcomes] == [
        *(rule.id for rule in rules.file.earn),
        *(rule.id for rule in rules.file.bonus),
    ]
    assert all(bool(outcome.entries) == (outcome.unmet is None) for outcome in found.outcomes)


@given(rules=programmes(), bought=baskets, at=moments)
def test_to_explain_changes_nothing(rules: Programme, bought: Basket, at: datetime) -> None:
    explained = evaluate(rules, MEMBER, bought, at, explains=True)
    found = evaluate(rules, MEMBER, bought, at)
    assert found.entries == explained.entries
    assert found.outcomes == tuple(each for each in explained.outcomes if each.unmet is None)


@given(rules=programmes(), bought=baskets)
def test_base_points_are_the_rate_times_what_was_spent_rounded_as_the_rule_says(
    rules: Programme, bought: Basket
) -> None:
    """Worked out again from the file, another way: line by line, in exact fractions."""
    excluded = {line.number for line in bought.lines if "tobacco" in line.categories}
    claimed: set[tuple[str, int]] = set()
    expected = Counter[str]()
    for rule in rules.file.earn:
        assert rule.points is not None
        assert rule.per is not None
        rate = Fraction(rule.points) / rule.per
        exact = []
        for line in bought.lines:
            if line.number in excluded or (rule.unit, line.number) in claimed:
                continue
            if rule.scope.takes(line):
                claimed.add((rule.unit, line.number))
                exact.append(line.amount * rate)
        if rule.stage is Stage.LINE:
            expected[rule.id] = sum(rounded(value, rule.rounding) for value in exact)
        else:
            expected[rule.id] = rounded(sum(exact, Fraction()), rule.rounding)
    found = by_rule(awarded(rules, bought))
    assert {rule: found[rule] for rule in expected} == dict(expected)


@given(rules=programmes(), bought=baskets)
def test_nothing_spent_earns_nothing_by_the_base_or_by_multiplying(
    rules: Programme, bought: Basket
) -> None:
    free = Basket.from_json(
        bought.to_json()
        | {"lines": [line.to_json() | {"amount": 0} for line in bought.lines]}
        | {"total": {"amount": 0, "currency": "EUR"}}
    )
    added = {rule.id for rule in rules.file.bonus if rule.add is not None}
    assert set(by_rule(awarded(rules, free))) <= added


@given(rules=programmes(), bought=baskets)
def test_excluded_lines_earn_nothing_and_change_nothing_for_the_others(
    rules: Programme, bought: Basket
) -> None:
    found = awarded(rules, bought)
    kept_out = {line.number for line in bought.lines if "tobacco" in line.categories}
    assert {each.line for each in found.excluded} == kept_out
    assert not kept_out & {entry.line for entry in found.entries}
    others = tuple(line for line in bought.lines if line.number not in kept_out)
    assert awarded(rules, Basket(others, 0, "EUR")).entries == found.entries


@given(rules=programmes(), bought=baskets, data=st.data())
def test_who_is_scanned_first_does_not_change_what_is_earned(
    rules: Programme, bought: Basket, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(bought.lines))))
    scanned = tuple(bought.lines[index].to_json() for index in order)
    renumbered = [line | {"line": number} for number, line in enumerate(scanned, 1)]
    other = Basket.from_json(bought.to_json() | {"lines": renumbered})
    assert by_rule(awarded(rules, other)) == by_rule(awarded(rules, bought))


@given(rules=programmes(), bought=baskets, data=st.data())
def test_the_order_in_which_a_pos_sends_lines_changes_no_record(
    rules: Programme, bought: Basket, data: st.DataObject
) -> None:
    sent = replace(bought, lines=tuple(data.draw(st.permutations(bought.lines))))
    assert awarded(rules, sent) == awarded(rules, bought)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("sku", ["a", "b", "c"]),
        ("categories", [(), ("bread",), ("fruit",)]),
        ("brand", [None, "Anders", "Zuiver"]),
        ("labels", [(), ("new",), ("sale",)]),
        ("kind", ["deposit", "product", "service"]),
        ("quantity", [Decimal(1), Decimal(2), Decimal(3)]),
        ("discount", [0, 10, 20]),
        ("levy", [0, 1, 2]),
        ("tax_rate", [None, "21", "9"]),
        ("measure", [None, Decimal(1), Decimal(2)]),
        ("margin", [None, "high", "low"]),
    ],
)
def test_an_odd_point_goes_to_the_same_article_whoever_is_scanned_first(
    key: str, values: list[Any]
) -> None:
    """Two points over three lines that cost the same and differ in one thing only."""
    rules = programme(BASE.replace("per = 100", 'per = 100\nbasis = "before-programme"'))
    getting = set()
    for order in permutations(values):
        sold = [
            replace(one(number, 70 + (value if key == "levy" else 0), sku="x"), **{key: value})
            for number, value in enumerate(order, 1)
        ]
        entries = awarded(rules, basket(*sold)).entries
        assert sum(entry.quantity for entry in entries) == 2
        getting.add(frozenset(order[(entry.line or 0) - 1] for entry in entries))
    assert len(getting) == 1


@given(rules=programmes(), bought=baskets)
@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_blocked_or_erased_account_earns_nothing(
    rules: Programme, bought: Basket, standing: Standing
) -> None:
    facts = MemberFacts("7f0c", standing)
    assert evaluate(rules, facts, bought, A_SATURDAY) == Evaluation((), (), ())


@given(rules=programmes(), bought=baskets)
def test_an_unknown_card_earns_like_a_known_one(rules: Programme, bought: Basket) -> None:
    unknown = evaluate(rules, MemberFacts("x", Standing.UNKNOWN), bought, A_SATURDAY)
    assert unknown.entries == awarded(rules, bought).entries


@given(rules=programmes(), bought=baskets, at=moments)
def test_central_works_out_the_same_from_the_record(
    rules: Programme, bought: Basket, at: datetime
) -> None:
    facts = MemberFacts.from_json(MEMBER.to_json())
    again = evaluate(rules, facts, Basket.from_json(bought.to_json()), at)
    assert again == evaluate(rules, MEMBER, bought, at)


PROGRAM = """
from tests.unit.domain.builders import awarded, basket, line, sample
words = ("bread", "fruit", "dairy", "tobacco", "snacks")
bought = basket(*(line(n, 37 * n, words[n % 5], words[n % 3], brand="Zuiver") for n in range(1, 41)))
print([entry.to_json() for entry in awarded(sample(), bought).entries])
"""


def test_the_hash_seed_of_a_process_changes_nothing() -> None:
    """Sets of words are walked in an order that Python changes with every process."""
    answers = {
        hashlib.sha256(
            subprocess.run(
                [sys.executable, "-c", PROGRAM],
                env=os.environ | {"PYTHONHASHSEED": seed},
                cwd=Path(__file__).parents[4],
                check=True,
                capture_output=True,
            ).stdout
        ).hexdigest()
        for seed in ("0", "1", "4711")
    }
    assert len(answers) == 1
