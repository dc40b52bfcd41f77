"""What has no effect is looked into, repaired by a new record, or given up with a reason."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from edge_agent.domain.record import GENESIS, RecordKind, chain_hash
from sync.central.central import Central
from sync.central.mending import GivingUp, Repair
from sync.central.problems import Problem
from sync.central.tables import records
from sync.central.terminals import OWN_TERMINAL
from sync.wire import RecordState, WireRecord
from tests.central import Running, Till, earn, message_of, run_command, take_back
from tests.integration.central.looking import balance, changes, everything, states

CARD = "2912345678906"
REASON = "the receipt has promised it"


def member(central: Central, points: int = 0) -> None:
    central.member_import.run(["card,member_id,points\n", f"{CARD},M1,{points}\n"])


def repaired(
    central: Central, record: str, repair_id: str = "fix-1", **more: Any
) -> dict[str, Any]:
    return central.mending.repair(record, Repair(repair_id=repair_id, reason=REASON, **more))


def refusal(call: Any, *arguments: Any, **more: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        call(*arguments, **more)
    return caught.value.status, caught.value.code


def test_a_record_of_an_unknown_account_is_posted_for_the_member_that_somebody_names(
    central: Central, till: Till
) -> None:
    member(central, 10)
    sale = till.sale("ref-lost", [earn(5)])
    back = till.give_back(sale.id, [take_back(sale, 2)], "ref-lost")
    central.push(till.message())
    assert states(central) == [
        (1, "parked", "unknown-account"),
        (2, "parked", "awaiting-original"),
    ]
    after = changes(central, 0, till.epoch).next
    done = repaired(central, sale.id, member="M1")
    assert (done["is_new"], done["state"]) == (True, "accepted")
    assert balance(central, "M1") == 10 + 5 - 2
    assert states(central) == [(1, "rejected", "repaired"), (2, "accepted", None)]
    told = {
        each.seq: (each.state, each.code) for each in changes(central, after, till.epoch).states
    }
    assert told == {1: (RecordState.REJECTED, "repaired"), 2: (RecordState.ACCEPTED, None)}
    shown = central.reports.record(sale.id)
    assert shown["goes_by"] == done["repaired_by"]
    assert shown["decided"]["was"] == {"state": "parked", "code": "unknown-account"}
    assert shown["body"]["sale"]["sale_id"] == json.loads(sale.body)["sale"]["sale_id"]
    repair = central.reports.record(done["repaired_by"])
    assert repair["terminal"] == OWN_TERMINAL
    assert repair["body"]["repairs"]["record"] == sale.id
    assert [(each["unit"], each["quantity"]) for each in repair["entries"]] == [("points", 5)]
    assert central.reports.record(back.id)["decided"] is None
    assert central.reports.refused()["records"] == []


def test_a_return_elsewhere_settles_when_its_sale_was_repaired(
    central: Central, till: Till, other_till: Till
) -> None:
    member(central)
    sale = till.sale("ref-lost", [earn(5)], sale_id="s-1")
    other_till.give_back(None, sale_id="s-1")
    for each in (till, other_till):
        central.push(each.message())
    assert states(central, "0412/04") == [(1, "parked", "awaiting-original")]
    repaired(central, sale.id, member="M1")
    assert states(central, "0412/04") == [(1, "accepted", None)]


def test_the_same_repair_again_has_no_further_effect(central: Central, till: Till) -> None:
    member(central)
    sale = till.sale("ref-lost", [earn(5)])
    central.push(till.message())
    first = repaired(central, sale.id, member="M1")
    before = everything(central)
    assert repaired(central, sale.id, member="M1") == first | {"is_new": False}
    assert refusal(repaired, central, sale.id, member="M1", changes={"entries": []}) == (
        409,
        "repair-differs",
    )
    assert refusal(repaired, central, sale.id, "fix-2", member="M1") == (409, "repaired")
    assert everything(central) == before


def test_what_cannot_be_posted_like_this_either_is_refused_and_nothing_is_changed(
    central: Central, till: Till
) -> None:
    member(central)
    sale = till.sale("ref-lost", [earn(5)])
    fine = till.sale("ref-1", [earn(5)], card=CARD)
    central.push(till.message())
    before = everything(central)
    assert refusal(repaired, central, sale.id) == (422, "unknown-account")
    wrong = {"entries": [{"kind": "earn", "unit": "points", "quantity": "many", "rule": ""}]}
    assert refusal(repaired, central, sale.id, changes=wrong) == (422, "malformed")
    assert refusal(repaired, central, sale.id, changes={"seq": 9}) == (422, "invalid")
    assert refusal(repaired, central, fine.id) == (409, "not-refused")
    assert refusal(repaired, central, "f" * 32) == (404, "not-found")
    pan = {"note": "4111111111111111"}
    assert refusal(repaired, central, sale.id, changes=pan) == (422, "payment-card")
    assert everything(central) == before


def test_what_cannot_be_read_at_all_is_written_anew(central: Central, till: Till) -> None:
    member(central)
    good = till.sale("ref-1", [earn(5)])
    body = b"\xc3\xa9 is no JSON"
    bad = replace(good, body=body, hash=chain_hash(GENESIS, body))
    central.push(message_of(till, [WireRecord.of(bad)]))
    assert states(central) == [(1, "rejected", "malformed")]
    assert central.reports.record(good.id)["body"] == body.decode()
    envelope = {"v", "id", "terminal", "epoch", "seq"}
    facts = {name: fact for name, fact in json.loads(good.body).items() if name not in envelope}
    assert repaired(central, good.id, member="M1", changes=facts)["state"] == "accepted"
    assert balance(central, "M1") == 5


def test_a_sale_that_was_repaired_and_comes_again_counts_once(central: Central, till: Till) -> None:
    member(central)
    sale = till.sale("ref-lost", [earn(5)], sale_id="s-1")
    central.push(till.message())
    repaired(central, sale.id, member="M1")
    anew = Till(till.terminal)
    anew.sale("ref-anew", [earn(5)], card=CARD, sale_id="s-1")
    central.push(anew.message())
    assert states(central)[-1] == (1, "duplicate", None)
    assert balance(central, "M1") == 5


def test_repairs_are_a_chain_of_their_own(central: Central, till: Till) -> None:
    member(central)
    sales = [till.sale(f"ref-{n}", [earn(5)]) for n in range(3)]
    central.push(till.message())
    for number, sale in enumerate(sales):
        repaired(central, sale.id, f"fix-{number}", member="M1")
    assert balance(central, "M1") == 15
    with central.database.read() as connection:
        chain = connection.execute(
            select(records).where(records.c.terminal == OWN_TERMINAL).order_by(records.c.seq)
        ).all()
    previous = GENESIS
    for number, link in enumerate(chain, 1):
        assert (link.seq, link.previous) == (number, previous)
        previous = chain_hash(previous, link.body)
        assert link.hash == previous
    assert [each["terminal"] for each in central.terminals.list()] == ["0412/03", "0412/04"]


def test_what_is_given_up_stays_without_effect_and_the_till_hears_of_it(
    central: Central, till: Till
) -> None:
    back = till.give_back(None)
    central.push(till.message())
    after = changes(central, 0, till.epoch).next
    done = central.mending.give_up(back.id, GivingUp(reason="no such sale"))
    assert done == {"record": back.id, "state": "rejected", "code": "given-up"}
    assert central.mending.give_up(back.id, GivingUp(reason="again")) == done
    (told,) = changes(central, after, till.epoch).states
    assert (told.seq, told.state, told.code) == (1, RecordState.REJECTED, "given-up")
    assert central.reports.record(back.id)["decided"]["reason"] == "no such sale"
    assert central.reports.refused()["records"] == []
    assert refusal(repaired, central, back.id) == (409, "given-up")
    central.catch_up()
    assert states(central) == [(1, "rejected", "given-up")]


def test_a_record_under_another_ones_id_is_named_by_its_row(
    central: Central, till: Till, other_till: Till
) -> None:
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    other_till.sale("ref-2", [earn(7)], card=CARD)
    taken = replace(other_till.records[0], id=sale.id)
    central.push(till.message())
    central.push(message_of(other_till, [WireRecord.of(taken)]))
    (listed,) = central.reports.refused()["records"]
    assert listed["code"] == "id-taken"
    repaired(central, str(listed["row"]))
    assert balance(central, "ref-1") == 12


def test_all_of_it_over_http_and_by_command(running: Running) -> None:
    running.admin("POST", "/members/import", data=f"card,member_id\n{CARD},M1\n".encode())
    wire = running.enrol("0412", "77")
    till = Till(wire.terminal)
    sale = till.sale("ref-lost", [earn(5)])
    back = till.give_back(None)
    wire.push(till.message())
    config = ("--config", str(running.config), "--json")
    listed = run_command(
        "records", "list", "--terminal", till.terminal, "--state", "parked", *config
    )
    assert [each["id"] for each in json.loads(listed.stdout)["records"]] == [sale.id, back.id]
    assert json.loads(run_command("records", "show", sale.id, *config).stdout)["seq"] == 1
    fix = {"repair_id": "http-1", "reason": REASON, "member": "M1"}
    done = running.admin("POST", f"/records/{sale.id}/repair", json=fix)
    assert (done.status_code, done.json()["state"]) == (201, "accepted")
    assert running.admin("POST", f"/records/{sale.id}/repair", json=fix).status_code == 200
    bad = running.admin("POST", f"/records/{sale.id}/repair", json={"repair_id": "?", "x": 1})
    assert {each["path"] for each in bad.json()["errors"]} == {"repair_id", "reason", "x"}
    given_up = run_command("records", "give-up", back.id, "--reason", "a mistake", *config)
    assert json.loads(given_up.stdout)["code"] == "given-up"
    assert run_command("records", "give-up", "f" * 32, "--reason", "-", *config).returncode == 1
    shown = running.admin("GET", f"/records/{back.id}").json()
    assert (shown["kind"], shown["decided"]["how"]) == (RecordKind.RETURN.value, "given-up")
