"""A members file of a million: finding one by card, and putting a new file in its place under readers."""

import json
import random
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite3

from edge_agent.domain.cards import card_key
from edge_agent.domain.members_file import PUT_POSITION, MembersPosition, position_row
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.till.directory import Directory
from tests.bench.measure import median, percentile, seconds_of, spread
from tests.bench.shop import AS_OF, CARD_KEY, STORE, TILL, card
from tests.bench.table import Row

MEMBERS = 1_000_000
LOOKUPS, WARM_UP = 30_000, 3_000
INSTALLS, READERS = 5, 3


def find_and_install(folder: Path) -> list[Row]:
    """Both numbers, on one file of a million members that is built first."""
    prepared = build_members_file(folder / "built", MEMBERS)
    return [_find(folder, prepared), _install(folder, prepared)]


def build_members_file(folder: Path, count: int) -> Path:
    """A members file with the agent's own tables, filled in bulk and in key order as central builds one."""
    MembersFile(folder).close()
    path = folder / "members-1.db"
    database = sqlite3.connect(str(path), isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO members (ref, standing, display_name, tier, since, language, profile, lots, joined, cards)"
        " VALUES (?, 'known', ?, NULL, '2024-05-01', NULL, '{}', ?, '[]', ?)",
        _member_rows(count),
    )
    database.executemany("INSERT INTO cards (key, ref) VALUES (?, ?)", sorted(_card_rows(count)))
    database.execute(PUT_POSITION, position_row(MembersPosition(1, "", 0, AS_OF, count)))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()
    return path


def _member_rows(count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(count):
        lots = f'[["points",{100 + number % 90},"2027-03-31"],["points",40,"2027-09-30"]]'
        key = card_key(CARD_KEY, card(number)).hex()
        yield f"{number:032x}", f"Klant {number % 1000}", lots, json.dumps([key])


def _card_rows(count: int) -> Iterable[tuple[bytes, str]]:
    return ((card_key(CARD_KEY, card(number)), f"{number:032x}") for number in range(count))


def _copy_of(prepared: Path, name: str) -> Path:
    copy = prepared.with_name(name)
    shutil.copyfile(prepared, copy)
    return copy


def _members_of(folder: Path, prepared: Path) -> MembersFile:
    members = MembersFile(folder)
    _swap_in(members, _copy_of(prepared, "first"))
    return members


def _swap_in(members: MembersFile, prepared: Path) -> None:
    with members.update(prepared) as update:
        update.commit(MembersPosition(1, "", 0, AS_OF, MEMBERS))


def _find(folder: Path, prepared: Path) -> Row:
    """By the code on the card, to the member with balance: hash, look up, unpack."""
    members = _members_of(folder / "find", prepared)
    ledger = Ledger.open(folder, f"{STORE}/{TILL}", datetime.now().astimezone())
    directory = Directory(members, lambda: CARD_KEY, ledger.is_own_epoch)
    lookups = ledger.lookups()
    chance = random.Random(1_000_000)
    codes = [card(chance.randrange(MEMBERS)) for _ in range(LOOKUPS + WARM_UP)]
    took: list[float] = []
    missing = 0

    def find(turn: int) -> None:
        nonlocal missing
        account = directory.by_card(codes[turn], lookups)
        missing += account is None or account.member is None

    for turn in range(LOOKUPS + WARM_UP):
        seconds = seconds_of(find, turn)
        if turn >= WARM_UP:
            took.append(seconds)
    members.close()
    ledger.close()
    return Row(
        "find",
        "find a member among 1,000,000 by card, p99",
        percentile(took, 99),
        0.0001,
        failures=missing,
        details={"measured": spread(took)},
    )


class _Reader(threading.Thread):
    """Looks up members without a pause until told to stop, and keeps what failed and the longest wait."""

    def __init__(self, members: MembersFile, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._members = members
        self._chance = random.Random(seed)
        self._stop_told = stop
        self.lookups = 0
        self.failures: list[str] = []
        self.longest_s = 0.0

    def run(self) -> None:
        while not self._stop_told.is_set():
            number = self._chance.randrange(MEMBERS)
            began_at = time.perf_counter()
            try:
                found = self._members.by_card(card_key(CARD_KEY, card(number)))
                if found is None or found.member.ref != f"{number:032x}":
                    self.failures.append(f"member {number} was not found")
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what we look for
                self.failures.append(repr(error))
            self.longest_s = max(self.longest_s, time.perf_counter() - began_at)
            self.lookups += 1


def _install(folder: Path, prepared: Path) -> Row:
    """A file that lies ready on the same disk becomes the current one while readers go on."""
    members = _members_of(folder / "install", prepared)
    stop = threading.Event()
    readers = [_Reader(members, seed, stop) for seed in range(READERS)]
    for reader in readers:
        reader.start()
    took = []
    for number in range(INSTALLS):
        copy = _copy_of(prepared, f"next-{number}")
        took.append(seconds_of(lambda _turn, path=copy: _swap_in(members, path)))  # type: ignore[misc]
    stop.set()
    for reader in readers:
        reader.join()
    members.close()
    failures = [failure for reader in readers for failure in reader.failures]
    details: dict[str, Any] = {
        "measured": spread(took),
        "file_bytes": prepared.stat().st_size,
        "lookups_meanwhile": sum(reader.lookups for reader in readers),
        "longest_lookup_s": max(reader.longest_s for reader in readers),
        "failures": failures[:5],
    }
    return Row(
        "install",
        "install a members file of 1,000,000, readers never failing, p50",
        median(took),
        1.0,
        failures=len(failures),
        details=details,
    )
