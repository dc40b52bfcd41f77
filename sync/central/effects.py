"""What rules noted of sales, for whoever has to answer for them: draws by chance, and offers with a control group.

A draw follows from the sale's id and a key that terminals share with central, so central works every one out again. Of
an offer with a control group every sale for which it held says whether it was shown or held out, so that the two groups
can be compared.
"""

import re
from collections import Counter
from typing import Any

from sqlalchemy import case, distinct, func, insert, select

from edge_agent.domain.draws import draw_from, draw_key
from edge_agent.domain.programme.offers import HELD_OUT, SHOWN
from sync.central.batch import Batch, Received
from sync.central.bodies import Act
from sync.central.database import Database
from sync.central.tables import notes, terminals
from sync.central.times import stored

_DREW = re.compile(
    r"drew (?P<number>[0-9a-f]{16}) of (?P<one_in>\d+): (?P<prize>[a-z0-9-]+)( \((?P<why>[^)]+)\))?"
)
"""A draw as `surprises.Drawn.note` writes it."""

_NO_PRIZE = "nothing"

DRAWS_CHECKED_MAX = 100_000
"""The newest; a chain of 500 stores draws as many in a day, and working one out takes some microseconds."""


def note_effects(batch: Batch, received: Received, act: Act, account: str) -> None:
    """Keep what head office looks at afterwards; the rest stays in the record alone."""
    rows = [
        {
            "record_id": received.record_id,
            "rule": rule,
            "account": account,
            "terminal": received.terminal,
            "sale_id": act.act_id,
            "amount": act.paid,
            "note": note,
            "at": stored(act.at),
        }
        for rule, note in act.notes.items()
        if note in {HELD_OUT, SHOWN} or _DREW.fullmatch(note)
    ]
    if rows:
        batch.connection.execute(insert(notes), rows)


class Effects:
    """Reports of draws and offers."""

    def __init__(self, database: Database, card_key: bytes) -> None:
        self._database = database
        self._key = draw_key(card_key)

    def draws(self) -> list[dict[str, Any]]:
        """Per rule and odds: how often was drawn and won, what was won, and the draws that are not as they ought to be.

        Of the newest `DRAWS_CHECKED_MAX` draws.
        """
        query = (
            select(notes, terminals.c.store, terminals.c.till)
            .join(terminals, terminals.c.terminal == notes.c.terminal)
            .where(notes.c.note.startswith("drew "))
            .order_by(notes.c.at.desc())
            .limit(DRAWS_CHECKED_MAX)
        )
        found: dict[tuple[str, int], dict[str, Any]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                drew = _DREW.fullmatch(row.note)
                if drew is None:
                    continue
                one_in = int(drew["one_in"])
                report = found.setdefault((row.rule, one_in), _no_draws(row.rule, one_in))
                self._count(report, row, drew)
        return [found[key] for key in sorted(found)]

    def _count(self, report: dict[str, Any], row: Any, drew: re.Match[str]) -> None:
        report["draws"] += 1
        if drew["why"] is not None:
            report["kept_back"][drew["why"]] += 1
        elif drew["prize"] != _NO_PRIZE:
            report["won"] += 1
            report["prizes"][drew["prize"]] += 1
        right = draw_from(self._key, row.store, row.till, row.sale_id)(row.rule)
        if f"{right:016x}" != drew["number"]:
            report["wrong"].append(
                {"terminal": row.terminal, "record": row.record_id, "sale_id": row.sale_id}
            )

    def offers(self) -> list[dict[str, Any]]:
        """Per offer with a control group: members, sales and what was paid, where it was shown and where held out."""
        query = (
            select(
                notes.c.rule,
                notes.c.note,
                func.count(distinct(notes.c.account)).label("members"),
                func.count().label("sales"),
                func.sum(notes.c.amount).label("paid"),
            )
            .where(notes.c.note.in_([SHOWN, HELD_OUT]))
            .group_by(notes.c.rule, notes.c.note)
            .order_by(notes.c.rule, case((notes.c.note == SHOWN, 0), else_=1))
        )
        found: dict[str, dict[str, Any]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                report = found.setdefault(
                    row.rule, {"rule": row.rule, "shown": _GROUP, "held_out": _GROUP}
                )
                report["shown" if row.note == SHOWN else "held_out"] = {
                    "members": row.members,
                    "sales": row.sales,
                    "paid": int(row.paid),
                }
        return list(found.values())


_GROUP = {"members": 0, "sales": 0, "paid": 0}


def _no_draws(rule: str, one_in: int) -> dict[str, Any]:
    return {
        "rule": rule,
        "one_in": one_in,
        "draws": 0,
        "won": 0,
        "prizes": Counter(),
        "kept_back": Counter(),
        "wrong": [],
    }
