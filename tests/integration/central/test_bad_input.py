"""Whatever is asked of central, by whomever: it does it, or says what is wrong and counts that, and breaks nowhere."""

import gzip
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
from sqlalchemy.exc import TimeoutError as NoConnection
from structlog.testing import capture_logs
from werkzeug.routing import Rule

from sync.central.app import create_app
from sync.central.central import Central
from sync.central.plain import ROW_MAX
from sync.wire import POSITION_MAX, RECORDS_PER_PUSH_MAX
from tests.central import JSON, Running, Till, Wire, earn, run_command, settings_in

CARD = "2912345678906"
MEMBERS = f"card,member_id,display_name\n{CARD},M1,Anneke\n"
LATE, EARLY = "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"

CONTROLS = ("a\0b", "a\x07b", "a\x7fb", "a\x85b", "a\u2028b")
TEXTS = (*CONTROLS, "\0", "a\nb", "\ufffe", "x" * 3_000, "%", "'", LATE, EARLY)
NUMBERS = (POSITION_MAX + 1, ROW_MAX, ROW_MAX + 1, 10**23, 10**400, -1, -ROW_MAX - 2)
ANYTHING: tuple[Any, ...] = (*TEXTS, *NUMBERS, 1.5, None, [], {"a\0b": "\0"})

GOOD: Mapping[str, Mapping[str, Any]] = {
    "admin.adjust": {"adjustment_id": "a", "unit": "points", "quantity": 1, "reason": "klacht"},
    "admin.grant_tier": {"grant_id": "g-1", "tier": "gold"},
    "admin.transfer": {"transfer_id": "t-1", "to": "M1", "unit": "points", "quantity": 1},
    "admin.release": {"event": "shipped"},
    "admin.replace_card": {"code": "2912345678913", "replaces": CARD},
    "admin.set_standing": {"standing": "known"},
    "admin.set_offline": {"allowed": True},
    "admin.add": {"store": "0999", "till": "01"},
    "admin.repair": {"repair_id": "r-1", "reason": "klacht", "member": "M1", "changes": {}},
    "admin.give_up": {"reason": "klacht"},
    "admin.give_up_terminal": {"reason": "klacht"},
    "admin.change_case": {"note": "gebeld", "close": True},
}
"""A good body of every call of administration that takes JSON."""

ASKED: Mapping[str, tuple[str, ...]] = {
    "/admin/v1/members": ("card",),
    "/admin/v1/records": ("terminal", "state", "after"),
    "/admin/v1/checkpoints": ("after",),
    "/admin/v1/cases": ("state",),
    "/cases": ("state",),
    "/": ("q",),
}
"""What may stand in the query of each call of administration, or page, that has one."""

LINES = {
    "admin.adjust": ("unit", "reason"),
    "admin.grant_tier": ("tier",),
    "admin.transfer": ("to", "unit"),
    "admin.release": ("event",),
    "admin.replace_card": ("code", "replaces"),
    "admin.repair": ("member",),
}
"""Of these bodies the texts that are one line, and hold no control character on either database."""


class Asked:
    """Central, asked as its administrator does; what it broke at, and how many problems it answered with."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.problems = 0
        self.broken: list[str] = []
        self._session = requests.Session()
        self._counted = self._counter()
        self.ask("POST", "/login", data={"token": running.admin_token})

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.running.admin_token}"} | more.pop("headers", {})
        answer = self._session.request(
            method,
            self.running.url + path,
            headers=headers,
            allow_redirects=False,
            timeout=30,
            **more,
        )
        return self.look_at(answer, f"{method} {path[:80]} {str(more)[:120]}")

    def look_at(self, answer: requests.Response, asked: str = "") -> requests.Response:
        said = answer.json() if answer.headers.get("Content-Type") == PROBLEM else {}
        self.problems += bool(said)
        if answer.status_code >= 500 or (said and not (said["code"] and said["detail"])):
            self.broken.append(f"{asked} {answer.request.body!r:.200}: {answer.text}")
        if answer.status_code >= 400 and not said:
            self.broken.append(f"{asked}: no problem but {answer.text}")
        return answer

    def counted(self) -> int:
        return self._counter() - self._counted

    def _counter(self) -> int:
        text = requests.get(f"{self.running.url}/metrics", timeout=9).text
        return sum(int(float(each)) for each in re.findall(rf"{REFUSED}{{.*}} (.*)", text))


PROBLEM = "application/problem+json"
REFUSED = "loyalty_central_requests_refused_total"


@pytest.fixture(scope="module")
def rules() -> list[Rule]:
    """Every route of central."""
    with tempfile.TemporaryDirectory() as folder:
        central = Central(settings_in(Path(folder)))
        found = list(create_app(settings_in(Path(folder)), central).url_map.iter_rules())
        central.close()
    return found


@pytest.fixture
def till(running: Running) -> tuple[Wire, Till]:
    """A till that has sent a sale of the one member."""
    running.admin("POST", "/members/import", data=MEMBERS.encode())
    wire = running.enrol("0700", "01")
    journal = Till(wire.terminal)
    journal.sale("ref-1", [earn(5)], card=CARD)
    assert wire.push(journal.message()).status_code == 200
    return wire, journal


@pytest.fixture
def asked(running: Running, till: tuple[Wire, Till]) -> Iterator[Asked]:
    """Central; whatever it is asked it does not break, and counts every problem once."""
    asked = Asked(running)
    yield asked
    assert asked.broken == []
    assert asked.counted() == asked.problems
    said = run_command("verify", "--config", str(running.config))
    assert said.returncode == 0, said.stdout


def filled(rule: Rule, journal: Till, bad: Mapping[str, str]) -> str:
    """The path of a route, of things that there are except for the bad ones."""
    there = {"member": "M1", "record": journal.records[0].id, "store": "0700", "till": "01"}
    there |= {"number": "1", "version": "1", "filename": "page.css"}
    return re.sub(
        r"<(?:\w+:)?(\w+)>",
        lambda name: quote({**there, **bad}[name[1]], safe=""),
        rule.rule,
    )


def test_a_name_or_number_in_a_path_that_is_none_is_not_there(
    asked: Asked, till: tuple[Wire, Till], rules: list[Rule]
) -> None:
    for rule in rules:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            body = {"json": GOOD[rule.endpoint]} if rule.endpoint in GOOD else {}
            for name in rule.arguments:
                for bad in (*TEXTS, *map(str, NUMBERS), "\udcff", "..", " "):
                    encoded = bad.encode("utf-8", "surrogateescape").decode("latin-1")
                    raw = bad if encoded.isascii() else quote(encoded, safe="", encoding="latin-1")
                    path = filled(rule, till[1], {name: "@"}).replace("%40", quote(raw, safe="%"))
                    asked.ask(method, path, **body)


def test_a_query_that_is_none_is_refused(asked: Asked, rules: list[Rule]) -> None:
    for rule in rules:
        if "GET" in (rule.methods or set()) and not rule.arguments:
            asked.ask("GET", f"{rule.rule}?a%00b=a%00b&%FF=%FF")
    for path, names in ASKED.items():
        for name in names:
            for bad in (*TEXTS, *NUMBERS, ""):
                asked.ask("GET", f"{path}?{urlencode({name: bad})}")
    for path in ("/admin/v1/members?card=", "/admin/v1/records?terminal=", "/?q="):
        for bad in CONTROLS:
            answer = asked.ask("GET", path + quote(bad))
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    for bad in ("x", "-1", str(ROW_MAX + 1), "9" * 5_000):
        answer = asked.ask("GET", f"/admin/v1/records?after={bad}")
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "after")


def test_a_body_with_anything_in_it_is_done_or_refused(
    asked: Asked, till: tuple[Wire, Till], rules: list[Rule]
) -> None:
    of_bodies = [rule for rule in rules if rule.endpoint in GOOD]
    assert {rule.endpoint for rule in of_bodies} == set(GOOD)
    for rule in of_bodies:
        path, good = filled(rule, till[1], {}), GOOD[rule.endpoint]
        for name in good:
            for bad in ANYTHING:
                answer = asked.ask("POST", path, json={**good, name: bad})
                if name in LINES.get(rule.endpoint, ()) and bad in CONTROLS:
                    said = answer.json()
                    assert (answer.status_code, said["errors"][0]["path"]) == (422, name)
        for text in (b"", b"{", b"[]", b'{"a":"\\ud800"}', b"\xff", b'{"a":' + b"[" * 100_000):
            asked.ask("POST", path, data=text, headers=JSON)


def test_a_programme_or_members_that_are_none_are_refused(asked: Asked) -> None:
    for raw in (b"", b"\xff\xfe", b"a\0b", b"[" * 50_000, b"a=" + b"[" * 50_000, b'"a\\u0000" = 1'):
        asked.ask("PUT", "/admin/v1/programme", data=raw)
    line = f"\n{CARD},x\n".encode()
    for header in ("card,prénom".encode("cp1252"), b"card,a\0", b"card,a\x1b", b'card,"a', b"\xff"):
        answer = asked.ask("POST", "/admin/v1/members/import", data=header + line)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    for text in (*CONTROLS, "a\tb", "\x1b[2J", '"open', '"a" b'):
        raw = f"card,display_name,city\n{CARD},{text},x\n".encode()
        report = asked.ask("POST", "/admin/v1/members/import", data=raw).json()
        assert (report["lines"], report["bad"]) == (1, 1)


def test_a_message_with_anything_in_it_is_taken_or_refused(
    asked: Asked, till: tuple[Wire, Till]
) -> None:
    wire, journal = till
    good = json.loads(journal.message().model_dump_json())
    good |= {"begins_after": 0, "follows": None, "contests": None}
    good |= {"signed": {"received": 1, "head": "0" * 64, "signature": "0" * 128}}
    record = good["records"][0]
    record |= {"attachment": {"salt": "0" * 32, "content": "{}"}}
    told = [
        *({**good, name: bad} for name in good for bad in ANYTHING),
        *({**good, "signed": {**good["signed"], "received": bad}} for bad in ANYTHING),
        *({**good, "records": [{**record, name: bad}]} for name in record for bad in ANYTHING),
        *({**good, "epoch": "3" * 32, "begins_after": bad} for bad in NUMBERS),
        *(
            {**good, "epoch": f"{bad % 97:032}", "follows": journal.epoch, "begins_after": bad}
            for bad in (*NUMBERS, POSITION_MAX)
        ),
        good | {"records": [record] * (RECORDS_PER_PUSH_MAX + 1)},
    ]
    for message in told:
        asked.look_at(wire.post(json.dumps(message).encode()))
    answer = asked.look_at(
        wire.post(json.dumps(good | {"begins_after": POSITION_MAX + 1}).encode())
    )
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "begins_after")


def test_a_question_with_anything_in_it_is_answered_or_refused(
    asked: Asked, till: tuple[Wire, Till]
) -> None:
    wire, journal = till
    good = {"epoch": journal.epoch, "last_seq": 1, "time": "2026-11-21T14:03:11+00:00"}
    for name in (*good, "after", "members_after", "allowances_change", "instance", "programme"):
        for bad in (*TEXTS, *NUMBERS, ""):
            asked.look_at(wire.changes(**{**good, name: bad}))
    for time in (LATE, EARLY):
        answer = asked.look_at(wire.changes(**{**good, "time": time}))
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "time")
    refused = {"programme": "1" * 64, "refused": "2" * 64, "reason": "a\0b\nc"}
    assert asked.look_at(wire.changes(**refused)).status_code == 200
    (found,) = (
        each["refused"]
        for each in asked.ask("GET", "/admin/v1/terminals").json()["terminals"]
        if each["terminal"] == wire.terminal
    )
    assert found["reason"] == "a b c"


def test_what_is_refused_is_counted_by_its_code_once(asked: Asked, till: tuple[Wire, Till]) -> None:
    wire, journal = till
    zipped = {"Content-Encoding": "gzip"}
    many = json.loads(journal.message().model_dump_json())
    many["records"] *= RECORDS_PER_PUSH_MAX + 1
    before = codes_counted(asked.running)
    for answer, code in (
        (wire.post(gzip.compress(b"\0" * 40_000_000), **zipped), "too-large"),
        (wire.post(json.dumps(many).encode()), "invalid"),
        (wire.post(b"{}", **zipped), "malformed"),
        (wire.post(b"{"), "malformed"),
        (wire.post(b"{}", **{"Content-Encoding": "br"}), "encoding"),
        (wire.changes(after=10**9), "position-unknown"),
    ):
        assert asked.look_at(answer).json()["code"] == code
    after = codes_counted(asked.running)
    assert {code: after[code] - before.get(code, 0) for code in after} == {
        **dict.fromkeys(before, 0),
        "too-large": 1,
        "invalid": 1,
        "malformed": 2,
        "encoding": 1,
        "position-unknown": 1,
    }


def test_a_code_that_nobody_knows_makes_no_number_of_its_own(central: Central) -> None:
    for code in ("too-large", "a-1", "a-2"):
        central.metrics.request_refused(code)
    text = central.metrics.text().decode()
    assert f'{REFUSED}{{code="too-large"}} 1.0' in text
    assert f'{REFUSED}{{code="other"}} 2.0' in text
    assert "a-1" not in text


def codes_counted(running: Running) -> dict[str, int]:
    text = requests.get(f"{running.url}/metrics", timeout=9).text
    found = re.findall(rf'{REFUSED}{{code="(.*)"}} (.*)', text)
    return {code: int(float(times)) for code, times in found}


def test_that_every_connection_is_in_use_is_for_later_and_no_fault_of_ours(
    central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_in_use() -> None:
        raise NoConnection("QueuePool limit of size 10 overflow 10 reached")

    app = create_app(settings_in(tmp_path), central)
    monkeypatch.setattr(central.database, "read", all_in_use)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database-unavailable")


@pytest.mark.parametrize("failure", [NoConnection("QueuePool limit"), RuntimeError("a mistake")])
def test_what_a_path_names_is_not_logged(
    failure: Exception, central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_member: str) -> None:
        raise failure

    app = create_app(settings_in(tmp_path), central)
    monkeypatch.setattr(central.members, "get", fails)
    bearer = {"Authorization": f"Bearer {central.admin_token}"}
    with capture_logs() as logs:
        app.test_client().get("/admin/v1/members/4111111111111111", headers=bearer)
    assert [each["route"] for each in logs] == ["/admin/v1/members/<member>"]
    assert "4111" not in str(logs)
