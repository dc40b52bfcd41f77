"""The wire: what terminals say, see `sync.wire` for the messages."""

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field

from sync.central.central import Central
from sync.central.changes import WAIT_S_MAX, states_of
from sync.central.intake import FOLDED, RECORD_DIFFERS
from sync.central.problems import Problem
from sync.central.requests_in import json_body
from sync.central.terminals import NotTold
from sync.wire import (
    AuthorisationMessage,
    EnrolmentMessage,
    RecordsAnswer,
    RecordsMessage,
    ReleaseMessage,
    TillReport,
    Upto,
)

_SMALL_BYTES_MAX = 16_384
"""A code, a redemption, or the ids of as many as are let go of at once."""


class _ChangesQuery(TillReport):
    after: Upto = 0
    epoch: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    wait: float = Field(default=0, ge=0, le=86_400)
    members_after: Upto = 0


def blueprint(central: Central, bytes_max: int) -> Blueprint:
    """The routes under /wire/v1."""
    wire = Blueprint("wire", __name__, url_prefix="/wire/v1")

    @wire.post("/enrolments")
    def enrol() -> Response:
        came: list[bytes] = []
        message = json_body(request, EnrolmentMessage, _SMALL_BYTES_MAX, came.append)
        central.gate.check_enrolment(request, message, came[0])
        return _json(central.terminals.enrol(message))

    @wire.post("/records")
    def records() -> Response:
        caller = central.gate.uploader(request)
        message = json_body(request, RecordsMessage, bytes_max, caller.check_body)
        caller.check_own(message.terminal)
        return _json(_push(central, message, ended=caller.ended))

    @wire.post("/authorisations")
    def authorise() -> Response:
        caller = central.gate.reader(request)
        message = json_body(request, AuthorisationMessage, _SMALL_BYTES_MAX, caller.check_body)
        caller.check_own(message.terminal)
        return _json(central.authorising.authorise(message))

    @wire.post("/authorisations/releases")
    def release() -> Response:
        caller = central.gate.reader(request)
        message = json_body(request, ReleaseMessage, _SMALL_BYTES_MAX, caller.check_body)
        caller.check_own(message.terminal)
        return _json(central.authorising.release(message))

    @wire.get("/changes")
    def changes() -> Response:
        caller = central.gate.reader(request)
        terminal = caller.terminal
        query = _ChangesQuery.model_validate(request.args.to_dict())
        central.terminals.note_programme(terminal, query)
        central.authorising.note_position(terminal, query.epoch, query)
        wait_s = min(query.wait, WAIT_S_MAX)
        try:
            told = central.feed.changes(
                terminal,
                query.epoch,
                query.after,
                wait_s,
                query.allowances_change,
                query.members_after,
                query.instance,
                caller.refusal,
            )
        except NotTold as problem:  # since it was let in
            caller.refuse(problem)
        return _json(told)

    @wire.get("/members")
    def manifest() -> Response:
        central.gate.reader(request)
        return _json(central.members_files.manifest())

    @wire.get("/members/<row:version>")
    def members_file(version: int) -> Response:
        central.gate.reader(request)
        path, made = central.members_files.path_of(version)
        # With ranges, 206, 416 and If-Range, as RFC 9110 has them: `conditional`.
        answer = send_file(path, "application/gzip", conditional=True, etag=made.packed_sha256)
        del answer.headers[
            "Cache-Control"
        ]  # it is of persons: as with every answer, nobody keeps it
        return answer

    return wire


def _push(central: Central, message: RecordsMessage, *, ended: bool) -> RecordsAnswer:
    taken = central.push(message, ended=ended).taken
    with central.database.read() as connection:
        states = states_of(
            connection, message.terminal, message.epoch, [each.seq for each in message.records]
        )
    head = taken.head.hex() if taken.received else None
    answer = RecordsAnswer(
        received=taken.received,
        head=head,
        signature=central.countersign(message, taken.received, head),
        holds_before=taken.holds_before,
        closed_by=taken.closed_by,
        quarantined=taken.quarantined,
        states=states,
    )
    position = {"received": answer.received, "head": answer.head, "seq": taken.stopped_at}
    if taken.stopped_by == RECORD_DIFFERS:
        raise Problem(
            409,
            RECORD_DIFFERS,
            f"Number {taken.stopped_at} of this journal was received with other content before.",
            extra=position,
        )
    if taken.checkpoint is not None:
        raise Problem(
            410,
            FOLDED,
            f"Number {taken.stopped_at} of this journal was received so long ago that it is kept no more; go on after "
            f"{answer.received}.",
            extra=position
            | {"checkpoint": taken.checkpoint.model_dump(), "same_upto": taken.same_upto},
        )
    return answer


def _json(message: BaseModel) -> Response:
    return Response(message.model_dump_json(exclude_none=True), content_type="application/json")
