"""Any order of sales, pushes, faults, restarts and a central from a backup, against one law: once each, in order."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sync.errors import Busy, CentralError, Folded, ProtocolError, TooLarge, Unreachable
from sync.policy import Window
from sync.push import push
from sync.wire import (
    NO_REPORT,
    Changes,
    MembersManifest,
    ProgrammeReport,
    RecordsAnswer,
    RecordsMessage,
    WireRecord,
)
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import EPOCH, RealTill

BEFORE = ("cut before", "500", "html", "413")
AFTER = ("answer lost", "taken twice", "repeated later", "suffix")


class Line:
    """The model of central behind a line that does what it was told to, one thing per request."""

    def __init__(self, central: ModelCentral) -> None:
        self.terminal = central.terminal
        self.central = central
        self.trouble: list[str] = []
        self.late: list[RecordsMessage] = []

    def send(self, message: RecordsMessage) -> RecordsAnswer:
        trouble = self.trouble.pop(0) if self.trouble else ""
        errors: dict[str, CentralError] = {
            "cut before": Unreachable("cut"),
            "500": Busy("500"),
            "html": ProtocolError("html"),
            "413": TooLarge("413"),
        }
        if trouble in errors:
            raise errors[trouble]
        if trouble == "suffix":
            message = message.model_copy(
                update={"records": message.records[: len(message.records) // 2]}
            )
        if trouble == "repeated later":
            self.late.append(message)
        answer = self.central.send(message)
        if trouble == "taken twice":
            answer = self.central.send(message)
        if trouble == "answer lost":
            raise Unreachable("answer lost")
        return answer

    def changes(
        self,
        after: int,
        epoch: str,
        wait_s: int,
        report: ProgrammeReport = NO_REPORT,
        members_after: int = 0,
    ) -> Changes:
        return self.central.changes(after, epoch, wait_s, report, members_after)

    def manifest(self) -> MembersManifest:
        return self.central.manifest()

    def members_part(self, manifest: MembersManifest, start: int) -> bytes:
        return self.central.members_part(manifest, start)


class PushMachine(RuleBasedStateMachine):
    """One till on real files."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.till = RealTill(Path(self.folder.name))
        self.central = ModelCentral()
        self.line = Line(self.central)
        self.window = Window(records=8)

    def teardown(self) -> None:
        if hasattr(self, "till"):
            self.line.trouble.clear()
            for _ in range(3):
                push(self.line, self.till.journal, self.window, ask_first=True)
            everything = self.till.journal.waiting(0, 10_000, 10**9)
            assert self.central.effects == [record.id for record in everything]
            assert self.till.journal.received() == len(everything)
            self.till.close()
            self.folder.cleanup()

    @rule(count=st.integers(1, 12))
    def sell(self, count: int) -> None:
        self.till.journal.record(count)

    @rule(trouble=st.lists(st.sampled_from(("", *BEFORE, *AFTER)), max_size=6), ask=st.booleans())
    def push(self, trouble: list[str], *, ask: bool) -> None:
        self.line.trouble = trouble
        before = self.till.journal.received()
        result = push(self.line, self.till.journal, self.window, ask_first=ask)
        assert result.received == self.till.journal.received()
        assert result.moved >= 0
        if result.fault is None:
            assert self.till.journal.received() == self.till.journal.last_seq()
        elif not ask and self.central.held(EPOCH) >= before:
            assert self.till.journal.received() >= before

    @precondition(lambda self: self.line.late)
    @rule()
    def an_old_request_arrives_again(self) -> None:
        message = self.line.late.pop()
        if self._still_held(message.records):
            with suppress(Folded):
                self.central.send(message)

    def _still_held(self, records: tuple[WireRecord, ...]) -> bool:
        return all(record.seq <= self.central.held(EPOCH) for record in records)

    @precondition(lambda self: self.central.held(EPOCH) > 0)
    @rule(share=st.floats(0, 1))
    def central_comes_back_from_a_backup(self, share: float) -> None:
        self.central.restore(EPOCH, int(self.central.held(EPOCH) * share))

    @precondition(lambda self: self.central.held(EPOCH) > 0)
    @rule(share=st.floats(0, 1))
    def central_folds_what_is_old(self, share: float) -> None:
        self.central.fold(EPOCH, int(self.central.held(EPOCH) * share))

    @rule()
    def the_till_restarts(self) -> None:
        self.till.close()
        self.till = RealTill(Path(self.folder.name))
        self.window = Window(records=8)

    @invariant()
    def every_record_had_one_effect_and_in_order(self) -> None:
        if hasattr(self, "central"):
            records = self.till.journal.waiting(0, 10_000, 10**9)
            held = self.central.effects
            assert held == [record.id for record in records][: len(held)]


TestPushMachine = PushMachine.TestCase
TestPushMachine.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
