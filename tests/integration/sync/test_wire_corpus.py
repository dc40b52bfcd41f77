"""Messages of every version of the wire are read by today's central and till, to the same effect."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.cards import card_key
from edge_agent.domain.member import Standing
from edge_agent.domain.record import GENESIS, RecordKind, canonical, chain_hash
from sync.pull import Pull
from sync.wire import Changes, RecordsMessage, WireRecord
from tests.tills import JAN, KEY
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import RealTill
from tests.wire_corpus import CORPUS, fresh_central, outcome

VERSIONS = sorted(CORPUS.iterdir())


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def version(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def read(version: Path, name: str) -> Any:
    return json.loads((version / name).read_text())


def with_later_fields(content: Any) -> Any:
    """The same as a newer version might send it: with fields that nobody knows here."""
    if isinstance(content, list):
        return [with_later_fields(each) for each in content]
    if isinstance(content, dict) and not is_free(content):
        known = {name: with_later_fields(each) for name, each in content.items()}
        return known | {"later": {"than": ["this"]}}
    return content


def is_free(content: dict[str, Any]) -> bool:
    """Whether the names in it are data: attributes and consents."""
    return all(isinstance(each, str) for each in content.values())


@pytest.mark.parametrize("later", [False, True], ids=["as-sent", "with-later-fields"])
def test_todays_central_makes_of_the_records_what_that_one_did(
    tmp_path: Path, version: Path, later: bool
) -> None:
    sent = read(version, "records.json")
    message = RecordsMessage.model_validate(with_later_fields(sent) if later else sent)
    programme = (version / "programme.toml").read_text()
    with closing(fresh_central(tmp_path, programme)) as central:
        central.push(message)
        assert outcome(central, message.terminal) == read(version, "outcome.json")


def test_every_kind_of_record_is_kept() -> None:
    kinds = {each[1] for version in VERSIONS for each in read(version, "outcome.json")["states"]}
    assert kinds == set(RecordKind)


class Replay(ModelCentral):
    """A central that has an empty members file and then answers what another one once did.

    It speaks of the journal of another till, so where that ends is left out.
    """

    def __init__(self, pages: list[Changes]) -> None:
        super().__init__()
        self.pages = iter(pages)

    def changes(self, *_asked: Any, **_more: Any) -> Changes:
        return next(self.pages).model_copy(update={"received": 0, "head": None})


@pytest.mark.parametrize("later", [False, True], ids=["as-sent", "with-later-fields"])
def test_todays_till_understands_the_changes(tmp_path: Path, version: Path, later: bool) -> None:
    told = read(version, "changes.json")
    pages = [Changes.model_validate(with_later_fields(each) if later else each) for each in told]
    till = RealTill(tmp_path)
    central = Replay(pages)
    for _ in pages:
        Pull(central, till.journal, till.members, till.programmes).run()
    jan = till.members.file.by_card(card_key(KEY, JAN))
    assert jan is not None
    points = sum(lot.quantity for lot in jan.member.lots if lot.unit == "points")
    assert points == read(version, "outcome.json")["balances"][JAN]["points"]
    assert jan.member.display_name == "Jan B."
    standings = {each["standing"] for page in told for each in page["members"]}
    assert standings >= {each.value for each in (Standing.KNOWN, Standing.BLOCKED, Standing.ERASED)}
    assert till.programme_texts() == [(version / "programme.toml").read_text()]
    position = till.members.position()
    assert position is not None
    assert position.applied_seq == len(read(version, "outcome.json")["states"])
    till.close()


@pytest.mark.parametrize(
    "change", [{"kind": "lottery"}, {"v": 2}], ids=["unknown-kind", "newer-body"]
)
def test_what_is_newer_than_this_central_is_stored_and_waits(
    tmp_path: Path, version: Path, change: dict[str, Any]
) -> None:
    """The ones after it are not held up, and nothing of it is lost."""
    message = RecordsMessage.model_validate(read(version, "records.json"))
    previous, records = GENESIS, []
    for record in message.records[:2]:
        body = record.body.encode()
        if record.seq == 1:
            body = canonical(json.loads(body) | change)
        head = chain_hash(previous, body)
        made = {"previous": previous.hex(), "hash": head.hex(), "body": body.decode()}
        records.append(WireRecord.model_validate(record.model_dump() | made))
        previous = head
    with closing(fresh_central(tmp_path, (version / "programme.toml").read_text())) as central:
        central.push(message.model_copy(update={"records": tuple(records)}))
        first, second = central.reports.records(message.terminal)
        assert (first["state"], first["code"]) == ("parked", "unknown-kind")
        assert second["state"] == "accepted"
        assert central.reports.record(first["id"])["body"] == json.loads(records[0].body)
