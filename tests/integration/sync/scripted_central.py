"""A real HTTP server on loopback that follows the wire, or does what a script says instead.

Each request takes one `Fault` from the script, in order; with the script empty it is answered well.
"""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from nacl.signing import SigningKey

from sync.errors import Conflict, PositionUnknown
from sync.signing import head_statement, key_id_of, manifest_statement, public_key_of
from sync.wire import (
    AuthorisationMessage,
    EnrolmentAnswer,
    EnrolmentMessage,
    MembersManifest,
    Message,
    RecordsAnswer,
    RecordsMessage,
    ReleaseMessage,
    SignedManifest,
)
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import TERMINAL

KEY = b"the key of the till of the tests"
"""What the till signs with; 32 bytes."""

OTHER_KEY = b"a key that was never enrolled..."
CARD_KEY = "ab" * 32
CENTRAL_SEED = b"c" * 32


class Exchange(BaseHTTPRequestHandler):
    """One connection's requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "ScriptedCentral"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.server.open_connections += 1
        self.server.lines.append(self.connection)

    def finish(self) -> None:
        self.server.open_connections -= 1
        super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Be silent."""

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the till went away
            self.server.seen(self)
            fault = self.server.next_fault(self.path)
            if fault is None:
                self.body = self.read_body()
                self.work()()
            else:
                fault(self)

    def read_body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw

    def work(self) -> Callable[[], None]:
        """Do what the request asks; returns what answers it."""
        if self.path.startswith("/wire/v1/members/"):
            return self.answer_part
        try:
            message = self.server.handle(self.path, dict(self.headers), self.body)
        except Conflict:
            return lambda: self.problem(409, "chain-differs")
        except PositionUnknown:
            return lambda: self.problem(410, "position-unknown")
        except PermissionError:
            return lambda: self.problem(401, "unauthorised")
        except LookupError as error:
            code = str(error.args[0])
            return lambda: self.problem(409, code)
        return lambda: self.answer(200, message.model_dump_json().encode())

    def problem(self, status: int, code: str) -> None:
        body = json.dumps({"status": status, "code": code}).encode()
        self.answer(status, body, {"Content-Type": "application/problem+json"})

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | dict(headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_part(self) -> None:
        """A range of a members file, as RFC 9110 has it."""
        version = int(self.path.rpartition("/")[2])
        content = self.server.on_the_way(self.server.model.files[version])
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        headers = {
            "Content-Type": "application/gzip",
            "Content-Range": f"bytes {first}-{last}/{len(content)}",
            "ETag": f'"{self.server.model.etags[version]}"',
        }
        self.answer(206, content[first : last + 1], headers)

    def reset(self) -> None:
        """Cut the connection with RST, as a router that lost its table does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()


Fault = Callable[[Exchange], None]


class ScriptedCentral(ThreadingHTTPServer):
    """The server. `model` is what it holds; `script` what goes wrong, `always` what goes wrong for ever."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, model: ModelCentral, port: int = 0) -> None:
        self.model = model
        self.script: deque[Fault] = deque()
        self.always: Fault | None = None
        self.only_path = ""
        self.requests: list[tuple[str, float]] = []
        self.user_headers: dict[str, str] = {}
        self.connections = 0
        self.open_connections = 0
        self.lines: list[socket.socket] = []
        self.codes: dict[str, str] = {}
        self.on_the_way: Callable[[bytes], bytes] = lambda content: content
        """What somebody makes of a members file between central and the till."""
        self.key_ids = {key_id_of(TERMINAL, public_key_of(KEY))}
        self.released = threading.Event()
        self._thread: threading.Thread | None = None
        super().__init__(("127.0.0.1", port), Exchange)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: Any, client_address: Any) -> None: ...

    def start(self) -> "ScriptedCentral":
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def end(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(5)

    def seen(self, exchange: Exchange) -> None:
        self.requests.append((exchange.path, time.monotonic()))
        self.user_headers = dict(exchange.headers)

    def count(self, path: str) -> int:
        """How many requests went to a path so far."""
        return sum(1 for seen, _ in list(self.requests) if seen.startswith(path))

    def next_fault(self, path: str) -> Fault | None:
        if not path.startswith(self.only_path):
            return None
        return self.script.popleft() if self.script else self.always

    def handle(self, path: str, headers: Mapping[str, str], body: bytes) -> Message:
        parts = urlsplit(path)
        if parts.path == "/wire/v1/enrolments":
            return self._enrol(EnrolmentMessage.model_validate_json(body))
        if not any(f'keyid="{each}"' in headers["Signature-Input"] for each in self.key_ids):
            raise PermissionError
        if parts.path == "/wire/v1/records":
            message = RecordsMessage.model_validate_json(body)
            return signed_position(message, self.model.send(message))
        if parts.path == "/wire/v1/authorisations":
            return self.model.authorise(AuthorisationMessage.model_validate_json(body))
        if parts.path == "/wire/v1/authorisations/releases":
            return self.model.release(ReleaseMessage.model_validate_json(body))
        if parts.path == "/wire/v1/members":
            return signed_manifest(self.model.manifest())
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self.model.changes(
            int(query["after"]),
            query["epoch"],
            int(query.get("wait", "0")),
            members_after=int(query.get("members_after", "0")),
        )

    def _enrol(self, message: EnrolmentMessage) -> EnrolmentAnswer:
        problem = self.codes.get(message.code, "code-unknown")
        if problem:
            raise LookupError(problem)
        self.codes[message.code] = "code-used"
        self.key_ids.add(key_id_of(TERMINAL, bytes.fromhex(message.public_key)))
        return EnrolmentAnswer(terminal=TERMINAL, card_key=CARD_KEY, central_key=CENTRAL_KEY.hex())


CENTRAL_KEY = public_key_of(CENTRAL_SEED)


def signed_position(message: RecordsMessage, answer: RecordsAnswer) -> RecordsAnswer:
    """An answer with central's signature."""
    statement = head_statement(message.terminal, message.epoch, answer.received, answer.head)
    signature = SigningKey(CENTRAL_SEED).sign(statement).signature
    return answer.model_copy(update={"signature": signature.hex()})


def signed_manifest(manifest: MembersManifest, seed: bytes = CENTRAL_SEED) -> SignedManifest:
    """As central says it."""
    text = manifest.model_dump_json()
    signature = SigningKey(seed).sign(manifest_statement(text)).signature
    return SignedManifest(manifest=text, signature=signature.hex())


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"{}") -> Fault:
    """Answer so, without doing what was asked."""

    def fault(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.answer(code, body, headers)

    return fault


def cut_before(exchange: Exchange) -> None:
    """The request never arrived whole."""
    exchange.reset()


def cut_after(exchange: Exchange) -> None:
    """The request was taken, and the answer is lost."""
    exchange.body = exchange.read_body()
    exchange.work()
    exchange.reset()


def half_an_answer(exchange: Exchange) -> None:
    """The request was taken, and the answer breaks off."""
    exchange.body = exchange.read_body()
    exchange.work()
    exchange.send_response(200)
    exchange.send_header("Content-Type", "application/json")
    exchange.send_header("Content-Length", "5000")
    exchange.end_headers()
    exchange.wfile.write(b'{"received": ')
    exchange.close_connection = True


def close_early(exchange: Exchange) -> None:
    """413 before the body was read, and goodbye: what proxies do."""
    exchange.answer(413, b"{}", {"Connection": "close"})
    exchange.close_connection = True


def garbage(exchange: Exchange) -> None:
    """What answers does not speak HTTP."""
    exchange.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    exchange.close_connection = True


def never(exchange: Exchange) -> None:
    """Take the request, and never answer."""
    exchange.read_body()
    exchange.server.released.wait(60)
    exchange.close_connection = True


def dribble(exchange: Exchange) -> None:
    """Answer one byte at a time, for ever: no single read times out."""
    exchange.read_body()
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.server.released.wait(0.02):
        exchange.wfile.write(b"z")


def slow(seconds: float) -> Fault:
    """Answer well, after a while."""

    def fault(exchange: Exchange) -> None:
        exchange.body = exchange.read_body()
        exchange.server.released.wait(seconds)
        exchange.work()()

    return fault


def twice(exchange: Exchange) -> None:
    """A proxy that repeats a request: central takes it twice."""
    exchange.body = exchange.read_body()
    exchange.work()
    exchange.work()()


@contextlib.contextmanager
def scripted_central(model: ModelCentral | None = None) -> Iterator[ScriptedCentral]:
    """A server for the time of a test."""
    server = ScriptedCentral(model or ModelCentral()).start()
    try:
        yield server
    finally:
        server.end()


def over_tls(server: ScriptedCentral, certificate: str, key: str) -> None:
    """Speak TLS from now on; before `start`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)


def eventually(holds: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {within_s:g} s still not: {what}")
        time.sleep(0.005)
