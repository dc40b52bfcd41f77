"""The members files that terminals can have: built when one is asked for and the last is too old, kept, and swept.

A file stands in the folder as `VERSION.gz` with its signed manifest `VERSION.json` beside it; the manifest comes last,
so that what has one is whole. Several processes of central may share the folder: one builds at a time. A file from
before a member was erased is never handed out again, whoever built it.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from sync.central.changes import is_far_behind
from sync.central.database import Database, current_change
from sync.central.members_build import Builder, GivenUp, remove_unfinished
from sync.central.problems import Problem
from sync.central.programmes import Programmes
from sync.central.times import Clock
from sync.central.told import oldest_allowed
from sync.signing import manifest_statement
from sync.wire import MembersManifest, SignedManifest

KEPT = 2
"""The newest, and the one before it, which a terminal may be in the middle of."""

WAIT_S = 5.0
"""How long a terminal waits for a file that is being built, a thread of ours with it: 100,000 members take less. It
asks again for a bigger one."""

LOOK_EVERY_S = 0.05
"""How often it is tried whether another process is done."""


class MembersFiles:
    """The files in one folder. `rebuild_after` is how old the newest may get before one who asks has another built."""

    def __init__(
        self,
        database: Database,
        programmes: Programmes,
        clock: Clock,
        folder: Path,
        key: Ed25519PrivateKey,
        rebuild_after: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder
        self._key = key
        self._rebuild_after = rebuild_after
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._builder = Builder(database, programmes, clock, lambda: not self._stopping.is_set())
        self._log = structlog.get_logger("central")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sweep()

    def manifest(self, wait_s: float = WAIT_S) -> SignedManifest:
        """The newest file's, which may be older than it should be while the next is built.

        Raises a problem, to be tried again, where the first takes longer than `wait_s`.
        """
        with self._database.read() as connection:
            found = self._newest(connection)
            good_enough = found is not None and not self._is_old(connection, found[0])
        if not good_enough:
            building = self._build_in_background()
            if found is None:
                building.join(wait_s)
                with self._database.read() as connection:
                    found = self._newest(connection)
        if found is None:
            raise Problem(
                503,
                "members-file-building",
                "The members file is being built; ask again.",
                retryable=True,
            )
        return found[1]

    def path_of(self, version: int) -> tuple[Path, MembersManifest]:
        """A packed file and what it is; raises a problem where there is none that may be had."""
        with self._database.read() as connection:
            for manifest, _signed in self._usable(connection):
                if manifest.version == version:
                    return self._packed(version), manifest
        raise Problem(404, "unknown-members-file", "There is no such members file any more.")

    def sweep(self) -> None:
        """Remove files that may not be handed out any more, need not be kept, or were never finished."""
        with self._database.read() as connection:
            kept = {manifest.version for manifest, _ in list(self._usable(connection))[:KEPT]}
        for path in self._folder.glob("*.json"):
            if path.stem.isdecimal() and int(path.stem) not in kept:
                path.unlink(missing_ok=True)
                path.with_suffix(".gz").unlink(missing_ok=True)
        with self._alone(patient=False) as nobody_builds:
            if nobody_builds:
                remove_unfinished(self._folder)

    def build(self) -> None:
        """Build a file now, unless another process is about it; then wait for that one to end."""
        with self._alone() as first:
            if first:
                self._build()
        self.sweep()
        self._database.scrub()  # what was erased meanwhile could not leave the log while this read

    def wait(self) -> None:
        """Wait for what is being built here, if anything is."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def stop(self) -> None:
        """Give up what is being built, and let everyone who waits go."""
        self._stopping.set()
        self.wait()

    def _newest(self, connection: Connection) -> tuple[MembersManifest, SignedManifest] | None:
        return next(self._usable(connection), None)

    def _usable(self, connection: Connection) -> Iterator[tuple[MembersManifest, SignedManifest]]:
        """What may be handed out, newest first.

        A file with a version that this database has not reached is of before it was restored from a backup.
        """
        lowest, highest = oldest_allowed(connection), current_change(connection)
        names = (path.stem for path in self._folder.glob("*.json"))
        for version in sorted((int(each) for each in names if each.isdecimal()), reverse=True):
            with suppress(FileNotFoundError):  # another process sweeps too
                signed = SignedManifest.model_validate_json(self._signed(version).read_bytes())
                manifest = MembersManifest.model_validate_json(signed.manifest)
                if lowest <= version <= highest and self._clock() < manifest.expires:
                    yield manifest, signed

    def _is_old(self, connection: Connection, manifest: MembersManifest) -> bool:
        age = self._clock() - manifest.as_of
        return age > self._rebuild_after or is_far_behind(connection, manifest.version)

    def _build_in_background(self) -> threading.Thread:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._build_and_tell, name="members-file", daemon=True
                )
                self._thread.start()
            return self._thread

    def _build_and_tell(self) -> None:
        try:
            self.build()
        except GivenUp:
            pass
        except Exception:  # noqa: BLE001 - whatever it is, the next who asks has it tried again
            self._log.exception("members file not built")

    def _build(self) -> None:
        began = time.monotonic()
        built = self._builder.build(self._folder)
        version = built.manifest.version
        text = built.manifest.model_dump_json()
        signature = self._key.sign(manifest_statement(text)).hex()
        beside = self._folder / "building.json"
        beside.write_text(SignedManifest(manifest=text, signature=signature).model_dump_json())
        built.packed.replace(self._packed(version))
        beside.replace(self._signed(version))
        self._log.info(
            "members file built",
            version=version,
            members=built.manifest.members,
            bytes=built.manifest.packed_bytes,
            seconds=round(time.monotonic() - began, 2),
        )

    @contextmanager
    def _alone(self, *, patient: bool = True) -> Iterator[bool]:
        """Hold the folder for building; whether nobody else had it, who is waited for if we are `patient`.

        The system lets go of it when a process dies.
        """
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        first = True
        try:
            while not _locked(handle):
                first = False
                if not patient or self._stopping.wait(LOOK_EVERY_S):
                    break
            yield first
        finally:
            os.close(handle)

    def _packed(self, version: int) -> Path:
        return self._folder / f"{version}.gz"

    def _signed(self, version: int) -> Path:
        return self._folder / f"{version}.json"


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
