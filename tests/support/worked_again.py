"""Every record of a real till, worked out again as central does it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from edge_agent.domain.programme import Programme
from edge_agent.domain.record import Record, RecordKind
from sync.central.bodies import Act, Envelope, Unpostable, read_body
from sync.central.working_again import Original, WorkingAgain

OfDigest = Callable[[str], Programme | None]


class _Published:
    """The programmes of the till, as if central had published them."""

    def __init__(self, of_digest: OfDigest) -> None:
        self._of_digest = of_digest

    def of(self, _connection: Any, digest: str) -> Programme | None:
        return self._of_digest(digest)


def worked_again(
    terminal: str, epoch: str, records: Iterable[Record], of_digest: OfDigest, card_key: bytes
) -> list[tuple[int, str]]:
    """(seq, code) of every record that is not what its own facts come to; of a whole till none."""
    checks = WorkingAgain(_Published(of_digest), card_key)
    bodies: dict[str, Any] = {}
    found: list[tuple[int, str]] = []
    for record in records:
        bodies[record.id] = json.loads(record.body)
        try:
            act = read_body(record.body, Envelope(terminal, epoch, record.seq, record.id))
            _check(checks, terminal, act, bodies)
        except Unpostable as reason:
            if reason.code != "unknown-programme" and not _says_so(record.body):
                found.append((record.seq, reason.code))
    return found


def _says_so(body: bytes) -> bool:
    """Whether the till itself says that its rules failed on the sale, which central then parks."""
    return "not_worked_out" in json.loads(body)


def _check(checks: WorkingAgain, terminal: str, act: Act, bodies: dict[str, Any]) -> None:
    nowhere: Any = None
    checks.award(nowhere, terminal, act)
    if act.kind is RecordKind.ATTACH:
        checks.attaching(act, bodies[str(act.original)])
    elif act.original is not None:
        named = bodies[act.original]
        is_sale = named["kind"] == RecordKind.SALE.value
        original = (
            Original(named) if is_sale else Original(bodies[named["attach"]["original"]], named)
        )
        before = [bodies[each] for each in act.said[act.kind.value].get("after", ())]
        checks.giving_back(nowhere, terminal, act, original, before)
