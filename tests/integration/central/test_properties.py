"""Whatever tills do and however it is sent: one effect, and it adds up.

A small model of what should come of it is kept beside: it knows nothing of tables, batches or hashes.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.central.central import Central
from sync.central.mending import OperatorsWord
from tests.central import Till, earn, settings_in, take_back
from tests.integration.central.looking import balance, states, sums

CARDS = ("2912345678906", "2912345678913")
RULES = ("base", "bonus")


@dataclass
class Model:
    """Points per card, by the plainest means there are."""

    points: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CARDS, 0))
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)

    def sale(self, record: str, card: str, earned: Sequence[int]) -> None:
        self.cards[record] = card
        for rule, quantity in zip(RULES, earned, strict=True):
            self.left[record, rule] = quantity
            self.points[card] += quantity
        self.expected.append("accepted")

    def take_back(self, record: str, taken: Sequence[int]) -> None:
        wanted = dict(zip(RULES, taken, strict=True))
        if any(quantity > self.left[record, rule] for rule, quantity in wanted.items()):
            self.expected.append("rejected")
            return
        for rule, quantity in wanted.items():
            self.left[record, rule] -= quantity
            self.points[self.cards[record]] -= quantity
        self.expected.append("accepted")


_act = st.one_of(
    st.tuples(st.just("sale"), st.sampled_from(CARDS), st.tuples(*[st.integers(1, 9)] * 2)),
    st.tuples(st.just("return"), st.integers(0, 7), st.tuples(*[st.integers(1, 9)] * 2)),
    st.tuples(st.just("plain"), st.none(), st.none()),
)


def written(acts: Sequence[tuple[str, object, object]]) -> tuple[Till, Model]:
    """The journal of one till that did these things, and what should come of it."""
    till, model = Till(), Model()
    sales = []
    for kind, which, quantities in acts:
        if kind == "sale":
            assert isinstance(which, str)
            assert isinstance(quantities, tuple)
            entries = [earn(n, rule=rule) for rule, n in zip(RULES, quantities, strict=True)]
            sales.append(till.sale(f"ref-{which}", entries, card=which))
            model.sale(sales[-1].id, which, quantities)
        elif kind == "return" and sales:
            assert isinstance(which, int)
            assert isinstance(quantities, tuple)
            sale = sales[which % len(sales)]
            entries = [
                take_back(sale, n, rule=rule) for rule, n in zip(RULES, quantities, strict=True)
            ]
            till.give_back(sale.id, entries, f"ref-{model.cards[sale.id]}")
            model.take_back(sale.id, quantities)
        else:
            till.sale()
            model.expected.append("accepted")
    return till, model


def check(central: Central, till: Till, model: Model) -> None:
    assert [state for _, state, _ in states(central)] == model.expected
    for card, points in model.points.items():
        if card in model.cards.values():
            assert balance(central, f"ref-{card}") == points
    assert sums(central) == (sum(model.points.values()),) * 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=st.lists(_act, min_size=1, max_size=14),
    pushes=st.lists(st.tuples(st.integers(1, 14), st.integers(0, 14)), max_size=8),
)
def test_any_split_repeat_and_order_of_pushes_has_the_effect_of_one(
    acts: list[tuple[str, object, object]], pushes: list[tuple[int, int]]
) -> None:
    till, model = written(acts)
    with tempfile.TemporaryDirectory() as folder:
        central = Central(settings_in(Path(folder)), checks=OperatorsWord())
        central.terminals.add("0412", "03")
        for first, length in pushes:  # gaps and repeats as they come
            central.push(till.message(first, first + length))
        central.push(till.message())
        central.push(till.message())
        check(central, till, model)
        central.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=st.lists(_act, min_size=2, max_size=14),
    cut=st.integers(1, 13),
    imported_at=st.integers(0, 2),
)
def test_a_crash_between_intake_and_posting_and_an_import_at_any_moment_add_up(
    acts: list[tuple[str, object, object]], cut: int, imported_at: int
) -> None:
    till, model = written(acts)
    csv = ["card,member_id,points\n", f"{' '.join(CARDS)},M1,100\n"]
    with tempfile.TemporaryDirectory() as folder:
        central = Central(settings_in(Path(folder)), checks=OperatorsWord())
        central.terminals.add("0412", "03")
        for moment in range(3):
            if moment == imported_at:
                central.member_import.run(csv)
            if moment == 0:
                central.intake.take(till.message(1, cut))
            if moment == 1:
                central.close()
                central = Central(settings_in(Path(folder)), checks=OperatorsWord())
                central.catch_up()
                central.push(till.message())
        assert [state for _, state, _ in states(central)] == model.expected
        assert balance(central, "M1") == 100 + sum(model.points.values())
        assert sums(central) == (100 + sum(model.points.values()),) * 2
        central.close()
