"""A web shop at central's address: the till's bodies and engine, on the same accounts as the tills of shops."""

import socket
import time
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from edge_agent.demo.goods import card
from sync.central import channel as channel_module
from sync.central.changes import WAITERS_MAX
from sync.central.channel import BODY_BYTES_MAX, PASSED_ON_MAX
from sync.central.serve import WORKER_THREADS, Server
from tests.central import DEADLINE_S, Running, Till, settings_in
from tests.integration.redeeming.conftest import (
    POINTS,
    Counter,
    Opening,
    counter,
    free_port,
    furnished,
)
from tests.support.waiting import wait_until

REWARD, COST = "five-euro", 250
CHANNEL = "LOYALTY_CENTRAL_CHANNEL"
PROMPT_S = 8.0
"""Generous for answers that take milliseconds, and well below what a call waits for an agent that hangs."""

WAITING = "loyalty_central_waiting_terminals"
UNANSWERED = "loyalty_central_channel_unanswered_total"
CHECK_IN = """
[[action]]
id = "check-in"
title = { nl = "ingecheckt", en = "checked in", de = "eingecheckt", fr = "passage" }
gives = [{ quantity = 5 }]
when = { channels = ["app"] }
"""


@dataclass
class Shop:
    """A web shop that knows central's address and the token of its channel."""

    url: str
    token: str
    agent: Counter

    def call(self, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return requests.request(
            "GET" if body is None else "POST",
            f"{self.url}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=DEADLINE_S,
        )

    def sale(self, sale_id: str, member: int, **more: Any) -> dict[str, Any]:
        return {
            "sale_id": sale_id,
            "at": self.agent.agent.store.clock.now().isoformat(),
            "card": {"code": card(member), "entry": "tapped"},
            "lines": [
                {"line": 1, "sku": "8710400055556", "quantity": 1, "amount": 1499, "tax_rate": "9"}
            ],
            "total": {"amount": 1499, "currency": "EUR"},
            **more,
        }


class Hanging:
    """An agent that takes connections and does not answer, until the block ends; then they are closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._open = ExitStack()

    def __enter__(self) -> "Hanging":
        listening = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._listening = self._open.enter_context(closing(listening))
        self._listening.settimeout(DEADLINE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take(self, how_many: int) -> list[socket.socket]:
        """So many connections, as soon as they are there."""
        taken = [self._listening.accept()[0] for _ in range(how_many)]
        for each in taken:
            self._open.enter_context(closing(each))
        return taken


def number(central: Running, name: str) -> int:
    """What central's metrics say of that."""
    text = requests.get(f"{central.url}/metrics", timeout=DEADLINE_S).text
    (line,) = [each for each in text.splitlines() if each.startswith(f"{name} ")]
    return int(float(line.split()[-1]))


def identify(url: str) -> requests.Response:
    """A call of a web shop; its token does not matter where no agent looks at it."""
    who = {"code": card(1), "entry": "tapped"}
    return requests.post(f"{url}/v1/identify", json=who, timeout=DEADLINE_S)


def code_of(answer: requests.Response) -> str:
    """What kind of problem it is."""
    return str(answer.json()["code"])


@pytest.fixture(scope="module")
def channel_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, channel_port: int) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(CHANNEL, f"http://127.0.0.1:{channel_port}")
        with furnished(tmp_path_factory.mktemp("central"), CHECK_IN) as running:
            yield running


@pytest.fixture
def shop(central: Running, channel_port: int, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "web"
    with counter(central, folder, "1", store="web", port=channel_port, channel="web") as agent:
        yield Shop(central.url, (folder / "data" / "token").read_text().strip(), agent)
    central.admin("DELETE", "/terminals/web/1")


def test_what_is_bought_on_the_web_counts_at_the_till_and_can_be_spent_there_once(
    shop: Shop, open_till: Opening
) -> None:
    till = open_till("01")
    seen = shop.call("identify", {"code": card(1), "entry": "tapped"}).json()
    assert seen["balance"]["points"]["confirmed"] == POINTS
    sale = shop.sale("W1", 1, quote_id="Q1")
    quoted = shop.call("quotes", {name: value for name, value in sale.items() if name != "sale_id"})
    assert quoted.status_code == 200, quoted.text

    sold, again = shop.call("sales", sale), shop.call("sales", sale)

    assert (sold.status_code, again.status_code) == (201, 200)
    assert sold.json()["result"] == again.json()["result"]
    stored = shop.agent.agent.store.ledger.lookups().body(sold.json()["result"]["seq"])
    assert (stored["basket"]["store"], stored["basket"]["channel"]) == ("web", "web")
    earned = sold.json()["result"]["earned"]["points"]
    assert earned == quoted.json()["earned"]["points"] > 0
    wait_until(lambda: till.points(1) == POINTS + earned, "the till was told")
    wish = {"redemption_id": "R1", "code": card(1), "entry": "tapped", "reward": REWARD}
    reserved = shop.call("redemptions", wish)
    assert (reserved.status_code, reserved.json()["authorised_by"]) == (201, "central")
    assert shop.call("redemptions/R1/cancel", {}).status_code == 200
    # The till may have been told before the shop was.
    wait_until(
        lambda: shop.call("sales/W1").json()["now"]["central"] == "accepted", "the shop was told"
    )


def test_a_till_and_the_web_shop_do_not_spend_the_same_points(
    shop: Shop, open_till: Opening
) -> None:
    from tests.integration.redeeming.test_two_tills import reserve

    till = open_till("02")
    assert reserve(till, 2, "R1")["authorised_by"] == "central"
    wish = {"redemption_id": "W-R2", "code": card(2), "entry": "tapped", "reward": REWARD}
    refused = shop.call("redemptions", wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")


def test_what_a_member_does_in_the_app_is_reported_as_done_there(shop: Shop) -> None:
    who = {"code": card(3), "entry": "tapped", "action": "check-in"}
    on_the_web = shop.call("actions", {"action_id": "A1", **who})
    assert (on_the_web.status_code, on_the_web.json()["detail"]) == (409, "not in this channel")
    in_app = shop.call("actions", {"action_id": "A2", **who, "channel": "app"})
    assert (in_app.status_code, in_app.json()["result"]["earned"]["points"]) == (201, 5)
    shop.agent.all_posted()
    assert shop.agent.points(3) == POINTS + 5
    assert shop.call("enrolment").json()["consents"]


def test_only_the_calls_of_a_shop_are_passed_on_and_only_with_the_channels_token(
    shop: Shop,
) -> None:
    for path in ("devices", "status", "scans", "sales/../devices", "salesmen"):
        assert shop.call(path).status_code == 404
    wrong = requests.post(
        f"{shop.url}/v1/identify",
        json={"code": card(1), "entry": "tapped"},
        headers={"Authorization": "Bearer wrong"},
        timeout=DEADLINE_S,
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthorised")
    too_large = shop.call("identify", {"code": "1" * 1_100_000, "entry": "tapped"})
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too-large")


def test_where_the_agent_is_away_the_call_may_be_sent_again(central: Running) -> None:
    answer = identify(central.url)
    assert code_of(answer) == "channel-unavailable"
    assert (answer.status_code, answer.json()["retryable"]) == (503, True)
    assert int(answer.headers["Retry-After"]) > 0


def test_an_agent_that_hangs_keeps_neither_tills_nor_further_calls_waiting(
    central: Running, channel_port: int, request: pytest.FixtureRequest
) -> None:
    wire = central.enrol("0413", "01")
    journal = Till(wire.terminal)
    journal.sale()
    position = wire.changes().json()["next"]
    further = WORKER_THREADS + PASSED_ON_MAX
    with ThreadPoolExecutor(WAITERS_MAX + PASSED_ON_MAX + further) as crowd:
        for _ in range(WAITERS_MAX):
            crowd.submit(wire.changes, after=position, wait=30)
        wait_until(lambda: number(central, WAITING) == WAITERS_MAX, "as many tills wait as may")

        with Hanging(channel_port) as agent:
            calls = [crowd.submit(identify, central.url) for _ in range(PASSED_ON_MAX + further)]
            agent.take(PASSED_ON_MAX)
            began = time.monotonic()
            assert requests.get(f"{central.url}/healthz", timeout=PROMPT_S).status_code == 200
            assert wire.push(journal.message()).json()["received"] == 1
            refused = identify(central.url)
            assert time.monotonic() - began < PROMPT_S
            wait_until(
                lambda: sum(call.done() for call in calls) >= further, "the others have answers"
            )

        assert code_of(refused) == "channel-busy"
        assert (refused.status_code, refused.json()["retryable"]) == (503, True)
        assert int(refused.headers["Retry-After"]) > 0
        codes = Tally(code_of(call.result(DEADLINE_S)) for call in calls)
        assert codes == {"channel-unavailable": PASSED_ON_MAX, "channel-busy": further}
        assert number(central, f'{UNANSWERED}{{code="channel-busy"}}') == further + 1

        with Hanging(channel_port) as agent:  # every place was given back
            again = [crowd.submit(identify, central.url) for _ in range(PASSED_ON_MAX)]
            agent.take(PASSED_ON_MAX)
        assert {code_of(call.result(DEADLINE_S)) for call in again} == {"channel-unavailable"}
    shop: Shop = request.getfixturevalue("shop")
    assert shop.call("identify", {"code": card(1), "entry": "tapped"}).status_code == 200


def test_the_place_of_a_call_is_given_back_after_its_time_and_where_it_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "PASSED_ON_MAX", 1)
    monkeypatch.setattr(channel_module, "ANSWER_S", 0.2)
    with Hanging(free_port()) as agent:
        settings = settings_in(tmp_path, channel=f"http://127.0.0.1:{agent.port}")
        with Server(settings) as central:
            too_large = requests.post(
                f"{central.url}/v1/identify", data=bytes(BODY_BYTES_MAX + 1), timeout=DEADLINE_S
            )
            assert code_of(too_large) == "too-large"
            for _ in range(2):
                assert code_of(identify(central.url)) == "channel-unavailable"


def test_when_the_agent_says_to_come_again_is_passed_on(
    central: Running, channel_port: int
) -> None:
    with Hanging(channel_port) as agent, ThreadPoolExecutor(1) as caller:
        call = caller.submit(identify, central.url)
        (asked,) = agent.take(1)
        asked.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}")
        answer = call.result(DEADLINE_S)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "7", {})
