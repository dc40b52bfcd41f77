"""Redemptions that are reserved: kept on disk from the first answer on, and in the journal once they are committed.

Every function works inside a transaction that the caller opened, or on a read-only connection.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlite_utils import Database

from edge_agent.domain.basket import STORE_CHANNEL
from edge_agent.domain.programme.situation import Redemption
from edge_agent.domain.redeemed import AuthorisedBy
from edge_agent.domain.units import Derived, derived
from edge_agent.ledger.derived import Applied


class ReservationState(StrEnum):
    """What became of it. `LAPSED` is stored once central is told; before, it is reserved and its time is over."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Reservation:
    """So much of a unit that nobody else may use until `until`, or what became of it.

    `quantity` is in the unit's smallest parts, the most that will be charged or what was; `authorised_by` says who
    stands for it. `programme` is the digest that it was reserved under, `sale_id` the only sale that may use it (None
    for any), `channel` the one that it was reserved in, `result` the JSON text that was answered, `seq` the record that
    charged it. With `needs_quote` what it is worth depends on the basket.
    """

    redemption: Redemption
    account: str
    unit: str
    quantity: int
    authorised_by: AuthorisedBy
    programme: str
    until: datetime
    fingerprint: bytes
    result: str
    needs_quote: bool = False
    sale_id: str | None = None
    channel: str = STORE_CHANNEL
    state: ReservationState = ReservationState.RESERVED
    seq: int | None = None

    def state_at(self, moment: datetime) -> ReservationState:
        """What became of it by then."""
        if self.state is ReservationState.RESERVED and self.until < moment:
            return ReservationState.LAPSED
        return self.state


class Reserved(NamedTuple):
    """What is reserved of one unit for one account."""

    account: str
    unit: str
    quantity: int


_COLUMNS = (
    "wish, account, unit, quantity, authorised_by, programme, until_ms, fingerprint, result, needs_quote, sale_id,"
    " channel, state, seq"
)


def create_table(db: Database) -> None:
    """Make the table; times in milliseconds since 1970, so that they compare as numbers."""
    db.execute(
        "CREATE TABLE redemptions (redemption_id TEXT PRIMARY KEY, wish TEXT NOT NULL, account TEXT NOT NULL,"
        " unit TEXT NOT NULL, quantity INTEGER NOT NULL, authorised_by TEXT NOT NULL, programme TEXT NOT NULL,"
        " until_ms INTEGER NOT NULL,"
        " fingerprint BLOB NOT NULL, result TEXT NOT NULL, needs_quote INTEGER NOT NULL,"
        " sale_id TEXT, channel TEXT NOT NULL, state TEXT NOT NULL,"
        " seq INTEGER REFERENCES records) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX redemptions_charged ON redemptions (seq) WHERE seq IS NOT NULL")
    db.execute("CREATE INDEX redemptions_open ON redemptions (until_ms) WHERE state = 'reserved'")


def keep(db: Database, reservation: Reservation) -> None:
    """Remember a new one with its answer."""
    db.execute(
        f"INSERT INTO redemptions (redemption_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - names of ours
        (
            reservation.redemption.id,
            json.dumps(reservation.redemption.to_json(), separators=(",", ":")),
            reservation.account,
            reservation.unit,
            reservation.quantity,
            reservation.authorised_by.value,
            reservation.programme,
            _ms(reservation.until),
            reservation.fingerprint,
            reservation.result,
            int(reservation.needs_quote),
            reservation.sale_id,
            reservation.channel,
            reservation.state.value,
            reservation.seq,
        ),
    )


def get(db: Database, redemption_id: str) -> Reservation | None:
    """The one with that id."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM redemptions WHERE redemption_id = ?",  # noqa: S608 - names of ours
        (redemption_id,),
    ).fetchone()
    if row is None:
        return None
    wish, account, unit, quantity, by, programme, until_ms, mark, result, *more = row
    needs_quote, sale_id, channel, state, seq = more
    return Reservation(
        Redemption.from_json(json.loads(wish)),
        account,
        unit,
        quantity,
        AuthorisedBy(by),
        programme,
        datetime.fromtimestamp(until_ms / 1000, UTC),
        mark,
        result,
        bool(needs_quote),
        sale_id,
        channel,
        ReservationState(state),
        seq,
    )


def made_for(db: Database, moment: datetime, accounts: Sequence[str]) -> list[Reservation]:
    """Those of these accounts that are open at that time and that any sale may use, the first to lapse first."""
    rows = db.execute(
        "SELECT redemption_id FROM redemptions WHERE state = 'reserved' AND until_ms >= ? AND sale_id IS NULL"  # noqa: S608 - marks
        f" AND account IN ({','.join('?' * len(accounts))}) ORDER BY until_ms, redemption_id",
        (_ms(moment), *accounts),
    ).fetchall()
    return [found for (each,) in rows if (found := get(db, each)) is not None]


def charge(db: Database, redemption_id: str, seq: int, quantity: int) -> None:
    """A reserved one was charged by that record, with so much."""
    db.execute(
        "UPDATE redemptions SET state = ?, seq = ?, quantity = ? WHERE redemption_id = ?",
        (ReservationState.COMMITTED.value, seq, quantity, redemption_id),
    )


def cancel(db: Database, redemption_id: str) -> None:
    """A reserved one is let go of."""
    db.execute(
        "UPDATE redemptions SET state = ? WHERE redemption_id = ?",
        (ReservationState.CANCELLED.value, redemption_id),
    )


def has_lapsed(db: Database, before: datetime) -> bool:
    """Whether any is reserved until before then."""
    rows = db.execute(
        "SELECT 1 FROM redemptions WHERE state = 'reserved' AND until_ms < ? LIMIT 1",
        (_ms(before),),
    )
    return rows.fetchone() is not None


def lapse(db: Database, before: datetime) -> None:
    """Those that are reserved until before then lapse for good."""
    db.execute(
        "UPDATE redemptions SET state = ? WHERE state = 'reserved' AND until_ms < ?",
        (ReservationState.LAPSED.value, _ms(before)),
    )


def open_at(
    db: Database, moment: datetime, accounts: Sequence[str] | None = None
) -> list[Reserved]:
    """What is reserved at that time, of these accounts or of all."""
    which = "" if accounts is None else f" AND account IN ({','.join('?' * len(accounts))})"
    rows = db.execute(
        "SELECT account, unit, sum(quantity) FROM redemptions WHERE state = 'reserved' AND until_ms >= ?"  # noqa: S608 - marks
        f"{which} GROUP BY account, unit",
        (_ms(moment), *(accounts or ())),
    )
    return [Reserved(*row) for row in rows]


def unposted(
    db: Database, applied: Applied, open_since: datetime, by: Collection[AuthorisedBy]
) -> list[Reserved]:
    """What is at stake of the redemptions that these stand for: charged here and not posted by central, or reserved
    until `open_since` or later."""
    which, values = _at_stake(applied, open_since, by)
    rows = db.execute(
        f"SELECT account, unit, sum(quantity) FROM redemptions WHERE {which} GROUP BY account, unit",  # noqa: S608 - marks
        values,
    )
    return [Reserved(*row) for row in rows]


def issued_unposted(
    db: Database, applied: Applied, open_since: datetime, by: Collection[AuthorisedBy]
) -> list[Reservation]:
    """The same of rewards that were issued, each by itself: what they are worth does not follow from their number."""
    which, values = _at_stake(applied, open_since, by)
    rows = db.execute(
        f"SELECT redemption_id FROM redemptions WHERE unit LIKE ? AND {which}",  # noqa: S608 - marks
        (derived(Derived.REWARD, "%"), *values),
    ).fetchall()
    return [found for (each,) in rows if (found := get(db, each)) is not None]


def _at_stake(
    applied: Applied, open_since: datetime, by: Collection[AuthorisedBy]
) -> tuple[str, tuple[Any, ...]]:
    which = (
        f"authorised_by IN ({','.join('?' * len(by))}) AND ((state = 'reserved' AND until_ms >= ?)"  # noqa: S608 - marks
        " OR seq > ? OR seq IN (SELECT value FROM json_each(?)))"
    )
    words = (each.value for each in by)
    return which, (*words, _ms(open_since), applied.seq, json.dumps(applied.parked))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
