"""Any order of sales, redemptions, returns, voids, repeats, restarts and postings, against a model that adds up."""

import json
import tempfile
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.domain.basket import ReturnedLine, Sale
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import summed
from edge_agent.errors import OverReturn, Refused
from edge_agent.till.redeem import Wish
from edge_agent.till.views import Answer
from tests.tills import JAN, Shop, back, jan, milk, open_shop, points, sale, scanned

OPENING = 3_000
PIECES = 4
COST = 250
"""What the reward five-euro of the sample programme costs."""


@dataclass
class Bought:
    """What the model knows of a sale: what each line paid and earned, what was spent, and how much came back."""

    sent: Sale
    answer: Answer
    paid: dict[int, int]
    earned: dict[int, int]
    spent: int
    back: dict[int, Decimal] = field(default_factory=dict)
    refunded: int = 0
    acts: dict[str, tuple[ReturnedLine, ...] | None] = field(default_factory=dict)

    def share(self, line: int) -> Fraction:
        return Fraction(self.back.get(line, Decimal(0))) / PIECES

    @property
    def kept_points(self) -> int:
        """Per line what it earned less the floor of its share; all that was spent less the floor of the sale's."""
        earned = sum(n - int(n * self.share(line)) for line, n in self.earned.items())
        whole = sum(self.paid.values())
        back = sum(amount * self.share(line) for line, amount in self.paid.items())
        return earned - (self.spent - int(self.spent * back / whole))

    @property
    def due(self) -> int:
        """What should have been paid back by now."""
        return sum(int(amount * self.share(line)) for line, amount in self.paid.items())


class GivingBack(RuleBasedStateMachine):
    """One till, one member, and what a careful bookkeeper would write down."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sales: list[Bought] = []
        self.number = 0
        self.shop: Shop

    @initialize()
    def opens(self) -> None:
        self.shop = open_shop(Path(self.folder.name))
        self.shop.confirm(jan(OPENING))

    def teardown(self) -> None:
        self.shop.close()
        self.folder.cleanup()

    def _next_id(self) -> str:
        self.number += 1
        return f"a-{self.number}"

    @rule(amounts=st.lists(st.integers(1, 9_999), min_size=1, max_size=3), redeems=st.booleans())
    def sells(self, amounts: list[int], redeems: bool) -> None:
        sale_id = self._next_id()
        redemptions: tuple[str, ...] = ()
        if redeems:
            try:
                wish = Wish(f"r-{sale_id}", scanned(JAN), "five-euro")
                self.shop.till.reserve(wish)
                redemptions = (wish.redemption_id,)
            except Refused:  # the till's limit without a line, or nothing left
                event("refused")
        lines = [milk(n, str(PIECES), amount) for n, amount in enumerate(amounts, 1)]
        sent = sale(sale_id, *lines, redemptions=redemptions)
        answer = self.shop.till.sell(sent)
        earned: dict[int, int] = {}
        for entry in answer.result["entries"]:
            if entry["unit"] == "points" and entry["quantity"] > 0:
                earned[entry["line"]] = earned.get(entry["line"], 0) + entry["quantity"]
        paid = dict(enumerate(amounts, 1))
        assert answer.result["spent"]["points"] == COST * len(redemptions)
        self.sales.append(Bought(sent, answer, paid, earned, COST * len(redemptions)))

    @precondition(lambda self: self.sales)
    @rule(
        data=st.data(),
        part=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(3)]),
    )
    def takes_back(self, data: st.DataObject, part: Decimal) -> None:
        bought = data.draw(st.sampled_from(self.sales))
        line = data.draw(st.sampled_from(sorted(bought.paid)))
        act_id, asked = self._next_id(), (back(line, str(part)),)
        if bought.back.get(line, Decimal(0)) + part > PIECES:
            before = self.shop.ledger.head
            with pytest.raises(OverReturn):
                self.shop.till.give_back(bought.sent.sale_id, act_id, asked, None)
            assert self.shop.ledger.head == before
            return
        answer = self.shop.till.give_back(bought.sent.sale_id, act_id, asked, None)
        bought.back[line] = bought.back.get(line, Decimal(0)) + part
        bought.refunded += answer.result["refund"]["amount"]
        bought.acts[act_id] = asked

    @precondition(lambda self: any(each.due < sum(each.paid.values()) for each in self.sales))
    @rule(data=st.data())
    def voids(self, data: st.DataObject) -> None:
        kept = [each for each in self.sales if each.due < sum(each.paid.values())]
        bought = data.draw(st.sampled_from(kept))
        act_id = self._next_id()
        answer = self.shop.till.void(bought.sent.sale_id, act_id)
        bought.back = dict.fromkeys(bought.paid, Decimal(PIECES))
        bought.refunded += answer.result["refund"]["amount"]
        bought.acts[act_id] = None

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def sends_something_again(self, data: st.DataObject) -> None:
        bought = data.draw(st.sampled_from(self.sales))
        assert self.shop.till.sell(bought.sent).result == bought.answer.result
        for act_id, lines in bought.acts.items():
            if lines is None:
                assert not self.shop.till.void(bought.sent.sale_id, act_id).first
            else:
                again = self.shop.till.give_back(bought.sent.sale_id, act_id, lines, None)
                assert not again.first

    @rule()
    def restarts(self) -> None:
        self.shop.close()
        self.shop = open_shop(Path(self.folder.name))

    @rule()
    def hears_that_everything_was_posted(self) -> None:
        records = list(self.shop.ledger.records(0, 10_000))
        entries = [
            Entry.from_json(entry) for each in records for entry in json.loads(each.body)["entries"]
        ]
        opening = jan(OPENING)
        lots = summed((*opening.lots, *(entry.holding for entry in entries)))
        self.shop.confirm(replace(opening, lots=lots), applied_seq=self.shop.ledger.head.seq)

    @invariant()
    def it_adds_up(self) -> None:
        if not hasattr(self, "shop"):
            return
        shown = points(self.shop)
        assert shown.shown == OPENING + sum(each.kept_points for each in self.sales)
        for each in self.sales:
            assert each.refunded == each.due


TestGivingBack = GivingBack.TestCase
TestGivingBack.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
