"""One error of the disk at one system call of one act, and what is there afterwards."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from sync.wire import RecordsMessage
from tests.central import Till
from tests.proof.disk_errors.acting import MESSAGE, SOLD, SOLD_BEFORE
from tests.support.disk import traced

End = Literal["till", "central"]
DATABASES: dict[End, str] = {"till": "ledger.db", "central": "central.db"}
WRITES, SYNCS = ("pwrite64", "ftruncate"), ("fdatasync", "fsync")
PUSHED = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """The `number`-th call of that name fails with that error."""

    call: str
    number: int
    error: str


@dataclass
class Actor:
    """The process whose children act. Use as a context."""

    _process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> "Actor":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.disk_errors.acting"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.__exit__(kind, error, traceback)

    @contextmanager
    def does(self, end: End, do: str, folder: Path) -> Iterator["Child"]:
        """A child that is ready to do something."""
        self._say({"end": end, "do": do, "folder": str(folder)})
        yield Child(self, self.hears()["pid"])

    def _say(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hears(self) -> dict[str, Any]:
        """The next thing that a child tells."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the acting process ended"
        told: dict[str, Any] = json.loads(line)
        assert "failed" not in told, told
        return told

    def goes(self) -> dict[str, Any]:
        """Let the child that is ready do it; what it tells."""
        self._say({})
        return self.hears()


@dataclass(frozen=True, slots=True)
class Child:
    """A child that is ready."""

    actor: Actor
    pid: int

    def goes(self) -> dict[str, Any]:
        """Let it do it."""
        return self.actor.goes()


@dataclass
class Prepared:
    """A data folder before the act, and what is known of it. `sold` are the answers to earlier sales."""

    end: End
    folder: Path
    sold: dict[str, Any]
    hashes: list[list[Any]]


def prepare(actor: Actor, end: End, folder: Path) -> Prepared:
    """Make a data folder with something in it."""
    folder.mkdir(parents=True)
    till = Till("0412/03", epoch="e" * 32)
    for number in range(PUSHED):
        till.sale(sale_id=f"s-{number}")
    message: RecordsMessage = till.message()
    (folder / MESSAGE).write_text(message.model_dump_json())
    with actor.does(end, "prepare", folder) as child:
        sold = child.goes()
    return Prepared(end, folder, sold, [[each.seq, each.hash.hex()] for each in till.records])


def act(
    actor: Actor, prepared: Prepared, work: Path, fault: Fault | None
) -> tuple[dict[str, Any], Counter[str], bool]:
    """Do the act on a copy of the folder: what was told, the calls that it took, and whether the fault struck."""
    folder = work / "disk"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared.folder, folder)
    log = work / "calls"
    database = folder / DATABASES[prepared.end]
    files = [database, database.with_name(f"{database.name}-wal")]
    inject = []
    if fault is not None:
        inject = ["-e", f"inject={fault.call}:error={fault.error}:when={fault.number}"]
    with (
        actor.does(prepared.end, "act", folder) as child,
        traced(child.pid, [*WRITES, *SYNCS], files, log, inject),
    ):
        told = child.goes()
    lines = log.read_text().splitlines()
    names = Counter(
        name for line in lines for name in (*WRITES, *SYNCS) if f" {name}(" in f" {line}"
    )
    return told, names, any("INJECTED" in line for line in lines)


def faults_of(calls: Counter[str]) -> list[Fault]:
    """An error at every call: EIO at each, and no room at each that may need some."""
    errors = {name: ("EIO", "ENOSPC") if name in WRITES else ("EIO",) for name in calls}
    return [
        Fault(name, number, error)
        for name, count in sorted(calls.items())
        for number in range(1, count + 1)
        for error in errors[name]
    ]


def wrong_after(actor: Actor, prepared: Prepared, work: Path, fault: Fault) -> list[str]:
    """Let one call fail; sentences on what is not as it has to be."""
    told, _, struck = act(actor, prepared, work, fault)
    if not struck:
        return [f"{fault} did not strike"]
    with actor.does(prepared.end, "look", work / "disk") as child:
        found = child.goes()
    judge = _till_is_wrong if prepared.end == "till" else _central_is_wrong
    return [f"{prepared.end}, {fault}: {sentence}" for sentence in judge(prepared, told, found)]


def _till_is_wrong(
    prepared: Prepared, told: dict[str, Any], found: dict[str, Any]
) -> Iterator[str]:
    if not found["whole"]:
        yield "the chain is not whole"
    answers = found["answers"]
    lost = [sale_id for sale_id, result in prepared.sold.items() if answers[sale_id] != result]
    if lost:
        yield f"{', '.join(lost)} were acknowledged before and are lost"
    if "acknowledged" in told and answers[SOLD] != told["acknowledged"]:
        yield "the sale was acknowledged and is lost"
    if found["records"] != SOLD_BEFORE + 1:
        yield f"there are {found['records']} records of {SOLD_BEFORE + 1} sales"


def _central_is_wrong(
    prepared: Prepared, told: dict[str, Any], found: dict[str, Any]
) -> Iterator[str]:
    there = found["there"]
    if there != prepared.hashes[: len(there)]:
        yield "what is there is no part of the journal"
    if told.get("acknowledged", 0) > len(there):
        yield f"records up to {told['acknowledged']} were acknowledged, {len(there)} are there"
    if found["received"] != PUSHED:
        yield f"sent again, {found['received']} of {PUSHED} are received"
    if any(each["state"] == "received" for each in found["states"]):
        yield "sent again, some are not posted"
