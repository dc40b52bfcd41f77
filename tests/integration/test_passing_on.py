"""A one-time code that is for another till: its scanner reads it from this till's screen, or from its paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from drivers.document import QrCode, Text
from edge_agent.devices import PrintQueue
from edge_agent.passing_on import PassingOn
from tests.integration.web.agent import Agent, an_agent
from tests.support.waiting import wait_until

CODE = "K7QF-3MXA-9TRC"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with an_agent(tmp_path) as agent:
        yield agent


def test_a_code_is_shown_as_it_is_scanned_and_nothing_is_printed_or_recorded(agent: Agent) -> None:
    answer = agent.post("/v1/terminal/codes", {"code": "k7qf 3mxa 9trc", "till": "04"})
    shown = answer.json()
    assert (answer.status_code, shown["code"], shown["print"]) == (200, CODE, "none")
    assert shown["qr"] == ["".join(map(str, row)) for row in segno.make_qr(CODE).matrix]
    assert (agent.terminal.rows(), agent.terminal.printer.jobs) == (0, [])


def test_it_comes_out_of_the_tills_own_printer_with_what_to_do(agent: Agent) -> None:
    body = {"code": CODE, "till": "04", "print": True}
    assert agent.post("/v1/terminal/codes", body).json()["print"] == "queued"
    [job] = wait_until(lambda: agent.terminal.printer.jobs, "the slip")
    said = " ".join(" ".join(job.text).split())
    assert "Winkel 0412, kassa 04" in said
    assert "Scan deze code met de scanner van die kassa" in said
    assert "http://127.0.0.1:8420/it" in said
    assert "Centrale: https://loyalty.example" in said
    assert CODE in said
    assert job.data.count(CODE.encode()) == 2  # in the symbol, and below it


def test_what_cannot_be_a_code_is_refused_by_its_field(agent: Agent) -> None:
    answer = agent.post("/v1/terminal/codes", {"code": "K7QF-3MXA", "till": "04", "print": True})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid")
    assert [each["path"] for each in problem["errors"]] == ["code"]
    assert "K7QF" not in problem["detail"]
    assert agent.terminal.printer.jobs == []


@pytest.mark.parametrize("columns", [24, 32, 42, 48, 64])
@pytest.mark.parametrize("language", ["nl", "en", "de", "fr"])
def test_the_slip_fits_any_paper_in_every_language(language: str, columns: int) -> None:
    passing = PassingOn("0412", language, "https://loyalty.example", PrintQueue(None))
    blocks = passing.slip(CODE, "04", columns).blocks
    assert [each for each in blocks if isinstance(each, QrCode)] == [QrCode(CODE, 8)]
    lines = [each.text for each in blocks if isinstance(each, Text)]
    assert max(map(len, lines)) <= columns
    assert "0412" in " ".join(lines)


def test_a_till_without_a_printer_shows_it_all_the_same() -> None:
    passing = PassingOn("0412", "nl", None, PrintQueue(None))
    assert passing.show(CODE, "04", prints=True)["print"] == "none"
