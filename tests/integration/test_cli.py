"""The commands: what they print and how they end."""

import gc
import hashlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli import main
from sync.identity import Identity, save_identity
from tests.tills import JAN, PROGRAMME, milk, open_shop, sale

CONFIG = """\
[terminal]
store = "0412"
till = "03"
data = "{data}"

[web]
listen = "127.0.0.1:0"

[[card]]
pattern = "29\\\\d{{11}}"
check = "ean13"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose data folder has three records."""
    data = tmp_path / "data"
    data.mkdir()
    shop = open_shop(data)
    for number in range(3):
        shop.till.sell(sale(f"s{number}", milk(1, "1", 500)))
    shop.close()
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(data=data))
    return path


def test_the_installed_command_answers(config: Path) -> None:
    command = Path(sys.executable).parent / "edge-agent"
    done = subprocess.run(
        [command, "journal", "verify", "--config", config, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["whole"] is True


def test_verify_says_which_record_was_changed_and_ends_with_1(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "verify", "--config", str(config)]) == 0
    assert "The chain of 3 records is whole" in capsys.readouterr().out
    database = config.parent / "data" / "ledger.db"
    raw = database.read_bytes()
    in_the_body = b'"sale":{"sale_id":"s1"'
    assert raw.count(in_the_body) == 1
    database.write_bytes(raw.replace(in_the_body, in_the_body[:-2] + b'9"'))
    assert main(["journal", "verify", "--config", str(config)]) == 1
    out = capsys.readouterr().out
    assert "record 2: its content, its hash or its predecessor was changed" in out
    assert "NOT whole" in out


def test_export_gives_what_anyone_needs_to_work_the_chain_out_again(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "export", "--config", str(config)]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["seq"] for record in records] == [1, 2, 3]
    previous = "0" * 64
    for record in records:
        assert set(record) == {"seq", "id", "kind", "at", "hash", "previous", "body"}
        assert record["previous"] == previous
        worked_out = hashlib.sha256(bytes.fromhex(previous) + record["body"].encode()).hexdigest()
        assert record["hash"] == worked_out
        previous = worked_out


def test_export_has_what_is_personal_only_when_it_is_asked_for(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ref of a card that central never saw leads to nobody without it."""
    assert main(["journal", "export", "--config", str(config)]) == 0
    assert JAN not in capsys.readouterr().out
    assert main(["journal", "export", "--config", str(config), "--personal"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert json.loads(json.loads(line)["attachment"])["card"]["code"] == JAN


@pytest.mark.parametrize("damage", [b"\xff\x00", b"[]", b"{}"])
def test_export_goes_past_a_damaged_record(
    config: Path, capsys: pytest.CaptureFixture[str], damage: bytes
) -> None:
    with sqlite3.connect(config.parent / "data" / "ledger.db") as db:
        db.execute("UPDATE records SET body = ? WHERE seq = 2", (damage,))
    db.close()
    assert main(["journal", "export", "--config", str(config)]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["kind"] for record in records] == ["sale", None, "sale"]
    assert main(["journal", "show", "--config", str(config)]) == 3
    assert "record 2 of the journal is damaged" in capsys.readouterr().err
    assert main(["journal", "verify", "--config", str(config)]) == 1
    assert "record 2: " in capsys.readouterr().out


def test_show_lists_the_last_records(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", "--config", str(config), "--last", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines] == ["s1", "s2"]
    assert all(line.endswith("waiting") for line in lines)


def test_a_journal_that_is_not_there_could_not_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(data=tmp_path / "none"))
    assert main(["journal", "verify", "--config", str(path)]) == 3
    assert "there is no journal" in capsys.readouterr().err


def test_check_says_every_mistake_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('[terminal]\nstore = "04 12"\n\n[printer]\nkind = "network"\n\n[programe]\n')
    assert main(["check", "--config", str(path)]) == 1
    out = capsys.readouterr().out
    for part in (
        ":2: terminal.store",
        ":1: terminal.till: is missing",
        "printer.host: is missing",
        "programe",
        "card",
    ):
        assert part in out


def test_check_of_a_good_configuration_ends_with_0(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", str(config), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert any("SQLite" in finding["text"] for finding in told["findings"])


def test_check_says_when_the_terminal_is_enrolled_somewhere_else(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + '[central]\nurl = "https://new.example"\n')
    save_identity(
        config.parent / "data" / "identity",
        Identity("0412/03", "https://old.example", b"s" * 32, b"k" * 32, b"c" * 32),
    )
    assert main(["check", "--config", str(config)]) == 1
    assert "enrolled at https://old.example" in capsys.readouterr().out
    config.write_text(config.read_text().replace("new.example", "old.example/"))
    assert main(["check", "--config", str(config)]) == 0


def test_check_reads_the_programme_that_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = config.parent / "programme.toml"
    bad.write_text(PROGRAMME.read_text().replace("points = 1", "points = 0", 1))
    config.write_text(config.read_text() + f'\n[programme]\nfile = "{bad}"\n')
    assert main(["check", "--config", str(config)]) == 1
    assert "earn[0].points" in capsys.readouterr().out


def test_a_mistake_in_the_configuration_ends_run_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("[terminal]\n")
    assert main(["run", "--config", str(path)]) == 1
    assert "terminal.store: is missing" in capsys.readouterr().err


def test_what_was_loaded_is_left_alone_by_the_collector_and_what_comes_after_is_not(
    config: Path,
) -> None:
    """A full collection over all that the agent has loaded would stand still for a quarter of a second in mid-sale."""
    program = (
        "import atexit, gc, json, os, signal, threading, time\n"
        "from edge_agent.cli import main\n"
        "def stop():\n"
        "    while not gc.get_freeze_count(): time.sleep(0.01)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "atexit.register(lambda: print(json.dumps([gc.isenabled(), gc.get_freeze_count()])))\n"
        "threading.Thread(target=stop, daemon=True).start()\n"
        f"main(['run', '--config', {str(config)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    enabled, frozen = json.loads(done.stdout.splitlines()[-1])
    assert enabled
    assert frozen > 50_000


@pytest.mark.parametrize("wrong", ["[terminal]\n", "no TOML"])
def test_the_collector_works_after_a_start_that_failed(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(wrong)
    assert main(["run", "--config", str(path)]) == 1
    assert gc.isenabled()


def test_wrong_use_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2
    assert main(["fly"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_what_nobody_thought_of_ends_with_3_and_its_traceback(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surprise(_path: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("edge_agent.cli.load_settings", surprise)
    assert main(["journal", "verify", "--config", str(config)]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_sync_of_a_terminal_that_is_not_enrolled_says_what_to_do(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", "--config", str(config)]) == 3
    assert "edge-agent enrol" in capsys.readouterr().err


def test_devices_lists_what_is_found_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_programme_check_and_try(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["programme", "check", str(PROGRAMME)]) == 0
    assert "nothing wrong" in capsys.readouterr().out
    basket = tmp_path / "basket.json"
    basket.write_text(Path("docs/examples/sale.json").read_text())
    assert main(["programme", "try", str(PROGRAMME), str(basket)]) == 0
    assert "2 punten" in capsys.readouterr().out
    assert (
        main(["programme", "try", str(PROGRAMME), str(basket), "--json", "--language", "en"]) == 0
    )
    assert json.loads(capsys.readouterr().out)


def test_programme_try_takes_a_basket_without_ids_and_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(Path("docs/examples/sale.json").read_text())
    basket = tmp_path / "basket.json"
    basket.write_text(json.dumps({"lines": whole["lines"], "total": whole["total"]}))
    at = ["--at", "2026-11-21T14:03:11+01:00"]
    assert main(["programme", "try", str(PROGRAMME), str(basket), *at]) == 0
    assert "2 punten" in capsys.readouterr().out
    basket.write_text(
        json.dumps({"lines": whole["lines"], "total": {"amount": 1, "currency": "EUR"}})
    )
    assert main(["programme", "try", str(PROGRAMME), str(basket), *at]) == 1
    assert "total.amount" in capsys.readouterr().err
    basket.write_text(json.dumps(whole))
    member = tmp_path / "member.json"
    for bad in ("{", "[]", '{"tier": 1}'):
        member.write_text(bad)
        assert main(["programme", "try", str(PROGRAMME), str(basket), "--member", str(member)]) == 2
        assert "--member" in capsys.readouterr().err


def test_programme_docs_calendar_and_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["programme", "docs", str(PROGRAMME), "--language", "en"]) == 0
    assert capsys.readouterr().out.startswith("# Terms of Zuiver Punten\n")
    assert main(["programme", "calendar", str(PROGRAMME), "--year", "2026"]) == 0
    assert "···········█" in capsys.readouterr().out
    assert main(["programme", "calendar", str(PROGRAMME), "--year", "2026", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["year"] == 2026
    for page in ("reference", "codes", "schema"):
        assert main(["programme", page]) == 0
        assert capsys.readouterr().out


def test_programme_compare_of_sales_and_of_a_journal(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generous = tmp_path / "generous.toml"
    generous.write_text(
        PROGRAMME.read_text().replace("version = 3", "version = 4").replace("per = 100", "per = 50")
    )
    assert main(["journal", "export", "--config", str(config)]) == 0
    sales = tmp_path / "sales.jsonl"
    sales.write_text(capsys.readouterr().out)
    compared = ["programme", "compare", str(PROGRAMME), str(generous), "--sales", str(sales)]
    assert main([*compared, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sales"] == 3
    assert told["new"]["given"]["points"] == 2 * told["old"]["given"]["points"] > 0
    assert main([*compared, "--language", "en"]) == 0
    assert "difference" in capsys.readouterr().out
    sales.write_text("{}\n")
    assert main(compared) == 1
    assert "line 1: " in capsys.readouterr().err


def test_programme_check_of_a_bad_file_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(PROGRAMME.read_text().replace('id = "base"', 'id = "base-fresh"'))
    assert main(["programme", "check", str(bad)]) == 1
    assert "[duplicate-id]" in capsys.readouterr().out
    assert main(["programme", "check", str(bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["code"] == "duplicate-id"


def test_check_says_when_the_ledger_is_another_terminals(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace('till = "03"', 'till = "04"'))
    assert main(["check", "--config", str(config)]) == 1
    assert "holds the ledger of 0412/03, and this is 0412/04" in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_is_no_failure(config: Path) -> None:
    shop = open_shop(config.parent / "data")
    for number in range(200):
        shop.till.sell(sale(f"t{number}", *(milk(line, "1", 500) for line in range(1, 30))))
    shop.close()
    command = Path(sys.executable).parent / "edge-agent"
    done = subprocess.run(  # noqa: S602 - a pipe is what this is about
        f"{command} journal export --config {config} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["seq"] == 1
    assert done.stderr == ""
