"""A till that sells in another channel than the store: by itself in that one, and in whatever one the POS says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import Sale
from edge_agent.domain.holdings import Holding
from edge_agent.errors import Refused
from edge_agent.till.redeem import Wish
from tests.tills import JAN, Shop, jan, open_shop, sale, scanned
from tests.unit.domain.builders import HEAD

RULES = """
[[earn]]
id = "ticket"
points = 5
per = 100
when = { channels = ["cinema"] }
[[earn]]
id = "base"
points = 1
per = 100
[[reward]]
id = "popcorn"
title = "popcorn"
cost = 100
sort = "experience"
when = { channels = ["cinema"] }
[[reward]]
id = "drink"
title = "een drankje"
when = { channels = ["cinema"] }
[[offer]]
id = "matinee"
title = "de matinee"
off = { percent = 10 }
when = { channels = ["cinema"], skus = ["never"] }
[[message]]
id = "film"
text = "De film begint om acht uur."
when = { channels = ["cinema"] }
"""


@pytest.fixture
def cinema(tmp_path: Path) -> Iterator[Shop]:
    """A till at the cinema of a coalition."""
    (tmp_path / "till").mkdir()
    (tmp_path / "programme.toml").write_text(HEAD + RULES, encoding="utf-8")
    opened = open_shop(tmp_path / "till", programme=tmp_path / "programme.toml", channel="cinema")
    drink = Holding("reward/drink", 1, date(2026, 12, 31))
    opened.confirm(replace(member := jan(500), lots=(*member.lots, drink)))
    yield opened
    opened.close()


def sold_in(channel: str, sale_id: str = "s") -> Sale:
    """Milk for 2.58 as the POS sends it; "" says no channel."""
    made = sale(sale_id)
    return replace(made, basket=replace(made.basket, channel=channel))


Seen = tuple[list[str], list[str], list[str]]


def seen(view: Mapping[str, Any]) -> Seen:
    """The rewards, offers and messages that are shown."""
    names = ("rewards", "offers", "messages")
    rewards, offers, messages = ([each["id"] for each in view[name]] for name in names)
    return rewards, offers, messages


HERE: Seen = (["popcorn", "drink"], ["matinee"], ["film"])
ELSEWHERE: Seen = ([], [], [])


def test_the_tills_own_scanner_shows_what_is_good_in_its_channel(cinema: Shop) -> None:
    assert cinema.till.scanned("hand", JAN, None)
    views = [data for kind, data in cinema.heard.events if kind == "member"]
    assert [seen(each) for each in views] == [HERE]


def test_a_slip_has_what_can_be_collected_in_the_tills_channel(cinema: Shop) -> None:
    cinema.till.print_slip(scanned(JAN))
    assert "een drankje" in str(cinema.tray.jobs[-1])


def test_a_pos_that_says_a_channel_sees_what_is_good_there(cinema: Shop) -> None:
    assert seen(cinema.till.identify(scanned(JAN)).to_json()) == HERE
    assert seen(cinema.till.identify(scanned(JAN), "store").to_json()) == ELSEWHERE


@pytest.mark.parametrize(("said", "channel", "earned"), [("", "cinema", 12), ("store", "store", 2)])
def test_a_sale_is_of_the_tills_channel_unless_the_pos_says_another_one(
    cinema: Shop, said: str, channel: str, earned: int
) -> None:
    quoted = cinema.till.quote("q", replace(sold_in(said), sale_id=""))
    result = cinema.till.sell(sold_in(said)).result
    assert quoted["earned"]["points"] == result["earned"]["points"] == earned
    assert result["rewards"] == quoted["rewards"]
    assert [each["id"] for each in result["rewards"]] == (HERE if not said else ELSEWHERE)[0]
    recorded = cinema.ledger.lookups().body(result["seq"])["basket"]
    assert (recorded["store"], recorded["channel"]) == ("0412", channel)


def test_a_redemption_is_of_the_tills_channel_unless_the_pos_says_another_one(cinema: Shop) -> None:
    with pytest.raises(Refused, match="niet via dit kanaal"):
        cinema.till.reserve(Wish("R0", scanned(JAN), "popcorn", channel="store"))
    cinema.till.reserve(Wish("R1", scanned(JAN), "popcorn"))
    seq = cinema.till.commit("R1").result["seq"]
    assert cinema.ledger.lookups().body(seq)["basket"]["channel"] == "cinema"
