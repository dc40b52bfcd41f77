"""A members file of a million: built by central, fetched, put in place under readers, kept up to date, looked up."""

import random
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from edge_agent.domain.cards import card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.till.directory import Directory
from sync import policy
from sync.central.central import Central
from sync.central.changes import DELTAS_MAX
from sync.central.database import next_changes
from sync.central.members_build import Builder, Built
from sync.central.settings import Settings
from sync.central.tables import accounts, cards, lots
from sync.central.times import utc_now
from sync.members_file import fetch
from tests.bench.measure import median, percentile, seconds_of, spread
from tests.bench.shop import AS_OF, CARD_KEY, STORE, TILL, card
from tests.bench.table import MEBIBYTES, Row, shown

MEMBERS = 1_000_000
LOOKUPS, WARM_UP = 30_000, 3_000
INSTALLS, READERS = 5, 3
FILLED_AT_ONCE = 50_000

BUILD_S_MAX, FETCH_S_MAX, DELTA_S_MAX = 300.0, 10.0, 10.0
"""Nobody waits for these, and the design gives no limit: so much would be odd."""


def members_of_a_million(folder: Path) -> list[Row]:
    """From central's tables to a card that is found: built, fetched, put in place under readers, kept up to date."""
    folder.mkdir(parents=True, exist_ok=True)
    central = Central(_settings(folder / "central"))
    try:
        _fill(central, MEMBERS)
        built, build_s = _built(central, folder)
    finally:
        central.close()
    prepared, fetch_s = _fetched(built, folder)
    return [
        _build(built, build_s),
        Row("fetch", "take its parts from the disk beside, compare, unpack", fetch_s, FETCH_S_MAX),
        _install(folder, prepared),
        _delta(folder, prepared),
        _find(folder, prepared),
    ]


def _build(built: Built, took_s: float) -> Row:
    """How long it took, and how large it became."""
    size, packed = built.manifest.bytes, built.manifest.packed_bytes
    return Row(
        "build",
        "central builds a members file of 1,000,000",
        took_s,
        BUILD_S_MAX,
        note=f"{_size(size)}; {_size(packed)} packed, as tills fetch it",
        details={"packed_bytes": packed, "bytes": size},
    )


def _size(count: int) -> str:
    return f"{shown(count / 2**20, MEBIBYTES)} ({count / MEMBERS:.0f} bytes a member)"


def _settings(folder: Path) -> Settings:
    folder.mkdir()
    return Settings(
        database=f"sqlite:///{folder}/central.db",
        data=folder / "data",
        admin_token_file=folder / "admin-token",
    )


def _fill(central: Central, count: int) -> None:
    """Members with a card and two lots each, by the tables: an import of a million is another measurement."""
    for first in range(0, count, FILLED_AT_ONCE):
        some = range(first, min(first + FILLED_AT_ONCE, count))
        with central.database.write() as connection:
            changes = next_changes(connection, len(some))
            connection.execute(insert(accounts), [_account(n, changes[n - first]) for n in some])
            connection.execute(insert(cards), [_card(n) for n in some])
            connection.execute(insert(lots), [lot for n in some for lot in _lots(n)])


def _account(number: int, change: int) -> dict[str, Any]:
    return {
        "ref": f"{number:032x}",
        "provisional": False,
        "standing": "known",
        "display_name": f"Klant {number % 1000}",
        "since": "2024-05-01",
        "segments": "[]",
        "attributes": "{}",
        "opened": True,
        "created_at": "2024-05-01T00:00:00.000Z",
        "change": change,
    }


def _card(number: int) -> dict[str, Any]:
    code = card(number)
    key = card_key(CARD_KEY, code).hex()
    return {"key": key, "account": f"{number:032x}", "code": code, "added_at": "2024-05-01"}


def _lots(number: int) -> Iterator[dict[str, Any]]:
    for quantity, expires_on in ((100 + number % 90, "2027-03-31"), (40, "2027-09-30")):
        yield {
            "account": f"{number:032x}",
            "unit": "points",
            "lot": f"opening:{expires_on}",
            "expires_on": expires_on,
            "matures_on": "",
            "day": "",
            "quantity": quantity,
        }


def _built(central: Central, folder: Path) -> tuple[Built, float]:
    builder = Builder(central.database, central.programmes, utc_now)
    began_at = time.perf_counter()
    built = builder.build(folder)
    return built, time.perf_counter() - began_at


def _fetched(built: Built, folder: Path) -> tuple[Path, float]:
    """What the till does with a file, but for the line: part by part to its disk, digests, unpacked."""
    incoming = folder / "incoming"
    incoming.mkdir()
    with built.packed.open("rb") as file:

        def part(start: int) -> bytes:
            file.seek(start)
            return file.read(policy.MEMBERS_PART_BYTES)

        began_at = time.perf_counter()
        path = fetch(built.manifest, incoming, part)
        return path, time.perf_counter() - began_at


def _delta(folder: Path, prepared: Path) -> Row:
    """The most that is ever sent as changes, applied in one transaction."""
    members = _members_of(folder / "delta", prepared)
    changed = [
        Member(
            f"{number:032x}",
            display_name=f"Klant {number}",
            lots=(Holding("points", number),),
            cards=(card_key(CARD_KEY, card(number)),),
        )
        for number in random.Random(2).sample(range(MEMBERS), DELTAS_MAX)
    ]
    began_at = time.perf_counter()
    with members.update() as update:
        update.put(changed)
        update.commit(MembersPosition(2, "", 0, AS_OF, MEMBERS))
    took_s = time.perf_counter() - began_at
    members.close()
    return Row(
        "delta",
        f"apply {DELTAS_MAX:,} changed members of 1,000,000",
        took_s,
        DELTA_S_MAX,
        note=f"{DELTAS_MAX / took_s:,.0f} members a second",
        details={"members_per_second": DELTAS_MAX / took_s},
    )


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
