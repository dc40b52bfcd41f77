"""Canned answers and events in the contract's shapes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import segno

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
        "programme": {"id": "zuiver", "version": "12", "currency": "EUR", "as_of": ago(days=6)},
        "clock": {"trusted": True, "offset_seconds": 0.2},
        "redemption": {
            "worst_loss": 40_000,
            "unbounded": [],
            "points_per_outage": 20_000,
            "asks_central": True,
        },
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
            "tier": "silver",
            "since": "2019-04-02",
        },
        "tier": {"id": "silver", "title": "Zilver", "next": None},
        "card": "*********8906",
        "balance": balance(1240, 18),
        "stamps": [],
        "rewards": [],
        "redemptions": [],
        "progress": [],
        "pending": [],
        "memberships": [],
        "offers": [],
        "expiring": [{"unit": "points", "quantity": 120, "on": "2026-12-31"}],
        "messages": [{"id": "x", "text": "Gefeliciteerd! Er ligt een taartje klaar."}],
        "questions": [],
        "as_of": ago(minutes=41),
    }
    return {**view, **changes}


def reward(reward_id: str, title: str, cost: int, **more: Any) -> Json:
    found = {"id": reward_id, "title": title, "sort": "discount", "unit": "points", "cost": cost}
    defaults = {"value": None, "available": True, "why_not": None, "choose": None}
    return {**found, **defaults, **more}


COFFEE = reward("coffee", "Koffie met gebak", 500, value=450)
OWN_CHOICE = reward(
    "points-off",
    "Punten als korting",
    100,
    choose={"step": 100, "least": 200, "most": 1200, "value": 100},
)
COOKING = reward("cooking", "Kookworkshop", 2500, available=False, why_not="nog 1.260 punten")
BREAKFAST = reward(
    "breakfast", "Ontbijt op zondag", 300, available=False, why_not="alleen op zondag"
)


def progress(towards: str, title: str, have: float, need: int, say: str) -> Json:
    return {
        "id": title.lower().replace(" ", "-"),
        "towards": towards,
        "title": title,
        "have": have if have % 1 else int(have),
        "need": need,
        "missing": need - have,
        "measure": "visits",
        "unit": None,
        "until": None,
        "stand": "on-the-way",
        "gives": None,
        "say": say,
    }


def full_member(**changes: Any) -> Json:
    """Return a customer with something of everything."""
    gold = progress("tier", "Goud", 466, 500, "Nog € 34,00 tot Goud")
    stamps = progress("stamp-card", "Koffiekaart", 6.5, 10, "Nog 3,5 zegels tot gratis koffie")
    lunches = progress("challenge", "Lunchclub", 17, 30, "Lunchclub: 17 van 30 lunches")
    offer = {
        "id": "cheese",
        "title": "Jonge kaas",
        "say": "De jonge kaas is deze week voor u een kwart goedkoper.",
        "until": "2026-11-30",
        "active": False,
    }
    view = member(
        tier={"id": "silver", "title": "Zilver", "next": gold},
        stamps=[{"card": "coffee", **stamps}],
        progress=[gold, lunches],
        rewards=[COOKING, COFFEE, BREAKFAST, OWN_CHOICE],
        offers=[offer],
        pending=[{"unit": "points", "quantity": 85, "on": "2026-12-05"}],
        expiring=[{"unit": "points", "quantity": 120, "on": "2026-12-31", "warn": True}],
    )
    return {**view, **changes}


def reserved(reward: Json, redemption_id: str = "r-1", points: int | None = None) -> Json:
    """Return a redemption as the agent answers it."""
    return {
        "redemption_id": redemption_id,
        "state": "reserved",
        "authorised_by": "limit",
        "reward": reward["id"],
        "title": reward["title"],
        "unit": reward["unit"],
        "cost": points or reward["cost"],
        "discount": reward["value"] if points is None else points,
        "needs_quote": False,
        "until": ago(minutes=-15),
    }


NPS: Json = {
    "id": "recommend",
    "text": "Hoe waarschijnlijk is het dat u ons aan een vriend aanraadt?",
    "answers": [{"value": number, "text": str(number)} for number in range(11)],
    "where": ["screen", "receipt"],
}
CHOICE: Json = {
    "id": "waiting",
    "text": "Hoe was de wachttijd aan de kassa?",
    "answers": [
        {"value": "quick", "text": "snel geholpen"},
        {"value": "fine", "text": "ging wel"},
        {"value": "slow", "text": "te lang gewacht"},
    ],
    "where": ["screen"],
}
STARS: Json = {
    "id": "clean",
    "text": "Hoe schoon vond u de winkel?",
    "answers": [{"value": number, "text": str(number)} for number in range(1, 6)],
    "where": ["screen"],
}
YES_NO: Json = {
    "id": "found",
    "text": "Heeft u alles gevonden?",
    "answers": [{"value": "yes", "text": "ja"}, {"value": "no", "text": "nee"}],
    "where": ["screen"],
}
CONSENTS: tuple[Json, ...] = (
    {
        "purpose": "terms",
        "version": "2026-01",
        "text": {
            "nl": "Ik ga akkoord met de spaarvoorwaarden.",
            "en": "I agree to the terms of the loyalty programme.",
            "de": "Ich stimme den Teilnahmebedingungen des Treueprogramms zu.",
            "fr": "J’accepte les conditions du programme de fidélité.",
        },
        "required": True,
    },
    {
        "purpose": "newsletter",
        "version": "2026-01",
        "text": {
            "nl": "Ik wil de nieuwsbrief per e-mail ontvangen.",
            "en": "I want to receive the newsletter by e-mail.",
            "de": "Ich möchte den Newsletter per E-Mail erhalten.",
            "fr": "Je souhaite recevoir la lettre d’information par e-mail.",
        },
        "required": False,
    },
)
SURPRISE: Json = {"id": "luck", "title": "Zomergeluk", "prize": "50 punten extra!"}


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


CODE = "K7QF-3MXA-9TRC"
CODE_SHOWN: Json = {
    "code": CODE,
    "qr": ["".join(map(str, row)) for row in segno.make_qr(CODE).matrix],
}
"""A one-time code for another till."""

UNWORKED: Json = {
    "entries": [],
    "earned": {},
    "balance": None,
    "not_worked_out": (
        "vastgelegd, maar de punten waren niet uit te rekenen; het hoofdkantoor kijkt ernaar"
    ),
}
"""What a result says where the rules failed."""


def scan(*, accepted: bool = True, reason: str | None = None) -> Json:
    return {
        "device": "hand",
        "shown": "*********8906" if accepted else "****",
        "symbology": "ean13",
        "accepted": accepted,
        "reason": reason,
    }
