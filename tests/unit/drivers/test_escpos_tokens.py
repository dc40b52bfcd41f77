"""ESC/POS streams into tokens: nothing is lost, and a cut is found by reading."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.document import printer_test
from drivers.escpos_encoder import EscposEncoder
from drivers.escpos_tokens import Tokeniser, tokenise

RASTER_WITH_CUT_INSIDE = b"\x1dv0\x00\x03\x00\x02\x00" + b"\x1dV\x00" * 2


@pytest.mark.parametrize(
    ("stream", "tokens"),
    [
        (b"abc\n", [b"abc", b"\n"]),
        (b"\x1b@\x1bt\x13\xd5\n", [b"\x1b@", b"\x1bt\x13", b"\xd5", b"\n"]),
        (b"\x1d(k\x03\x00\x31\x51\x30x", [b"\x1d(k\x03\x00\x31\x51\x30", b"x"]),
        (RASTER_WITH_CUT_INSIDE + b"\x1dV\x00", [RASTER_WITH_CUT_INSIDE, b"\x1dV\x00"]),
        (b"\x1dVB\x05x", [b"\x1dVB\x05", b"x"]),
        (b"\x10\x04\x01\x10\x04\x02", [b"\x10\x04\x01", b"\x10\x04\x02"]),
        (
            b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08x",
            [b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", b"x"],
        ),
        (b"\x1bp\x0022x", [b"\x1bp\x0022", b"x"]),
        (b"\x1dk\x04123\x00x", [b"\x1dk\x04123\x00", b"x"]),
        (b"\x1dk\x49\x03123x", [b"\x1dk\x49\x03123", b"x"]),
        (b"\x1bD\x08\x10\x00x", [b"\x1bD\x08\x10\x00", b"x"]),
        (b"\x1b*\x21\x01\x00abcx", [b"\x1b*\x21\x01\x00abc", b"x"]),
        (b"\x1b*\x00\x01\x00ax", [b"\x1b*\x00\x01\x00a", b"x"]),
        (b"\x1d8L\x02\x00\x00\x00abx", [b"\x1d8L\x02\x00\x00\x00ab", b"x"]),
        (b"\x1c(A\x02\x00abx", [b"\x1c(A\x02\x00ab", b"x"]),
        (b"\x1d(H\x06\x00000001", [b"\x1d(H\x06\x00000001"]),
        (b"\x1b\xfex", [b"\x1b\xfe", b"x"]),
        (b"\x1b", [b"\x1b"]),
        (b"\x1d(k\xff\xffab", [b"\x1d(k\xff\xffab"]),
    ],
)
def test_commands_are_read_with_their_arguments(stream: bytes, tokens: list[bytes]) -> None:
    assert [token.data for token in tokenise(stream)] == tokens


pieces = st.lists(
    st.sampled_from([b"\x1b", b"\x1d", b"\x10", b"\x1c", b"(", b"k", b"v0", b"V", b"\n", b"\x00"])
    | st.binary(max_size=8),
    max_size=40,
).map(b"".join)


@given(pieces)
def test_joined_tokens_are_the_stream(stream: bytes) -> None:
    assert b"".join(token.data for token in tokenise(stream)) == stream


@given(pieces, st.lists(st.integers(0, 200), max_size=10))
def test_commands_do_not_depend_on_chunks(stream: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    tokeniser = Tokeniser()
    in_chunks = [
        token
        for begin, end in itertools.pairwise(edges)
        for token in tokeniser.feed(stream[begin:end])
    ]
    whole = Tokeniser().feed(stream)
    assert [token for token in in_chunks if token.kind != "text"] == [
        token for token in whole if token.kind != "text"
    ]
    assert b"".join(token.data for token in in_chunks) == b"".join(token.data for token in whole)


def test_what_our_encoder_writes_is_understood_whole() -> None:
    job = EscposEncoder("TM-T20II").encode(printer_test(48), b"0001")
    names = [token.name for token in tokenise(job) if token.kind == "command"]
    assert names[:2] == [b"\x1b@", b"\x1bt"]
    assert names[-2:] == [b"\x1dV", b"\x1d(H"]
    assert all(token.kind != "unfinished" for token in tokenise(job))
