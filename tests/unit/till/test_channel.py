"""A till that sells in another channel than the store: by itself in that one, and in whatever one the POS says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.basket import Sale
from edge_agent.domain.holdings import Holding
from edge_agent.errors import ActionDiffers, Refused
from edge_agent.till.redeem import Wish
from edge_agent.till.without_sale import Answering, Enrolling, Reported
from tests.tills import JAN, STRANGER, Shop, jan, open_shop, sale, scanned
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
[[action]]
id = "check-in"
title = "ingecheckt"
gives = [{ unit = "points", quantity = 5 }]
when = { channels = ["app"], stores = ["0412"] }
beyond = "refused"
[[action]]
id = "welcome"
title = "welkom"
happens = "enrolment"
gives = [{ unit = "points", quantity = 100 }]
when = { channels = ["cinema"] }
[[question]]
id = "recommend"
text = "Zou u ons aanraden?"
gives = [{ unit = "points", quantity = 5 }]
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
    assert [each["id"] for each in result["rewards"]] == (ELSEWHERE if said else HERE)[0]
    recorded = cinema.ledger.lookups().body(result["seq"])["basket"]
    assert (recorded["store"], recorded["channel"]) == ("0412", channel)


def test_a_redemption_is_of_the_tills_channel_unless_the_pos_says_another_one(cinema: Shop) -> None:
    with pytest.raises(Refused, match="niet via dit kanaal"):
        cinema.till.reserve(Wish("R0", scanned(JAN), "popcorn", channel="store"))
    cinema.till.reserve(Wish("R1", scanned(JAN), "popcorn"))
    seq = cinema.till.commit("R1").result["seq"]
    assert cinema.ledger.lookups().body(seq)["basket"]["channel"] == "cinema"


def recorded(shop: Shop, kind: str, seq: int) -> dict[str, Any]:
    return dict(shop.ledger.lookups().body(seq)[kind])


def test_an_action_gives_where_it_was_done_and_its_record_says_where(cinema: Shop) -> None:
    with pytest.raises(Refused, match="niet via dit kanaal"):
        cinema.till.report(Reported("A0", scanned(JAN), "check-in"))
    in_app = Reported("A1", scanned(JAN), "check-in", channel="app")
    done = cinema.till.report(in_app)
    assert done.result["earned"] == {"points": 5}
    assert recorded(cinema, "action", done.result["seq"])["channel"] == "app"
    assert not cinema.till.report(in_app).first
    with pytest.raises(ActionDiffers):
        cinema.till.report(replace(in_app, channel="web"))


@pytest.mark.parametrize(
    ("said", "channel", "points"), [("", "cinema", 100), ("app", "app", 0), ("store", None, 0)]
)
def test_who_enrols_does_so_in_the_tills_channel_unless_the_call_says_another_one(
    cinema: Shop, said: str, channel: str | None, points: int
) -> None:
    result = cinema.till.enrol(Enrolling("M1", scanned(STRANGER), {}, channel=said)).result
    assert result["earned"] == {"points": points}
    assert [each["id"] for each in result["offers"]] == (ELSEWHERE if said else HERE)[1]
    assert recorded(cinema, "member", result["seq"]).get("channel") == channel


def test_an_answer_says_in_its_record_where_it_was_given(cinema: Shop) -> None:
    for number, (said, channel) in enumerate((("", "cinema"), ("app", "app"), ("store", None)), 1):
        answer = Answering(f"Q{number}", "recommend", 9, scanned(JAN), channel=said)
        seq = cinema.till.answer(answer).result["seq"]
        assert recorded(cinema, "answer", seq).get("channel") == channel
