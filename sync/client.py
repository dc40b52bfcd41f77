"""The wire over HTTP: one client is one thread's line to central.

Every request is signed (`sync.signing`). Answers become messages or one of `sync.errors`; nothing else comes out.
Bodies are never logged or put into an error. Redirects are not followed, since a key belongs to one address only.
"""

import contextlib
import gzip
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from sync import policy
from sync.errors import (
    Busy,
    CentralError,
    Cloned,
    Conflict,
    EnrolmentRefused,
    Folded,
    IdentityUnusable,
    PositionUnknown,
    ProtocolError,
    Refused,
    Revoked,
    Stopped,
    TooLarge,
    Unreachable,
    quarantined,
)
from sync.line import Grip, gripped_session
from sync.members_file import read_manifest
from sync.signing import Signer, checkpoint_statement, head_statement, is_signed_by
from sync.wire import (
    NO_REPORT,
    AuthorisationAnswer,
    AuthorisationMessage,
    Changes,
    EnrolmentAnswer,
    EnrolmentMessage,
    MembersManifest,
    Message,
    ProgrammeReport,
    RecordsAnswer,
    RecordsMessage,
    ReleaseAnswer,
    ReleaseMessage,
    SignedCheckpoint,
    SignedManifest,
)

_CHUNK_BYTES = 65_536
_DETAIL_CHARS_MAX = 200
_SAFE_CODE = re.compile(r"[a-z0-9-]{1,64}")

M = TypeVar("M", bound=Message)


class _Problem(BaseModel):
    """What is read of an RFC 9457 problem."""

    model_config = ConfigDict(extra="ignore")
    code: str = ""
    detail: str = ""
    now: int | None = None
    """Central's clock in seconds, where it says that ours is wrong."""
    seq: int | None = None
    """The record that differs, or that is kept no more, where it is one."""
    checkpoint: SignedCheckpoint | None = None
    """What it was folded into."""
    same_upto: int = 0
    """Up to which of those that were sent from `seq` on central took the same, by their ids."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; the reasons stand with the numbers in `policy`."""

    connect_s: float = policy.CONNECT_TIMEOUT_S
    read_s: float = policy.READ_TIMEOUT_S
    total_s: float = policy.REQUEST_TOTAL_S


@dataclass(frozen=True, slots=True)
class Place:
    """Where central is: its address, the file with the authorities to trust (None: the machine's own), and the public
    key that it signs with (None: not known yet)."""

    url: str
    ca_file: Path | None = None
    key: bytes | None = None

    def checked(self) -> "Place":
        """Return itself; raises IdentityUnusable where nothing should be sent there."""
        try:
            parts = urlsplit(self.url)
            host = parts.hostname
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
            raise IdentityUnusable("central's url must look like https://loyalty.example")
        if parts.username is not None or parts.password is not None:
            raise IdentityUnusable("central's url must not hold a user or password")
        if parts.scheme == "http" and not _is_loopback(host):
            raise IdentityUnusable(
                "central's url must begin with https://, since members would be readable on the way; "
                "http:// is for this machine only (127.0.0.1, localhost)"
            )
        if self.ca_file is not None and not self.ca_file.is_file():
            raise IdentityUnusable(f"the ca_file {self.ca_file} is not there")
        return self

    def at(self, path: str) -> str:
        """The address of `path` at central."""
        return self.url.rstrip("/") + path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Question:
    """A request before it is signed; the answer may have `bytes_max` bytes and come after `wait_s` seconds."""

    method: str
    path: str
    body: bytes | None = field(repr=False)
    headers: dict[str, str]
    bytes_max: int
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    retry_after: str
    content_range: str
    etag: str
    body: bytes = field(repr=False)


class CentralClient:
    """One thread's line to central as the signer's terminal. Only `cut` may be called by other threads."""

    def __init__(self, place: Place, signer: Signer, timeouts: Timeouts | None = None) -> None:
        self._place = place.checked()
        self._signer = signer
        self._timeouts = timeouts or Timeouts()
        self._grip = Grip()
        self._session = gripped_session(self._grip)
        self._session.headers["Accept"] = "application/json"
        self._session.headers["User-Agent"] = "loyalty-edge-agent"
        self._session.verify = True if place.ca_file is None else str(place.ca_file)

    @property
    def terminal(self) -> str:
        """The terminal that signs."""
        return self._signer.terminal

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        """`POST /wire/v1/records`."""
        answer = self._exchange(
            "POST", "/wire/v1/records", message, policy.RECORDS_ANSWER_BYTES_MAX
        )
        if answer.status == HTTPStatus.GONE:
            raise self._gone(message, answer)
        told = _understood(RecordsAnswer, answer)
        if self._place.key is not None:
            _check_signature(self._place.key, message, told)
        return told

    def _gone(self, message: RecordsMessage, answer: _Answer) -> CentralError:
        """What 410 means of records: what they were folded into, if it is central that says so."""
        problem = _problem(answer)
        found = problem.checkpoint
        if problem.code != Folded.code or found is None or problem.seq is None:
            return _fault(answer)
        statement = checkpoint_statement(message.terminal, message.epoch, found)
        key = self._place.key
        if key is not None and not is_signed_by(key, bytes.fromhex(found.signature), statement):
            return ProtocolError(
                "central's checkpoint is not signed with the key that this till knows"
            )
        return Folded(
            f"central keeps record {problem.seq} no more",
            problem.seq,
            found.position,
            bytes.fromhex(found.head),
            problem.same_upto,
        )

    def changes(
        self,
        after: int,
        epoch: str,
        wait_s: int,
        report: ProgrammeReport = NO_REPORT,
        members_after: int = 0,
    ) -> Changes:
        """`GET /wire/v1/changes`, as a long poll where `wait_s` is not 0."""
        asked: dict[str, str | int] = {"after": after, "epoch": epoch}
        if wait_s:
            asked["wait"] = wait_s
        if members_after:
            asked["members_after"] = members_after
        path = f"/wire/v1/changes?{urlencode(asked | report.model_dump(mode='json', exclude_none=True))}"
        answer = self._exchange("GET", path, None, policy.CHANGES_BYTES_MAX, wait_s)
        return _understood(Changes, answer)

    def manifest(self) -> MembersManifest:
        """`GET /wire/v1/members`; raises MembersFileRefused where it is not central that signed it."""
        answer = self._exchange("GET", "/wire/v1/members", None, policy.SMALL_ANSWER_BYTES_MAX)
        return read_manifest(_understood(SignedManifest, answer), self._place.key or b"")

    def members_part(self, manifest: MembersManifest, start: int) -> bytes:
        """`GET /wire/v1/members/{version}`: bytes of the file from `start` on, which must be before its end."""
        end = min(start + policy.MEMBERS_PART_BYTES, manifest.packed_bytes)
        # Not packed once more by a proxy: ranges are of the file's own bytes.
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        path = f"/wire/v1/members/{manifest.version}"
        answer = self._tried_twice(_Question("GET", path, None, headers, end - start))
        if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise _fault(answer)
        expected = f"bytes {start}-{end - 1}/{manifest.packed_bytes}"
        found = (answer.content_range, answer.etag.strip('"'), len(answer.body))
        if found != (expected, manifest.packed_sha256, end - start):
            raise ProtocolError("what came is not the part of the members file that was asked for")
        return answer.body

    def enrol(self, message: EnrolmentMessage) -> EnrolmentAnswer:
        """`POST /wire/v1/enrolments`; raises EnrolmentRefused where the code is not accepted."""
        answer = self._exchange(
            "POST", "/wire/v1/enrolments", message, policy.SMALL_ANSWER_BYTES_MAX
        )
        if answer.status in _CODE_NOT_ACCEPTED:
            problem = _problem(answer)
            raise EnrolmentRefused(_why_not_enrolled(answer.status, problem))
        return _understood(EnrolmentAnswer, answer)

    def authorise(self, message: AuthorisationMessage) -> AuthorisationAnswer:
        """`POST /wire/v1/authorisations`."""
        answer = self._exchange(
            "POST", "/wire/v1/authorisations", message, policy.SMALL_ANSWER_BYTES_MAX
        )
        return _understood(AuthorisationAnswer, answer)

    def release(self, message: ReleaseMessage) -> ReleaseAnswer:
        """`POST /wire/v1/authorisations/releases`."""
        path = "/wire/v1/authorisations/releases"
        answer = self._exchange("POST", path, message, policy.SMALL_ANSWER_BYTES_MAX)
        return _understood(ReleaseAnswer, answer)

    def cut(self) -> None:
        """End the exchange under way at once; it and all later ones raise Stopped."""
        self._grip.cut_for_good()

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()
        self._grip.let_go()

    def _exchange(
        self, method: str, path: str, message: Message | None, bytes_max: int, wait_s: int = 0
    ) -> _Answer:
        body, headers = _packed(message)
        return self._tried_twice(_Question(method, path, body, headers, bytes_max, wait_s))

    def _tried_twice(self, question: _Question) -> _Answer:
        answer = self._tried(question)
        if answer.status != HTTPStatus.UNAUTHORIZED or (now := _problem(answer).now) is None:
            return answer
        # Our clock is off. That keeps nobody from uploading: central said what time it is.
        self._signer.heard(now)
        return self._tried(question)

    def _tried(self, question: _Question) -> _Answer:
        try:
            with self._deadline(self._timeouts.total_s + question.wait_s):
                return self._asked(question)
        except requests.exceptions.SSLError as error:
            raise self._broken("central's certificate is not one that this till trusts") from error
        except requests.exceptions.Timeout as error:
            raise self._broken("central did not answer in time") from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._broken(f"no connection to central ({type(error).__name__})") from error
        finally:
            self._grip.settle()

    def _asked(self, question: _Question) -> _Answer:
        if self._grip.cut:
            raise Stopped("the line was cut")
        method, path, body = question.method, question.path, question.body
        with self._session.request(
            method,
            self._place.at(path),
            data=body,
            headers=self._signer.signed(method, path, body, question.headers),
            timeout=(self._timeouts.connect_s, self._timeouts.read_s + question.wait_s),
            allow_redirects=False,
            stream=True,
        ) as response:
            good = response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
            content = _read(response, question.bytes_max if good else policy.SMALL_ANSWER_BYTES_MAX)
            if self._grip.cut:
                raise Stopped("the line was cut")
            return _Answer(
                response.status_code,
                response.headers.get("Content-Type", ""),
                response.headers.get("Retry-After", ""),
                response.headers.get("Content-Range", ""),
                response.headers.get("ETag", ""),
                content,
            )

    def _broken(self, detail: str) -> CentralError:
        """No whole answer: because of a cut that we made, or of the line."""
        return Stopped("the line was cut") if self._grip.cut else Unreachable(detail)

    @contextlib.contextmanager
    def _deadline(self, total_s: float) -> Iterator[None]:
        """Shut the connection when the exchange as a whole takes too long.

        Raises Unreachable also where the answer then looks whole: one without a length ends with its connection.
        """
        late = threading.Event()

        def end() -> None:
            late.set()
            self._grip.shut()

        timer = threading.Timer(total_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if late.is_set():
            raise self._broken(f"central's answer took longer than {total_s:g} s")


def _packed(message: Message | None) -> tuple[bytes | None, dict[str, str]]:
    """The bytes of a message and the headers that describe them."""
    if message is None:
        return None, {}
    body = message.model_dump_json(exclude_none=True).encode()
    headers = {"Content-Type": "application/json"}
    if len(body) < policy.GZIP_FROM_BYTES:
        return body, headers
    # Level 6 is within a few percent of 9 at a third of the time; mtime 0 makes the same records the same bytes.
    return gzip.compress(body, 6, mtime=0), headers | {"Content-Encoding": "gzip"}


def _read(response: requests.Response, bytes_max: int) -> bytes:
    """The body, unpacked, up to `bytes_max`; a longer one is not from central."""
    body = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > bytes_max:
            response.close()
            raise ProtocolError(f"the answer is longer than {bytes_max} bytes")
    return bytes(body)


def _understood(kind: type[M], answer: _Answer) -> M:
    """The message in an answer; anything else is raised."""
    if answer.status != HTTPStatus.OK:
        raise _fault(answer)
    if not _is_json(answer.content_type):
        raise ProtocolError(
            "what answers is not central (no JSON); is there a sign-in page before it?"
        )
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        where = ", ".join(".".join(map(str, p["loc"])) or p["type"] for p in problems[:5])
        # Not chained: the original's text would carry parts of the body into a log.
        raise ProtocolError(f"the answer is not a {kind.__name__}: {where}") from None


def _check_signature(key: bytes, message: RecordsMessage, answer: RecordsAnswer) -> None:
    """Raises ProtocolError where a position is not signed by central: nothing is taken for received on a word that
    nobody stands for."""
    statement = head_statement(message.terminal, message.epoch, answer.received, answer.head)
    if not is_signed_by(key, bytes.fromhex(answer.signature or ""), statement):
        raise ProtocolError("central's position is not signed with the key that this till knows")


def _fault(answer: _Answer) -> CentralError:
    """What a status other than 200 means."""
    status = answer.status
    problem = _problem(answer)
    code = problem.code
    if status == HTTPStatus.FORBIDDEN and code in {Cloned.code, Revoked.code}:
        return quarantined(code)
    if status == HTTPStatus.CONFLICT:
        return Conflict(f"central answered {status} {code}".strip(), problem.seq)
    said = f"{status} {code}".strip()
    by_status: dict[int, type[CentralError]] = {
        401: Refused,
        403: Refused,
        410: PositionUnknown,
        413: TooLarge,
    }
    if status in by_status:
        return by_status[status](f"central answered {said}")
    if status == 429 or status >= 500:
        return Busy(f"central answered {said}", _seconds(answer.retry_after))
    if 300 <= status < 400:
        return ProtocolError(f"central answered {status}: its url leads somewhere else")
    return ProtocolError(f"central answered {said}")


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _problem(answer: _Answer) -> _Problem:
    """The problem in an answer, as far as it can be trusted to be one."""
    if not _is_json(answer.content_type):
        return _Problem()
    try:
        problem = _Problem.model_validate_json(answer.body)
    except ValidationError:
        return _Problem()
    code = problem.code if _SAFE_CODE.fullmatch(problem.code) else ""
    detail = " ".join(problem.detail.split())[:_DETAIL_CHARS_MAX]
    shown = detail if detail.isprintable() else ""
    return problem.model_copy(update={"code": code, "detail": shown})


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; its date form would need clocks that agree."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


_CODE_NOT_ACCEPTED = frozenset({400, 401, 403, 404, 409, 410, 422})
_ENROLMENT_REASONS = {
    "code-used": "This code was used already. Make a new one at central: terminals add.",
    "code-expired": "This code has expired. Make a new one at central: terminals add.",
    "code-unknown": "Central does not know this code. Check it, or make a new one: terminals add.",
    "other-terminal": "This code is for another store or till than the one that is configured here.",
}


def _why_not_enrolled(status: int, problem: _Problem) -> str:
    if problem.code in _ENROLMENT_REASONS:
        return _ENROLMENT_REASONS[problem.code]
    if problem.detail:
        return f"Central did not accept the code: {problem.detail}"
    if status == HTTPStatus.NOT_FOUND:
        return "Central does not know this code, or its url is not that of a central."
    return f"Central did not accept the code ({status}). Make a new one: terminals add."
