"""The codes of problems."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sync.central
from sync.central.problems import CODES

SOURCES = sorted(Path(sync.central.__file__).parent.glob("*.py"))
NAMES_CODE = {"Problem": 1, "rejected": 0, "parked": 0}
"""What makes a problem, or the reason of one, and which of its arguments is the code."""


def codes_in(source: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            at = NAMES_CODE.get(call.func.id)
            if at is not None and len(call.args) > at:
                code = call.args[at]
                if isinstance(code, ast.Constant):
                    yield str(code.value)


def test_an_act_that_differs_is_counted_by_its_name() -> None:
    assert {"sale-differs", "return-differs", "redemption-differs"} <= CODES


def test_every_code_is_one_that_is_counted_by_its_name() -> None:
    said = {code for source in SOURCES for code in codes_in(source)}
    assert len(said) > 30
    assert said <= CODES, said - CODES
