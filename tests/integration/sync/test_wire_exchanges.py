"""What a till and central of every version of the wire said to each other is understood by today's two ends."""

import inspect
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import BaseModel

from sync import members_file, wire
from sync.central.app import create_app
from sync.client import CentralClient, Place
from sync.errors import Conflict, Folded
from sync.signing import Signer, new_key, public_key_of
from sync.wire import (
    AuthorisationMessage,
    EnrolmentMessage,
    MembersManifest,
    Message,
    RecordsAnswer,
    RecordsMessage,
    RecordState,
    ReleaseMessage,
    SignedCheckpoint,
    TillReport,
)
from tests.integration.sync.test_wire_corpus import with_later_fields
from tests.wire_corpus import CORPUS, MEMBERS
from tests.wire_exchanges import (
    ALLOWANCE_POINTS,
    FOLDED_BEFORE,
    SPOKEN,
    TERMINAL,
    Exchange,
    answering,
    central_in,
    served,
)

VERSIONS = sorted(CORPUS.iterdir())
LATER = pytest.mark.parametrize("later", [False, True], ids=["as-sent", "with-later-fields"])
SIGNED_TOO_EARLY = HTTPStatus.UNAUTHORIZED


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def version(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def exchanges(version: Path) -> list[Exchange]:
    return [Exchange(**each) for each in json.loads((version / "exchanges.json").read_text())]


def effect(exchange: Exchange) -> Any:
    """Of an answer what has to be the same by any central: not its signatures, numbers of changes and own refs."""
    answer = exchange.answer
    if exchange.address == "/wire/v1/changes":
        allowances = [(each["unit"], each["quantity"]) for each in answer.get("allowances", ())]
        same = ("states", "parked", "applied_seq", "received", "head", "member_count")
        return [answer.get(name) for name in same], allowances, len(answer["members"])
    if exchange.address == "/wire/v1/members":
        return json.loads(answer["manifest"])["members"]
    if exchange.address == "/wire/v1/enrolments":
        return answer["terminal"], answer["card_key"]
    if exchange.status == HTTPStatus.GONE:
        kept = answer["checkpoint"]
        return [answer[name] for name in ("code", "seq", "received", "head")], kept["head"]
    left_out = {"signature"}
    return {name: value for name, value in answer.items() if name not in left_out}


class OldTill:
    """Says to a central what the corpus holds, with a key of its own."""

    def __init__(self, url: str, code: str) -> None:
        self._url = url
        self._code = code
        self._key = new_key()
        self._signer = Signer(TERMINAL, self._key)

    def say(self, exchange: Exchange, *, later: bool) -> Exchange:
        sent = exchange.sent
        if exchange.address == "/wire/v1/enrolments":
            sent = {**sent, "code": self._code, "public_key": public_key_of(self._key).hex()}
        if later:
            sent = with_later_fields(sent)
        path = exchange.path + ("&later=1" if later and "?" in exchange.path else "")
        answer = self._asked(exchange.method, path, sent)
        if answer.status_code == SIGNED_TOO_EARLY:
            self._signer.heard(answer.json()["now"])
            answer = self._asked(exchange.method, path, sent)
        return Exchange(
            exchange.method, exchange.path, answer.status_code, {}, answer=answer.json()
        )

    def _asked(self, method: str, path: str, sent: Any) -> requests.Response:
        body = None if sent is None else json.dumps(sent).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        signed = self._signer.signed(method, path, body, headers)
        return requests.request(method, self._url + path, data=body, headers=signed, timeout=30)


@LATER
def test_todays_central_answers_an_old_till_as_that_one_did(
    tmp_path: Path, version: Path, later: bool
) -> None:
    programme = (version / "programme.toml").read_text()
    with (
        central_in(tmp_path / "central", MEMBERS, programme) as (central, settings),
        served(create_app(settings, central)) as url,
    ):
        till = OldTill(url, central.terminals.add("0412", "03").code)
        for exchange in exchanges(version):
            if exchange.status == SIGNED_TOO_EARLY or exchange.bytes is not None:
                continue  # said again with central's time; and a file is under another number here
            if exchange.status == HTTPStatus.GONE:
                central.folding.run(FOLDED_BEFORE)
            found = till.say(exchange, later=later)
            assert (found.status, effect(found)) == (exchange.status, effect(exchange)), (
                exchange.path
            )


@LATER
def test_todays_till_understands_an_old_central(tmp_path: Path, version: Path, later: bool) -> None:
    spoken = exchanges(version)
    answers = [
        Exchange(
            each.method,
            each.path,
            each.status,
            each.headers,
            answer=with_later_fields(each.answer) if later else each.answer,
            bytes=each.bytes,
        )
        for each in spoken
    ]
    asked = [each for each in spoken if each.status != SIGNED_TOO_EARLY]
    with served(answering(answers)) as url:
        heard = OldCentral(url, tmp_path).hears(asked)
    assert {state for state, _ in heard.states} == set(RecordState)
    assert heard.allowances == {("points", ALLOWANCE_POINTS)}
    assert heard.authorised == [10, 0]
    assert heard.released == [1]
    assert heard.conflicts == [1]
    assert heard.folded == [1]
    assert heard.members == [6]


class OldCentral:
    """A till's line to a central of the corpus, and what the till heard there."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._signer = Signer(TERMINAL, new_key())
        self._client = CentralClient(Place(url), self._signer)
        self._manifest: MembersManifest | None = None
        self.states: list[tuple[RecordState, str | None]] = []
        self.allowances: set[tuple[str, int]] = set()
        self.authorised: list[int] = []
        self.released: list[int] = []
        self.conflicts: list[int | None] = []
        self.folded: list[int] = []
        self.members: list[int] = []

    def hears(self, asked: list[Exchange]) -> "OldCentral":
        for exchange in asked:
            self._hear(exchange)
        self._client.close()
        return self

    def _hear(self, exchange: Exchange) -> None:
        client, sent = self._client, exchange.sent
        match exchange.address:
            case "/wire/v1/enrolments":
                key = client.enrol(EnrolmentMessage.model_validate(sent)).central_key
                client.close()
                self._client = CentralClient(Place(self._url, key=bytes.fromhex(key)), self._signer)
            case "/wire/v1/records":
                self._push(RecordsMessage.model_validate(sent))
            case "/wire/v1/changes":
                query = parse_qs(urlsplit(exchange.path).query)
                changes = client.changes(int(query["after"][0]), query["epoch"][0], 0)
                self.allowances |= {(each.unit, each.quantity) for each in changes.allowances or ()}
            case "/wire/v1/members":
                self._manifest = client.manifest()
                self.members.append(self._manifest.members)
            case "/wire/v1/authorisations":
                message = AuthorisationMessage.model_validate(sent)
                self.authorised.append(client.authorise(message).quantity)
            case "/wire/v1/authorisations/releases":
                self.released.append(client.release(ReleaseMessage.model_validate(sent)).released)
            case _:
                self._fetch()

    def _push(self, message: RecordsMessage) -> None:
        try:
            answer: RecordsAnswer = self._client.send(message)
        except Conflict as conflict:
            self.conflicts.append(conflict.seq)
        except Folded as folded:
            self.folded.append(folded.seq)
        else:
            self.states += [(each.state, each.code) for each in answer.states]

    def _fetch(self) -> None:
        """The file is what its signed manifest says."""
        manifest = self._manifest
        assert manifest is not None
        folder = self._folder / "coming"
        folder.mkdir()
        found = members_file.fetch(
            manifest, folder, lambda start: self._client.members_part(manifest, start)
        )
        assert found.read_bytes().startswith(b"SQLite format 3\x00")


def met(value: Any) -> set[type]:
    """The messages in a message, with those that they add to."""
    if isinstance(value, BaseModel):
        inside = (getattr(value, name) for name in type(value).model_fields)
        return set(type(value).__mro__).union(*map(met, inside))
    if isinstance(value, list | tuple):
        return set[type]().union(*map(met, value))
    return set()


def spoken_in(version: Path) -> set[type]:
    found: set[type] = set()
    for exchange in exchanges(version):
        if exchange.status == HTTPStatus.GONE:
            found |= met(SignedCheckpoint.model_validate(exchange.answer["checkpoint"]))
        if exchange.status != HTTPStatus.OK:
            continue
        sent, answered = SPOKEN[exchange.address]
        if sent is TillReport:
            query = {
                name: text for name, (text,) in parse_qs(urlsplit(exchange.path).query).items()
            }
            found |= met(TillReport.model_validate(query))
        elif sent is not None:
            found |= met(sent.model_validate(exchange.sent))
        found |= met(answered.model_validate(exchange.answer))
        if exchange.address == "/wire/v1/members":
            found |= met(MembersManifest.model_validate_json(exchange.answer["manifest"]))
    return found


def test_every_message_of_the_wire_is_kept() -> None:
    """Whoever adds one to `sync.wire` has the corpus of its version say it."""
    messages = {
        each
        for _, each in inspect.getmembers(wire, inspect.isclass)
        if issubclass(each, Message) and each is not Message
    }
    kept = set[type]().union(*map(spoken_in, VERSIONS))
    assert {each.__name__ for each in messages - kept} == set()


def test_every_address_of_the_wire_is_asked(tmp_path: Path) -> None:
    programme = (VERSIONS[0] / "programme.toml").read_text()
    with central_in(tmp_path / "central", MEMBERS, programme) as (central, settings):
        rules = create_app(settings, central).url_map.iter_rules()
        served_at = {rule.rule for rule in rules if rule.rule.startswith("/wire/")}
    asked = {each.address for version in VERSIONS for each in exchanges(version)}
    assert served_at == {*SPOKEN, "/wire/v1/members/<row:version>"}
    assert asked >= set(SPOKEN)
