"""From facts to the bytes a printer gets and back: the paper says what the plain lines say."""

import re
from pathlib import Path

import pytest

from drivers.escpos_encoder import CODE_PAGES
from drivers.receipt_picture import text_of
from edge_agent.till.receipt_texts import Language
from tests.unit.till.draw_receipts import IMAGES, PICTURES, escpos_bytes, picture_path
from tests.unit.till.sample_receipts import CASES, WIDTHS, plain_lines

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("language", Language)
def test_the_paper_says_what_the_plain_lines_say(
    language: Language, columns: int, case: str
) -> None:
    paper = text_of(escpos_bytes(language, columns, case), columns)
    assert [line.strip() for line in paper if line] == [
        line.strip() for line in plain_lines(CASES[case](language), columns)
    ]


@pytest.mark.parametrize("code_page", CODE_PAGES)
def test_every_code_page_prints_the_euro_sign_and_the_accents(code_page: str) -> None:
    for language in Language:
        paper = text_of(escpos_bytes(language, 42, "sale", code_page=code_page), 42)
        plain = plain_lines(CASES["sale"](language), 42)
        assert [line.strip() for line in paper if line] == [line.strip() for line in plain]
        assert "€" in "".join(paper)


def test_the_docs_show_every_picture_and_no_other() -> None:
    shown = set(
        re.findall(r"images/(receipt-[\w-]+\.png)", (DOCS / "receipts.md").read_text("utf-8"))
    )
    assert shown == {picture_path(*picture).name for picture in PICTURES}
    assert {path.name for path in IMAGES.glob("receipt-*.png")} == shown
