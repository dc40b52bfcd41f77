"""Journals of two tills in any order, in any pieces, any number of times, against a model of a few dictionaries.

Sales to cards that central knows or not, returns and voids of either till's sales before and after central has these,
more coming back than was bought, enrolments that make two accounts one, crashes between intake and posting, imports,
restarts.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.mending import OperatorsWord
from tests.central import Till, earn, settings_in, take_back
from tests.integration.central.looking import states, sums

CARDS = ("2912345678906", "2912345678913", "2912345678920")
TERMINALS = ("0412/03", "0412/04")
RULES = ("base", "bonus")
OPENING = 100
LINES = f"card,member_id,points\n{CARDS[0]},M1,{OPENING}\n"


@dataclass
class Act:
    """A record in the model: what it moves for which card, by rule (None: it is an enrolment); of a return, of which
    record."""

    record: str
    card: int
    moves: dict[str, int] | None
    of: str | None = None

    @property
    def is_sale(self) -> bool:
        """Whether it can come back."""
        return self.moves is not None and self.of is None


@dataclass
class Model:
    """Central as it should be: what it holds in the order it came, and what it made of it."""

    acts: dict[str, Act] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    journals: dict[str, str] = field(default_factory=dict)
    """Of which terminal a record is, in the order they came."""
    waiting: list[str] = field(default_factory=list)
    """Taken in and not posted: a crash came in between."""
    states: dict[str, str] = field(default_factory=dict)
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    points: Counter[int] = field(default_factory=Counter)
    known: set[int] = field(default_factory=set)
    """Cards that central has met."""
    enrolled: set[int] = field(default_factory=set)
    """Cards whose holder became a member at a till."""

    def post(self) -> None:
        """Everything that waits, journal by journal."""
        while self.waiting:
            self.post_journal(self.journals[self.waiting[0]])

    def post_journal(self, terminal: str) -> None:
        """What waits of one journal, in order; then whatever waited for it, as it came."""
        own = [each for each in self.waiting if self.journals[each] == terminal]
        self.waiting = [each for each in self.waiting if self.journals[each] != terminal]
        for record in own:
            self._post(self.acts[record])
        for record in self.journals:
            act = self.acts[record]
            if self.states.get(record) == "parked" and self.states.get(act.of or "") == "accepted":
                self._post(act)

    def _post(self, act: Act) -> None:
        if act.of is not None and self.states.get(act.of) != "accepted":
            self.states[act.record] = "parked"
            return
        moves = act.moves or {}
        if act.of is not None and any(
            quantity > self.left[act.of, name] for name, quantity in moves.items()
        ):
            self.states[act.record] = "rejected"
            return
        self.states[act.record] = "accepted"
        self.known.add(act.card)
        if act.moves is None:
            self.enrolled.add(act.card)
        for name, quantity in moves.items():
            if act.of is None:
                self.left[act.record, name] = quantity
                self.points[act.card] += quantity
            else:
                self.left[act.of, name] -= quantity
                self.points[act.card] -= quantity


_quantities = st.tuples(st.integers(1, 9), st.integers(1, 9))


class PostingMachine(RuleBasedStateMachine):
    """One central on a real file, and the journals of two tills."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.central = Central(settings_in(Path(self.folder.name)), checks=OperatorsWord())
        self.tills = [Till(name) for name in TERMINALS]
        for name in TERMINALS:
            self.central.terminals.add(*name.split("/"))
        self.model = Model(received=dict.fromkeys(TERMINALS, 0))
        self.imported = False

    def teardown(self) -> None:
        if hasattr(self, "central"):
            try:
                self._everything_arrives()
            finally:
                self.central.close()
                self.folder.cleanup()

    def _everything_arrives(self) -> None:
        self.central.catch_up()
        self.model.post()
        for number in range(len(self.tills)):
            self.push(number, 1, 99, crash=False)
        self.it_is_as_the_model_says()

    @rule(till=st.integers(0, 1), card=st.integers(0, 2), earned=_quantities)
    def sell(self, till: int, card: int, earned: tuple[int, int]) -> None:
        moves = dict(zip(RULES, earned, strict=True))
        entries = [earn(quantity, rule=name) for name, quantity in moves.items()]
        sold = self.tills[till].sale(f"ref-{till}-{card}", entries, card=CARDS[card])
        self.model.acts[sold.id] = Act(sold.id, card, moves)

    @precondition(lambda self: any(act.is_sale for act in self.model.acts.values()))
    @rule(
        till=st.integers(0, 1), which=st.integers(0, 99), taken=_quantities, all_of_it=st.booleans()
    )
    def take_back(self, till: int, which: int, taken: tuple[int, int], *, all_of_it: bool) -> None:
        """At either till, so that it may come to central before its sale does."""
        sales = [act for act in self.model.acts.values() if act.is_sale]
        sale = sales[which % len(sales)]
        moves = dict(zip(RULES, taken, strict=True))
        if all_of_it:
            moves = dict(sale.moves or {})
        original, ref = next(
            (each, f"ref-{number}-{sale.card}")
            for number, seller in enumerate(self.tills)
            for each in seller.records
            if each.id == sale.record
        )
        entries = [take_back(original, quantity, rule=name) for name, quantity in moves.items()]
        take = self.tills[till].void if all_of_it else self.tills[till].give_back
        back = take(original.id, entries, ref)
        self.model.acts[back.id] = Act(back.id, sale.card, moves, sale.record)

    @rule(till=st.integers(0, 1), card=st.integers(0, 2))
    def enrol(self, till: int, card: int) -> None:
        """Whoever holds the card becomes a member; what was earned with it comes along."""
        number = len(self.model.acts)
        made = self.tills[till].act(
            RecordKind.MEMBER,
            {"member_id": f"m-{number}", "consents": []},
            f"ref-{till}-{card}",
            attached={"card": {"code": CARDS[card], "entry": "scanned"}},
        )
        self.model.acts[made.id] = Act(made.id, card, None)

    @rule(
        till=st.integers(0, 1),
        first=st.integers(1, 12),
        length=st.integers(0, 12),
        crash=st.booleans(),
    )
    def push(self, till: int, first: int, length: int, *, crash: bool) -> None:
        """Any piece of a journal: a gap before it, or records that central has."""
        sender = self.tills[till]
        message = sender.message(first, first + length)
        if crash:
            self.central.intake.take(message)
        else:
            self.central.push(message)
        had = self.model.received[sender.terminal]
        fresh = sender.records[had : first + length] if first <= had + 1 else []
        self.model.received[sender.terminal] += len(fresh)
        self.model.waiting += [each.id for each in fresh]
        self.model.journals.update((each.id, sender.terminal) for each in fresh)
        repeated = sender.records[first - 1 : min(had, first + length)]
        if (fresh or repeated) and not crash:
            self.model.post_journal(sender.terminal)

    @rule()
    def restart(self) -> None:
        self.central.close()
        self.central = Central(settings_in(Path(self.folder.name)), checks=OperatorsWord())
        self.central.catch_up()
        self.model.post()

    @precondition(lambda self: not self.imported)
    @rule()
    def import_members(self) -> None:
        """A card of somebody who enrolled is not given to another member."""
        report = self.central.member_import.run(LINES.splitlines(keepends=True))
        self.imported = True
        assert report.bad == (0 in self.model.enrolled)
        if not report.bad:
            self.model.known.add(0)
            self.model.points[0] += OPENING

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if not hasattr(self, "central"):
            return
        for till in self.tills:
            ids = {seq: each.id for seq, each in enumerate(till.records, 1)}
            found = {ids[seq]: state for seq, state, _ in states(self.central, till.terminal)}
            received = self.model.received[till.terminal]
            wanted = {ids[n]: self.model.states.get(ids[n]) for n in range(1, received + 1)}
            assert found == wanted
        for card in self.model.known:
            member = self.central.members.of_card(CARDS[card])
            assert member["balance"].get("points", 0) == self.model.points[card]
        assert sums(self.central) == (self.model.points.total(),) * 2


def test_any_order_of_pieces_crashes_and_joins_comes_to_what_the_model_says() -> None:
    run_state_machine_as_test(
        PostingMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
