"""A till that did one of everything that is recorded, by a programme of a few rules."""

from pathlib import Path

from edge_agent.domain.programme.consents import Consent
from edge_agent.till.attach import Attaching
from edge_agent.till.redeem import Wish
from edge_agent.till.without_sale import Answering, Consenting, Enrolling, Reported
from tests.tills import AT, JAN, STRANGER, Shop, back, jan, milk, open_shop, sale, scanned
from tests.unit.domain.builders import BASE, HEAD

RULES = (
    HEAD.replace("version = 1", "version = 9")
    + BASE
    + """
[[action]]
id = "review"
title = "een recensie"
gives = [{ unit = "points", quantity = 25 }]
[[action]]
id = "welcome"
title = "welkom"
happens = "enrolment"
gives = [{ unit = "points", quantity = 100 }]
[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
gives = [{ unit = "points", quantity = 5 }]
[[consent]]
purpose = "terms"
version = "7"
required = true
text = "Ik ga akkoord met de voorwaarden."
[[reward]]
id = "coffee"
title = "koffie"
cost = 50
[[surprise]]
id = "lucky"
title = "geluk"
one_in = 2
prizes = [{ id = "ten", title = "tien punten", quantity = 10 }]
budgets = [{ wins = 1000, per = "day" }]
"""
)


def one_of_everything(folder: Path) -> Shop:
    """The till, in `folder`: a record of every kind, in the order sale, sale without a card, attached card, redemption,
    action, answer, enrolment, return, void, consent."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = open_shop(folder)
    shop.shelf.offer(RULES, "rules", AT)
    shop.confirm(jan())
    till = shop.till
    till.sell(sale("S1", milk(1, "2", 12500), milk(2, "3", 1000)))
    proof = till.sell(sale("S2", milk(amount=700), card=None)).result["reference"]
    till.attach(Attaching("S2", scanned(STRANGER), proof))
    till.reserve(Wish("R1", scanned(JAN), "coffee"))
    till.commit("R1")
    till.report(Reported("A1", scanned(JAN), "review"))
    till.answer(Answering("Q1", "recommend", 9, scanned(JAN)))
    till.enrol(Enrolling("M1", None, {"display_name": "Piet"}, (Consent("terms", "7"),)))
    till.give_back("S1", "B1", (back(2, "1"),), None)
    till.void("S1", "V1")
    till.change_consents(Consenting("C1", scanned(JAN), (Consent("terms", "7"),)))
    return shop
