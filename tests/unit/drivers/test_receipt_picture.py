"""Receipts as pictures and as lines."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.document import Cut, Document, Feed, QrCode, Text, printer_test
from drivers.escpos_encoder import EscposEncoder
from drivers.receipt_picture import CELL_WIDTH, HEIGHT_MAX, MARGIN, draw, draw_png, text_of

PROFILES = [("TM-T20II", 48), ("TM-T88V", 42), ("POS-5890", 32)]


def job(*blocks: Text | QrCode | Feed | Cut, profile: str = "TM-T20II") -> bytes:
    return EscposEncoder(profile).encode(Document(blocks))


@pytest.mark.parametrize(("profile", "columns"), PROFILES)
def test_what_was_written_stands_on_the_paper(profile: str, columns: int) -> None:
    data = EscposEncoder(profile).encode(printer_test(columns))
    lines = text_of(data, columns)
    assert "€ 1,23  é è ë ï ö ü ß ç à" in lines
    assert max(map(len, lines)) == columns
    assert draw(data, columns).width == columns * CELL_WIDTH + 2 * MARGIN


@pytest.mark.parametrize("code_page", ["CP858", "CP1252", "ISO_8859-15"])
def test_every_code_page_is_read_back(code_page: str) -> None:
    data = EscposEncoder("TM-T20II", code_page).encode(Document((Text("€ ëü"),)))
    assert text_of(data) == ["€ ëü"]


@pytest.mark.parametrize(("profile", "columns"), PROFILES)
def test_a_qr_code_is_really_drawn(profile: str, columns: int) -> None:
    segno_size = 21  # version 1
    picture = draw(job(QrCode("S-1", dots=4), profile=profile), columns)
    dark = picture.point(lambda value: 255 - value).getbbox()
    assert dark is not None
    left, top, right, bottom = dark
    # A raster is padded with white to whole bytes, so the ink is what counts.
    assert (right - left, bottom - top) == (segno_size * 4, segno_size * 4)
    assert abs((left + right) / 2 - picture.width / 2) <= 8


def test_bold_has_more_ink_and_double_height_is_higher() -> None:
    def ink(picture: Image.Image) -> int:
        return picture.histogram()[0]

    plain, bold = draw(job(Text("HEMA"))), draw(job(Text("HEMA", bold=True)))
    high = draw(job(Text("HEMA", double_height=True)))
    assert ink(bold) > ink(plain)
    assert high.height > plain.height


def test_a_line_that_is_too_long_goes_on_in_the_next() -> None:
    assert text_of(job(Text("x" * 40)), 32) == ["x" * 32, "x" * 8]


def test_a_png_is_written() -> None:
    picture = Image.open(io.BytesIO(draw_png(job(Text("a"), Cut()))))
    assert picture.format == "PNG"


def test_an_endless_job_is_drawn_up_to_a_bound() -> None:
    assert draw(b"x\n" * 5_000, 32).height <= HEIGHT_MAX + 2 * MARGIN


@given(
    st.lists(
        st.sampled_from([b"\x1b", b"\x1d", b"(k", b"v0", b"1C", b"!"]) | st.binary(max_size=6),
        max_size=12,
    )
)
def test_foreign_bytes_are_drawn_or_left_out_but_never_fail(pieces: list[bytes]) -> None:
    draw(b"".join(pieces), 32)
