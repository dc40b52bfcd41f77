"""Rewards over real HTTP: the calls of the integrator's page as they stand there, and a quote that its sale equals."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.domain.members_file import MembersPosition
from tests.integration.web.agent import Agent
from tests.integration.web.real_till import KNOWN, NOW, PROGRAMME, anna

PAGE = Path(__file__).parents[3] / "docs" / "integration.md"
CURL = re.compile(r"\$AGENT(\S+) -d '\n(.*?)'\n```", re.DOTALL)
CARD = {"code": KNOWN, "entry": "scanned"}


def documented() -> list[tuple[str, dict[str, Any]]]:
    """Path and body of every curl call on the page, in order."""
    return [(path, json.loads(body)) for path, body in CURL.findall(PAGE.read_text())]


def answered(answer: requests.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_four_calls_of_the_page_redeem_a_reward_with_a_sale(agent: Agent) -> None:
    (to_identify, who), (to_reserve, wish), (to_quote, basket), (to_sell, sale) = documented()
    rewards = answered(agent.post(to_identify, who), 200)["rewards"]
    assert [each["id"] for each in rewards if each["available"]] == ["five-euro", "fifth-off"]
    reserved = answered(agent.post(to_reserve, wish), 201)
    assert (reserved["discount"], reserved["authorised_by"]) == (500, "limit")
    quote = answered(agent.post(to_quote, basket), 200)
    assert [each["discount"] for each in quote["lines"]] == [375, 125]
    result = answered(agent.post(to_sell, sale), 201)["result"]
    assert (result["spent"], result["earned"]) == ({"points": 100}, {"points": 7})
    assert answered(agent.post(to_sell, sale), 200)["result"] == result
    assert agent.terminal.rows() == 1


def reserve(agent: Agent, redemption_id: str, reward: str) -> None:
    body = {"redemption_id": redemption_id, **CARD, "reward": reward}
    answered(agent.post("/v1/redemptions", body), 201)


def a_basket(amounts: list[int], **more: Any) -> dict[str, Any]:
    lines = [
        {"line": number, "sku": f"sku-{number}", "quantity": 1, "amount": amount}
        for number, amount in enumerate(amounts, 1)
    ]
    return {
        "at": "2026-11-21T14:03:11+01:00",
        "card": CARD,
        "lines": lines,
        "total": {"amount": sum(amounts), "currency": "EUR"},
        **more,
    }


def publish_and_pull(agent: Agent, version: int) -> None:
    """Another programme, by which everything would be otherwise, and a member without a point."""
    text = PROGRAMME.replace("version = 1", f"version = {version}", 1)
    text = text.replace("per = 100", "per = 7").replace("percent = 20", "percent = 60")
    agent.terminal.shelf.offer(text.replace("amount = 500", "amount = 1"), "next", NOW)
    with agent.terminal.members.update() as update:
        update.put([anna(0)])
        update.commit(MembersPosition(version, agent.terminal.ledger.epoch, 0, NOW, 1))


NUMBERS = itertools.count(2)
SAME = ("programme", "entries", "excluded", "lines", "discount", "earned", "spent")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amounts=st.lists(st.integers(0, 5000), min_size=1, max_size=6),
    reward=st.sampled_from(["five-euro", "fifth-off"]),
)
def test_a_sale_equals_its_quote_also_with_a_publish_and_a_pull_between(
    agent: Agent, amounts: list[int], reward: str
) -> None:
    number = next(NUMBERS)
    with agent.terminal.members.update() as update:
        update.put([anna(100_000)])
        update.commit(
            MembersPosition(1, agent.terminal.ledger.epoch, agent.terminal.rows(), NOW, 1)
        )
    redemption_id, quote_id = f"R-{number}", f"Q-{number}"
    reserve(agent, redemption_id, reward)
    asked = a_basket(amounts, quote_id=quote_id, redemptions=[redemption_id])
    quote = answered(agent.post("/v1/quotes", asked), 200)
    off = {each["line"]: each["discount"] for each in quote["lines"]}
    publish_and_pull(agent, number)
    paid = [amount - off[line] for line, amount in enumerate(amounts, 1)]
    sold = answered(
        agent.post("/v1/sales", a_basket(paid, sale_id=f"S-{number}", quote_id=quote_id)), 201
    )["result"]
    assert {key: sold[key] for key in SAME} == {key: quote[key] for key in SAME}
    agent.post(f"/v1/redemptions/{redemption_id}/cancel")


def test_a_web_shop_says_its_channel_and_sees_and_redeems_what_is_good_there(agent: Agent) -> None:
    only = 'title = "€ 5 korting"\nwhen = { channels = ["web"] }'
    text = PROGRAMME.replace('title = "€ 5 korting"', only).replace("version = 1", "version = 2", 1)
    agent.terminal.shelf.offer(text, "of the web", NOW)
    wish = {"redemption_id": "R", **CARD, "reward": "five-euro"}
    for channel, status, shown in (("store", 409, set()), ("web", 201, {"five-euro"})):
        seen = answered(agent.post("/v1/identify", {**CARD, "channel": channel}), 200)
        assert {each["id"] for each in seen["rewards"]} - {"fifth-off"} == shown
        said = answered(agent.post("/v1/redemptions", {**wish, "channel": channel}), status)
        assert said.get("detail") in (None, "niet via dit kanaal")


def test_every_line_that_is_not_as_quoted_is_named_with_by_how_much(agent: Agent) -> None:
    reserve(agent, "R", "fifth-off")
    answered(agent.post("/v1/quotes", a_basket([1000, 500], quote_id="Q", redemptions=["R"])), 200)
    problem = answered(
        agent.post("/v1/sales", a_basket([799, 401], sale_id="S", quote_id="Q")), 422
    )
    assert problem["code"] == "invalid"
    assert problem["errors"] == [
        {"path": "lines.0.amount", "message": "is 1 less than the quote's 1000 less 200 discount"},
        {"path": "lines.1.amount", "message": "is 1 more than the quote's 500 less 100 discount"},
    ]
    assert agent.terminal.rows() == 0


def test_the_status_says_the_worst_that_can_be_lost(agent: Agent) -> None:
    found = answered(agent.get("/v1/status"), 200)["redemption"]
    # 20,000 points of an outage, at 5.00 for 100 points; of what a fifth off comes to only a basket says.
    assert found == {
        "worst_loss": 100_000,
        "unbounded": ["fifth-off"],
        "points_per_outage": 20_000,
        "asks_central": True,
    }


@pytest.mark.parametrize("path", ["commit", "cancel"])
def test_a_redemption_without_a_sale_is_charged_or_let_go_once(agent: Agent, path: str) -> None:
    reserve(agent, "R", "five-euro")
    first = answered(agent.post(f"/v1/redemptions/R/{path}"), 201 if path == "commit" else 200)
    again = answered(agent.post(f"/v1/redemptions/R/{path}"), 200)
    assert again == first
    assert agent.terminal.rows() == (1 if path == "commit" else 0)
