"""`journal verify` says what was changed, removed or moved; done to copies of a real till's ledger."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.demo.goods import card
from tests.support.pos import sale
from tests.support.process import run_installed
from tests.support.shop import Plan, Shop, open_shop

pytestmark = pytest.mark.xdist_group("journal")

SALES = 9


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A till that sold, sent everything to central and was ended."""
    with open_shop(tmp_path_factory.mktemp("shop"), Plan(printer=False)) as shop:
        for number in range(SALES):
            shop.pos.sell(sale(f"S-{number}", card(number)))
        shop.wait_until_posted()
        shop.agent.stop()
        yield shop


@pytest.fixture
def ledger(sold: Shop, tmp_path: Path) -> Path:
    """A copy of its ledger to do harm to."""
    shutil.copytree(sold.data, tmp_path / "agent")
    return tmp_path / "agent" / "ledger.db"


def _verify(sold: Shop, ledger: Path) -> tuple[int, dict[str, Any], str]:
    """What the command says of that ledger: exit code, JSON, and what people read."""
    said = []
    for form in ([], ["--json"]):
        command = ("journal", "verify", "--config", sold.agent_config, *form)
        elsewhere = {"EDGE_AGENT_TERMINAL__DATA": str(ledger.parent)}
        said.append(run_installed("edge-agent", *command, environment=elsewhere))
    return said[1].returncode, json.loads(said[1].stdout), said[0].stdout


def _change(ledger: Path, *statements: str) -> None:
    with sqlite3.connect(ledger) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_a_ledger_as_it_was_left_is_whole(sold: Shop, ledger: Path) -> None:
    code, found, text = _verify(sold, ledger)
    assert (code, found["whole"], found["records"]) == (0, True, SALES)
    assert "is whole" in text


def test_one_changed_byte_in_the_file_is_found_and_named(sold: Shop, ledger: Path) -> None:
    raw = bytearray(ledger.read_bytes())
    where = raw.index(b'"sale_id":"S-4"') + len(b'"sale_id":"S-')
    raw[where] = ord("7")
    ledger.write_bytes(raw)
    code, found, text = _verify(sold, ledger)
    assert code == 1
    assert [fault["seq"] for fault in found["faults"]] == [5]
    assert "record 5: " in text
    assert "changed" in text


def test_a_removed_record_is_found_and_named(sold: Shop, ledger: Path) -> None:
    _change(ledger, "DELETE FROM attachments WHERE seq = 4", "DELETE FROM records WHERE seq = 4")
    code, found, text = _verify(sold, ledger)
    assert code == 1
    assert "record 4 before it is missing" in text
    assert found["faults"][0]["seq"] == 5


def test_swapped_records_are_found_and_named(sold: Shop, ledger: Path) -> None:
    _change(
        ledger,
        "PRAGMA foreign_keys=OFF",
        "UPDATE records SET seq = 1000 WHERE seq = 3",
        "UPDATE records SET seq = 3 WHERE seq = 6",
        "UPDATE records SET seq = 6 WHERE seq = 1000",
    )
    code, found, text = _verify(sold, ledger)
    assert code == 1
    assert {3, 6} <= {fault["seq"] for fault in found["faults"]}
    assert "says that it is record 6" in text


def test_a_cut_tail_shows_because_central_holds_more(sold: Shop, ledger: Path) -> None:
    _change(ledger, "DELETE FROM attachments WHERE seq > 7", "DELETE FROM records WHERE seq > 7")
    code, _, text = _verify(sold, ledger)
    assert code == 1
    assert f"the journal ends at 7, but central holds it up to {SALES}" in text


def test_a_changed_attachment_is_found_and_named(sold: Shop, ledger: Path) -> None:
    _change(ledger, "UPDATE attachments SET content = CAST('{}' AS BLOB) WHERE seq = 2")
    code, found, _ = _verify(sold, ledger)
    assert code == 1
    assert [fault["seq"] for fault in found["faults"]] == [2]


def test_a_position_that_central_did_not_sign_is_named(sold: Shop, ledger: Path) -> None:
    _change(ledger, "UPDATE outbox SET signature = NULL")
    code, found, text = _verify(sold, ledger)
    assert code == 1
    assert [fault["seq"] for fault in found["faults"]] == [SALES]
    assert f"record {SALES}: central has not signed that it holds the journal up to here" in text
    assert "NOT whole" in text
