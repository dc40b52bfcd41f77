"""The programmes of a till: a bad one never gets in, and the till runs on."""

import hashlib
from dataclasses import replace

import pytest

from edge_agent.domain.programme import Programme, ProgrammeInvalid, load_programme
from edge_agent.ledger.ledger import KeptProgramme, Ledger
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
    shop.ledger.keep_programme(KeptProgramme("f" * 64, 4, AT, AT), BAD)
    shop.close()
    ledger = Ledger.open(shop.data, "0412/03", AT)
    shelf = ProgrammeShelf(ledger)
    assert shelf.at(AT).version == 3
    assert shelf.refused is not None
    assert shelf.by_digest("f" * 64) is None
    ledger.close()


def test_the_till_opens_again_after_a_bad_version(shop: Shop) -> None:
    with pytest.raises(ProgrammeInvalid):
        shop.shelf.offer(BAD, "next", AT)
    shop.close()
    reopened = open_shop(shop.data)
    assert reopened.till.sell(replace(sale(), sale_id="again")).first
    reopened.close()


def test_of_all_that_were_ever_kept_only_what_is_asked_for_is_read(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in range(4, 9):
        shop.shelf.offer(GOOD.replace("version = 3", f"version = {version}", 1), "next", AT)
    shop.close()
    ledger = Ledger.open(shop.data, "0412/03", AT)
    read: list[str] = []

    def reading(text: str, name: str) -> Programme:
        read.append(text)
        return load_programme(text, name)

    monkeypatch.setattr("edge_agent.till.shelf.load_programme", reading)
    shelf = ProgrammeShelf(ledger)
    assert (shelf.at(AT).version, shelf.at(AT).version) == (8, 8)
    assert shelf.by_digest(hashlib.sha256(GOOD.encode()).hexdigest()) is not None
    assert [text.splitlines()[0] for text in read] == [GOOD.splitlines()[0]] * 2
    ledger.close()
