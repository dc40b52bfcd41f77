"""Central as a process: commands, ending, and being killed."""

import json
import random
import signal
import stat
import threading
import time
from pathlib import Path

import pytest
import requests

from edge_agent.domain.programme.offers import SHOWN
from edge_agent.domain.programme.surprises import Drawn
from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.settings import ENVIRONMENT_PREFIX
from tests.central import (
    Running,
    Till,
    Wire,
    config_in,
    earn,
    run_command,
    running_central,
    settings_in,
)
from tests.integration.central.looking import kept

CARD = "2912345678906"
PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"


def test_sigterm_ends_it_within_two_seconds_with_terminals_waiting(tmp_path: Path) -> None:
    with running_central(tmp_path) as running:
        running.publish()
        wire = running.enrol()
        after = wire.changes().json()["next"]
        answers: list[int] = []

        def wait() -> None:
            answers.append(wire.changes(after=after, wait=30).status_code)

        waiters = [threading.Thread(target=wait) for _ in range(5)]
        for waiter in waiters:
            waiter.start()
        _until(lambda: _waiting(running) == 5)
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        assert time.monotonic() - began < 2
        for waiter in waiters:
            waiter.join(5)
        assert answers == [200] * 5


def test_secrets_are_made_on_first_start_for_our_eyes_only_and_kept(tmp_path: Path) -> None:
    with running_central(tmp_path) as running:
        first = (running.admin_token, running.enrol().card_key)
    for name in ("admin-token", "data/card-key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with running_central(tmp_path) as running:
        assert (running.admin_token, running.enrol().card_key) == first


def test_what_was_taken_but_not_posted_before_a_crash_is_posted_when_it_answers_again(
    tmp_path: Path,
) -> None:
    with running_central(tmp_path) as running:
        running.publish()
        wire = running.enrol()
    till = Till(wire.terminal)
    till.sale("ref-1", [earn(5)], card=CARD)
    central = Central(settings_in(tmp_path))
    central.intake.take(till.message())
    central.close()
    with running_central(tmp_path) as running:
        wire.url = running.url
        assert wire.changes(epoch=till.epoch).json()["applied_seq"] == 1
        assert running.admin("GET", f"/members?card={CARD}").json()["balance"] == {"points": 5}


def test_killed_at_random_moments_every_acknowledged_record_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    till = Till("0412/03")
    for _ in range(400):
        till.sale("ref-1", [earn(1)], card=CARD)
    acknowledged = 0
    with running_central(tmp_path) as running:
        running.publish()
        wire = running.enrol()
    for life in range(8):
        with running_central(tmp_path) as running:
            killer = threading.Timer(chance.uniform(0.02, 0.4), running.process.kill)
            # The others may strike before anything was answered.
            if life % 2 and acknowledged < len(till.records):
                acknowledged = _push(running, wire, till, acknowledged)
            killer.start()
            acknowledged = _push_until_killed(running, wire, till, acknowledged)
            killer.join()
            running.process.wait(10)
    with running_central(tmp_path) as running:
        wire.url = running.url
        told = wire.changes(epoch=till.epoch).json()
        assert told["received"] >= acknowledged > 0
        assert told["applied_seq"] == told["received"]
        member = running.admin("GET", f"/members?card={CARD}").json()
        assert member["balance"] == {"points": told["received"]}
        _push_all(running, wire, till)
        member = running.admin("GET", f"/members?card={CARD}").json()
        assert member["balance"] == {"points": 400}
        totals = running.admin("GET", "/totals").json()
        assert totals["records"] == [{"terminal": "0412/03", "state": "accepted", "records": 400}]


def _push(running: Running, wire: Wire, till: Till, acknowledged: int) -> int:
    wire.url = running.url
    received: int = wire.push(till.message(acknowledged + 1, acknowledged + 5)).json()["received"]
    return received


def _push_until_killed(running: Running, wire: Wire, till: Till, acknowledged: int) -> int:
    try:
        while acknowledged < len(till.records):
            acknowledged = _push(running, wire, till, acknowledged)
    except requests.RequestException:
        pass
    return acknowledged


def _push_all(running: Running, wire: Wire, till: Till) -> None:
    wire.url = running.url
    assert wire.push(till.message()).json()["received"] == 400


def test_members_import_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text(f"card;member_id;points\n{CARD};M1;10\n4111111111111111;M2;1\n")
    config = str(config_in(tmp_path))
    done = run_command("members", "import", str(file), "--config", config)
    assert done.returncode == 1
    assert f"{file}:3: card: looks like a payment card, which is not kept here" in done.stdout
    assert "2 lines: 1 added, 0 changed, 0 unchanged, 0 joined, 1 bad" in done.stdout
    assert "4111111111111111" not in done.stdout + done.stderr
    file.write_text(f"card,member_id,points\n{CARD},M1,10\n")
    done = run_command("members", "import", str(file), "--config", config, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["unchanged"] == 1


def test_a_programme_with_mistakes_is_not_published_and_names_its_lines(tmp_path: Path) -> None:
    config = str(config_in(tmp_path))
    bad = tmp_path / "bad.toml"
    bad.write_text(PROGRAMME.read_text().replace("version = ", "version = -", 1))
    done = run_command("programme", "publish", str(bad), "--config", config)
    assert done.returncode == 1
    assert f"{bad}:" in done.stderr
    assert "version" in done.stderr
    done = run_command("programme", "publish", str(PROGRAMME), "--config", config, "--json")
    assert (done.returncode, json.loads(done.stdout)["is_new"]) == (0, True)


def test_terminals_are_added_listed_and_revoked(tmp_path: Path) -> None:
    config = str(config_in(tmp_path))
    which = ("--store", "0412", "--till", "03", "--config", config)
    added = run_command("terminals", "add", *which, "--json")
    assert json.loads(added.stdout)["terminal"] == "0412/03"
    central = Central(settings_in(tmp_path))
    assert json.loads(added.stdout)["code"].encode() not in kept(central, tmp_path)
    central.close()
    listed = json.loads(run_command("terminals", "list", "--config", config, "--json").stdout)
    assert [each["state"] for each in listed["terminals"]] == ["waiting for its code"]
    assert run_command("terminals", "revoke", *which).returncode == 0
    listed = json.loads(run_command("terminals", "list", "--config", config, "--json").stdout)
    assert [each["state"] for each in listed["terminals"]] == ["revoked"]
    unknown = ("--store", "0412", "--till", "99", "--config", config)
    assert run_command("terminals", "revoke", *unknown).returncode == 1
    wrong = ("--store", "../x", "--till", "03", "--config", config)
    assert run_command("terminals", "add", *wrong).returncode == 1


def test_reports_tell_totals_balances_and_what_was_refused(tmp_path: Path) -> None:
    with running_central(tmp_path) as running:
        running.publish()
        wire = running.enrol()
        till = Till(wire.terminal)
        till.sale("ref-1", [earn(5)], card=CARD)
        till.give_back(None)
        wire.push(till.message())
        config = ("--config", str(running.config))
        totals = json.loads(run_command("report", "totals", *config, "--json").stdout)
        assert totals["entries"] == [
            {"unit": "points", "kind": "earn", "entries": 1, "quantity": 5}
        ]
        balances = json.loads(run_command("report", "balances", *config, "--json").stdout)
        assert balances["balances"][0]["balance"] == {"points": 5}
        assert balances["balances"][0]["card"] == "*********8906"
        refused = run_command("report", "refused", *config)
        assert (refused.returncode, refused.stdout) == (
            1,
            "0412/03  2  parked: awaiting-original\n",
        )


def test_reports_tell_what_customers_said_and_what_rules_did(tmp_path: Path) -> None:
    with running_central(tmp_path) as running:
        running.publish()
        wire = running.enrol()
        till = Till(wire.terminal)
        card = {"card": {"code": CARD, "entry": "scanned"}}
        names = {"answer_id": "a-1", "question": "recommend", "value": 2, "case": True}
        till.act(RecordKind.ANSWER, names, "ref-1", (), card | {"text": "te lang gewacht"})
        till.five_euro("ref-1")
        notes = {"cheese": SHOWN, "joy": Drawn(1, 20, "coffee").note()}
        action = {"action_id": "c-1", "action": "check-in"}
        facts = {"account": "ref-1", "standing": "unknown"}
        till.append(
            RecordKind.ACTION, {"facts": facts, "action": action, "notes": notes, "entries": []}
        )
        wire.push(till.message())
        expected = {
            "cases": (1, "recommend: 2"),
            "answers": (0, "recommend  2: 1"),
            "overdrafts": (1, "ref-1  -250 points"),
            "redeemed": (0, "five-euro  limit  1 times  250 points  5.00"),
            "draws": (1, "joy  one in 20: 1 draws, 1 won, coffee 1\n    wrong: 0412/03 c-1"),
            "offers": (0, "cheese  shown 1 sales of 1 members, 0.00 a sale; held out none"),
        }
        for report, (code, said) in expected.items():
            done = run_command("report", report, "--config", str(running.config))
            assert (done.returncode, said in done.stdout) == (code, True), done.stdout
        closed = run_command("report", "cases", "--closed", "--config", str(running.config))
        assert (closed.returncode, closed.stdout) == (0, "no cases\n")


@pytest.mark.not_on_postgresql
@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("listen = \n", ["1: not a value"]),
        (
            'listen = "8430"\ndatabase = "mysql://x"\nport = 1\npublic_url = "x"\n',
            [
                "1: listen: must be",
                "2: database: must be sqlite",
                "3: port: is not a key",
                "4: public_url: must",
            ],
        ),
        ('database = "postgresql://x"\n', ["1: database: must be sqlite"]),
        ("code_lives_hours = 0\n", ["1: code_lives_hours: must be at least 1"]),
    ],
)
def test_every_mistake_of_a_configuration_is_told_at_once(
    tmp_path: Path, text: str, mistakes: list[str]
) -> None:
    config = tmp_path / "central.toml"
    config.write_text(text)
    done = run_command("run", "--config", str(config))
    assert done.returncode == 1
    for mistake in mistakes:
        assert f"{config}:{mistake}" in done.stderr


def test_an_address_that_is_taken_is_told_with_exit_code_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_central(tmp_path / "one") as running:
        monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}LISTEN", running.url.removeprefix("http://"))
        (tmp_path / "two").mkdir()
        done = run_command("run", "--config", str(config_in(tmp_path / "two")))
    assert done.returncode == 3
    assert "cannot listen" in done.stderr


@pytest.mark.not_on_postgresql
def test_wrong_use_is_exit_code_two_and_a_broken_database_three(tmp_path: Path) -> None:
    assert run_command("report", "totals").returncode == 2
    assert run_command("nonsense").returncode == 2
    config = config_in(tmp_path)
    (tmp_path / "central.db").write_bytes(b"this is no database" * 100)
    done = run_command("report", "totals", "--config", str(config))
    assert done.returncode == 3
    assert "not a database" in done.stderr


def _waiting(running: Running) -> int:
    text = requests.get(f"{running.url}/metrics", timeout=9).text
    (line,) = [each for each in text.splitlines() if each.startswith("loyalty_central_waiting")]
    return int(float(line.split()[-1]))


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.not_on_sqlite
def test_a_server_that_is_not_there_is_told_with_exit_code_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(config_in(tmp_path))
    monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}DATABASE", f"postgresql:///nowhere?host={tmp_path}")
    done = run_command("report", "totals", "--config", config)
    assert done.returncode == 3
    assert "connection is bad" in done.stderr
