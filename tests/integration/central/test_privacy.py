"""What is kept of a member can be had, and taken away, and the books still add up."""

import re
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy import Connection, insert, select

from edge_agent.domain.member import Standing
from edge_agent.domain.record import RecordKind, chain_hash
from sync.central import privacy
from sync.central.batch import RECEIVED, Received
from sync.central.by_hand import Adjustment
from sync.central.central import Central
from sync.central.differing import Difference
from sync.central.feedback import CaseChange
from sync.central.members import CardReplacement, StandingChange
from sync.central.mending import GivingUp, Repair
from sync.central.problems import Problem
from sync.central.tables import accounts, attachments, cards, consents, former_cards, records
from tests.central import Till, earn, running_central, settings_in, take_back
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import (
    balance,
    changes,
    kept,
    kept_meanwhile,
    member_with_card,
    member_with_tombstone,
    states,
    sums,
)
from tests.integration.central.test_members_files import manifest_of

CARD = "2912345678906"
OTHER_CARD = "2912345678913"
SAID = {
    "display_name": "Anneke Jansen",
    "email": "anneke@example.nl",
    "phone": "+31612345678",
    "birthday": "1988-02-29",
    "city": "Arnhem",
}
WRITTEN = "Te lang gewacht bij de kassa"


@pytest.fixture
def member(central: Central, till: Till) -> Central:
    """A member who enrolled, bought and complained."""
    card = {"card": {"code": CARD, "entry": "scanned"}}
    consent = {"purpose": "offers", "version": "2026-01"}
    names = {"member_id": "P1", "consents": [consent]}
    till.act(RecordKind.MEMBER, names, "ref-1", (), card | {"profile": SAID})
    till.sale("ref-1", [earn(5)], card=CARD)
    answer = {"answer_id": "a-1", "question": "recommend", "value": 2, "case": True}
    till.act(RecordKind.ANSWER, answer, "ref-1", (), card | {"text": WRITTEN})
    central.push(till.message())
    case = central.feedback.cases()[0]["id"]
    central.feedback.change(case, CaseChange(note="Anneke teruggebeld"))
    return central


def test_everything_that_is_kept_of_a_member_can_be_had(member: Central) -> None:
    kept = member.privacy.export("P1")
    (profile,) = kept["profiles"]
    assert {profile["display_name"], profile["email"], profile["birthday"]} <= set(SAID.values())
    assert [each["code"] for each in kept["cards"]] == [CARD]
    assert [(each["purpose"], each["version"]) for each in kept["consents"]] == [
        ("offers", "2026-01")
    ]
    assert [each["quantity"] for each in kept["entries"]] == [5]
    assert [each["text"] for each in kept["answers"]] == [WRITTEN]
    assert [each["personal"]["card"]["code"] for each in kept["records"]] == [CARD] * 3
    assert kept["records"][1]["body"]["kind"] == "sale"


def personal(central: Central) -> list[bytes]:
    """What says who the member is."""
    key = central.accounts.card_key(CARD)
    said = (*SAID.values(), CARD, WRITTEN, "teruggebeld", key)
    return [each.encode() for each in said] + [bytes.fromhex(key)]


def test_when_erasing_is_done_nothing_that_says_who_somebody_is_is_left(
    member: Central, tmp_path: Path
) -> None:
    """In a central that goes on running: its log and the members files that it has built are searched too."""
    member.members_files.build()
    there = kept_meanwhile(member, tmp_path)
    assert all(said in there for said in (b"Anneke Jansen", CARD.encode(), WRITTEN.encode()))
    member.privacy.erase("P1")
    left = kept_meanwhile(member, tmp_path)
    for said in personal(member):
        assert said not in left, said
    member.members_files.build()
    assert not any(said in kept_meanwhile(member, tmp_path) for said in personal(member))


def test_a_members_file_of_before_is_not_handed_out_whoever_still_has_it(
    member: Central, tmp_path: Path
) -> None:
    """As another machine's would be, or one that was being built meanwhile."""
    version = manifest_of(member.members_files.manifest()).version
    folder = tmp_path / "data" / "members"
    files = {path: path.read_bytes() for path in folder.iterdir()}
    member.privacy.erase("P1")
    assert not list(folder.glob(f"{version}.*"))
    for path, content in files.items():
        path.write_bytes(content)
    with pytest.raises(Problem, match="no such members file"):
        member.members_files.path_of(version)
    assert manifest_of(member.members_files.manifest()).version > version
    member.members_files.wait()
    assert not list(folder.glob(f"{version}.*"))


def test_records_without_effect_keep_nothing_of_whoever_was_erased_either(
    member: Central, till: Till
) -> None:
    card = {"card": {"code": CARD, "entry": "scanned"}}
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="twice")
    till.sale("ref-1", [earn(5)], card=CARD, sale_id="twice")
    till.append(RecordKind.SALE, {"nothing": "known"}, card | {"profile": SAID})
    other = {"card": {"code": OTHER_CARD, "entry": "scanned"}}
    till.append(RecordKind.SALE, {"nothing": "known"}, other)
    member.push(till.message(4))
    assert {state for _, state, _ in states(member)[3:]} >= {"accepted", "rejected"}
    member.privacy.erase("P1")
    with member.database.read() as connection:
        left = b"".join(connection.scalars(select(attachments.c.content)).all())
    assert OTHER_CARD.encode() in left, "somebody else's stay"
    assert not any(said in left for said in personal(member))


def test_a_till_that_had_not_heard_of_the_member_leaves_no_card_behind(
    member: Central, till: Till
) -> None:
    """It made a ref of its own for the card; what it sends is of whoever was erased all the same."""
    member.privacy.erase("P1")
    till.sale("ref-8", [earn(3)], card=CARD)
    till.sale("ref-8", [earn(3)], card=CARD)
    member.push(till.message(4))
    assert states(member)[3:] == [(4, "accepted", None), (5, "accepted", None)]
    with member.database.read() as connection:
        assert connection.scalars(select(attachments.c.content)).all() == []
        assert CARD not in connection.scalars(select(cards.c.code)).all()
    assert "ref-8" in member_with_tombstone(member, changes(member), CARD).joined


def test_of_cards_the_last_is_let_go_of_when_every_till_has_heard(
    member: Central, clock: SteppingClock
) -> None:
    member.privacy.erase("P1")
    assert member.privacy.sweep_tombstones() == 0
    seen = changes(member).next
    clock.now += timedelta(days=401)
    assert member.privacy.sweep_tombstones() == 1
    (told,) = changes(member, after=seen).members
    assert (told.standing, told.cards) == (Standing.ERASED, ())
    assert member.privacy.sweep_tombstones() == 0


def test_the_books_add_up_and_tills_say_that_the_card_is_nobodys(
    member: Central, till: Till
) -> None:
    seen = changes(member).next
    member.privacy.erase("P1")
    told = changes(member, after=seen)
    erased = member_with_tombstone(member, told, CARD)
    assert (erased.standing, erased.display_name, erased.consents) == (Standing.ERASED, "", {})
    assert balance(member, "ref-1") == 5
    assert sums(member) == (5, 5)
    assert member.members.get("ref-1")["cards"] == []
    with pytest.raises(Problem, match="member"):
        member.members.get("P1")


def test_what_was_bought_can_still_be_returned(member: Central, till: Till) -> None:
    member.privacy.erase("P1")
    sale = till.records[1]
    till.give_back(sale.id, [take_back(sale, 5)], "ref-1")
    member.push(till.message(4))
    assert states(member)[3] == (4, "accepted", None)
    assert balance(member, "ref-1") == 0


def test_what_a_till_sends_afterwards_leaves_nothing_personal_either(
    member: Central, till: Till, tmp_path: Path
) -> None:
    member.privacy.erase("P1")
    till.sale("ref-1", [earn(3)], card=CARD)
    member.push(till.message(4))
    assert states(member)[3] == (4, "accepted", None)
    assert CARD.encode() not in kept(member, tmp_path)


@pytest.mark.parametrize(("ref", "code"), [("ref-9", OTHER_CARD), ("ref-1", CARD)])
def test_the_same_person_may_come_back_as_somebody_new(
    member: Central, till: Till, ref: str, code: str
) -> None:
    member.privacy.erase("P1")
    card = {"card": {"code": code, "entry": "scanned"}}
    welcome = earn(10, rule="welcome")._replace(line=None)
    till.act(RecordKind.MEMBER, {"member_id": "P9"}, ref, [welcome], card | {"profile": SAID})
    member.push(till.message(4))
    assert balance(member, "P9") == 10
    assert member.members.get("P9")["display_name"] == "Anneke Jansen"
    assert member_with_card(member, changes(member), code).standing is Standing.KNOWN
    assert balance(member, "ref-1") == 5


@pytest.mark.parametrize(("ref", "code"), [("ref-9", CARD), ("ref-1", CARD), ("ref-1", OTHER_CARD)])
def test_who_enrolled_before_being_erased_is_nobody_when_that_arrives(
    member: Central, till: Till, clock: SteppingClock, tmp_path: Path, ref: str, code: str
) -> None:
    """A till without a line had it all the while."""
    clock.now += timedelta(hours=1)
    member.privacy.erase("P1")
    card = {"card": {"code": code, "entry": "scanned"}}
    consent = {"purpose": "offers", "version": "2026-01"}
    welcome = earn(10, rule="welcome")._replace(line=None)
    names = {"member_id": "P9", "consents": [consent]}
    till.act(RecordKind.MEMBER, names, ref, [welcome], card | {"profile": SAID})
    member.push(till.message(4))
    assert states(member)[3] == (4, "accepted", None)
    assert balance(member, "ref-1") == 15
    with pytest.raises(Problem, match="member"):
        member.members.get("P9")
    left = kept(member, tmp_path)
    assert not any(said in left for said in (*personal(member), code.encode()))


def test_what_was_written_before_being_erased_is_not_kept_when_it_arrives(
    member: Central, till: Till, tmp_path: Path
) -> None:
    member.privacy.erase("P1")
    answer = {"answer_id": "a-2", "question": "recommend", "value": 2, "case": True}
    card = {"card": {"code": CARD, "entry": "scanned"}}
    till.act(RecordKind.ANSWER, answer, "ref-1", (), card | {"text": WRITTEN})
    said = {"consent_id": "c-1", "consents": [{"purpose": "offers", "version": "2", "given": True}]}
    till.act(RecordKind.CONSENT, said, "ref-1", (), card)
    member.push(till.message(4))
    assert states(member)[3:] == [(4, "accepted", None), (5, "accepted", None)]
    with member.database.read() as connection:
        assert connection.execute(select(consents)).all() == []
    assert WRITTEN.encode() not in kept(member, tmp_path)


def test_a_card_of_whoever_was_erased_may_be_given_out_again(member: Central) -> None:
    member.privacy.erase("P1")
    member.member_import.run(["card,member_id,points\n", f"{CARD},M1,7\n"])
    assert balance(member, "M1") == 7
    with pytest.raises(Problem, match="erased"):
        member.members.set_standing("ref-1", StandingChange(standing=Standing.KNOWN))


def test_a_household_is_forgotten_as_a_whole(central: Central) -> None:
    central.member_import.run(
        [
            "card,member_id,display_name,household\n",
            f"{CARD},M1,Anneke,H1\n",
            f"{OTHER_CARD},M2,Bram,H1\n",
        ]
    )
    central.privacy.erase("M2")
    for member in ("M1", "M2"):
        with pytest.raises(Problem, match="member"):
            central.members.get(member)


def test_erasing_again_and_erasing_nobody(member: Central) -> None:
    member.privacy.erase("P1")
    assert member.privacy.erase("ref-1")["standing"] == "erased"
    with pytest.raises(Problem, match="member"):
        member.privacy.erase("nobody")


TYPED = "Anneke Jansen belde"
"""A reason, as somebody at a desk may well type it in spite of what the documents say."""


def scanned(code: str) -> dict[str, object]:
    return {"card": {"code": code, "entry": "scanned"}}


@pytest.mark.not_on_postgresql
def test_while_somebody_reads_the_answer_says_that_bytes_are_in_the_log_still(
    member: Central, tmp_path: Path
) -> None:
    with member.database.read() as reader:
        reader.execute(select(accounts)).all()
        assert member.privacy.erase("P1")["left"] == "log"
        assert b"Anneke Jansen" in kept_meanwhile(member, tmp_path)
        member.scrub_again()
        assert member.database.left == "log"
    member.scrub_again()
    assert member.database.left == "nowhere"
    assert not any(said in kept_meanwhile(member, tmp_path) for said in personal(member))
    assert member.privacy.erase("ref-1")["left"] == "nowhere"


@pytest.mark.not_on_sqlite
def test_postgresql_has_the_bytes_until_it_needs_their_place(member: Central) -> None:
    assert member.privacy.erase("P1")["left"] == "pages"


@pytest.mark.not_on_postgresql
def test_a_running_central_empties_the_log_within_seconds_of_the_last_reader(
    tmp_path: Path,
) -> None:
    """A backup that reads while somebody is erased, from another process."""
    said = [each.encode() for each in ("Anneke Jansen", CARD)]
    with running_central(tmp_path) as running:
        row = f"card,member_id,display_name\n{CARD},M1,Anneke Jansen\n"
        running.admin("POST", "/members/import", data=row.encode())
        with closing(sqlite3.connect(tmp_path / "central.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM accounts").fetchall()
            answer = running.admin("DELETE", "/members/M1")
            assert (answer.status_code, answer.json()["left"]) == (200, "log")
            assert any(each in _bytes_of(tmp_path) for each in said)
        until = time.monotonic() + 10
        while any(each in _bytes_of(tmp_path) for each in said):
            assert time.monotonic() < until, "the log still holds who it was"
            time.sleep(0.1)


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("central.db*"))


def test_another_machine_removes_its_members_files_when_it_keeps_house(
    member: Central, clock: SteppingClock, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    shutil.copytree(tmp_path / "data", there)
    url = settings_in(tmp_path).database
    another = Central(settings_in(tmp_path, database=url, data=there), clock)
    with closing(another):
        another.members_files.build()
        assert list((there / "members").glob("*.gz"))
        member.privacy.erase("P1")
        another.keep_up()
        assert not list((there / "members").glob("*.gz"))


def test_what_a_stolen_till_sent_goes_with_whoever_is_erased(
    member: Central, till: Till, other_till: Till, tmp_path: Path
) -> None:
    """It knew refs of its own, the card that was replaced since, and the address as it was typed there."""
    other_till.sale("ref-8", [earn(5)], card=CARD)
    other_till.append(RecordKind.CONSENT, {"nothing": "known"} | of("ref-8"), {"text": WRITTEN})
    typed = {"display_name": "Anneke Jansen", "email": " Anneke@Example.NL"}
    other_till.act(RecordKind.MEMBER, {"member_id": "P7"}, "ref-9", (), {"profile": typed})
    partner = {"display_name": "Bram", "phone": "+31 6 1234 5678"}
    other_till.act(RecordKind.MEMBER, {"member_id": "P8"}, "ref-b", (), {"profile": partner})
    other_till.sale("ref-c", [earn(5)], card="2912345678920")
    member.push(other_till.message(), ended=True)
    member.members.replace_card("P1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    seen = changes(member).next
    member.privacy.erase("P1")

    left = kept_meanwhile(member, tmp_path)
    said = [*personal(member), b"Anneke@Example", b"6 1234 5678", OTHER_CARD.encode()]
    assert not any(each in left for each in said), [each for each in said if each in left]
    assert b"2912345678920" in left, "somebody else's stay"
    told = member_with_tombstone(member, changes(member, after=seen), OTHER_CARD)
    assert set(told.joined) == {"ref-8", "ref-9"}
    with member.database.read() as connection:
        assert connection.execute(select(former_cards)).all() == []
    member.release("0412", "04")
    assert states(member, "0412/04")[0] == (1, "accepted", None)
    assert balance(member, "ref-8") == 10
    assert balance(member, "ref-c") == 5


def of(ref: str) -> dict[str, object]:
    return {"facts": {"account": ref, "standing": "unknown"}}


def test_a_card_that_was_replaced_is_looked_for_only_where_it_was_theirs(
    member: Central, other_till: Till, clock: SteppingClock
) -> None:
    member.members.replace_card("P1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    member.member_import.run(["card,member_id\n", f"{CARD},M2\n"])
    other_till.sale("ref-8", [earn(5)], card=CARD)
    member.push(other_till.message(), ended=True)
    member.privacy.erase("P1")
    member.release("0412", "04")
    assert balance(member, "M2") == 5


def test_who_showed_a_card_after_it_was_replaced_is_erased_with_its_member(
    member: Central, other_till: Till, tmp_path: Path
) -> None:
    """A till that had not heard of the replacement, nor of the member, made a ref of its own."""
    member.members.replace_card("P1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    other_till.sale("ref-8", [earn(3)], card=CARD)
    member.push(other_till.message())
    assert balance(member, "ref-8") == 3
    member.privacy.erase("P1")
    assert not any(said in kept_meanwhile(member, tmp_path) for said in personal(member))
    assert balance(member, "ref-1") == balance(member, "ref-8") == 8
    assert member.verifier.faults() == []


def test_reasons_that_were_typed_about_somebody_go_with_them(
    member: Central, till: Till, tmp_path: Path
) -> None:
    member.member_import.run(["card,member_id\n", f"{OTHER_CARD},M2\n"])
    for whose in ("P1", "M2"):
        given = Adjustment(adjustment_id=whose, quantity=10, reason=f"{TYPED} voor {whose}")
        member.by_hand.adjust(whose, given)
    lost = till.sale("ref-lost", [earn(2)])
    wrong = till.append(RecordKind.SALE, {"nothing": "known"}, scanned(CARD))
    member.push(till.message(4))
    member.mending.repair(lost.id, Repair(repair_id="r-1", reason=TYPED + "!", member="P1"))
    member.mending.give_up(wrong.id, GivingUp(reason=TYPED + "?"))
    exported = repr(member.privacy.export("P1"))
    for typed in (f"{TYPED} voor P1", TYPED + "!", TYPED + "?"):
        assert typed in exported
    member.privacy.erase("P1")
    left = kept_meanwhile(member, tmp_path)
    assert left.count(TYPED.encode()) == left.count(f"{TYPED} voor M2".encode()) > 0
    assert member.reports.record(wrong.id)["decided"]["reason"] == "erased"
    assert balance(member, "ref-1") == 5 + 10 + 2
    assert member.verifier.faults() == []


def test_what_is_held_beside_the_account_is_exported_too(member: Central, till: Till) -> None:
    """Notes on cases, records without effect, and what a till had otherwise."""
    wrong = till.append(RecordKind.SALE, {"nothing": "known"}, scanned(CARD))
    till.append(RecordKind.SALE, {"nothing": "known"}, scanned(OTHER_CARD))
    till.append(
        RecordKind.SALE, {"nothing": "known"}, scanned(OTHER_CARD) | {"text": SAID["email"]}
    )
    member.push(till.message(4))
    with member.database.write() as connection:
        batch = member.posting.batch(connection)
        sale = Received.of(connection.execute(RECEIVED.where(records.c.seq == 2)).one())
        batch.note_differences(sale, "ref-1", [Difference("attributes.city", "", "Arnhem")])
        batch.finish()
    exported = member.privacy.export("P1")
    assert [each["text"] for each in exported["case_notes"]] == ["Anneke teruggebeld"]
    assert [each["central"] for each in exported["differences"]] == ["Arnhem"]
    (without,) = [each for each in exported["records"] if each["state"] == "rejected"]
    assert (without["record"], without["personal"]) == (wrong.id, scanned(CARD))
    assert OTHER_CARD not in repr(exported), "what is somebody else's is not told"


def test_what_has_no_effect_and_comes_afterwards_leaves_nothing_either(
    member: Central, till: Till, clock: SteppingClock, tmp_path: Path
) -> None:
    """By a ref of the till's own, which is told whose it was."""
    clock.now += timedelta(hours=1)
    seen = changes(member).next
    member.privacy.erase("P1")
    till.sale(None, sale_id="twice")
    till.sale("ref-8", [earn(5)], card=CARD, sale_id="twice")
    member.push(till.message(4))
    assert states(member)[4] == (5, "rejected", "sale-differs")
    assert "ref-8" in member_with_tombstone(member, changes(member, after=seen), CARD).joined
    with member.database.read() as connection:
        left = connection.scalars(select(attachments.c.content)).all()
    assert not any(CARD.encode() in each for each in left)


def test_erasing_again_takes_what_a_quarantined_till_sent_meanwhile(
    member: Central, till: Till, other_till: Till, clock: SteppingClock, tmp_path: Path
) -> None:
    """Nothing of that is looked at before; and who enrolled in between is somebody new all the same."""
    clock.now += timedelta(hours=1)
    member.privacy.erase("P1")
    other_till.sale("ref-8", [earn(5)], card=CARD)
    member.push(other_till.message(), ended=True)
    assert CARD.encode() in kept_meanwhile(member, tmp_path)
    with member.database.read() as connection:
        first = connection.scalar(select(accounts.c.erased_at).where(accounts.c.ref == "ref-1"))
    clock.now += timedelta(hours=1)
    member.privacy.erase("ref-1")
    assert not any(said in kept_meanwhile(member, tmp_path) for said in personal(member))
    with member.database.read() as connection:
        erased = select(accounts.c.erased_at).where(accounts.c.ref.in_(["ref-1", "ref-8"]))
        assert connection.scalars(erased).all() == [first, first]


def tampered(till: Till, content: bytes, at: bytes | None = None) -> None:
    """One more record, that no till of ours would make, with this in its attachment."""
    made = till.append(RecordKind.SALE, {"nothing": "known"}, {"card": {"code": OTHER_CARD}})
    assert made.attachment is not None
    body = made.body if at is None else re.sub(rb'"at":"[^"]*"', b'"at":"%s"' % at, made.body)
    attached = replace(made.attachment, content=content)
    till.records[-1] = replace(
        made, body=body, hash=chain_hash(made.previous, body), attachment=attached
    )


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (rb'{"text":"\ud83d"}', None),
        (rb'{"card":{"code":"\ud83d"}}', None),
        (b'{"profile":{"display_name":5}}', None),
        (b'{"profile":{"display_name":["x"],"birthday":{},"email":7}}', None),
        (b'{"card":{"code":"%s"}}' % CARD.encode(), b"0001-01-01T00:00:00+14:00"),
        (b'{"card":{"code":"%s"}}' % CARD.encode(), b"9999-12-31T23:59:59-14:00"),
    ],
)
def test_what_a_till_sent_that_is_no_record_keeps_nobody_from_being_told_or_erased(
    member: Central, till: Till, content: bytes, at: bytes | None
) -> None:
    tampered(till, content, at)
    member.push(till.message(4))
    assert states(member)[-1][1] == "rejected"
    assert member.privacy.export("P1")["profiles"]
    assert member.privacy.erase("P1")["standing"] == "erased"


def test_who_used_a_reward_of_somebody_who_is_erased_stays_who_they_are(
    member: Central, till: Till
) -> None:
    """Their record has no effect yet, and their till's ref for them is not known."""
    facts = {
        "facts": {"account": "ref-2", "standing": "unknown"},
        "entries": [{"account": "ref-1", "kind": "redeem", "unit": "points", "quantity": -1}],
    }
    till.append(RecordKind.SALE, facts, {"card": {"code": OTHER_CARD, "entry": "scanned"}})
    member.push(till.message(4))
    assert states(member)[-1][1] == "rejected"
    told = member.privacy.export("P1")["records"]
    assert OTHER_CARD not in str(told), "somebody else's card"
    member.privacy.erase("P1")
    till.sale("ref-2", [earn(7)], card=OTHER_CARD)
    member.push(till.message(5))
    assert member.members.of_card(OTHER_CARD)["standing"] != Standing.ERASED


def test_more_records_without_effect_than_a_statement_has_parameters_are_found_and_erased(
    member: Central,
) -> None:
    body = b'{"at":"2026-11-21T14:03:11Z","facts":{"account":"ref-1"}}'
    stopped = {"received_at": "2026-11-21T14:03:11.000Z", "state": "parked", "code": "internal"}
    place = {"terminal": "0412/03", "epoch": "e" * 32, "previous": bytes(32), "hash": bytes(32)}
    rows = [
        {"seq": seq, "record_id": f"{seq:032x}", "claimed_id": f"{seq:032x}", "body": body}
        for seq in range(1, 65_600)
    ]
    with member.database.write() as connection:
        for start in range(0, len(rows), 5_000):
            part = [place | stopped | row for row in rows[start : start + 5_000]]
            connection.execute(insert(records), part)
    assert len(member.privacy.export("P1")["records"]) == len(rows) + 3
    assert member.privacy.erase("P1")["standing"] == "erased"


@pytest.mark.not_on_sqlite
def test_who_enrols_with_a_card_that_was_replaced_while_its_owner_is_erased_stays(
    member: Central, other_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for accounts that nobody has confirmed and holding them."""
    member.members.replace_card("P1", CardReplacement(code=OTHER_CARD, replaces=CARD))
    other_till.sale("ref-2", [earn(7)], card=CARD)
    member.push(other_till.message())
    look = privacy._of_former_cards

    def somebody_enrols_after(connection: Connection, refs: Sequence[str]) -> Sequence[str]:
        found = look(connection, refs)
        names = {"member_id": "P2", "consents": []}
        card = {"card": {"code": CARD, "entry": "scanned"}, "profile": {"display_name": "Bob"}}
        other_till.act(RecordKind.MEMBER, names, "ref-2", (), card)
        member.push(other_till.message(2))
        return found

    monkeypatch.setattr(privacy, "_of_former_cards", somebody_enrols_after)
    member.privacy.erase("P1")
    assert member.members.of_card(CARD)["id"] == "P2"
    assert member.members.of_card(CARD)["standing"] != Standing.ERASED
