"""What members have is shown in the programme's own words, and what was only counted apart from it."""

from pathlib import Path

import requests

from edge_agent.domain.entries import Entry, EntryKind
from sync.central.central import Central
from tests.central import DEADLINE_S, Running, Till, earn, visit

CARD = "2912345678906"
PROGRAMME = (
    (Path(__file__).parents[3] / "config" / "programmes" / "starter.toml").read_text()
    + """
[unit.stamps]
decimals = 1

[tiers]
measure = "points"


[[tiers.level]]
id = "gold"
name = { nl = "Goud", en = "Gold", de = "Gold", fr = "Or" }
at_least = 100

[[voucher]]
id = "welcome"
title = { nl = "welkom", en = "welcome", de = "Willkommen", fr = "bienvenue" }
value = 500
expiry = { months = 3 }
"""
)
ENTRIES = (
    earn(25),
    Entry(EntryKind.EARN, "stamps", 15, "stamp"),
    Entry(EntryKind.EARN, "tier/gold", 1, "gold"),
    Entry(EntryKind.EARN, "voucher/welcome", 500, "welcome"),
    visit(),
)


def test_before_there_is_a_programme_units_are_called_by_their_ids(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [earn(25)], card=CARD)
    central.push(till.message())
    totals = central.reports.totals()
    assert totals["units"]["points"] == {
        "kind": "unit",
        "decimals": 0,
        "name": {"nl": "points", "en": "points"},
    }


def test_totals_and_members_say_what_units_are_and_what_they_are_called(
    central: Central, till: Till
) -> None:
    central.programmes.publish(PROGRAMME, "test")
    till.sale("ref-1", ENTRIES, card=CARD)
    central.push(till.message())
    member, totals = central.members.get("ref-1"), central.reports.totals()
    has = {"points": 25, "stamps": 15, "tier/gold": 1, "voucher/welcome": 500}
    assert member["balance"] == totals["balances"] == has
    assert member["tallies"] == totals["tallies"] == {"count/visits": 1}
    assert member["units"] == totals["units"]
    assert {
        unit: (told["kind"], told["decimals"], told["name"]["nl"], told["name"]["en"])
        for unit, told in member["units"].items()
    } == {
        "points": ("unit", 0, "punten", "points"),
        "stamps": ("unit", 1, "zegels", "stamps"),
        "tier/gold": ("tier", 0, "niveau Goud", "tier Gold"),
        "voucher/welcome": ("voucher", 0, "bon welkom", "voucher welcome"),
        "count/visits": ("count", 0, "teller visits", "count visits"),
    }


def test_the_page_speaks_of_them_as_the_shop_does(running: Running) -> None:
    assert running.admin("PUT", "/programme", data=PROGRAMME.encode()).status_code == 201
    wire = running.enrol("0412", "70")
    till = Till(wire.terminal)
    sale = till.sale("ref-70", ENTRIES, card=CARD)
    wire.push(till.message())
    # No rule gives all of that, so it takes an operator's word.
    word = {"repair_id": "all", "reason": "to have some of each", "changes": {}}
    assert running.admin("POST", f"/records/{sale.id}/repair", json=word).ok
    with requests.Session() as browser:
        browser.post(
            f"{running.url}/login", data={"token": running.admin_token}, timeout=DEADLINE_S
        )
        page = browser.get(f"{running.url}/members/ref-70", timeout=DEADLINE_S)
        shown = page.text.replace("\u00a0", " ")
        for text in ("25 punten", "1,5 zegels", "niveau Goud", "bon welkom: € 5,00"):
            assert text in shown
        assert "count/visits" not in shown
        english = {"Accept-Language": "en"}
        page = browser.get(f"{running.url}/members/ref-70", headers=english, timeout=DEADLINE_S)
        assert "tier Gold" in page.text
