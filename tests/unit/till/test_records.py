"""What a sale's record holds is enough to work the sale out again, from its bytes alone."""

import json
from dataclasses import replace
from datetime import datetime

from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.ledger.ledger import Ledger
from tests.tills import AT, PROGRAMME, STRANGER, Shop, jan, milk, sale, tobacco

RULES = """
[tiers]
measure = "spend"
over = "year"
valid = { years = 1, rounded = "end-of-year" }
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 100000
[[bonus]]
id = "third-visit-of-gold"
add = 30
when = { visits = [3], tiers = ["gold"], segments = ["young"], stores = ["0412"] }
why = "third visit"
"""


def worked_out_again(shop: Shop, ledger: Ledger, seq: int) -> Recorded:
    """Read a record's bytes as central does, and compare what they say with what they come to."""
    (record,) = ledger.records(seq - 1, 1)
    body = json.loads(record.body)
    recorded = Recorded.from_body(body)
    programme = shop.shelf.by_digest(recorded.programme)
    assert programme is not None
    evaluation = recorded.again(programme, datetime.fromisoformat(body["at"]))
    assert evaluation.entries == recorded.entries
    assert evaluation.reductions == recorded.reductions
    return recorded


def test_a_sale_is_worked_out_again_from_its_bytes_after_everything_has_changed(shop: Shop) -> None:
    text = PROGRAMME.read_text().replace("version = 3", "version = 4", 1) + RULES
    shop.shelf.offer(text, "rules", AT)
    gold = Holding("tier/gold", 1)
    visits = Holding("count/visits", 2, day=AT.date())
    shop.confirm(replace(jan(), segments=frozenset({"young"}), lots=(gold, visits)))
    result = shop.till.sell(sale("s", milk(), tobacco(2))).result
    assert result["earned"]["points"] == 32
    shop.confirm(jan())
    shop.shelf.offer(text.replace("version = 4", "version = 5", 1) + "# other", "other", AT)
    recorded = worked_out_again(shop, shop.ledger, 1)
    assert recorded.facts.holdings == (gold,)
    assert recorded.facts.figures["visits@ever"] == 2
    assert recorded.basket.store == "0412"


def test_so_are_a_sale_of_an_unknown_card_and_one_without_a_card(shop: Shop) -> None:
    shop.till.sell(sale("s", card=STRANGER))
    shop.till.sell(sale("t", card=None))
    assert worked_out_again(shop, shop.ledger, 1).facts.account
    assert worked_out_again(shop, shop.ledger, 2).facts.anonymous
