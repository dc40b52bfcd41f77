"""A till small enough to be read at once: real SQLite, one row per act, one point per whole euro.

It stands where the real one will; what it writes can be counted and searched byte by byte.
"""

import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.domain.balance import Balance
from edge_agent.domain.basket import PresentedCard, ReturnedLine, Sale
from edge_agent.domain.cards import masked
from edge_agent.domain.member import Standing
from edge_agent.errors import (
    LoyaltyError,
    OverReturn,
    ReturnDiffers,
    SaleDiffers,
    UnknownCard,
    UnknownDevice,
    UnknownSale,
)
from edge_agent.till.views import Answer, CentralState, MemberView, PrintState, SaleNow
from edge_agent.web.events import EventHub

KNOWN = "2912345678906"
UNKNOWN = "2900000000001"
AS_OF = datetime(2026, 11, 21, 13, tzinfo=UTC)


class PaperTill:
    """Satisfies `edge_agent.web.ports.Till`. `broken` makes the ledger fail, `failure` everything."""

    def __init__(self, path: Path, events: EventHub) -> None:
        self.path = path
        self.broken: LoyaltyError | None = None
        self.failure: Exception | None = None
        self.printer = "ok"
        self.scans: list[tuple[str, str]] = []
        self._events = events
        self._lock = threading.Lock()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "CREATE TABLE acts (id TEXT PRIMARY KEY, sale TEXT, digest TEXT, content TEXT, result TEXT)"
            )

    def rows(self) -> int:
        """How many acts are on disk."""
        with closing(sqlite3.connect(self.path)) as database:
            (found,) = database.execute("SELECT count(*) FROM acts").fetchone()
        return int(found)

    def identify(self, card: PresentedCard) -> MemberView:
        self._may_fail()
        if not (len(card.code) == 13 and card.code.startswith("29")):
            raise UnknownCard("This is not one of our cards.")
        standing = Standing.KNOWN if card.code == KNOWN else Standing.UNKNOWN
        view = MemberView(
            standing,
            account="a1" if standing is Standing.KNOWN else None,
            card=masked(card.code),
            display_name="Anna" if standing is Standing.KNOWN else "",
            balance={"points": Balance(118, 2, as_of=AS_OF)},
            as_of=AS_OF,
        )
        self._events.publish("member", view.to_json())
        return view

    def quote(self, quote_id: str, sale: Sale) -> dict[str, Any]:
        self._may_fail()
        assert sale.sale_id == ""
        return {"quote_id": quote_id, "earned": {"points": sale.basket.total // 100}}

    def sell(self, sale: Sale) -> Answer:
        content = {
            "basket": sale.basket.to_json(),
            "at": sale.at.isoformat(),
            "card": None if sale.card is None else sale.card.code,
            "from_till": sale.from_till,
        }
        points = sale.basket.total // 100
        result = {
            "earned": {"points": points},
            "spent": {"points": 0},
            "discount": 0,
            "entries": [{"unit": "points", "quantity": points, "rule": "base", "line": 1}],
            "balance": {"points": Balance(118, points, as_of=AS_OF).to_json()},
            "receipt": {"lines": ["Punten: 2"]},
        }
        return self._record("sale", sale.sale_id, sale.sale_id, content, result, SaleDiffers)

    def sale(self, sale_id: str) -> tuple[dict[str, Any], SaleNow]:
        self._may_fail()
        found = self._find(f"sale/{sale_id}")
        if found is None:
            raise UnknownSale("This till has no sale with that id.")
        return found[1], SaleNow(PrintState.NONE, CentralState.WAITING, "a1")

    def give_back(
        self,
        sale_id: str,
        return_id: str,
        lines: tuple[ReturnedLine, ...],
        original: dict[str, Any] | None,
    ) -> Answer:
        content = {
            "lines": [[line.number, str(line.quantity)] for line in lines],
            "original": original,
        }
        known = self._find(f"sale/{sale_id}") is not None
        if known and any(line.quantity > 2 for line in lines):
            raise OverReturn("More would come back than was bought.")
        result = {"spent": {"points": 0}, "earned": {"points": -1 if known else 0}}
        answer = self._record("return", return_id, sale_id, content, result, ReturnDiffers)
        return Answer(answer.result, answer.first, awaiting_original=not known)

    def void(self, sale_id: str, void_id: str) -> Answer:
        self.sale(sale_id)
        return self._record("void", void_id, sale_id, {}, {"earned": {"points": -2}}, ReturnDiffers)

    def print_copy(self, sale_id: str) -> PrintState:
        self.sale(sale_id)
        return PrintState.QUEUED

    def print_slip(self, card: PresentedCard) -> PrintState:
        self.identify(card)
        return PrintState.QUEUED

    def status(self) -> dict[str, Any]:
        self._may_fail()
        rows = self.rows()
        return {
            "version": "0.1.0",
            "terminal": "0412-03",
            "journal": {"seq": rows, "received": 0, "head": "00" * 32},
            "outbox": {"records": rows, "oldest_seconds": 0.0 if rows else None},
            "central": {"state": "offline", "last_contact": None},
            "states": {"rejected": 0, "parked": 0},
            "members": {"version": 7, "as_of": AS_OF.isoformat(), "count": 1000},
            "programme": {"id": "sample", "version": 1, "as_of": AS_OF.isoformat()},
            "clock": {"trusted": True, "offset_seconds": 0.0},
            "redemption": {"worst_loss": 0},
            "disk_free_bytes": 10**9,
        }

    def devices(self) -> list[dict[str, Any]]:
        return [
            {
                "id": "printer",
                "role": "printer",
                "kind": "simulated",
                "where": "memory",
                "state": self.printer,
                "reason": None,
                "since": AS_OF.isoformat(),
                "last": None,
            }
        ]

    def test_device(self, device_id: str) -> dict[str, Any]:
        if device_id != "printer":
            raise UnknownDevice("No device has that id.")
        return {"print": "queued"}

    def inject_scan(self, device: str, text: str) -> None:
        if device != "hand":
            raise UnknownDevice("No simulated scanner has that id.")
        self.scans.append((device, text))
        self._events.publish("scan", {"device": device, "shown": masked(text), "accepted": True})

    def _may_fail(self) -> None:
        for error in (self.broken, self.failure):
            if error is not None:
                raise error

    def _find(self, key: str) -> tuple[str, dict[str, Any]] | None:
        with closing(sqlite3.connect(self.path)) as database:
            row = database.execute(
                "SELECT digest, result FROM acts WHERE id = ?", (key,)
            ).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def _record(
        self,
        kind: str,
        act_id: str,
        sale_id: str,
        content: dict[str, Any],
        facts: dict[str, Any],
        differs: type[LoyaltyError],
    ) -> Answer:
        self._may_fail()
        text = json.dumps([sale_id, content], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            found = self._find(f"{kind}/{act_id}")
            if found is not None:
                if found[0] != digest:
                    raise differs("The id is taken by one with other content.")
                return Answer(found[1], first=False)
            result = {"sale_id": sale_id, "seq": self.rows() + 1, **facts}
            with closing(sqlite3.connect(self.path)) as database, database:
                database.execute(
                    "INSERT INTO acts VALUES (?, ?, ?, ?, ?)",
                    (f"{kind}/{act_id}", sale_id, digest, text, json.dumps(result)),
                )
        self._events.publish("sale", {"kind": kind, "result": result})
        return Answer(result, first=True)
