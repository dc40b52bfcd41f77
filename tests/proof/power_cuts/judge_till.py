"""Starts the till on what a power cut left, and compares with what had been acknowledged."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.data_folder import DataFolder
from edge_agent.domain.record import RecordKind
from edge_agent.ledger.ledger import LEDGER_FILE, Ledger
from edge_agent.ledger.members import MembersFile
from sync.identity import load_identity
from tests.proof.power_cuts.findings import Acknowledgement, Found, check_pages, last
from tests.proof.power_cuts.till_at_work import DATA, members_of
from tests.tills import AT


def judge_till(folder: Path, acknowledged: Sequence[Acknowledgement], found: Found) -> None:
    """Start on `folder` as an agent does after a power cut."""
    held = DataFolder(folder / DATA)
    try:
        _compare_small_files(held, acknowledged, found)
        _compare_ledger(held.path, acknowledged, found)
        _compare_members(held.path / "members", acknowledged, found)
    finally:
        held.release()


def _compare_small_files(
    held: DataFolder, acknowledged: Sequence[Acknowledgement], found: Found
) -> None:
    """The POS's token and the terminal's identity are those of the last word on them, or newer."""
    token = last(acknowledged, "token")
    if token is not None and held.token() != token["token"]:
        found.lost.append("the token that the POS was given")
    identity = load_identity(held.path / "identity")
    made = [each["signing_key"] for each in acknowledged if each["what"] == "identity"]
    if made and (identity is None or identity.signing_key.hex() in made[:-1]):
        found.lost.append("the key that central knows this terminal by")


def _compare_ledger(data: Path, acknowledged: Sequence[Acknowledgement], found: Found) -> None:
    ledger = Ledger.open(data, "0412/03", AT)
    try:
        check_pages(data / LEDGER_FILE, found)
        found.corrupt += [f"record {fault.seq} {fault.what}" for fault in ledger.verify().faults]
        kept = {record.seq: record for record in ledger.records(0, len(acknowledged) + 10)}
        lookups = ledger.lookups()
        for each in acknowledged:
            if each["what"] == "act":
                record = kept.get(each["seq"])
                same = record is not None and (record.body.decode(), record.hash.hex()) == (
                    each["body"],
                    each["hash"],
                )
                if not same or _answer(ledger, each) != each["result"]:
                    found.lost.append(f"{each['kind']} {each['id']}")
            elif each["what"] == "reservation":
                reservation = lookups.redemption(each["id"])
                if reservation is None or json.loads(reservation.result) != each["result"]:
                    found.lost.append(f"reservation {each['id']}")
    finally:
        ledger.close()


def _answer(ledger: Ledger, act: Acknowledgement) -> Any:
    """What the POS is answered when it asks again."""
    lookups = ledger.lookups()
    kind = RecordKind(act["kind"])
    stored = (
        lookups.sale(act["id"]) if kind is RecordKind.SALE else lookups.giveback(kind, act["id"])
    )
    return None if stored is None else json.loads(stored.result)


def _compare_members(folder: Path, acknowledged: Sequence[Acknowledgement], found: Found) -> None:
    """The members file is one of those that there were, whole; not older than the file that was installed last."""
    members = MembersFile(folder)
    try:
        check_pages(_current(folder), found)
        position = members.position()
        change = 0 if position is None else position.change
        installed = last(acknowledged, "members file")
        if installed is not None and change < installed["change"]:
            found.lost.append(f"members file {installed['change']}; {change} is there")
        if change:
            for member in members_of(change):
                kept = members.by_ref(member.ref)
                if kept is None or kept.member != member:
                    found.corrupt.append(f"member {member.ref} is not that of change {change}")
    finally:
        members.close()


def _current(folder: Path) -> Path:
    pointer = folder / "current"
    return folder / (pointer.read_text().strip() if pointer.exists() else "members-1.db")
