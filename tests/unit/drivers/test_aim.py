"""AIM identifiers and encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.aim import decode


@pytest.mark.parametrize(
    ("raw", "text", "symbology"),
    [
        (b"]E02912345678906", "2912345678906", "ean13"),
        (b"]E496385074", "96385074", "ean8"),
        (b"]C0ABC-123", "ABC-123", "code128"),
        (b"]C1010871234", "010871234", "gs1-128"),
        (b"]Q1https://member.example/9", "https://member.example/9", "qr"),
        (b"]Q3018712", "018712", "gs1-qr"),
        (b"]d1abc", "abc", "datamatrix"),
        (b"]d2018712", "018712", "gs1-datamatrix"),
        (b"]L0abc", "abc", "pdf417"),
        (b"]L5abc", "abc", "pdf417"),
        (b"]z0abc", "abc", "aztec"),
        (b"]zCabc", "abc", "aztec"),
        (b"]Y7abc", "abc", "aim-Y7"),
        (b"2912345678906", "2912345678906", None),
        (b"]", "]", None),
        (b"]!!x", "]!!x", None),
        (b"a]E0b", "a]E0b", None),
    ],
)
def test_the_identifier_is_stripped_and_named(raw: bytes, text: str, symbology: str | None) -> None:
    decoded = decode(raw)
    assert (decoded.text, decoded.symbology) == (text, symbology)
    assert decoded.plausible
    assert not decoded.flagged_encoding


def test_utf8_is_read_as_such() -> None:
    assert decode("naïef €".encode()).text == "naïef €"


def test_other_bytes_are_read_as_latin_1_and_flagged() -> None:
    decoded = decode("café".encode("latin-1"))
    assert decoded.text == "café"
    assert decoded.flagged_encoding
    assert decoded.plausible


@pytest.mark.parametrize("raw", [b"\x00\x00", b"12\x0734", b"\x80\x9f\xfe", b"\x7f", b"]E0", b""])
def test_line_noise_is_not_plausible(raw: bytes) -> None:
    assert not decode(raw).plausible


def test_separators_of_gs1_and_iso_15434_are_plausible() -> None:
    assert decode(b"[)>\x1e06\x1d12\x1e\x04").plausible


def test_a_code_is_not_in_the_repr() -> None:
    assert "29123" not in repr(decode(b"2912345678906"))


@given(st.binary(max_size=60))
def test_any_bytes_decode(raw: bytes) -> None:
    decode(raw)
