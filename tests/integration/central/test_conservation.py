"""It adds up: whatever tills record, central has for every account what it accepted, unit by unit.

Journals are made at random, of every kind of record and entry, with what contradicts itself among them. What of it
central accepts is central's word; that the sums are those of the accepted records, that lots are the sums of entries,
and that nothing else moved them, is checked here by the plainest means there are.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Connection, Table, func, select

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.record import Record, RecordKind
from sync.central.central import Central
from sync.central.intake import FOLDED
from sync.central.mending import OperatorsWord
from sync.central.tables import accounts, entries, lots, records
from tests.central import AT, Till, settings_in

CARDS = ("2912345678906", "2912345678913", "2912345678920")
TERMINALS = ("0412/03", "0412/04")
UNITS = ("points", "stamps", "voucher/five", "tier/gold", "count/visits")
STARTER = (Path(__file__).parents[3] / "config" / "programmes" / "starter.toml").read_text()

_days = st.sampled_from([None, date(2026, 11, 25), date(2027, 1, 31)])
_lives = st.tuples(_days, _days, _days)


@st.composite
def _entry(draw: st.DrawFn) -> Entry:
    unit = draw(st.sampled_from(UNITS))
    kind = EntryKind.COUNT if unit.startswith("count/") else draw(_giving)
    quantity = draw(st.integers(1, 9)) * (-1 if kind is EntryKind.REDEEM else 1)
    expires_on, matures_on, day = draw(_lives)
    rule = draw(st.sampled_from(["base", "bonus"]))
    return Entry(kind, unit, quantity, rule, draw(st.sampled_from([None, 1])), None,
                 expires_on, matures_on, day)  # fmt: skip


_giving = st.sampled_from([EntryKind.EARN, EntryKind.EARN, EntryKind.REDEEM])

Step = tuple[str, int, int, list[Entry], int]
"""What is done, by which till, with which card, what it moves, and a number to choose by."""

_steps: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(["sale", "sale", "redemption", "action", "answer", "member", "return"]),
    st.integers(0, 1),
    st.integers(0, 2),
    st.lists(_entry(), max_size=4),
    st.integers(0, 20),
)


def names_of(kind: str, number: int) -> Mapping[str, Any]:
    names: dict[str, dict[str, Any]] = {
        "redemption": {"redemption_id": f"w-{number}"},
        "action": {"action_id": f"c-{number}", "action": "check-in"},
        "answer": {"answer_id": f"a-{number}", "question": "q", "value": number},
        "member": {"member_id": f"m-{number}"},
    }
    return names[kind]


def ref_of(till: Till, card: int) -> str:
    return f"{till.terminal.replace('/', '-')}-{card}"


def reversed_of(sale: Record, back: int) -> list[Entry]:
    """What would take part of a sale back, or more than there was."""
    found = [Entry.from_json(each) for each in json.loads(sale.body)["entries"]]
    return [
        each._replace(
            kind=EntryKind.REVERSE,
            quantity=-each.quantity if back % 3 else -each.quantity * 2,
            lot=sale.id,
        )
        for each in found
    ]


def record(tills: Sequence[Till], step: Step, sales: list[tuple[Record, int, Till]]) -> None:
    """One more record of one of the tills."""
    kind, which, card, moved, number = step
    till = tills[which]
    attached = {"card": {"code": CARDS[card], "entry": "scanned"}}
    if number % 4 == 0 and kind != "return":  # something for another account
        other = ref_of(till, (card + 1) % 3)
        moved = [*moved, Entry(EntryKind.EARN, "points", 5, "referral", account=other)]
    if kind == "sale":
        made = till.sale(ref_of(till, card), moved, card=CARDS[card])
        sales.append((made, card, till))
    elif kind == "return" and sales:
        sale, of, _ = sales[number % len(sales)]
        till.give_back(sale.id, reversed_of(sale, number), ref_of(till, of))
    elif kind != "return":
        till.act(
            RecordKind(kind), names_of(kind, len(till.records)), ref_of(till, card), moved, attached
        )


def send(central: Central, till: Till, last: int) -> None:
    """Everything up to there again, as far as central keeps it, as a till does that was put back."""
    taken = central.push(till.message(1, last)).taken
    if taken.stopped_by == FOLDED:
        central.push(till.message(taken.received + 1, last))


def accepted_by(central: Central) -> set[str]:
    """The records here that had their effect."""
    with central.database.read() as connection:
        return set(
            connection.scalars(select(records.c.record_id).where(records.c.state == "accepted"))
        )


def recorded(tills: Sequence[Till], accepted: Collection[str]) -> Counter[tuple[int, str]]:
    """Per card and unit what the accepted records moved."""
    sums: Counter[tuple[int, str]] = Counter()
    for till in tills:
        for made in till.records:
            if made.id not in accepted:
                continue
            body = json.loads(made.body)
            for entry in (Entry.from_json(each) for each in body["entries"]):
                ref = entry.account or body["facts"]["account"]
                sums[int(ref[-1]), entry.unit] += entry.quantity
    return sums


def check(central: Central, tills: Sequence[Till], folded: Collection[str] = ()) -> None:
    with central.database.read() as connection:
        whose = [str(central.accounts.of_card(connection, code)) for code in CARDS]
        assert _sums(connection, lots) == _sums(connection, entries)
        # What was overdrawn is carried by the offline-risk account, by entries of their own.
        own = entries.c.source.not_like("risk:%")
        moved = _sums(connection, entries, own, entries.c.kind.not_in(["expire", "adjust"]))
    wanted: Counter[tuple[str, str]] = Counter()
    for (card, unit), quantity in recorded(tills, {*folded, *accepted_by(central)}).items():
        wanted[whose[card], unit] += quantity
    assert moved == {key: quantity for key, quantity in wanted.items() if quantity}


def _sums(
    connection: Connection, table: Table, *where: ColumnElement[bool]
) -> dict[tuple[str, str], int]:
    """Per account (under whichever name) and unit what a table holds, without what comes to nothing."""
    account = func.coalesce(accounts.c.joined_into, accounts.c.ref)
    rows = connection.execute(
        select(account, table.c.unit, func.sum(table.c.quantity))
        .join(accounts, accounts.c.ref == table.c.account)
        .where(*where)
        .group_by(account, table.c.unit)
    )
    return {(row[0], row[1]): int(row[2]) for row in rows if row[2]}


class _Clock:
    def __init__(self) -> None:
        self.now: datetime = AT

    def __call__(self) -> datetime:
        return self.now


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(_steps, min_size=1, max_size=16),
    cuts=st.lists(st.integers(1, 16), max_size=4),
    imported_at=st.integers(0, 5),
    days=st.integers(0, 90),
    folds=st.sets(st.integers(0, 5)),
)
def test_every_account_has_what_was_accepted_of_it(
    steps: list[Step], cuts: list[int], imported_at: int, days: int, folds: set[int]
) -> None:
    """Also when what was accepted is folded before the rest comes."""
    folded: set[str] = set()
    tills = [Till(terminal) for terminal in TERMINALS]
    sales: list[tuple[Record, int, Till]] = []
    for step in steps:
        record(tills, step, sales)
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        central = Central(settings_in(Path(folder)), clock, OperatorsWord())
        for terminal in TERMINALS:
            central.terminals.add(*terminal.split("/"))
        central.programmes.publish(STARTER, "test")
        for moment, cut in enumerate([*cuts, 16]):
            if moment == imported_at:
                central.member_import.run(
                    ["card,member_id,points\n", f"{CARDS[0]} {CARDS[1]},M1,100\n"]
                )
                clock.now += timedelta(days=days)
            for till in tills:
                send(central, till, cut)
            central.keep_up()
            if moment in folds:
                folded |= accepted_by(central)
                central.folding.run(clock.now + timedelta(seconds=1))
        check(central, tills, folded)
        central.catch_up()
        central.keep_up()
        check(central, tills, folded)
        assert central.verifier.faults() == []
        central.close()
