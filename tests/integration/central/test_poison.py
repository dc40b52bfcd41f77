"""One bad record in the middle of good ones: it alone has no effect, whatever is wrong with it."""

import json
import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from pysqlite3 import dbapi2
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from edge_agent.domain.record import GENESIS, RecordKind, canonical, chain_hash
from sync.central.bodies import ACCOUNTS_MAX, Act
from sync.central.central import Central
from sync.central.database import PARAMETERS_MAX, try_later
from sync.central.differing import Difference, Known
from sync.central.mending import GivingUp, OperatorsWord, Repair
from sync.central.problems import Problem
from sync.central.serve import Server
from sync.wire import RecordsMessage, WireRecord
from tests.central import AT, STARTER, Till, earn, message_of, settings_in
from tests.integration.central.looking import balance, everything, states

CARD = "2912345678906"
BAD = 4
"""The number of the bad one, of seven."""


@pytest.fixture
def central(database: str, tmp_path: Path) -> Iterator[Central]:
    """A central that works everything out again."""
    central = Central(settings_in(tmp_path), lambda: AT)
    central.terminals.add("0412", "03")
    central.publish(STARTER, "starter")
    yield central
    central.close()


def changed(**facts: Any) -> Any:
    return lambda body: canonical(json.loads(body) | facts)


def entry(**facts: Any) -> Any:
    def change(body: bytes) -> bytes:
        said = json.loads(body)
        said["entries"][0] |= facts
        return canonical(said)

    return change


def fact(**facts: Any) -> Any:
    def change(body: bytes) -> bytes:
        said = json.loads(body)
        said["facts"] |= facts
        return canonical(said)

    return change


def entries_of_many(body: bytes) -> bytes:
    said = json.loads(body)
    others = [{"account": f"ref-{number}"} for number in range(ACCOUNTS_MAX)]
    said["entries"] += [said["entries"][0] | other for other in others]
    return canonical(said)


def raw(text: str) -> Any:
    return lambda _body: text.encode()


def inside(old: str, new: str) -> Any:
    return lambda body: body.replace(old.encode(), new.encode(), 1)


POISON = {
    "nothing": (raw(""), "malformed"),
    "no JSON": (raw("{"), "malformed"),
    "a number": (raw("7"), "malformed"),
    "a list": (raw("[]"), "malformed"),
    "a text with a NUL": (raw('"\\u0000"'), "malformed"),
    "too deep": (raw("[" * 100_000), "malformed"),
    "a number without an end": (raw('{"v":' + "9" * 5_000 + "}"), "malformed"),
    "another envelope": (changed(seq=99), "envelope"),
    "an unknown kind": (changed(kind="lottery"), "unknown-kind"),
    "a kind that is no text": (changed(kind=["sale"]), "malformed"),
    "a NUL in the kind": (changed(kind="sa\0le"), "malformed"),
    "half a character for a kind": (raw('{"kind":"\\ud800"}'), "malformed"),
    "half a character in a kind": (inside('"kind":"sale"', '"kind":"sale\\udfff"'), "malformed"),
    "a kind that moves the cursor": (changed(kind="\x1b[2J"), "unknown-kind"),
    "a newer form": (changed(v=99), "unknown-kind"),
    "no time": (changed(at="yesterday"), "malformed"),
    "a time without a zone": (changed(at="2026-11-21T14:03:11"), "malformed"),
    "a time before there is any": (changed(at="0001-01-01T00:00:00+14:00"), "malformed"),
    "a time after the last": (changed(at="9999-12-31T23:59:59-14:00"), "malformed"),
    "no basket": (changed(basket=None), "malformed"),
    "lines that are none": (changed(basket={"lines": 7}), "malformed"),
    "facts of nobody": (changed(facts=None), "malformed"),
    "facts that are none": (changed(facts=[1]), "malformed"),
    "a NUL in an attribute": (fact(attributes={"city": "Utr\0echt"}), "malformed"),
    "a NUL in an attribute's name": (fact(attributes={"ci\0ty": "Utrecht"}), "malformed"),
    "entries that are none": (changed(entries={"0": {}}), "malformed"),
    "a unit that nobody declared": (entry(unit="gems"), "not-as-programmed"),
    "a unit that is none": (entry(unit="\0"), "malformed"),
    "a negative quantity": (entry(quantity=-5), "not-as-programmed"),
    "a huge quantity": (entry(quantity=10**30), "malformed"),
    "a quantity that is none": (entry(quantity="5"), "malformed"),
    "half a point": (entry(quantity=2.5), "malformed"),
    "a kind of entry that is central's": (entry(kind="adjust"), "malformed"),
    "a kind of entry that nobody knows": (entry(kind="teleport"), "unknown-kind"),
    "a kind of entry that is a list": (entry(kind=["earn"]), "malformed"),
    "a kind of entry that is an object": (entry(kind={}), "malformed"),
    "more accounts than anybody's": (entries_of_many, "malformed"),
    "a day that is none": (entry(expires_on="2026-02-30"), "malformed"),
    "a quantity of goods without an end": (
        inside('"quantity":"2"', '"quantity":"1e999999999"'),
        "malformed",
    ),
    "an amount without an end": (inside('"amount":558', f'"amount":{10**40}'), "malformed"),
    "no number": (inside('"amount":558', '"amount":NaN'), "malformed"),
    "a programme of nobody's": (changed(programme="f" * 64), "unknown-programme"),
    "a NUL for a programme": (changed(programme="\0"), "malformed"),
    "no programme": (changed(programme=None), "unknown-programme"),
}


def seven(till: Till, poison: Any) -> RecordsMessage:
    """Seven sales of one chain, of which the fourth says something else."""
    sent, previous = [], GENESIS
    for number in range(1, 8):
        record = till.sale("ref-1", [earn(5)], card=CARD, sale_id=f"s-{number}")
        body = poison(record.body) if number == BAD else record.body
        made = replace(record, previous=previous, body=body, hash=chain_hash(previous, body))
        previous = made.hash
        sent.append(WireRecord.of(made))
    return message_of(till, sent)


@pytest.mark.parametrize("name", POISON)
def test_it_holds_up_nobody(central: Central, till: Till, name: str) -> None:
    poison, code = POISON[name]
    message = seven(till, poison)
    taken = central.push(message).taken
    assert (taken.received, taken.fresh) == (7, 7)
    found = states(central)
    assert [(seq, state) for seq, state, _ in found if seq != BAD] == [
        (seq, "accepted") for seq in (1, 2, 3, 5, 6, 7)
    ]
    ((_, state, why),) = [each for each in found if each[0] == BAD]
    assert (state in {"rejected", "parked"}, why) == (True, code)
    assert balance(central, "ref-1") == 30
    (listed,) = central.reports.refused()["records"]
    assert central.reports.record(str(listed["row"]))["code"] == code
    before = everything(central)
    central.push(message)
    central.catch_up()
    assert everything(central) == before


def test_a_kind_that_cannot_be_written_is_shown_and_given_up(central: Central, till: Till) -> None:
    central.push(seven(till, raw('{"kind":"\\ud800"}')))
    (listed,) = central.reports.refused()["records"]
    assert listed["kind"] is None
    assert central.reports.record(str(listed["row"]))["body"] == '{"kind":"\\ud800"}'
    with pytest.raises(Problem) as refused:
        central.mending.repair(str(listed["row"]), Repair(repair_id="r-1", reason="to see"))
    assert (refused.value.status, refused.value.code) == (422, "malformed")
    given_up = central.mending.give_up(str(listed["row"]), GivingUp(reason="made by hand"))
    assert (given_up["state"], given_up["code"]) == ("rejected", "given-up")


def test_what_is_laid_aside_of_a_terminal_can_be_given_up_whatever_it_says(
    central: Central, till: Till
) -> None:
    central.terminals.revoke("0412", "03")
    central.push(seven(till, raw('{"kind":"\\ud800"}')), ended=True)
    done = central.mending.give_up_terminal("0412", "03", GivingUp(reason="stolen"))
    assert done["given_up"] == 7
    assert {(state, code) for _, state, code in states(central)} == {("rejected", "given-up")}


def test_a_number_that_no_database_keeps_is_no_answer(central: Central, till: Till) -> None:
    named = {"answer_id": "a-1", "question": "nps", "value": 2**63}
    till.act(RecordKind.ANSWER, named)
    central.push(till.message())
    assert states(central) == [(1, "rejected", "malformed")]


def test_a_fact_with_a_name_without_end_is_listed_like_any_other(
    central: Central, till: Till, other_till: Till
) -> None:
    central.terminals.add("0412", "04")
    other_till.sale("ref-1", [earn(5)], card=CARD)
    central.push(other_till.message())
    central.push(seven(till, fact(attributes={"n" * 170: "Utrecht"})))
    assert {found[1:] for found in states(central)} == {("accepted", None)}
    listed = {each["fact"]: each["till"] for each in central.reports.differences()}
    assert listed[f"attributes.{'n' * 170}"[:160]] == "Utrecht"


class FailsAt(OperatorsWord):
    """Checks that ask the database for what is not there, at one sale: nobody foresaw it, and on PostgreSQL the
    transaction answers nothing more. `when` says in which of them."""

    def __init__(self, when: str, sale_id: str = "s-4") -> None:
        super().__init__()
        self._when = when
        self._sale_id = sale_id

    def award(self, connection: Connection, terminal: str, act: Act) -> None:
        super().award(connection, terminal, act)
        self._fail(connection, act, "award")

    def differences(self, connection: Connection, act: Act, known: Known) -> Sequence[Difference]:
        self._fail(connection, act, "differences")
        return super().differences(connection, act, known)

    def _fail(self, connection: Connection, act: Act, when: str) -> None:
        if when == self._when and act.act_id == self._sale_id:
            connection.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("when", ["award", "differences"])
@pytest.mark.parametrize("waits", ["pushed", "left over", "laid aside"])
def test_what_nobody_foresaw_is_of_its_record_alone(
    database: str, tmp_path: Path, till: Till, other_till: Till, when: str, waits: str
) -> None:
    central = Central(settings_in(tmp_path), lambda: AT, FailsAt(when))
    for number in ("03", "04"):
        central.terminals.add("0412", number)
    other_till.sale("ref-1", [earn(5)], card=CARD)  # what is new has nothing that may differ
    central.push(other_till.message())
    message = seven(till, lambda body: body)
    if waits == "pushed":
        central.push(message)
    elif waits == "laid aside":
        central.terminals.revoke("0412", "03")
        central.push(message, ended=True)
        central.release("0412", "03")
    else:
        central.intake.take(message)
    other_till.sale("ref-2", [earn(5)], card="2912345678913")
    central.intake.take(other_till.message())
    with Server(settings_in(tmp_path), central):
        good = ("accepted", None)
        assert [found[1:] for found in states(central)] == [
            ("parked", "internal") if seq == BAD else good for seq in range(1, 8)
        ]
        assert states(central, "0412/04") == [(1, *good), (2, *good)]
        (listed,) = central.reports.refused()["records"]
        central.mending.give_up(str(listed["row"]), GivingUp(reason="nobody can post it"))


class Tired(Central):
    """A central whose hourly work fails."""

    def keep_up(self) -> None:
        self.kept_up = True
        raise RuntimeError("nobody foresaw this")

    def catch_up(self) -> None:
        self.keep_up()


def test_the_hourly_work_goes_on_after_what_nobody_foresaw(database: str, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Server(settings_in(tmp_path), tired := Tired(settings_in(tmp_path), lambda: AT)):
        (house,) = {each for each in threading.enumerate() if each.name == "house"} - before
        house.join(0.5)
        assert (tired.kept_up, house.is_alive()) == (True, True)


def test_accounts_without_number_stop_neither_their_journal_nor_another(
    central: Central, till: Till, other_till: Till
) -> None:
    central.terminals.add("0412", "04")
    for number in range(70):
        named = [{"account": f"{number}.{other}"} for other in range(ACCOUNTS_MAX)]
        made = [earn(1).to_json() | {"lot": None, "line": None} | each for each in named]
        till.append(
            RecordKind.SALE,
            {
                "programme": None,
                "sale": {"sale_id": f"p-{number}"},
                "facts": None,
                "basket": {},
                "entries": [{k: v for k, v in each.items() if v is not None} for each in made],
            },
        )
    central.push(till.message())
    assert {found[1:] for found in states(central)} == {("parked", "unknown-programme")}
    other_till.sale("ref-1", [earn(5)], card=CARD)
    central.push(other_till.message())
    assert states(central, "0412/04") == [(1, "accepted", None)]


def test_more_accounts_than_a_statement_has_room_for_are_held(central: Central) -> None:
    refs = [f"ref-{number}" for number in range(PARAMETERS_MAX + 1)]
    with central.database.write() as connection:
        for ref in refs:
            central.accounts.settle_ref(connection, ref, f"card-{ref}", "")
        assert set(central.accounts.hold(connection, refs)) == set(refs)


def test_a_statement_that_is_too_long_is_not_taken_for_a_busy_database(central: Central) -> None:
    with central.database.read() as connection:
        mark, many = ("?", 250_001) if connection.dialect.name == "sqlite" else ("%s", 65_536)
        with pytest.raises(DBAPIError) as failed:
            connection.exec_driver_sql(f"SELECT {','.join([mark] * many)}", tuple(range(many)))
    assert isinstance(failed.value, OperationalError)
    assert not try_later(failed.value)


@pytest.mark.not_on_postgresql
def test_a_database_that_another_process_writes_to_is_busy(
    central: Central, tmp_path: Path
) -> None:
    other = dbapi2.connect(tmp_path / "central.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with central.database.read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
        with pytest.raises(DBAPIError) as failed:
            connection.execute(text("UPDATE counters SET value = value"))
    other.close()
    assert try_later(failed.value)


@pytest.mark.not_on_sqlite
def test_a_lock_that_does_not_come_is_for_later(central: Central) -> None:
    lock = text("SELECT name FROM counters FOR UPDATE")
    with central.database.write() as holder:
        holder.execute(lock)
        with central.database.write() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(DBAPIError) as failed:
                connection.execute(lock)
    assert try_later(failed.value)


def test_no_log_says_what_a_statement_was_about(central: Central) -> None:
    secret = "Utrecht-secret"
    with structlog.testing.capture_logs() as logs:
        log = structlog.get_logger()
        for query in (
            "SELECT nothing FROM nowhere WHERE city = :secret",
            "INSERT INTO counters (name) VALUES (:secret)",  # PostgreSQL shows the row that it refuses
        ):
            try:
                with central.database.write() as connection:
                    connection.execute(text(query), {"secret": secret})
            except DBAPIError as error:
                log.warning("failed", why="".join(traceback.format_exception(error)))
    assert [each["event"] for each in logs] == ["failed", "failed"]
    assert secret not in str(logs)
    assert "nowhere" in str(logs[0])
