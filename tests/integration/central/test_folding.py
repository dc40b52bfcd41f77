"""Records that had their effect long ago become a checkpoint; what they moved, and whatever is still open, stays."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Executable, delete, insert, literal, select, update

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.record import GENESIS, RecordKind, canonical, chain_hash
from edge_agent.domain.tallies import months_later
from sync.central.central import Central
from sync.central.feedback import CaseChange
from sync.central.folding import BATCH
from sync.central.mending import OperatorsWord
from sync.central.risk import risk_source
from sync.central.tables import (
    accounts,
    acts,
    attachments,
    chains,
    checkpoints,
    entries,
    lots,
    records,
)
from sync.wire import WireRecord
from tests.central import (
    AT,
    EXPIRES_ON,
    Till,
    config_in,
    earn,
    give_again,
    message_of,
    run_command,
    settings_in,
    spend,
    take_back,
    visit,
)
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import balance, changes, kept_meanwhile, states, sums

CARD, OTHER = "2912345678906", "2912345678913"
THIRTEEN = 13


def later(clock: SteppingClock, months: int = 14) -> None:
    """So many months pass."""
    clock.now = datetime.combine(months_later(clock.now.date(), months), clock.now.timetz())


def fold(central: Central) -> int:
    return central.folding.run(central.folding.due())


def held(central: Central) -> tuple[Any, ...]:
    """Every account, lot and entry, what tills are told of them, and the sums of what came from where."""
    with central.database.read() as connection:
        rows = [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in (accounts, lots, entries)
        ]
    return *rows, changes(central).members, central.reports.totals(), central.reports.balances()


def here(central: Central, terminal: str = "0412/03") -> list[int]:
    """The numbers of the records that are still here."""
    return [seq for seq, _, _ in states(central, terminal)]


def a_day_of_everything(till: Till, other: Till) -> None:
    """Sales, what was spent, what came back, a visit, and somebody without a card, at two tills."""
    first = till.sale("a", [earn(50), visit()], card=CARD, sale_id="s-1")
    till.sale(sale_id="s-2")
    till.sale("a", [spend(20)], card=CARD, sale_id="s-3")
    till.give_back(first.id, [take_back(first, 10)], "a", sale_id="s-1")
    till.act(RecordKind.ACTION, {"action_id": "c-1", "action": "check-in"}, "a", [earn(3)])
    other.sale("b", [earn(257)], card=OTHER, sale_id="s-1")
    other.five_euro("b", OTHER)


@pytest.fixture
def folded(central: Central, till: Till, other_till: Till, clock: SteppingClock) -> Central:
    """A central that folded the whole of two tills' first day."""
    a_day_of_everything(till, other_till)
    for each in (till, other_till):
        central.push(each.message())
    later(clock)
    assert fold(central) == len(till.records) + len(other_till.records)
    return central


def test_folding_takes_records_away_and_changes_no_balance_lot_or_sum(
    central: Central, till: Till, other_till: Till, clock: SteppingClock, tmp_path: Path
) -> None:
    a_day_of_everything(till, other_till)
    for each in (till, other_till):
        central.push(each.message())
    later(clock)
    before = held(central)
    assert fold(central) == len(till.records) + len(other_till.records)
    assert here(central) == here(central, "0412/04") == []
    assert held(central) == before
    central.database.scrub()
    left = kept_meanwhile(central, tmp_path)
    assert not any(record.body in left for record in till.records)


def test_only_what_is_older_than_the_setting_is_folded(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    till.sale("a", [earn(5)], card=CARD)
    central.push(till.message())
    later(clock, THIRTEEN)
    assert fold(central) == 0  # the day is not over yet, thirteen months ago
    till.sale("a", [earn(6)], card=CARD)
    central.push(till.message(2))
    clock.now += timedelta(days=1)
    assert fold(central) == 1
    assert here(central) == [2]
    assert balance(central, "a") == 11


def test_a_checkpoint_says_how_far_and_is_signed_and_the_chain_goes_on_from_it(
    folded: Central, till: Till
) -> None:
    first, second = folded.checkpoints.page()
    assert (first["terminal"], second["terminal"]) == ("0412/03", "0412/04")
    assert (first["epoch"], first["position"], first["count"]) == (till.epoch, 5, 5)
    assert first["head"] == till.records[-1].hash.hex()
    assert folded.verifier.faults() == []
    till.sale("a", [earn(1)], card=CARD)
    assert folded.push(till.message(6)).taken.received == 6
    assert folded.verifier.faults() == []
    assert folded.checkpoints.page(first["journal"]) == [second]
    (listed, _) = folded.terminals.list()
    assert [(each["received"], each["folded"]) for each in listed["epochs"]] == [(6, 5)]


def test_the_digest_can_be_made_again_from_what_was_there(
    central: Central, till: Till, other_till: Till, clock: SteppingClock
) -> None:
    """By who has a backup from before, and nothing of what was folded."""
    a_day_of_everything(till, other_till)
    central.push(till.message())
    with central.database.read() as connection:
        moved = connection.execute(select(entries)).all()
        said = {row.record_id: row for row in connection.execute(select(acts))}
    later(clock)
    fold(central)
    digest = GENESIS
    for record in till.records:
        act = said[record.id]
        made = [dict(row._mapping) for row in moved if row.source == record.id]
        line = {"kind": act.kind, "act": act.act_id, "record": record.id, "said": act.digest.hex()}
        of = [{name: each[name] for name in each if name != "row"} for each in made]
        digest = chain_hash(digest, canonical(line | {"entries": of}))
    assert central.checkpoints.page()[0]["digest"] == digest.hex()


OWN = checkpoints.c.terminal == "0412/03"
COPIED = [column.name for column in entries.c if column is not entries.c.row]


def of_first(till: Till) -> ColumnElement[bool]:
    """The points that the first sale gave."""
    return (entries.c.source == till.records[0].id) & (entries.c.unit == "points")


def act_of_first(till: Till) -> ColumnElement[bool]:
    return acts.c.record_id == till.records[0].id


TAMPERED: dict[str, tuple[Callable[[Till], Executable], str]] = {
    "count": (lambda _: update(checkpoints).where(OWN).values(folded=4), "1 are neither folded"),
    "head": (lambda _: update(checkpoints).where(OWN).values(head=GENESIS), "does not go on"),
    "signature": (
        lambda _: update(checkpoints).where(OWN).values(signature=bytes(64)),
        "not signed",
    ),
    "digest": (lambda _: update(checkpoints).where(OWN).values(digest=GENESIS), "not signed"),
    "next record": (
        lambda _: update(records).where(records.c.seq == 6).values(previous=bytes([1]) * 32),
        "does not go on",
    ),
    "a record since": (lambda _: delete(records).where(records.c.seq == 7), "1 are neither"),
    "checkpoint gone": (lambda _: delete(checkpoints).where(OWN), "it has no checkpoint"),
    "journal gone": (lambda _: delete(chains).where(chains.c.terminal == "0412/03"), "nobody"),
    "more points": (
        lambda till: update(entries).where(of_first(till)).values(quantity=5_000),
        "not what they were",
    ),
    "another account": (
        lambda till: update(entries).where(of_first(till)).values(account="b"),
        "not what they were",
    ),
    "an entry gone": (lambda till: delete(entries).where(of_first(till)), "not what they were"),
    "an entry more": (
        lambda till: insert(entries).from_select(
            COPIED,
            select(
                *(literal(9) if name == "ordinal" else entries.c[name] for name in COPIED)
            ).where(of_first(till)),
        ),
        "not what they were",
    ),
    "an act's id": (
        lambda till: update(acts).where(act_of_first(till)).values(act_id="s-9"),
        "not what they were",
    ),
    "an act gone": (lambda till: delete(acts).where(act_of_first(till)), "not what they were"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_after_folding_is_found(
    folded: Central, till: Till, what: str
) -> None:
    till.sale("a", [earn(1)])
    till.sale("a", [earn(1)])
    folded.push(till.message(6))
    assert folded.verifier.faults() == []
    change, fault = TAMPERED[what]
    with folded.database.write() as connection:
        assert connection.execute(change(till)).rowcount != 0
    said = [each for each in folded.verifier.faults() if each.journal]
    assert {each.journal for each in said} == {f"0412/03/{till.epoch}"}
    assert any(fault in each.fault for each in said), said


def test_what_carries_an_overdraft_is_in_the_digest_too(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    till.sale("a", [spend(5)], card=CARD)
    central.push(till.message())
    with central.database.write() as connection:
        connection.execute(update(accounts).values(redeems_offline=True))
    later(clock)
    assert fold(central) == 1
    assert central.verifier.faults() == []
    with central.database.write() as connection:
        carried = entries.c.source == risk_source(till.records[0].id)
        assert connection.execute(update(entries).where(carried).values(quantity=1)).rowcount == 2
    (said,) = [each.fault for each in central.verifier.faults() if each.journal]
    assert "not what they were" in said


def test_a_repeat_of_a_folded_record_is_said_to_be_folded_and_moves_nothing(
    folded: Central, till: Till
) -> None:
    before = held(folded)
    taken = folded.push(till.message()).taken
    assert (taken.stopped_by, taken.stopped_at, taken.received) == ("folded", 1, 5)
    assert taken.checkpoint is not None
    assert (taken.fresh, taken.repeats, taken.head) == (0, 0, till.records[-1].hash)
    assert held(folded) == before
    assert folded.reports.refused()["not_taken"] == []


def test_the_rest_of_a_message_waits_until_the_terminal_has_asked(
    folded: Central, till: Till
) -> None:
    till.sale("a", [earn(9)], card=CARD)
    taken = folded.push(till.message()).taken
    assert (taken.received, taken.fresh) == (5, 0)
    assert folded.push(till.message(taken.received + 1)).taken.fresh == 1
    assert balance(folded, "a") == 50 - 20 - 10 + 3 + 9


def test_of_folded_records_central_knows_the_ids_as_far_as_they_are_the_same(
    folded: Central, till: Till
) -> None:
    """So a till that was put back begins its next epoch after the last record that both have."""
    copy = Till(till.terminal, till.epoch, till.records[:3])
    copy.sale("a", [earn(1)], card=CARD)
    assert folded.push(till.message(2)).taken.same_upto == 5
    assert folded.push(copy.message(2)).taken.same_upto == 3
    assert folded.push(copy.message(4)).taken.same_upto == 0
    till.sale("a", [earn(1)], card=CARD)
    folded.push(till.message(6))
    copy.records[3:] = till.records[3:5]
    copy.sale("a", [earn(7)], card=CARD)
    assert folded.push(till.message()).taken.same_upto == 6
    assert folded.push(copy.message()).taken.same_upto == 5


def test_what_another_journal_never_had_is_not_said_to_be_folded(
    folded: Central, till: Till, clock: SteppingClock
) -> None:
    """An epoch that begins at 6 has no record 5, whatever the one before it had, and though its own are folded too."""
    begun = Till(till.terminal, records=till.records[:5])
    made = begun.sale("a", [earn(1)], card=CARD)
    first = replace(made, previous=GENESIS, hash=chain_hash(GENESIS, made.body))
    opening = message_of(begun, [WireRecord.of(first)])
    begins = {"begins_after": 5, "follows": till.epoch}
    assert folded.push(opening.model_copy(update=begins)).taken.received == 6
    later(clock)
    assert fold(folded) == 1
    sent = message_of(begun, [WireRecord.of(till.records[4])])
    assert folded.push(sent).taken.stopped_by == "record-differs"
    assert folded.push(opening).taken.stopped_by == "folded"


def test_the_same_sale_under_a_new_record_still_counts_once(folded: Central, till: Till) -> None:
    before = balance(folded, "a")
    again = Till(till.terminal)
    again.sale("a", [earn(50), visit()], card=CARD, sale_id="s-1")
    again.sale("a", [earn(51)], card=CARD, sale_id="s-3")
    folded.push(again.message())
    assert states(folded) == [(1, "duplicate", None), (2, "rejected", "sale-differs")]
    assert balance(folded, "a") == before


def test_a_journal_that_takes_folded_records_over_into_a_new_epoch_moves_nothing_twice(
    folded: Central, till: Till, clock: SteppingClock
) -> None:
    before = balance(folded, "a"), sums(folded)
    again = Till(till.terminal)
    for record in till.records:
        again.tell_again(record)
    folded.push(again.message())
    assert {state for _, state, _ in states(folded)} == {"duplicate"}
    assert (balance(folded, "a"), sums(folded)) == before
    # They are nothing that could be folded: what had the effect was another record.
    later(clock)
    assert fold(folded) == 0


OPEN: dict[str, Callable[[Till], object]] = {
    "parked": lambda till: till.give_back("f" * 32, []),
    "rejected": lambda till: till.sale("a", [earn(99)], sale_id="s-0"),
    "overdrawn": lambda till: till.sale("a", [spend(5)], sale_id="s-9"),
    "waiting": lambda till: till.sale(
        "a",
        [Entry(EntryKind.EARN, "points", 7, "base", 1, None, None, EXPIRES_ON.replace(year=2030))],
        sale_id="s-9",
    ),
    "case": lambda till: till.act(
        RecordKind.ANSWER, {"answer_id": "a-1", "question": "q", "value": 1, "case": True}
    ),
}


@pytest.mark.parametrize("what", OPEN)
def test_what_is_still_open_stays_as_it_came(
    central: Central, till: Till, clock: SteppingClock, what: str
) -> None:
    till.sale("a", card=CARD, sale_id="s-0")
    OPEN[what](till)
    till.sale("a", [earn(2)], card=CARD, sale_id="s-10")
    central.push(till.message())
    later(clock)
    assert fold(central) == 2
    assert here(central) == [2]
    assert central.verifier.faults() == []
    assert central.push(till.message(2, 2)).taken.repeats == 1
    with central.database.read() as connection:
        assert connection.scalar(select(attachments.c.record)) is None


def test_what_was_open_is_folded_once_it_is_settled(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    OPEN["case"](till)
    till.sale("a", card=CARD)
    central.push(till.message())
    later(clock)
    assert fold(central) == 1
    (before,) = central.checkpoints.page()
    (case,) = central.feedback.cases(closed=False)
    central.feedback.change(case["id"], CaseChange(note="called", close=True))
    assert fold(central) == 1
    (after,) = central.checkpoints.page()
    assert (after["position"], after["head"]) == (before["position"], before["head"])
    assert (before["count"], after["count"]) == (1, 2)
    assert before["digest"] != after["digest"]
    assert central.verifier.faults() == []


@pytest.mark.parametrize(
    ("back", "code"),
    [
        ([-40], None),
        ([-41], "over-reversal"),
        ([-25, -25], "over-reversal"),
    ],
)
def test_a_return_of_a_folded_sale_takes_no_more_than_is_left_of_it(
    folded: Central, till: Till, back: list[int], code: str | None
) -> None:
    sale, before = till.records[0], balance(folded, "a")
    for quantity in back:
        till.give_back(sale.id, [take_back(sale, -quantity)], "a", sale_id="s-1")
    folded.push(till.message(6))
    assert states(folded)[-1][2] == code
    taken = sum(back) if code is None else sum(back[:-1])
    assert balance(folded, "a") == before + taken
    assert sums(folded)[0] == sums(folded)[1]


def test_a_return_of_a_folded_sale_gives_back_what_was_spent_with_it_and_to_nobody_else(
    folded: Central, till: Till
) -> None:
    spent = till.records[2]
    till.give_back(spent.id, [give_again(spent, 20)], "b", sale_id="s-3")
    till.give_back(spent.id, [give_again(spent, 20)], "a", sale_id="s-3")
    till.give_back(spent.id, [give_again(spent, 1)], "a", sale_id="s-3")
    before = balance(folded, "a")
    folded.push(till.message(6))
    assert [code for _, _, code in states(folded)] == ["over-reversal", None, "over-reversal"]
    assert balance(folded, "a") == before + 20


def test_a_return_that_names_a_folded_sale_by_another_id_waits_for_it(
    folded: Central, till: Till
) -> None:
    sale = till.records[0]
    till.give_back(sale.id, [], "a", sale_id="s-unheard")
    till.give_back("f" * 32, [], "a", sale_id="s-1")
    folded.push(till.message(6))
    assert states(folded) == [
        (6, "parked", "awaiting-original"),
        (7, "parked", "awaiting-original"),
    ]


def test_a_return_at_a_till_that_does_not_know_the_sale_waits_for_somebody_where_it_was_folded(
    folded: Central, other_till: Till
) -> None:
    before = held(folded)
    other_till.give_back(None, sale_id="s-3")
    other_till.give_back(None, sale_id="s-unheard")
    folded.push(other_till.message(3))
    assert states(folded, "0412/04") == [
        (3, "parked", "original-folded"),
        (4, "parked", "awaiting-original"),
    ]
    assert held(folded)[:3] == before[:3]


def test_a_card_cannot_be_attached_to_a_sale_that_nobody_knows_any_more(
    folded: Central, till: Till
) -> None:
    names = {"sale_id": "s-2", "original": till.records[1].id}
    till.append(
        RecordKind.ATTACH,
        {
            "programme": None,
            "attach": names,
            "facts": {"account": "a", "standing": "known"},
            "basket": {},
            "entries": [],
        },
    )
    folded.push(till.message(6))
    assert states(folded) == [(6, "rejected", "original-folded")]


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from sync.central.central import Central
from sync.central.folding import Folding
from sync.central.settings import load_settings

central = Central(load_settings(Path(sys.argv[1])))
sign, signed = central.folding._sign, []

def killed(statement):
    signed.append(statement)
    if len(signed) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return sign(statement)

central.folding._sign = killed
central.folding.run(datetime.fromisoformat(sys.argv[2]))
"""


def test_a_kill_in_the_middle_leaves_everything_folded_or_as_it_was(tmp_path: Path) -> None:
    central = Central(settings_in(tmp_path), checks=OperatorsWord())
    central.terminals.add("0412", "03")
    till = Till()
    for number in range(2 * BATCH + 10):
        till.sale("a", [earn(1)] if number % 50 == 0 else [], card=CARD, amount=1)
    for first in range(1, len(till.records), BATCH):
        central.push(till.message(first, first + BATCH - 1))
    before = held(central)
    tomorrow = datetime.now(AT.tzinfo) + timedelta(days=1)
    command = [sys.executable, "-c", KILLED, str(config_in(tmp_path)), tomorrow.isoformat()]
    assert subprocess.run(command, check=False).returncode == -9
    assert here(central) == list(range(BATCH + 1, len(till.records) + 1))
    assert held(central) == before
    assert central.verifier.faults() == []
    assert central.folding.run(tomorrow) == BATCH + 10
    assert held(central) == before
    assert central.verifier.faults() == []
    assert central.checkpoints.page()[0]["position"] == len(till.records)
    central.close()


def test_it_is_done_with_the_daily_work_once_a_day(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    till.sale("a", [earn(5)], card=CARD)
    central.push(till.message())
    later(clock)
    assert central.folding.keep_up() == 1
    till.sale("a", [earn(5)], card=CARD)
    central.push(till.message(2))
    assert central.folding.keep_up() == 0
    later(clock)
    central.keep_up()
    assert here(central) == []


def test_the_commands_fold_list_and_verify(folded: Central, tmp_path: Path) -> None:
    config = str(config_in(tmp_path))
    done = run_command("checkpoints", "fold", "--config", config)
    assert done.stdout.startswith("0 records from before")
    listed = run_command("checkpoints", "list", "--config", config)
    assert listed.stdout.count("records folded, up to") == 2
    whole = run_command("verify", "--config", config)
    assert (whole.returncode, whole.stdout) == (0, "everything is whole and adds up\n")
    with folded.database.write() as connection:
        connection.execute(update(checkpoints).values(folded=3))
    broken = run_command("verify", "--config", config)
    assert broken.returncode == 1
    assert "not signed with central's key" in broken.stdout
