"""One bad record in the middle of good ones: it alone has no effect, whatever is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.record import GENESIS, canonical, chain_hash
from sync.central.central import Central
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
    "a NUL in the kind": (changed(kind="sa\0le"), "unknown-kind"),
    "a newer form": (changed(v=99), "unknown-kind"),
    "no time": (changed(at="yesterday"), "malformed"),
    "a time without a zone": (changed(at="2026-11-21T14:03:11"), "malformed"),
    "a time that is none in UTC": (changed(at="9999-12-31T23:59:59-14:00"), "malformed"),
    "no basket": (changed(basket=None), "malformed"),
    "lines that are none": (changed(basket={"lines": 7}), "malformed"),
    "facts of nobody": (changed(facts=None), "malformed"),
    "facts that are none": (changed(facts=[1]), "malformed"),
    "entries that are none": (changed(entries={"0": {}}), "malformed"),
    "a unit that nobody declared": (entry(unit="gems"), "not-as-programmed"),
    "a unit that is none": (entry(unit="\0"), "malformed"),
    "a negative quantity": (entry(quantity=-5), "not-as-programmed"),
    "a huge quantity": (entry(quantity=10**30), "malformed"),
    "a quantity that is none": (entry(quantity="5"), "malformed"),
    "half a point": (entry(quantity=2.5), "malformed"),
    "a kind of entry that is central's": (entry(kind="adjust"), "malformed"),
    "a kind of entry that nobody knows": (entry(kind="teleport"), "unknown-kind"),
    "a day that is none": (entry(expires_on="2026-02-30"), "malformed"),
    "a quantity of goods without an end": (
        inside('"quantity":"2"', '"quantity":"1e999999999"'),
        "malformed",
    ),
    "an amount without an end": (inside('"amount":558', f'"amount":{10**40}'), "malformed"),
    "no number": (inside('"amount":558', '"amount":NaN'), "malformed"),
    "a programme of nobody's": (changed(programme="f" * 64), "unknown-programme"),
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
