"""The programmes of a till: a bad one never gets in, and the till runs on."""

import hashlib
from dataclasses import replace

import pytest

from edge_agent.domain.programme import ProgrammeInvalid
from edge_agent.ledger.ledger import Ledger
from edge_agent.till.shelf import ProgrammeShelf
from tests.tills import AT, PROGRAMME, Shop, open_shop, sale

GOOD = PROGRAMME.read_text()
BAD = GOOD.replace("version = 3", "version = 4", 1).replace("\nper = 100\n", "\nper = 0\n")


def test_a_bad_version_is_refused_by_name_and_the_last_good_one_stays(shop: Shop) -> None:
    with pytest.raises(ProgrammeInvalid):
        shop.shelf.offer(BAD, "next", AT)
    assert shop.shelf.refused is not None
    assert shop.shelf.refused.digest == hashlib.sha256(BAD.encode()).hexdigest()
    assert "earn[1].per" in shop.shelf.refused.reason
    assert shop.till.sell(sale()).result["earned"] == {"points": 2}


def test_a_good_one_makes_up_for_it(shop: Shop) -> None:
    with pytest.raises(ProgrammeInvalid):
        shop.shelf.offer(BAD, "next", AT)
    shop.shelf.offer(GOOD.replace("version = 3", "version = 5", 1), "after", AT)
    assert shop.shelf.refused is None


def test_what_an_earlier_agent_kept_and_this_one_does_not_take_does_not_stop_the_till(
    shop: Shop,
) -> None:
    shop.ledger.keep_programme("f" * 64, 4, AT, BAD, AT)
    shop.close()
    ledger = Ledger.open(shop.data, "0412/03", AT)
    shelf = ProgrammeShelf(ledger)
    assert shelf.refused is not None
    assert shelf.at(AT).version == 3
    ledger.close()


def test_the_till_opens_again_after_a_bad_version(shop: Shop) -> None:
    with pytest.raises(ProgrammeInvalid):
        shop.shelf.offer(BAD, "next", AT)
    shop.close()
    reopened = open_shop(shop.data)
    assert reopened.till.sell(replace(sale(), sale_id="again")).first
    reopened.close()
