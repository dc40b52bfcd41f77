"""Everything that a till records, done without central, arrives there once; and another till then shows the same."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.demo.goods import card
from sync.identity import enrol, save_identity
from tests.support.pos import CHEESE, COFFEE, MILK, Pos, sale
from tests.support.process import Process, ReservedPort, installed
from tests.support.shop import POINTS_BEFORE, STORE, WITHOUT_PRINTER, Shop
from tests.support.waiting import wait_until

JAN, NOOR = card(7), card(8)
NEWCOMER = card(5_000)
OTHER_TILL = "04"

PROGRAMME = """\
format = 1
id = "every-act"
version = 90
name = "Alles"
valid_from = 2026-01-01T00:00:00+01:00

[unit.points]
[unit.stamps]

[[earn]]
id = "base"
points = 1
per = 100

[[earn]]
id = "cheese-stamp"
unit = "stamps"
points = 1
each = "piece"
scope = { categories = ["dairy"] }
why = "een zegel per stuk zuivel"

[[stamp]]
id = "dairy-card"
title = "Zuivelkaart"
size = 10
[[stamp.reward]]
title = "een gratis kaas"
gives = [{ reward = "cheese" }]

[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
[[tiers.level]]
id = "silver"
name = "Zilver"
at_least = 2500

[[voucher]]
id = "tenth"
title = "tien procent terug"
anyone = true
per_sale = { percent = 10, when = { categories = ["coffee"] } }
expiry = { days = 30 }

[[reward]]
id = "five-euro"
cost = 100
off = { amount = 500 }
title = "€ 5 korting"

[[reward]]
id = "cheese"
title = "een gratis kaas"
off = { percent = 100, units = 1 }
when = { skus = ["8710400022220"] }

[[consent]]
purpose = "e-mail"
version = "2026-01"
text = "Ja, stuur mij aanbiedingen per e-mail."

[[offer]]
id = "milk"
title = "20 % op melk"
how = "activated"
off = { percent = 20 }
when = { skus = ["8710400011118"] }

[[action]]
id = "review"
title = "een recensie"
gives = [{ quantity = 25 }]

[[action]]
id = "welcome"
title = "welkom"
happens = "enrolment"
gives = [{ quantity = 50 }]

[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
opens_case_at_most = 6
gives = [{ quantity = 5 }]
"""


def publish(shop: Shop, *tills: Pos) -> None:
    """Send the programme to the tills."""
    shop.admin("PUT", "/programme", data=PROGRAMME.encode())
    for till in tills:
        wait_until(partial(_has_programme, till), "the programme")


def _has_programme(till: Pos) -> bool:
    return bool(till.status()["programme"]["version"] == 90)


@contextmanager
def another_till(shop: Shop, folder: Path) -> Iterator[Pos]:
    """A second till of the shop, with a data folder and an identity of its own."""
    data = folder / "other"
    data.mkdir()
    with ExitStack() as stack:
        port = ReservedPort()
        stack.callback(port.close)
        config = folder / "other.toml"
        config.write_text(
            f'[terminal]\nstore = "{STORE}"\ntill = "{OTHER_TILL}"\nlanguage = "nl-NL"\ndata = "{data}"\n'
            f'[web]\nlisten = "{port.listen}"\n[central]\nurl = "{shop.central.url}"\n'
            f'[[card]]\npattern = "29\\\\d{{11}}"\ncheck = "ean13"\n{WITHOUT_PRINTER}'
        )
        code = shop.admin("POST", "/terminals", json={"store": STORE, "till": OTHER_TILL})["code"]
        save_identity(data / "identity", enrol(shop.central.url, str(code), STORE, OTHER_TILL))
        agent = Process(
            "the other agent",
            [installed("edge-agent"), "run", "--config", str(config)],
            folder / "other.log",
            port,
        )
        stack.callback(agent.stop)
        agent.start()
        pos = stack.enter_context(Pos(agent.url, data / "token"))
        wait_until(lambda: pos.status()["members"]["count"] >= shop.plan.members, "members there")
        yield pos


def done(pos: Pos, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a call that records something."""
    answer = pos.call("POST", path, body)
    assert answer.status == 201, f"{path}: {answer.status} {answer.body}"
    return dict(answer.body.get("result", answer.body))


def quoted(pos: Pos, name: str, code: str | None, bought: Any, **more: Any) -> dict[str, Any]:
    """Sell as the POS does: quote first, take off what the quote says, and name it in the sale."""
    body = sale(f"S-{name}", code, bought)
    asked = {key: value for key, value in body.items() if key not in {"sale_id", "tenders"}}
    answer = pos.call("POST", "/v1/quotes", {**asked, "quote_id": f"Q-{name}", **more})
    assert answer.status == 200, answer.body
    off = {each["line"]: each["discount"] for each in answer.body["lines"]}
    for line in body["lines"]:
        line["amount"] -= off[line["line"]]
        line["discount"] = off[line["line"]]
    paid = sum(line["amount"] for line in body["lines"])
    body["total"]["amount"] = body["tenders"][0]["amount"] = paid
    redemptions = {"redemptions": more["redemptions"]} if "redemptions" in more else {}
    return done(pos, "/v1/sales", {**body, "quote_id": f"Q-{name}", **redemptions})


def every_act(pos: Pos) -> None:
    """One of each, with figures that can be followed on paper; the till has nobody to ask."""
    scanned = {"code": JAN, "entry": "scanned"}
    assert done(pos, "/v1/actions", {"action_id": "A-1", **scanned, "action": "review"})[
        "earned"
    ] == {"points": 25, "stamps": 0}
    done(pos, "/v1/actions", {"action_id": "A-2", **scanned, "action": "activate/milk"})
    low = {"answer_id": "N-1", "question": "recommend", "value": 3, **scanned}
    assert done(pos, "/v1/answers", low)["earned"]["points"] == 5
    joined = {
        "member_id": "NEW-1",
        "code": NEWCOMER,
        "profile": {"display_name": "Piet N.", "email": "piet@example.com"},
        "consents": [{"purpose": "e-mail", "version": "2026-01"}],
    }
    assert done(pos, "/v1/members", joined)["earned"]["points"] == 50
    no = [{"purpose": "e-mail", "version": "2026-01", "given": False}]
    done(pos, "/v1/consents", {"consent_id": "C-1", **scanned, "consents": no})
    # Two bags of coffee: 29.98, so 29 points, silver, and a voucher of 2.99.
    coffee = done(pos, "/v1/sales", sale("S-coffee", JAN, [(COFFEE, 2)]))
    assert coffee["earned"] == {"points": 29, "stamps": 0}
    [voucher] = coffee["vouchers"]
    assert voucher["quantity"] == 299
    # 100 points for 5 euro on 11.78 of cheese: 6.78 is left, 6 points and 2 stamps.
    reserved = {"redemption_id": "P-1", **scanned, "reward": "five-euro"}
    done(pos, "/v1/redemptions", reserved)
    cheese = quoted(pos, "cheese", JAN, [(CHEESE, 2)], redemptions=["P-1"])
    assert (cheese["discount"], cheese["spent"]["points"]) == (500, 100)
    assert cheese["earned"] == {"points": 6, "stamps": 2}
    # The voucher pays 2.99 of 5.89 for somebody else, who comes back with the goods: it can be used again.
    used = quoted(pos, "voucher", NOOR, [(CHEESE, 1)], codes=[voucher["code"]])
    assert (used["discount"], used["earned"]) == (299, {"points": 2, "stamps": 1})
    returned = pos.give_back("S-voucher", "R-1", {1: 1}).result
    assert (returned["earned"], returned["refund"]["amount"]) == (
        {"points": -2, "stamps": -1},
        290,
    )
    # Nobody has a card: the voucher pays again. Then a card turns up: 2 points and a stamp after all.
    nobody = quoted(pos, "nobody", None, [(CHEESE, 1)], codes=[voucher["code"]])
    assert nobody["discount"] == 299
    attached = done(pos, "/v1/sales/S-nobody/member", {"code": NOOR, "proof": nobody["reference"]})
    assert attached["earned"] == {"points": 2, "stamps": 1}
    # The milk offer that was activated: 20 % off 2.58 is 0.52.
    milk = quoted(pos, "milk", JAN, [(MILK, 2)])
    assert (milk["discount"], milk["earned"]) == (52, {"points": 2, "stamps": 2})


JAN_HAS = {"points": POINTS_BEFORE + 25 + 5 + 29 - 100 + 6 + 2, "stamps": 4}
NOOR_HAS = {"points": POINTS_BEFORE + 2, "stamps": 1}
NEWCOMER_HAS = {"points": 50}


def shown(pos: Pos, code: str) -> dict[str, Any]:
    """What a till says of a member, without what is only true of that till and moment."""
    view = pos.identify(code).body
    names = ("member", "tier", "stamps", "offers", "rewards", "progress", "expiring", "pending")
    balance = {unit: each["confirmed"] for unit, each in view["balance"].items()}
    waiting = {unit: each["unconfirmed"] for unit, each in view["balance"].items()}
    assert not any(waiting.values()), waiting
    return {name: view[name] for name in names} | {"balance": balance}


def test_every_act_without_central_arrives_once_and_another_till_shows_the_same(
    shop: Shop, tmp_path: Path
) -> None:
    with another_till(shop, tmp_path) as other:
        publish(shop, shop.pos, other)
        shop.central.stop()
        every_act(shop.pos)
        own = shop.pos.identify(JAN).body["balance"]["points"]
        assert own["confirmed"] + own["unconfirmed"] == JAN_HAS["points"]
        shop.central.start()
        shop.wait_until_posted()

        states = [(each["kind"], each["state"], each["code"]) for each in shop.records_at_central()]
        assert [each for each in states if each[1] != "accepted"] == []
        for code, has in ((JAN, JAN_HAS), (NOOR, NOOR_HAS), (NEWCOMER, NEWCOMER_HAS)):
            balance = shop.member_at_central(code)["balance"]
            assert {unit: balance.get(unit, 0) for unit in has} == has
        [case] = shop.admin("GET", "/cases")["cases"]
        assert (case["question"], case["value"], case["state"]) == ("recommend", 3, "open")
        newcomer = shop.member_at_central(NEWCOMER)
        assert (newcomer["display_name"], newcomer["standing"]) == ("Piet N.", "known")
        assert newcomer["consents"] == {"e-mail": "2026-01"}

        for code in (JAN, NOOR, NEWCOMER):
            for pos in (shop.pos, other):
                wait_until(partial(_arrived, pos, code), "central's word at the till")
            assert shown(other, code) == shown(shop.pos, code)
        assert shown(other, JAN)["balance"] == JAN_HAS
        assert shown(other, JAN)["tier"]["id"] == "silver"
        assert [(each["id"], each["active"]) for each in shown(other, JAN)["offers"]] == [
            ("milk", True)
        ]


def _arrived(pos: Pos, code: str) -> bool:
    """Whether central has told the till everything of this member."""
    view = pos.identify(code).body
    has = {JAN: JAN_HAS, NOOR: NOOR_HAS, NEWCOMER: NEWCOMER_HAS}[code]
    return bool(view["known"]) and all(
        view["balance"][unit]["confirmed"] == quantity for unit, quantity in has.items()
    )
