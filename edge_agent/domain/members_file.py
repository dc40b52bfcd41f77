"""The members file: a SQLite file that central builds, and tills download, look up and keep up to date.

Both ends write it, so its tables and how a member becomes rows stand here; opening files is theirs. Pure. A file of
another `FORMAT` than the reader's is not read: it can always be had again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing

FORMAT: Final = 2
"""Of the tables below, as the file's `user_version`; counted up with every change of them."""

APPLICATION_ID: Final = 0x4C45414D
"""'LEAM' in the file's header, which tells a members file from any other database."""

TABLES: Final = (
    "CREATE TABLE cards (key BLOB PRIMARY KEY, ref TEXT NOT NULL) STRICT, WITHOUT ROWID",
    (
        "CREATE TABLE members (ref TEXT PRIMARY KEY, standing TEXT NOT NULL, display_name TEXT NOT NULL, tier TEXT,"
        " since TEXT, language TEXT, profile TEXT NOT NULL, lots TEXT NOT NULL, joined TEXT NOT NULL,"
        " cards TEXT NOT NULL) STRICT, WITHOUT ROWID"
    ),
    "CREATE TABLE joined (ref TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID",
    (
        "CREATE TABLE allowances (account TEXT, unit TEXT, quantity INTEGER NOT NULL, until TEXT NOT NULL,"
        " PRIMARY KEY (account, unit)) STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), change INTEGER NOT NULL,"
        " epoch TEXT NOT NULL, applied_seq INTEGER NOT NULL, parked TEXT NOT NULL, as_of TEXT NOT NULL,"
        " member_count INTEGER NOT NULL, boot_id TEXT NOT NULL, boot_ms INTEGER NOT NULL,"
        " allowances_change INTEGER NOT NULL, instance TEXT NOT NULL) STRICT"
    ),
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={FORMAT}",
)
"""Cards by keyed hash, members by ref, refs that were joined, a terminal's allowances, and the position of it all."""

PUT_CARD: Final = "INSERT OR REPLACE INTO cards (key, ref) VALUES (?, ?)"
PUT_MEMBER: Final = (
    "INSERT OR REPLACE INTO members (ref, standing, display_name, tier, since, language, profile, lots, joined, cards)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PUT_JOINED: Final = "INSERT OR REPLACE INTO joined (ref, account) VALUES (?, ?)"
PUT_POSITION: Final = (
    "INSERT OR REPLACE INTO position (one, change, epoch, applied_seq, parked, as_of, member_count, boot_id, boot_ms,"
    " allowances_change, instance) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PUT_ALLOWANCE: Final = "INSERT INTO allowances (account, unit, quantity, until) VALUES (?, ?, ?, ?)"

MEMBER_COLUMNS: Final = (
    "m.ref, m.standing, m.display_name, m.tier, m.since, m.language, m.profile, m.lots, m.joined,"
    " m.cards"
)
"""What `member_in` reads, of the table `members` as m."""

POSITION_COLUMNS: Final = (
    "p.change, p.epoch, p.applied_seq, p.parked, p.as_of, p.member_count, p.boot_id, p.boot_ms,"
    " p.allowances_change, p.instance"
)
"""What `position_in` reads, of the table `position` as p."""


@dataclass(frozen=True, slots=True)
class Member:
    """One account as central posted it. `cards` are keyed hashes, `joined` the refs that tills had made for them.

    `segments` and `attributes` are those that the programme asks about, `birthday` is month and day ("02-29"),
    `consents` the purposes agreed to with the version of their text, `referred_by` the account that brought it in.
    Without `redeems_offline` only central may authorise a redemption.
    """

    ref: str
    standing: Standing = Standing.KNOWN
    display_name: str = ""
    tier: str | None = None
    since: date | None = None
    language: str | None = None
    segments: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    birthday: str | None = None
    consents: Mapping[str, str] = field(default_factory=dict)
    referred_by: str | None = None
    redeems_offline: bool = True
    lots: tuple[Holding, ...] = ()
    joined: tuple[str, ...] = ()
    cards: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class MembersPosition:
    """Where the file stands.

    `change` is central's change number, told under `instance`. The lots hold the effect of our records (of `epoch`)
    up to `applied_seq`, but for those that central had `parked`. `as_of` is the time of central's snapshot,
    `member_count` how many members central has. `noted` is the boot of this machine in which that was heard and the
    milliseconds since it began, so that its age can be told whatever the clock is set to. `allowances_change` is
    that of the allowances. As central builds it a file is of no epoch.
    """

    change: int
    epoch: str
    applied_seq: int
    as_of: datetime
    member_count: int
    noted: tuple[str, int] = ("", 0)
    parked: tuple[int, ...] = ()
    allowances_change: int = 0
    instance: str = ""


def row_of(member: Member) -> tuple[str | None, ...]:
    """What `PUT_MEMBER` takes."""
    profile = {
        "segments": sorted(member.segments),
        "attributes": dict(member.attributes),
        "birthday": member.birthday,
        "consents": dict(member.consents),
        "referred_by": member.referred_by,
        "only_online": not member.redeems_offline,
    }
    return (
        member.ref,
        member.standing.value,
        member.display_name,
        member.tier,
        None if member.since is None else member.since.isoformat(),
        member.language,
        _compact({name: value for name, value in profile.items() if value}),
        _compact([lot.to_json() for lot in member.lots]),
        _compact(member.joined),
        _compact([key.hex() for key in member.cards]),
    )


def member_in(row: Sequence[str | None]) -> Member:
    """The member in a row of `MEMBER_COLUMNS`."""
    ref, standing, display_name, tier, since, language, profile, lots, joined, cards = row
    more = json.loads(profile or "{}")
    return Member(
        ref=ref or "",
        standing=Standing(standing or Standing.UNKNOWN),
        display_name=display_name or "",
        tier=tier,
        since=None if since is None else date.fromisoformat(since),
        language=language,
        segments=frozenset(more.get("segments", ())),
        attributes=more.get("attributes", {}),
        birthday=more.get("birthday"),
        consents=more.get("consents", {}),
        referred_by=more.get("referred_by"),
        redeems_offline=not more.get("only_online", False),
        lots=tuple(Holding.from_json(each) for each in json.loads(lots or "[]")),
        joined=tuple(json.loads(joined or "[]")),
        cards=tuple(bytes.fromhex(key) for key in json.loads(cards or "[]")),
    )


def position_row(position: MembersPosition) -> tuple[str | int, ...]:
    """What `PUT_POSITION` takes."""
    return (
        position.change,
        position.epoch,
        position.applied_seq,
        _compact(position.parked),
        position.as_of.isoformat(),
        position.member_count,
        *position.noted,
        position.allowances_change,
        position.instance,
    )


def position_in(row: Sequence[object]) -> MembersPosition:
    """The position in a row of `POSITION_COLUMNS`."""
    change, epoch, applied_seq, parked, as_of, member_count, boot_id, boot_ms, *more = row
    allowances, instance = more
    return MembersPosition(
        int(str(change)),
        str(epoch),
        int(str(applied_seq)),
        datetime.fromisoformat(str(as_of)),
        int(str(member_count)),
        (str(boot_id), int(str(boot_ms))),
        () if parked == "[]" else tuple(json.loads(str(parked))),
        int(str(allowances)),
        str(instance),
    )


_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""Made once: `json.dumps` with these would make an encoder for every value."""
