"""From a real till to paper: a sale at which everything happens, what comes back of it, and a slip."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drivers.document import QrCode
from edge_agent.domain.basket import EntryMode, Line, PresentedCard
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.till.receipt_layout import plain
from tests.tills import AT, JAN, Shop, back, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import HEAD

RULES = """
[unit.points]
expiry = { years = 1 }
pending = { days = 14 }
[unit.stamps]
[[earn]]
id = "per-euro"
points = 1
per = 100
why = "1 punt per euro"
[[earn]]
id = "stamp"
unit = "stamps"
points = 1
each = "sale"
why = "1 zegel per bezoek"
[[stamp]]
id = "coffee-card"
unit = "stamps"
title = "Koffiekaart"
size = 10
reward = [{ title = "Gratis koffie", gives = [{ reward = "coffee" }] }]
[[reward]]
id = "coffee"
title = "een kop koffie"
[[reward]]
id = "five-euro"
title = "€ 5 korting"
cost = 250
off = { amount = 500 }
[[offer]]
id = "cheese"
title = "20 % op kaas"
off = { percent = 20 }
when = { categories = ["cheese"] }
[[offer]]
id = "bread"
title = "brood"
off = { percent = 10 }
when = { categories = ["bread"], until_date = 2026-12-24 }
[[voucher]]
id = "next"
title = "terugkombon"
per_sale = { percent = 10 }
pending = { days = 1 }
expiry = { days = 30 }
[[challenge]]
id = "milk"
title = "Twee keer melk"
target = 2
when = { skus = ["8710400011118"] }
gives = [{ quantity = 100 }]
[[challenge]]
id = "fish"
title = "Vijf keer vis"
target = 5
when = { categories = ["fish"] }
gives = [{ quantity = 100 }]
[[surprise]]
id = "luck"
title = "Zomergeluk"
one_in = 1
prizes = [{ id = "hundred", title = "honderd punten", unit = "points", quantity = 100 }]
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 10000
[[tiers.level]]
id = "platinum"
name = "Platina"
at_least = 100000
[[message]]
id = "paper"
text = "Alleen op papier."
where = ["receipt"]
[[message]]
id = "screen"
text = "Alleen op het scherm."
where = ["screen"]
[[question]]
id = "how"
text = "Hoe was uw bezoek?"
scale = "stars"
[receipt]
answer_url = "https://zuiver.example/{sale}/{question}"
"""

PLUS = """
[[membership]]
id = "plus"
title = "Zuiver Plus"
skus = ["plus-year"]
months = 12
"""
PROGRAMME = HEAD.replace('"points"', '"punten"').replace('"point"', '"punt"') + RULES
CHEESE = Line(2, "cheese", Decimal(1), 1000, name="Kaas", categories=("cheese",))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = open_shop(tmp_path, columns=48)
    opened.shelf.offer(PROGRAMME.replace("version = 1", "version = 9"), "all", AT)
    lots = (
        Holding("points", 300, date(2026, 12, 31)),
        Holding("points", 40, date(2027, 12, 31), date(2026, 12, 1)),
        Holding("stamps", 9),
    )
    opened.confirm(replace(jan(), lots=lots))
    yield opened
    opened.close()


def lines(result: dict[str, Any]) -> list[str]:
    return [" ".join(line.split()) for line in result["receipt"]["lines"]]


def buys(shop: Shop, sale_id: str = "s-1", **more: Any) -> dict[str, Any]:
    """Milk of 120 euro and cheese of 10, quoted first and then sold at what the quote says."""
    asked = (milk(amount=12_000), CHEESE)
    quote = shop.till.quote(f"q-{sale_id}", sale("x", *asked, **more))
    sold = [
        replace(line, amount=line.amount - off["discount"])
        for line, off in zip(asked, quote["lines"], strict=True)
    ]
    return shop.till.sell(sale(sale_id, *sold, quote_id=f"q-{sale_id}", **more)).result


def test_everything_that_a_sale_did_is_on_its_receipt(shop: Shop) -> None:
    assert lines(buys(shop))[4:] == [
        "Bon s-1",
        "Kaart *********8906",
        "-" * 48,
        "Zomergeluk",
        "U wint: honderd punten",
        "-" * 48,
        "Gespaard op deze bon 228 punten",
        "1 punt per euro 128",
        "Zomergeluk 100",
        "Gespaard op deze bon 1 zegel",
        "1 zegel per bezoek 1",
        "Ingewisseld -10 zegels",
        "Koffiekaart -10",
        "Uw voordeel € 2,00",
        "20 % op kaas € 2,00",
        "-" * 48,
        "Uw saldo om 14:03 300 punten",
        "Vrij vanaf 01-12-2026 40 punten",
        "Vrij vanaf 02-12-2026 228 punten",
        "-" * 48,
        "Vervalt na 31-12-2026 300 punten",
        "Koffiekaart 0 van 10",
        "( )( )( )( )( )( )( )( )( )( )",
        "Bij 10: Gratis koffie",
        "Nieuw niveau bereikt Goud",
        "Platina: nog € 872,00 (t/m 31 dec 2026)",
        "Twee keer melk: nog 1 bezoek",
        "Voor u bewaard: een kop koffie",
        "Uw saldo is genoeg voor € 5 korting",
        "-" * 48,
        "Voor u: terugkombon € 12,80",
        "Geldig van 19-11-2026 t/m 18-12-2026",
        "-" * 48,
        "Voor u: brood t/m 24-12-2026",
        "Alleen op papier.",
        "-" * 48,
        "Hoe was uw bezoek?",
        "Scan en antwoord:",
        "https://zuiver.example/s-1/how",
    ]


def test_the_codes_on_paper_are_those_of_the_answer(shop: Shop) -> None:
    result = buys(shop, print=True)
    codes = [each.data for each in shop.tray.jobs[-1][1].blocks if isinstance(each, QrCode)]
    voucher, answer, sold = codes
    assert (voucher, answer) == (result["vouchers"][0]["code"], "https://zuiver.example/s-1/how")
    assert sold.startswith("sale:0412/03/s-1")


def test_a_challenge_is_told_when_it_is_reached_and_not_again(shop: Shop) -> None:
    buys(shop)
    assert "Twee keer melk: gehaald" in lines(buys(shop, "s-2"))
    assert not any("Twee keer melk" in line for line in lines(buys(shop, "s-3")))


def test_a_tier_is_new_once(shop: Shop) -> None:
    buys(shop)
    assert "Uw niveau Goud" in lines(buys(shop, "s-2"))


def test_a_return_of_everything_tells_what_went_and_what_came_back(shop: Shop) -> None:
    buys(shop)
    result = shop.till.give_back("s-1", "r-1", (back(1, "2"), back(2, "1")), None).result
    said = lines(result)
    assert "Afgeboekt bij deze retour -228 punten" in said
    assert "Teruggegeven bij deze retour 10 zegels" in said
    assert "Vervallen: bon terugkombon: € 12,80" in said
    assert "Vervallen: tegoed een kop koffie" in said
    assert "Vervallen: niveau Goud" in said
    assert "Terug te betalen € 128,00" in said
    assert "Koffiekaart 9 van 10" in said
    for line in ("Uw niveau Goud", "Hoe was uw bezoek?", "Alleen op papier.", "Voor u"):
        assert not any(each.startswith(line) for each in said), line


def test_a_card_that_has_not_begun_takes_no_paper_but_on_a_slip(shop: Shop) -> None:
    shop.confirm(jan(0))
    none = PROGRAMME.replace("version = 1", "version = 10").replace('each = "sale"', "per = 100000")
    shop.shelf.offer(none, "few stamps", AT)
    assert not any("Koffiekaart" in line for line in lines(shop.till.sell(sale("s-1")).result))
    shop.till.print_slip(scanned(JAN))
    assert any("Koffiekaart" in line for line in plain(shop.tray.jobs[-1][1], 48))


@pytest.mark.parametrize(
    ("until", "told"),
    [(date(2027, 1, 17), True), (date(2027, 1, 18), False), (date(2026, 11, 18), True)],
)
def test_a_membership_is_told_of_within_sixty_days_of_its_end(
    shop: Shop, until: date, told: bool
) -> None:
    shop.shelf.offer(PROGRAMME.replace("version = 1", "version = 10") + PLUS, "plus", AT)
    shop.confirm(replace(jan(0), lots=(Holding("membership/plus", 1, until),)))
    said = lines(shop.till.sell(sale("s-1")).result)
    assert any(line.startswith("Zuiver Plus t/m") for line in said) is told


def test_one_without_an_end_is_told_of_without_a_day(shop: Shop) -> None:
    shop.shelf.offer(PROGRAMME.replace("version = 1", "version = 10") + PLUS, "plus", AT)
    shop.confirm(replace(jan(0), lots=(Holding("membership/plus", 1),)))
    shown = shop.till.identify(scanned(JAN)).to_json()["memberships"]
    assert shown == [{"id": "plus", "title": "Zuiver Plus", "until": None}]
    shop.till.print_slip(scanned(JAN))
    ((_, slip),) = shop.tray.jobs
    assert "Zuiver Plus" in plain(slip, 42)


def test_a_membership_that_was_bought_now_is_told_of(shop: Shop) -> None:
    shop.shelf.offer(PROGRAMME.replace("version = 1", "version = 10") + PLUS, "plus", AT)
    card = Line(1, "plus-year", Decimal(1), 3000, name="Plus")
    said = lines(shop.till.sell(sale("s-1", card)).result)
    assert any(line.startswith("Zuiver Plus t/m") for line in said)
    assert not any("Zuiver Plus t/m" in line for line in lines(shop.till.sell(sale("s-2")).result))


def test_a_slip_shows_the_same_outlook_without_the_sale(shop: Shop) -> None:
    buys(shop)
    shop.till.print_slip(scanned(JAN))
    said = [" ".join(line.split()) for line in plain(shop.tray.jobs[-1][1], 48)]
    for line in (
        "SALDO-OVERZICHT",
        "Vrij vanaf 02-12-2026 228 punten",
        "Uw niveau Goud",
        "Twee keer melk: nog 1 bezoek",
        "Vijf keer vis: nog 5 bezoeken",
        "Voor u bewaard: een kop koffie",
        "Voor u: 20 % op kaas",
    ):
        assert line in said
    assert not any(line.startswith(("Gespaard", "Uw voordeel", "Hoe was")) for line in said)


def test_an_issued_reward_lies_ready_once_central_has_confirmed_it(shop: Shop) -> None:
    shop.confirm(replace(jan(), lots=(Holding("reward/coffee", 1),)))
    assert "Voor u klaar: een kop koffie" in lines(shop.till.sell(sale("s-1")).result)


def test_a_copy_says_what_the_first_print_said(shop: Shop) -> None:
    first = buys(shop)["receipt"]["lines"]
    shop.system.at = AT + timedelta(days=3)
    shop.till.print_copy("s-1")
    copy = plain(shop.tray.jobs[-1][1], 48)
    assert copy[1:-1] == first


def test_training_asks_nothing_and_leaves_no_reference(shop: Shop) -> None:
    result = shop.till.sell(sale("t-1", training=True)).result
    assert "Hoe was uw bezoek?" not in lines(result)
    assert "Alleen op papier." in lines(result)


def test_a_typed_number_sees_what_the_sale_did_and_nothing_of_the_account(shop: Shop) -> None:
    typed = replace(sale("s-1", milk(amount=500)), card=PresentedCard(JAN, EntryMode.KEYED))
    said = lines(shop.till.sell(typed).result)
    assert "1 punt per euro 5" in said
    account = ("Uw saldo", "Vervalt", "Vrij", "Bij 10", "Uw niveau", "Voor u bewaard")
    assert not any(line.startswith(account) for line in said)


def test_a_blocked_card_is_offered_nothing(shop: Shop) -> None:
    shop.confirm(replace(jan(standing=Standing.BLOCKED), lots=(Holding("reward/coffee", 1),)))
    said = lines(shop.till.sell(sale("s-1")).result)
    assert not any(line.startswith(("Voor u", "Platina", "Goud", "Vijf")) for line in said)


def test_an_order_of_the_programmes_own_is_kept(shop: Shop) -> None:
    own = PROGRAMME.replace("version = 1", "version = 10") + 'blocks = ["savings", "earned"]\n'
    shop.shelf.offer(own, "own", AT)
    assert lines(buys(shop))[6:] == [
        "-" * 48,
        "Uw voordeel € 2,00",
        "20 % op kaas € 2,00",
        "Gespaard op deze bon 228 punten",
        "1 punt per euro 128",
        "Zomergeluk 100",
        "Gespaard op deze bon 1 zegel",
        "1 zegel per bezoek 1",
    ]


def test_a_customer_without_a_card_is_told_what_was_saved(shop: Shop) -> None:
    said = lines(buys(shop, card=None))
    assert "Uw voordeel € 2,00" in said
    assert any("Spaart u al mee" in line for line in said)
    assert not any("Alleen op papier." in line for line in said)
