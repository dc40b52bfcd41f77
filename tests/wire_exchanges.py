"""Requests of a till and central's answers, as they went over HTTP: recorded for the corpus, and answered from it.

The till's end is the product's client, central's end the product's app. A body is kept as the JSON that it is, a part
of the members file in base64.
"""

import base64
import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sync.central.app import create_app
from sync.central.central import Central
from sync.central.settings import Settings
from sync.client import CentralClient, Place
from sync.errors import Conflict, Folded
from sync.signing import Signer, new_key, public_key_of
from sync.wire import (
    AuthorisationAnswer,
    AuthorisationMessage,
    Changes,
    EnrolmentAnswer,
    EnrolmentMessage,
    Message,
    RecordsAnswer,
    RecordsMessage,
    ReleaseAnswer,
    ReleaseMessage,
    SignedManifest,
    SignedPosition,
    TillReport,
    WireRecord,
)
from tests.central import settings_in
from tests.support.one_of_everything import RULES, one_of_everything
from tests.tills import AT, JAN_REF, KEY, Shop, back, jan, milk, open_shop, sale

TERMINAL = "0412/03"
ALLOWANCE_POINTS = 30
FOLDED_BEFORE = AT + timedelta(days=1)
"""Central folds everything that there is before a record is sent that is kept no more."""

SPOKEN: dict[str, tuple[type[Message] | None, type[Message]]] = {
    "/wire/v1/enrolments": (EnrolmentMessage, EnrolmentAnswer),
    "/wire/v1/records": (RecordsMessage, RecordsAnswer),
    "/wire/v1/changes": (TillReport, Changes),
    "/wire/v1/members": (None, SignedManifest),
    "/wire/v1/authorisations": (AuthorisationMessage, AuthorisationAnswer),
    "/wire/v1/authorisations/releases": (ReleaseMessage, ReleaseAnswer),
}
"""Which message is sent to an address and which is answered; `TillReport` stands in the query."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `path` has its query, `bytes` is an answer that is no JSON."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    sent: Any = None
    answer: Any = None
    bytes: str | None = None

    @property
    def address(self) -> str:
        """Without the query."""
        return self.path.partition("?")[0]

    def to_response(self) -> Response:
        """The answer as it was given."""
        content = (
            json.dumps(self.answer).encode() if self.bytes is None else base64.b64decode(self.bytes)
        )
        return Response(content, self.status, self.headers)


_KEPT_HEADERS = ("Content-Type", "Content-Range", "ETag")


def _exchange(request: Request, response: Response) -> Exchange:
    body = request.get_data()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    content = response.get_data()
    is_json = "json" in (response.content_type or "")
    query = request.query_string.decode()
    return Exchange(
        request.method,
        request.path + (f"?{query}" if query else ""),
        response.status_code,
        {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        json.loads(body) if body else None,
        json.loads(content) if is_json else None,
        None if is_json else base64.b64encode(content).decode(),
    )


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@contextmanager
def served(application: Application) -> Iterator[str]:
    """The address of an application on loopback."""
    server = make_server("127.0.0.1", 0, application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listening(application: Application, heard: list[Exchange]) -> Application:
    """The same, with everything that it is asked and answers noted."""

    @Request.application
    def listen(request: Request) -> Response:
        body = request.get_data()
        request.environ["wsgi.input"] = BytesIO(body)
        answered = Response.from_app(application, request.environ)
        answered.direct_passthrough = False
        heard.append(_exchange(request, answered))
        return answered

    return listen


def answering(exchanges: list[Exchange]) -> Application:
    """A central that answers what another one once did, in the same order; 501 where it is asked something else."""
    left = iter(exchanges)

    @Request.application
    def answer(request: Request) -> Response:
        exchange = next(left)
        if (request.method, request.path) != (exchange.method, exchange.address):
            return Response(f"asked for {request.path}, not {exchange.path}", 501)
        return exchange.to_response()

    return answer


@contextmanager
def central_in(folder: Path, members: str, programme: str) -> Iterator[tuple[Central, Settings]]:
    """A central that gives allowances, with the key of the corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_in(folder, allowance_points=ALLOWANCE_POINTS)
    settings.data.mkdir()
    (settings.data / "card-key").write_text(KEY.hex())
    with closing(Central(settings, lambda: AT)) as central:
        central.member_import.run(members.splitlines(keepends=True))
        central.publish(programme, "programme")
        yield central, settings


def message_of(shop: Shop) -> RecordsMessage:
    """Everything in a journal."""
    return RecordsMessage(
        terminal=shop.ledger.terminal,
        epoch=shop.ledger.epoch,
        records=tuple(WireRecord.of(each) for each in shop.ledger.records(0, 100)),
    )


def recorded(folder: Path, members: str) -> list[Exchange]:
    """What a till and central say to each other from the first day to a journal that was lost, and to a record that is
    kept no more."""
    heard: list[Exchange] = []
    folder.mkdir(parents=True, exist_ok=True)
    with (
        central_in(folder / "central", members, RULES) as (central, settings),
        served(listening(create_app(settings, central), heard)) as url,
    ):
        client = _enrolled(url, central.terminals.add("0412", "03").code)
        with closing(one_of_everything(folder / "till")) as shop:
            shop.till.give_back("sold-elsewhere", "B2", (back(1, "1"),), None)
            _first_day(client, shop)
            first_day = message_of(shop)
        with closing(_lost_journal(folder / "anew")) as shop:
            _begins_anew(client, shop)
        central.folding.run(FOLDED_BEFORE)
        with contextlib.suppress(Folded):
            client.send(first_day)
        client.close()
    return heard


def _enrolled(url: str, code: str) -> CentralClient:
    key = new_key()
    asked = EnrolmentMessage(
        code=code, store="0412", till="03", public_key=public_key_of(key).hex()
    )
    with closing(CentralClient(Place(url), Signer(TERMINAL, key))) as client:
        answer = client.enrol(asked)
    return CentralClient(Place(url, key=bytes.fromhex(answer.central_key)), Signer(TERMINAL, key))


def _report(shop: Shop) -> TillReport:
    programme = shop.shelf.at(AT).digest
    return TillReport(programme=programme, time=AT, last_seq=shop.ledger.head.seq)


def _first_day(client: CentralClient, shop: Shop) -> None:
    epoch = shop.ledger.epoch
    client.changes(0, epoch, 0, _report(shop))
    client.send(message_of(shop))
    manifest = client.manifest()
    client.members_part(manifest, 0)
    client.changes(0, epoch, 0, _report(shop))
    for redemption_id, quantity in (("W1", 10), ("W2", 1_000_000)):
        client.authorise(
            AuthorisationMessage(
                terminal=TERMINAL,
                redemption_id=redemption_id,
                account=JAN_REF,
                unit="points",
                quantity=quantity,
                least=quantity,
                until=AT + timedelta(minutes=30),
            )
        )
    client.release(ReleaseMessage(terminal=TERMINAL, redemption_ids=("W1", "W2")))


def _lost_journal(folder: Path) -> Shop:
    """The same till on an empty disk: its POS sends a sale again, and goods of a sale that it voided come back."""
    folder.mkdir()
    shop = open_shop(folder)
    shop.shelf.offer(RULES, "rules", AT)
    shop.confirm(jan())
    shop.till.give_back("S1", "B9", (back(2, "1"),), None)
    shop.till.sell(sale("S1", milk(1, "2", 12500), milk(2, "3", 1000)))
    return shop


def _begins_anew(client: CentralClient, shop: Shop) -> None:
    message = message_of(shop)
    signed = SignedPosition.model_validate(client.send(message).model_dump())
    client.changes(0, shop.ledger.epoch, 0, _report(shop))
    first, second = message.records
    other = second.model_copy(update={"seq": first.seq})
    with contextlib.suppress(Conflict):
        client.send(message.model_copy(update={"records": (other,)}))
    client.send(message.model_copy(update={"records": (), "signed": signed}))


def plain(exchange: Exchange) -> dict[str, Any]:
    """As the corpus holds it."""
    return {name: value for name, value in asdict(exchange).items() if value is not None}
