"""The neutral cases, those of others and our own in the same words, through the engine and a real ledger."""

import json
from pathlib import Path

import pytest

from tests.peers.running import Case, Verdict, run

DATA = Path(__file__).parents[1] / "data"
CASES: list[Case] = json.loads((DATA / "peer_cases.json").read_text(encoding="utf-8"))
MORE: list[Case] = json.loads((DATA / "peer_cases_more.json").read_text(encoding="utf-8"))

OTHERWISE = {
    "VF-08": "20.50 at 3 points per 1.00 is 60 there and 61 here: a rate on cents, as RW-DE-01 has it (49.99 at 10 per"
    " 1.00 is 499 and not 490); blocks are declared as such",
}
"""The cases that are read otherwise here, each with the reason; the runner knows nothing of it."""


@pytest.mark.parametrize("case", [pytest.param(each, id=each["id"]) for each in (*CASES, *MORE)])
def test_case(case: Case) -> None:
    result = run(case)
    if case["id"] in OTHERWISE:
        assert result.verdict is not Verdict.PASSED, "it passes now: take it off the list"
    else:
        assert result.why == ()
        assert result.verdict is Verdict.PASSED


def test_enough_of_them_pass() -> None:
    assert len(CASES) - len(OTHERWISE) >= 128
