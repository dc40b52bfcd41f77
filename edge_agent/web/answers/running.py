"""How the agent is: devices, journal, line to central, programme, clock."""

from typing import Any, Literal

from pydantic import ConfigDict, RootModel

from edge_agent.web.answers.answer import Answer


class DeviceAnswer(Answer):
    """A device, its state and since when."""

    id: str
    role: str
    kind: str
    where: str | None
    state: Literal["ok", "trouble", "offline", "unknown"]
    reason: str | None
    since: str | None
    last: str | None


class DevicesAnswer(RootModel[list[DeviceAnswer]]):
    """Every configured device."""

    model_config = ConfigDict(defer_build=True)


class DeviceTestAnswer(Answer):
    """What the test does; a scanner cannot be made to scan, so its next scan is the test."""

    device: str
    test: Literal["print", "scan"]
    queued: bool


class TerminalAnswer(Answer):
    """Which terminal this is to central from now on."""

    terminal: str


class CodeAnswer(Answer):
    """A one-time code for another till: `qr` are the rows of its symbol, a 1 for each dark module; `print` is `none`
    where it was not asked for or there is no printer."""

    code: str
    qr: list[str]
    print: Literal["none", "queued", "failed"]


class ScanAnswer(Answer):
    """The scan was given to the scanner; what it meant comes as an event."""

    device: str
    injected: bool


class JournalAnswer(Answer):
    """Where the journal stands."""

    seq: int
    received: int
    head: str | None


class OutboxAnswer(Answer):
    """What central has not received."""

    records: int
    oldest_seconds: float | None


class CentralAnswer(Answer):
    """The line to central; members files that were not what central made are counted since the agent's start."""

    state: str
    last_contact: str | None
    members_files_refused: int


class ReasonAnswer(Answer):
    """So many records that central rejected or parked for one reason."""

    state: str
    code: str | None
    records: int


class StatesAnswer(Answer):
    """Own records that central did not accept, without those that head office has decided about."""

    rejected: int
    parked: int
    reasons: list[ReasonAnswer]


class MembersAnswer(Answer):
    """The members file."""

    version: str | int | None
    as_of: str | None
    count: int


class RefusedProgrammeAnswer(Answer):
    """A published version that was not good: the last good one stays in use."""

    digest: str
    reason: str


class ProgrammeAnswer(Answer):
    """The programme in use; `refused` is a later one that could not be loaded, and why."""

    id: str
    version: str | int
    digest: str
    currency: str
    as_of: str | None
    refused: RefusedProgrammeAnswer | None = None


class ClockAnswer(Answer):
    """Whether the clock can be believed."""

    trusted: bool
    offset_seconds: float | None


class OwnWordAnswer(Answer):
    """What this till can give away on its own word: `worst_loss` in minor units, without the rewards (by id) that are
    `unbounded`; and whether central is asked about redemptions."""

    worst_loss: int
    unbounded: list[str]
    points_per_outage: int
    asks_central: bool


class StatusAnswer(Answer):
    """Everything that store IT asks first."""

    version: str
    terminal: str | dict[str, Any]
    journal: JournalAnswer
    outbox: OutboxAnswer
    central: CentralAnswer
    states: StatesAnswer
    members: MembersAnswer
    programme: ProgrammeAnswer | None
    clock: ClockAnswer
    redemption: OwnWordAnswer | None = None
    disk_free_bytes: int | None


class HealthAnswer(Answer):
    """The process answers."""

    state: Literal["alive"]


class PartAnswer(Answer):
    """What one part says of itself."""

    name: str
    state: Literal["ok", "degraded", "failed", "unknown"]
    reason: str


class ReadyAnswer(Answer):
    """Whether sales can be taken; `degraded` means that they can, and that something else is in trouble."""

    ready: bool
    readiness: Literal["ready", "degraded", "unready"]
    parts: list[PartAnswer]
