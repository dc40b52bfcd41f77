"""Starts central on what a power cut left, and compares with what tills had been told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from sync.central.central import Central
from sync.central.tables import entries, records
from sync.wire import RecordsMessage
from tests.proof.power_cuts.central_at_work import CENTRAL, furnish, open_central, secrets
from tests.proof.power_cuts.findings import Acknowledgement, Found, check_pages, last


@dataclass(frozen=True, slots=True)
class JudgeOfCentral:
    """Knows what the tills send."""

    sent: Sequence[RecordsMessage]

    def __call__(self, folder: Path, acknowledged: Sequence[Acknowledgement], found: Found) -> None:
        """Start on `folder` as central does after a power cut; then everything is sent again, and counts once."""
        central = open_central(folder)
        try:
            check_pages(folder / CENTRAL / "central.db", found)
            told = last(acknowledged, "secrets")
            if told is not None and secrets(central, folder) != {
                name: told[name] for name in ("admin", "card", "signing")
            }:
                found.lost.append("a secret that others hold the other half of")
            self._compare_journals(central, acknowledged, found)
            central.catch_up()
            self._send_again(central, found)
            found.corrupt.extend(str(each) for each in central.verifier.faults())
        finally:
            central.close()

    def _compare_journals(
        self, central: Central, acknowledged: Sequence[Acknowledgement], found: Found
    ) -> None:
        journals = self._journals()
        for epoch, there in _received(central).items():
            if there != journals[epoch][: len(there)]:
                found.corrupt.append(f"the journal of {epoch} is not what was sent")
        there_now = {epoch: len(hashes) for epoch, hashes in _received(central).items()}
        for each in acknowledged:
            if each["what"] == "received" and there_now.get(each["epoch"], 0) < each["seq"]:
                found.lost.append(f"record {each['seq']} of {each['epoch']}")

    def _journals(self) -> dict[str, list[str]]:
        journals: dict[str, list[str]] = {}
        for message in self.sent:
            journals.setdefault(message.epoch, []).extend(each.hash for each in message.records)
        return journals

    def _send_again(self, central: Central, found: Found) -> None:
        """What tills do that are told of an earlier position; all of it, so that repeats are among it."""
        furnish(central)
        for message in _whole_journals(self.sent):
            central.push(message)
        if _received(central) != self._journals():
            found.corrupt.append("sent again, not every record is there once")
        with central.database.read() as connection:
            sources = select(func.count(entries.c.source.distinct()), func.count())
            of_records, count = connection.execute(sources.select_from(entries)).one()
        total = sum(len(each.records) for each in self.sent)
        if (of_records, count) != (total, total):
            found.corrupt.append(f"{count} entries of {of_records} records; {total} gave one each")


def _whole_journals(sent: Sequence[RecordsMessage]) -> list[RecordsMessage]:
    """The same records, each journal as one message."""
    journals: dict[str, RecordsMessage] = {}
    for message in sent:
        before = journals.get(message.epoch)
        records_ = (*(() if before is None else before.records), *message.records)
        journals[message.epoch] = message.model_copy(update={"records": records_})
    return list(journals.values())


def _received(central: Central) -> dict[str, list[str]]:
    """The hashes of each journal in order."""
    query = select(records.c.epoch, records.c.hash).order_by(records.c.epoch, records.c.seq)
    journals: dict[str, list[str]] = {}
    with central.database.read() as connection:
        for row in connection.execute(query):
            journals.setdefault(row.epoch, []).append(row.hash.hex())
    return journals
