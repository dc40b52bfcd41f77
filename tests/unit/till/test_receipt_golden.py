"""Every sample receipt, character by character, against the golden texts in tests/data/receipts."""

import pytest

from edge_agent.till.receipt_texts import Language
from tests.unit.till.sample_receipts import CASES, GOLDEN, WIDTHS, golden_path, rendered


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("language", Language)
def test_a_receipt_is_what_was_read_and_found_good(
    language: Language, columns: int, case: str
) -> None:
    golden = golden_path(language, columns, case).read_text(encoding="utf-8")
    assert rendered(language, columns, case) == golden
    assert max(map(len, golden.splitlines())) <= columns


def test_there_is_no_golden_receipt_without_a_case() -> None:
    expected = {
        golden_path(language, columns, case)
        for language in Language
        for columns in WIDTHS
        for case in CASES
    }
    assert set(GOLDEN.rglob("*.txt")) == expected
