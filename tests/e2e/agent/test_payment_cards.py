"""A payment card through every way in: refused, and afterwards found in no file, log, print or answer."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from edge_agent.demo.goods import card
from tests.support.pos import Events, Pos, sale
from tests.support.process import run_installed
from tests.support.shop import Shop, open_shop
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("payment cards")

PAN = "4111111111111111"
"""A number for tests that every acquirer publishes, as are the others."""

SPACED = "5555 5555 5555 4444"
TRACK_2 = ";5105105105105100=25121011000012300000?"
TRACK_1 = "%B4012888888881881^DE VRIES/ANNA^25121010000000000000?"
FORMS = (PAN, SPACED, TRACK_2, TRACK_1)
TRACES = (
    b"4111111111111111",
    b"411111111111",
    b"5555 5555 5555 4444",
    b"5555555555554444",
    b"5105105105105100",
    b"4012888888881881",
    b"DE VRIES",
)
"""What must be found nowhere: whole numbers, dressed or plain, the first twelve digits, and the name of a track."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop that everything is tried on; its folder is searched at the end."""
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="module")
def heard(shop: Shop) -> Iterator[Events]:
    """What the page saw of it all."""
    with Events(shop.pos) as events:
        yield events


@pytest.fixture(scope="module")
def answers() -> list[bytes]:
    """Every answer, whole, with its headers."""
    return []


def _ask(
    shop: Shop, answers: list[bytes], method: str, path: str, body: Any = None, **headers: str
) -> requests.Response:
    answer = requests.request(
        method,
        shop.agent.url + path,
        json=body,
        headers=shop.pos.headers | headers,
        timeout=30,
        allow_redirects=False,
    )
    answers.append(repr(answer.headers).encode() + answer.content)
    return answer


def _refused(answer: requests.Response) -> None:
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "payment-card"


def _sale_with(path: tuple[str | int, ...], value: str) -> dict[str, Any]:
    body = sale("S-refused", card(1), quote_id=None, channel="store")
    body["card"]["symbology"] = "ean13"
    body["lines"][0] |= {"brand": "Zuiver", "labels": ["a"], "kind": "product"}
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


FIELDS: tuple[tuple[str | int, ...], ...] = (
    ("sale_id",),
    ("at",),
    ("cashier",),
    ("channel",),
    ("quote_id",),
    ("card", "code"),
    ("card", "entry"),
    ("card", "symbology"),
    ("lines", 0, "sku"),
    ("lines", 0, "name"),
    ("lines", 0, "quantity"),
    ("lines", 0, "amount"),
    ("lines", 0, "brand"),
    ("lines", 0, "categories", 0),
    ("lines", 0, "labels", 0),
    ("lines", 0, "tax_rate"),
    ("total", "currency"),
    ("tenders", 0, "type"),
    ("nobody",),
)


@pytest.mark.parametrize("form", FORMS)
def test_in_any_field_of_a_sale(shop: Shop, answers: list[bytes], form: str) -> None:
    for path in FIELDS:
        _refused(_ask(shop, answers, "POST", "/v1/sales", _sale_with(path, form)))
    _refused(_ask(shop, answers, "POST", "/v1/sales", sale("S-refused", card(1)) | {form: "x"}))


def test_as_a_number_in_the_json(shop: Shop, answers: list[bytes]) -> None:
    body = sale("S-refused", card(1))
    body["lines"][0]["amount"] = int(PAN)
    _refused(_ask(shop, answers, "POST", "/v1/sales", body))


@pytest.mark.parametrize("form", FORMS)
def test_in_every_other_call(shop: Shop, answers: list[bytes], form: str) -> None:
    for path, body in (
        ("/v1/identify", {"code": form, "entry": "swiped"}),
        ("/v1/identify", {"code": f"https://pay.example/?pan={form}", "entry": "scanned"}),
        ("/v1/slips", {"code": form}),
        ("/v1/scans", {"device": "hand", "text": form}),
        ("/v1/quotes", sale("S", card(1), cashier=form) | {"quote_id": "Q-1"}),
        ("/v1/sales/S-1/void", {"void_id": form}),
        ("/v1/sales/S-1/returns", {"return_id": form, "lines": [{"line": 1, "quantity": 1}]}),
        ("/v1/receipts/S-1/print", {"copy": form}),
    ):
        _refused(_ask(shop, answers, "POST", path, body))


@pytest.mark.parametrize("form", FORMS)
def test_in_paths_and_queries(shop: Shop, answers: list[bytes], form: str) -> None:
    written = quote(form, safe="")
    for path in (f"/v1/sales/{written}", f"/v1/status?x={written}", f"/v1/{written}"):
        _refused(_ask(shop, answers, "GET", path))
    _refused(_ask(shop, answers, "POST", f"/v1/sales/{written}/void", {"void_id": "V-1"}))
    for path in (f"/{written}", f"/healthz?x={written}", f"/?x={written}", f"/it/{written}"):
        _ask(shop, answers, "GET", path)
    _ask(shop, answers, "POST", f"/{written}", {})


@pytest.mark.parametrize("form", FORMS)
def test_in_headers(shop: Shop, answers: list[bytes], form: str) -> None:
    """Nobody reads most of them; they must go nowhere."""
    for name in ("User-Agent", "Referer", "Cookie", "X-Request-Id", "Last-Event-ID", "Accept"):
        _ask(shop, answers, "GET", "/v1/status", **{name: form})
    for name in ("Authorization", "Host", "Origin", "Content-Type"):
        answer = _ask(shop, answers, "POST", "/v1/identify", {"code": "x"}, **{name: form})
        assert answer.status_code in {400, 401, 403, 415}


def test_in_what_is_no_http_at_all(shop: Shop, answers: list[bytes]) -> None:
    for raw in (
        f"{PAN}\r\n\r\n",
        f"GET /{PAN} HTTP/9.9\r\n\r\n",
        f"POST /v1/sales HTTP/1.1\r\nHost: {PAN}\r\nContent-Length: {PAN}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{PAN}\r\n\r\n",
    ):
        with socket.create_connection(
            ("127.0.0.1", shop.agent.port.number), timeout=10
        ) as raw_line:
            raw_line.sendall(raw.encode())
            raw_line.shutdown(socket.SHUT_WR)
            answers.append(raw_line.recv(65_536))


def test_under_the_scanner(shop: Shop, heard: Events) -> None:
    for form in (*FORMS, "4000056655665556"):
        before = len(heard.of("scan"))
        shop.scanner.scan(form)
        wait_until(lambda before=before: len(heard.of("scan")) > before, "the scan is answered for")  # type: ignore[misc]
        scan = heard.of("scan")[-1]
        assert (scan["accepted"], scan["reason"], scan["shown"]) == (False, "payment-card", "")
    # In two halves, as a card that slips: neither half is a number, and neither is shown whole.
    shop.scanner.send(b"41111111")
    time.sleep(0.1)
    shop.scanner.send(b"11111111\r")
    wait_until(lambda: heard.of("scan")[-1]["reason"] == "payment-card", "the halves together")
    assert heard.of("member") == []


def test_in_a_configuration_that_somebody_got_wrong(tmp_path: Path) -> None:
    """What a person types wrongly at store IT's keyboard is not echoed either."""
    config = tmp_path / "agent.toml"
    config.write_text(
        f"""[terminal]
store = "{SPACED}"
till = {PAN}
note = "{TRACK_1}"

[printer]
columns = {PAN}
"""
    )
    done = run_installed("edge-agent", "check", "--config", config)
    assert done.returncode == 1
    said = (done.stdout + done.stderr).encode()
    assert b"terminal.store" in said
    assert not [trace for trace in TRACES if trace in said]


def test_and_afterwards_it_is_nowhere(
    shop: Shop, heard: Events, answers: list[bytes], tmp_path: Path
) -> None:
    """The last one: an ordinary sale goes through, everything is sent, and then every byte is searched."""
    with Pos(shop.agent.url, shop.data / "token") as pos:
        assert pos.sell(sale("S-1", card(1), print=True)).status == 201
    wait_until(lambda: shop.receipt_of("S-1"), "the receipt")
    shop.wait_until_posted()
    assert shop.verified()[1]["records"] == 1, "nothing that was refused left a record"
    places = {
        "files of agent and central": shop.everything_written(),
        "answers": b"\n".join(answers),
        "the event stream": bytes(heard.raw),
        "paper": b"".join(job.data for job in shop.printer.jobs) + shop.printer.unfinished,
        "metrics": requests.get(f"{shop.agent.url}/metrics", timeout=10).content,
    }
    shop.agent.stop()
    places["files after the end"] = shop.everything_written()
    assert b"ready" in places["files after the end"], "the logs are among what is searched"
    for place, content in places.items():
        for trace in TRACES:
            where = content.find(trace)
            assert where < 0, f"in {place}: {content[max(0, where - 60) : where + 60]!r}"
