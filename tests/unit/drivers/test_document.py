"""Documents are bounded, and wrong ones are refused by name."""

import pytest

from drivers.document import (
    BLOCKS_MAX,
    FEED_LINES_MAX,
    QR_BYTES_MAX,
    TEXT_CHARS_MAX,
    Document,
    Feed,
    QrCode,
    Text,
    printer_test,
)


def test_bounds_are_kept() -> None:
    Text("x" * TEXT_CHARS_MAX)
    QrCode("x" * QR_BYTES_MAX)
    Feed(FEED_LINES_MAX)
    Document((Text(""),) * BLOCKS_MAX)


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_the_test_page_fits_the_paper(columns: int) -> None:
    page = printer_test(columns, about="x" * 80)
    assert max(len(block.text) for block in page.blocks if isinstance(block, Text)) == columns


def test_too_much_is_refused_with_the_field() -> None:
    with pytest.raises(ValueError, match="text: 201"):
        Text("x" * (TEXT_CHARS_MAX + 1))
    with pytest.raises(ValueError, match="data: 0 bytes"):
        QrCode("")
    with pytest.raises(ValueError, match="data: 702 bytes"):
        QrCode("é" * 351)
    with pytest.raises(ValueError, match="dots: 17"):
        QrCode("x", dots=17)
    with pytest.raises(ValueError, match="lines: 0"):
        Feed(0)
    with pytest.raises(ValueError, match="blocks: 0"):
        Document(())
    with pytest.raises(ValueError, match="blocks: 1001"):
        Document((Text(""),) * (BLOCKS_MAX + 1))
