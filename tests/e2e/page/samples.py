"""Canned answers and events in the contract's shapes."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]


def ago(**units: float) -> str:
    """Return the time that lies so far back, as RFC 3339."""
    return (datetime.now(UTC) - timedelta(**units)).isoformat(timespec="seconds")


def status() -> Json:
    return {
        "version": "0.1.0",
        "terminal": "0412-03",
        "journal": {"seq": 173, "received": 173, "head": "9f2c41d07be2a1c4" * 4},
        "outbox": {"records": 0, "oldest_seconds": 0},
        "central": {"state": "connected", "reason": None, "last_contact": ago(seconds=4)},
        "states": {"rejected": 0, "parked": 0},
        "members": {"version": "2026-11-21.3", "as_of": ago(minutes=41), "count": 1000},
        "programme": {"id": "zuiver", "version": "12", "as_of": ago(days=6)},
        "clock": {"trusted": True, "offset_seconds": 0.2},
        "redemption": {"worst_loss": 200},
        "disk_free_bytes": 21_474_836_480,
    }


def devices() -> list[Json]:
    return [
        {
            "id": "hand",
            "role": "scanner",
            "kind": "serial",
            "where": "/dev/serial/by-id/usb-Datalogic_QuickScan_QD2400-if00",
            "state": "ok",
            "reason": None,
            "since": ago(hours=5),
            "last": ago(seconds=30),
        },
        {
            "id": "receipt",
            "role": "printer",
            "kind": "network",
            "where": "192.0.2.10:9100",
            "state": "ok",
            "reason": None,
            "since": ago(hours=5),
            "last": ago(minutes=2),
        },
    ]


def balance(confirmed: int = 118, unconfirmed: int = 0, as_of: str | None = None) -> Json:
    return {
        "points": {
            "confirmed": confirmed,
            "unconfirmed": unconfirmed,
            "maturing": 0,
            "held": 0,
            "spendable": confirmed,
            "as_of": as_of or ago(seconds=20),
        }
    }


def member(**changes: Any) -> Json:
    view: Json = {
        "known": True,
        "standing": "known",
        "member": {
            "id": "m-1",
            "display_name": "Marijke de Vries",
            "tier": "Zilver",
            "since": "2019-04-02",
        },
        "card": "*********8906",
        "balance": balance(1240, 18),
        "stamps": [],
        "rewards": [
            {
                "id": "koffie",
                "title": "Koffie met gebak",
                "cost": 500,
                "value": 450,
                "available": True,
                "why_not": None,
            }
        ],
        "offers": [],
        "expiring": [{"unit": "points", "quantity": 120, "on": "2026-12-31"}],
        "messages": [{"id": "x", "text": "Gefeliciteerd! Er ligt een taartje klaar."}],
        "questions": [],
        "as_of": ago(minutes=41),
    }
    return {**view, **changes}


def unknown_member() -> Json:
    return {
        "known": False,
        "standing": "unknown",
        "member": None,
        "card": "*********5551",
        "balance": balance(0, 12),
        "stamps": [],
        "rewards": [],
        "offers": [],
        "expiring": [],
        "messages": [],
        "questions": [],
        "as_of": ago(minutes=41),
    }


def stopped_member(standing: str) -> Json:
    return {**member(), "standing": standing, "balance": {}, "card": "*********7704"}


def entry(quantity: int, rule: str, why: str, line: int = 1) -> Json:
    return {
        "unit": "points",
        "quantity": quantity,
        "rule": rule,
        "line": line,
        "expires_on": "2027-11-30",
        "why": why,
    }


def sale(**changes: Any) -> Json:
    result = {
        "sale_id": "0412-03-20261121-000173",
        "record": "01998f00-0000-7000-8000-000000000173",
        "seq": 173,
        "card": "*********8906",
        "entries": [
            entry(10, "base", "1 punt per hele euro"),
            entry(4, "base", "1 punt per hele euro", 2),
            entry(6, "dairy-double", "Dubbele punten op zuivel", 2),
            entry(25, "weekend", "Weekendactie: 25 punten vanaf 50 euro", 3),
        ],
        "earned": {"points": 45},
        "spent": {"points": 0},
        "discount": 0,
        "balance": balance(1240, 63),
        "receipt": {"lines": []},
    }
    return {**result, **changes}


def returned(**changes: Any) -> Json:
    return sale(
        entries=[
            entry(-4, "base", "1 punt per hele euro"),
            entry(-6, "dairy-double", "Dubbele punten op zuivel"),
        ],
        earned={"points": -10},
        balance=balance(1240, 53),
        **changes,
    )


def scan(*, accepted: bool = True, reason: str | None = None) -> Json:
    return {
        "device": "hand",
        "shown": "*********8906" if accepted else "****",
        "symbology": "ean13",
        "accepted": accepted,
        "reason": reason,
    }
