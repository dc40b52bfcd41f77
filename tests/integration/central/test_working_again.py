"""Central works every award out again from the record's own facts; what differs has no effect and is listed."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.members_file import Member
from edge_agent.domain.programme import acts
from edge_agent.domain.programme.consents import Consent
from edge_agent.domain.record import GENESIS, canonical, chain_hash
from edge_agent.till.redeem import Wish
from edge_agent.till.without_sale import Enrolling, Reported
from sync.central.central import Central
from sync.central.ledger import entries_of
from sync.central.mending import Repair
from sync.wire import MemberDelta, RecordsMessage, WireRecord
from tests.central import settings_in
from tests.integration.central.looking import balance, changes, states
from tests.support.one_of_everything import RULES, one_of_everything
from tests.tills import AT, JAN, KEY, Shop, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

SALE, NAMELESS, ATTACH, REDEMPTION, ACTION, ANSWER, MEMBER, PART, VOID, CONSENT = range(1, 11)

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A till that did one of everything."""
    shop = one_of_everything(tmp_path / "till")
    yield shop
    shop.close()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    """Central with the key that the till was enrolled with, which draws are made from."""
    settings = settings_in(tmp_path)
    settings.data.mkdir()
    (settings.data / "card-key").write_text(KEY.hex())
    central = Central(settings, lambda: AT)
    central.terminals.add("0412", "03")
    yield central
    central.close()


def forged(shop: Shop, seq: int = 0, change: Change = lambda _body: None) -> RecordsMessage:
    """The push of all records, of which one says something else, with a chain that is whole all the same."""
    previous, travelling = GENESIS, []
    for record in shop.ledger.records(0, 100):
        body = record.body
        if record.seq == seq:
            said = json.loads(body)
            change(said)
            body = canonical(said)
        made = replace(record, previous=previous, body=body, hash=chain_hash(previous, body))
        previous = made.hash
        travelling.append(WireRecord.of(made))
    return RecordsMessage(
        terminal=shop.ledger.terminal, epoch=shop.ledger.epoch, records=tuple(travelling)
    )


def outcomes(central: Central) -> dict[int, tuple[str | None, str | None]]:
    return {seq: (state, code) for seq, state, code in states(central)}


ACCEPTED = ("accepted", None)
UNLIKE = ("rejected", "not-as-programmed")


def test_what_a_till_worked_out_is_what_central_works_out(shop: Shop, central: Central) -> None:
    central.publish(RULES, "rules")
    kinds = [json.loads(record.body)["kind"] for record in shop.ledger.records(0, 100)]
    assert kinds == [
        "sale",
        "sale",
        "attach",
        "redemption",
        "action",
        "answer",
        "member",
        "return",
        "void",
        "consent",
    ]
    central.push(forged(shop))
    assert outcomes(central) == dict.fromkeys(range(1, 11), ACCEPTED)


def more_points(body: dict[str, Any]) -> None:
    body["entries"][0]["quantity"] += 1


def fewer_taken(body: dict[str, Any]) -> None:
    body["entries"][-1]["quantity"] += 1


def nothing_taken(body: dict[str, Any]) -> None:
    body["entries"] = []


def longer(body: dict[str, Any]) -> None:
    body["entries"][0]["expires_on"] = "2099-12-31"


def dearer(body: dict[str, Any]) -> None:
    body["basket"]["lines"][0]["amount"] *= 2


def elsewhere(body: dict[str, Any]) -> None:
    body["basket"]["store"] = "0999"


def other_notes(body: dict[str, Any]) -> None:
    body["notes"] = {"lucky": "drew 0000000000000000 of 2: ten"}


def won(body: dict[str, Any]) -> None:
    """A prize that was not drawn."""
    body["entries"].append({"kind": "earn", "unit": "points", "quantity": 10, "rule": "lucky"})


def charged_less(body: dict[str, Any]) -> None:
    body["redeemed"][0]["quantity"] -= 1


def another_reward(body: dict[str, Any]) -> None:
    body["redeemed"][0]["reward"] = "cake"


def another_unit(body: dict[str, Any]) -> None:
    body["redeemed"][0] |= {"unit": "stars", "quantity": 0}


def redemption_not_named(body: dict[str, Any]) -> None:
    body["redeemed"] = []


def another_redemption_named(body: dict[str, Any]) -> None:
    body["redeemed"].append({**body["redeemed"][0], "id": "R2"})


def redeemed_by_it(body: dict[str, Any]) -> None:
    body["redeemed"] = [
        {
            "id": "R9",
            "reward": "coffee",
            "authorised_by": "central",
            "unit": "points",
            "quantity": 50,
            "value": 100_000,
        }
    ]


def redeemed_without_rules(body: dict[str, Any]) -> None:
    redeemed_by_it(body)
    body |= {"programme": None, "entries": [], "notes": {}}


@pytest.mark.parametrize(
    ("seq", "change"),
    [
        *((seq, more_points) for seq in (SALE, ATTACH, ACTION, ANSWER, MEMBER, PART, VOID)),
        (SALE, longer),
        (SALE, dearer),
        (SALE, elsewhere),
        (SALE, other_notes),
        (SALE, won),
        (ATTACH, dearer),
        (REDEMPTION, fewer_taken),
        (REDEMPTION, nothing_taken),
        (REDEMPTION, charged_less),
        (REDEMPTION, another_reward),
        (REDEMPTION, another_unit),
        (REDEMPTION, redemption_not_named),
        (REDEMPTION, another_redemption_named),
        *((seq, redeemed_by_it) for seq in (SALE, NAMELESS, ATTACH, ACTION, ANSWER, MEMBER)),
        (CONSENT, redeemed_by_it),
        (SALE, redeemed_without_rules),
        (PART, nothing_taken),
        (VOID, fewer_taken),
    ],
)
def test_what_differs_is_rejected_and_has_no_effect(
    shop: Shop, central: Central, seq: int, change: Change
) -> None:
    central.publish(RULES, "rules")
    central.push(forged(shop, seq, change))
    assert outcomes(central)[seq] == UNLIKE
    with central.database.read() as connection:
        record = shop.ledger.records(seq - 1, 1)[0].id
        assert not list(entries_of(connection, record))
    others = {each for of, each in outcomes(central).items() if of != seq}
    # What goes by a record that was rejected has nothing to go by.
    waiting = {("parked", "original-rejected"), ("parked", "unknown-account")}
    assert others <= {ACCEPTED, *waiting} | ({UNLIKE} if seq == PART else set())


EURO_OFF = (
    RULES
    + """
[[reward]]
id = "euro-off"
title = "een euro korting"
cost = 50
off = { amount = 100 }
"""
)


@pytest.mark.parametrize("worth", [100, 99, 500, None])
def test_what_a_redemption_gave_in_money_is_what_it_took_off(
    tmp_path: Path, central: Central, worth: int | None
) -> None:
    """Head office's books go by it."""
    central.publish(EURO_OFF, "rules")
    (tmp_path / "till").mkdir()
    with closing(open_shop(tmp_path / "till")) as shop:
        shop.shelf.offer(EURO_OFF, "rules", AT)
        shop.confirm(jan())
        shop.till.reserve(Wish("R1", scanned(JAN), "euro-off"))
        shop.till.quote("q", sale("", milk(amount=700), redemptions=("R1",)))
        shop.till.sell(sale("S1", milk(amount=600), quote_id="q"))

        def said(body: dict[str, Any]) -> None:
            assert body["redeemed"][0]["value"] == 100
            body["redeemed"][0]["value"] = worth

        central.push(forged(shop, 1, said))
    assert outcomes(central)[1] == (ACCEPTED if worth == 100 else UNLIKE)
    assert sum(each["value"] for each in central.redeemed.sums()) == (100 if worth == 100 else 0)


@pytest.mark.parametrize("worth", [100, 500])
def test_what_a_pos_took_off_without_a_quote_is_believed_and_listed_where_it_differs(
    tmp_path: Path, central: Central, worth: int
) -> None:
    central.publish(EURO_OFF, "rules")
    (tmp_path / "till").mkdir()
    with closing(open_shop(tmp_path / "till")) as shop:
        shop.shelf.offer(EURO_OFF, "rules", AT)
        shop.confirm(jan())
        shop.till.reserve(Wish("R1", scanned(JAN), "euro-off"))
        shop.till.sell(sale("S1", milk(amount=600), redemptions=("R1",)))
        central.member_import.run(["card,member_id,points\n", f"{JAN},M1,118\n"])
        central.push(forged(shop, 1, lambda body: body["redeemed"][0].update(value=worth)))
    assert outcomes(central)[1] == ACCEPTED
    listed = {
        each["fact"]: (each["till"], each["central"]) for each in central.reports.differences()
    }
    assert listed.get("redeemed.R1.value") == (None if worth == 100 else ("500", "100"))


def test_a_card_is_attached_to_what_was_sold_and_to_nothing_dearer(
    shop: Shop, central: Central
) -> None:
    """The basket and what it earns agree with each other, but another basket was sold."""
    central.publish(RULES, "rules")

    def all_of_it(body: dict[str, Any]) -> None:
        body["basket"]["lines"][0]["amount"] = body["basket"]["total"]["amount"] = 700_000
        body["entries"][0]["quantity"] = 7_000

    central.push(forged(shop, ATTACH, all_of_it))
    assert outcomes(central)[ATTACH] == UNLIKE


IN_APP = (
    RULES
    + """
[[action]]
id = "check-in"
title = "ingecheckt"
gives = [{ unit = "points", quantity = 5 }]
when = { channels = ["app"] }
[[action]]
id = "welcome-app"
title = "welkom in de app"
happens = "enrolment"
gives = [{ unit = "points", quantity = 7 }]
when = { channels = ["app"] }
"""
)


@pytest.mark.parametrize("said", ["app", "web", None])
@pytest.mark.parametrize("kind", ["action", "member"])
def test_what_was_done_in_the_app_is_worked_out_as_there(
    tmp_path: Path, central: Central, kind: str, said: str | None
) -> None:
    central.publish(IN_APP, "rules")
    central.member_import.run(["card,member_id,points\n", f"{JAN},M1,118\n"])

    def done_there(body: dict[str, Any]) -> None:
        assert body[kind].pop("channel") == "app"
        body[kind] |= {} if said is None else {"channel": said}

    (tmp_path / "till").mkdir()
    with closing(open_shop(tmp_path / "till")) as shop:
        shop.shelf.offer(IN_APP, "rules", AT)
        shop.confirm(jan())
        if kind == "action":
            shop.till.report(Reported("A1", scanned(JAN), "check-in", channel="app"))
        else:
            terms = (Consent("terms", "7"),)
            shop.till.enrol(Enrolling("M1", None, {}, terms, channel="app"))
        central.push(forged(shop, 1, done_there))
    assert outcomes(central)[1] == (ACCEPTED if said == "app" else UNLIKE)


def test_a_return_counts_from_the_earlier_ones_that_it_names(shop: Shop, central: Central) -> None:
    central.publish(RULES, "rules")
    central.push(forged(shop, VOID, lambda body: body["void"].pop("after")))
    assert outcomes(central)[VOID] == UNLIKE


def test_without_the_programme_records_wait_until_it_is_published(
    shop: Shop, central: Central
) -> None:
    central.push(forged(shop))
    waits = ("parked", "unknown-programme")
    later = ("parked", "awaiting-original")
    assert outcomes(central) == {
        **dict.fromkeys((SALE, NAMELESS, ATTACH, REDEMPTION, ACTION, ANSWER, MEMBER), waits),
        **dict.fromkeys((PART, VOID), later),
        CONSENT: ACCEPTED,
    }
    central.publish(RULES, "rules")
    assert outcomes(central) == dict.fromkeys(range(1, 11), ACCEPTED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", "1e999999999"),
        ("quantity", "NaN"),
        ("quantity", 2),
        ("amount", "12"),
        ("amount", 10**40),
        ("amount", True),
        ("line", None),
        ("categories", {}),
    ],
)
def test_facts_of_a_wrong_form_are_rejected_before_the_rules_see_them(
    shop: Shop, central: Central, name: str, value: Any
) -> None:
    central.publish(RULES, "rules")

    def worse(body: dict[str, Any]) -> None:
        body["basket"]["lines"][0][name] = value

    central.push(forged(shop, SALE, worse))
    assert outcomes(central)[SALE] == ("rejected", "malformed")
    assert outcomes(central)[NAMELESS] == ACCEPTED


def test_where_the_rules_of_central_fail_the_record_waits_for_a_better_version(
    shop: Shop, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    central.publish(RULES, "rules")

    def fail(*_arguments: Any, **_more: Any) -> None:
        raise OverflowError

    with monkeypatch.context() as patched:
        patched.setattr(acts, "work_through", fail)
        central.push(forged(shop))
    assert outcomes(central)[ACTION] == ("parked", "not-worked-out")
    assert outcomes(central)[VOID] == ACCEPTED
    central.catch_up()
    assert outcomes(central) == dict.fromkeys(range(1, 11), ACCEPTED)


@pytest.mark.parametrize("seq", [SALE, ATTACH, REDEMPTION, ACTION, ANSWER, MEMBER, PART, VOID])
def test_what_the_rules_failed_on_at_the_till_waits_for_somebody_and_is_posted_as_they_say(
    shop: Shop, central: Central, seq: int
) -> None:
    central.publish(RULES, "rules")

    def bare(body: dict[str, Any]) -> None:
        body |= {"entries": [], "not_worked_out": "KeyError"}

    message = forged(shop, seq, bare)
    central.push(message)
    assert outcomes(central)[seq] == ("parked", "not-worked-out")
    central.catch_up()
    assert outcomes(central)[seq] == ("parked", "not-worked-out")
    repair = Repair(repair_id="desk-1", reason="looked at", changes={"not_worked_out": None})
    done = central.mending.repair(message.records[seq - 1].id, repair)
    assert (done["state"], outcomes(central)[seq]) == ("accepted", ("rejected", "repaired"))


CAPPED = (
    HEAD.replace("version = 1", "version = 9")
    + BASE
    + """
[[cap]]
id = "daily"
most = 100
per = "day"
why = "hoogstens 100 punten per dag"
"""
)


def at_the_limit(folder: Path, central: Central, member: MemberDelta, till: str) -> None:
    """A till that knows the member and no other till sells twice for 80 points, of which 100 are let through."""
    folder.mkdir()
    with closing(open_shop(folder, till=till)) as shop:
        shop.shelf.offer(CAPPED, "rules", AT)
        shop.confirm(Member(member.ref, cards=(bytes.fromhex(member.cards[0]),)))
        for sale_id in ("S1", "S2"):
            shop.till.sell(sale(sale_id, milk(amount=8_000)))
        central.push(forged(shop))


def test_two_tills_that_did_not_know_of_each_other_are_believed_and_listed(
    tmp_path: Path, central: Central
) -> None:
    """Each gave what a cap lets through once; the receipts have promised it."""
    central.publish(CAPPED, "rules")
    central.terminals.add("0412", "04")
    central.member_import.run(["card,member_id\n", f"{JAN},M1\n"])
    (member,) = [each for each in changes(central).members if each.cards]
    at_the_limit(tmp_path / "03", central, member, "03")
    assert central.reports.differences() == []
    at_the_limit(tmp_path / "04", central, member, "04")
    assert outcomes(central) == {1: ACCEPTED, 2: ACCEPTED}
    assert states(central, "0412/04") == [(1, *ACCEPTED), (2, *ACCEPTED)]
    assert balance(central, "M1") == 200
    found = central.reports.differences()
    assert {each["terminal"] for each in found} == {"0412/04"}
    (counted,) = {each["fact"] for each in found}
    assert "daily" in counted
    assert {(each["till"], each["central"]) for each in found} == {("", "100"), ("80", "180")}
