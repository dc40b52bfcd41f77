"""Framing: what comes out depends on bytes and silences, never on chunks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.framing import (
    IDLE_GAP_S,
    SCAN_BYTES_MAX,
    SUFFIXES,
    TAIL_BYTES_MAX,
    TERMINATORS,
    UNFINISHED_S,
    Broken,
    Found,
    Frame,
    Framer,
    Suffix,
    Tail,
)

CODE = b"2912345678906"


LF = Tail(b"\n")


def cr(raw: bytes) -> Frame:
    """A scan that CR completed."""
    return Frame(raw, raw + b"\r")


def boxed(raw: bytes) -> Frame:
    """A scan between STX and ETX."""
    return Frame(raw, b"\x02" + raw + b"\x03")


@pytest.mark.parametrize(
    ("suffix", "wire", "expected"),
    [
        ("any", CODE + b"\r", [cr(CODE)]),
        ("any", CODE + b"\n", [Frame(CODE, CODE + b"\n")]),
        ("any", CODE + b"\t", [Frame(CODE, CODE + b"\t")]),
        ("any", CODE + b"\r\n", [cr(CODE), LF]),
        ("any", CODE + b"\r\n" + b"AB\r\n", [cr(CODE), LF, cr(b"AB"), LF]),
        ("any", b"\r\n\r\n\t", []),
        ("any", b"\n" + CODE + b"\r", [cr(CODE)]),
        ("any", b"\x02" + CODE + b"\x03", [boxed(CODE)]),
        ("any", b"\x02" + CODE + b"\x03\r\n", [boxed(CODE), Tail(b"\r"), LF]),
        ("any", b"\x02" + CODE + b"\r\x03", [Frame(CODE, b"\x02" + CODE + b"\r"), Tail(b"\x03")]),
        ("any", b"]C1\x1d01" + b"\r", [cr(b"]C1\x1d01")]),
        (
            "any",
            b"half\x02" + CODE + b"\r",
            [Broken("unterminated", 4), Frame(CODE, b"\x02" + CODE + b"\r")],
        ),
        ("any", CODE + b"\r\x02\x03\n", [cr(CODE)]),
        ("any", CODE, []),
        ("stx-etx", b"\x02" + CODE + b"\x03", [boxed(CODE)]),
        ("stx-etx", b"\x02line 1\r\nline 2\x03\r\n", [boxed(b"line 1\r\nline 2"), Tail(b"\r"), LF]),
        ("stx-etx", b"\x02\rA\x03", [boxed(b"\rA")]),
        ("stx-etx", b"\x02\x03\r", []),
        ("stx-etx", b"\x02ha\x02" + CODE + b"\x03", [Broken("unterminated", 2), boxed(CODE)]),
        ("stx-etx", b"noise\x02" + CODE + b"\x03", [Broken("garbage", 5), boxed(CODE)]),
        ("stx-etx", CODE + b"\r", []),
        ("idle", CODE, []),
    ],
)
def test_a_suffix_ends_a_scan(suffix: Suffix, wire: bytes, expected: list[Found]) -> None:
    assert Framer(suffix).feed(wire) == expected


def test_a_line_full_of_terminators_is_no_endless_tail() -> None:
    found = Framer("any").feed(CODE + b"\r" * 1_000)
    assert found == [cr(CODE), *[Tail(b"\r")] * TAIL_BYTES_MAX]


def test_after_noise_or_an_unplugging_a_terminator_belongs_to_no_scan() -> None:
    framer = Framer("stx-etx")
    framer.feed(b"\x02" + CODE + b"\x03")
    assert framer.feed(b"x\r") == []
    framer = Framer("any")
    framer.feed(CODE + b"\r")
    assert framer.reset() == []
    assert framer.feed(b"\n") == []


def test_idle_mode_ends_a_scan_after_the_gap_and_not_before() -> None:
    framer = Framer("idle")
    assert framer.feed(CODE) == []
    assert framer.silence(IDLE_GAP_S / 2) == []
    assert framer.silence(IDLE_GAP_S / 2) == [Frame(CODE, CODE)]
    assert framer.silence(IDLE_GAP_S) == []


def test_in_idle_mode_a_byte_within_the_gap_belongs_to_the_scan() -> None:
    framer = Framer("idle")
    framer.feed(b"29")
    framer.silence(IDLE_GAP_S * 0.9)
    framer.feed(b"12\r\n")
    assert framer.silence(IDLE_GAP_S * 0.9) == []
    assert framer.silence(IDLE_GAP_S * 0.9) == [Frame(b"2912", b"2912\r\n")]


@pytest.mark.parametrize("suffix", ["any", "stx-etx"])
def test_an_unfinished_scan_is_never_a_scan_and_does_not_glue_to_the_next(suffix: Suffix) -> None:
    framer = Framer(suffix)
    framer.feed(b"\x0212345")
    assert framer.silence(UNFINISHED_S) == [Broken("unterminated", 5)]
    assert framer.feed(b"\x02" + CODE + b"\x03") == [boxed(CODE)]


def test_a_stall_in_the_middle_of_a_scan_is_bridged() -> None:
    framer = Framer("any")
    framer.feed(CODE[:5])
    assert framer.silence(UNFINISHED_S * 0.9) == []
    assert framer.feed(CODE[5:] + b"\r") == [cr(CODE)]


def test_unplugging_discards_the_scan_under_way() -> None:
    framer = Framer("any")
    framer.feed(CODE[:5])
    assert framer.reset() == [Broken("unterminated", 5)]
    assert framer.feed(CODE + b"\r") == [cr(CODE)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_endless_scan_is_told_once_and_takes_no_memory(suffix: Suffix) -> None:
    framer = Framer(suffix)
    found = framer.feed(b"\x02") if suffix != "idle" else []
    for _ in range(100):
        found += framer.feed(b"9" * 1_000)
        assert len(framer._pending) <= SCAN_BYTES_MAX
    assert found == [Broken("too-long", SCAN_BYTES_MAX + 1)]
    assert framer.feed(b"\x03") + framer.silence(UNFINISHED_S) == []
    ending = framer.feed(b"\x02" + CODE + b"\x03") + framer.silence(IDLE_GAP_S)
    assert ending == [boxed(CODE)]


def test_the_longest_code_there_is_fits() -> None:
    digits = b"]Q1" + b"7" * 7_089
    assert Framer("any").feed(digits + b"\r") == [cr(digits)]


def test_nothing_pending_means_no_silence_is_awaited() -> None:
    framer = Framer("any")
    assert framer.silence_wanted_s is None
    framer.feed(b"1")
    assert framer.silence_wanted_s == UNFINISHED_S


def test_an_unknown_suffix_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="suffix: 'none'"):
        Framer("none")  # type: ignore[arg-type]


wires = st.lists(
    st.sampled_from([b"\r", b"\n", b"\t", b"\x02", b"\x03", b"\x1d", b"\x00", b"29", b"\xff", b"A"])
    | st.binary(max_size=12),
    max_size=40,
).map(b"".join)


@given(
    suffix=st.sampled_from(SUFFIXES), wire=wires, cuts=st.lists(st.integers(0, 200), max_size=20)
)
def test_what_comes_out_does_not_depend_on_chunks(
    suffix: Suffix, wire: bytes, cuts: list[int]
) -> None:
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    chunks = [wire[begin:end] for begin, end in itertools.pairwise(edges)]
    whole, pieces, single = (Framer(suffix, bytes_max=9) for _ in range(3))
    expected = whole.feed(wire) + whole.silence(UNFINISHED_S)
    in_pieces = [item for chunk in chunks for item in pieces.feed(chunk)]
    one_by_one = [item for byte in wire for item in single.feed(bytes((byte,)))]
    assert in_pieces + pieces.silence(UNFINISHED_S) == expected
    assert one_by_one + single.silence(UNFINISHED_S) == expected


@given(suffix=st.sampled_from(SUFFIXES), wire=wires)
def test_frames_are_never_empty_and_never_over_the_cap(suffix: Suffix, wire: bytes) -> None:
    framer = Framer(suffix, bytes_max=9)
    for item in framer.feed(wire) + framer.silence(UNFINISHED_S):
        if isinstance(item, Frame):
            assert 1 <= len(item.raw) <= 9
            assert item.raw in item.wire
            assert len(item.wire) <= 9 + 2
        elif isinstance(item, Broken):
            assert item.length >= 1
        else:
            assert item.wire[0] in TERMINATORS


def on_the_wire(found: list[Found]) -> bytes:
    """What a port that passes everything on would send."""
    return b"".join(item.wire for item in found if not isinstance(item, Broken))


payloads = st.binary(min_size=1, max_size=9).map(
    lambda data: bytes(0x41 if byte in {2, 3, 9, 10, 13} else byte for byte in data)
)
endings = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\t\r", b"\r\r\n"])


@given(scans=st.lists(st.tuples(payloads, endings), max_size=10), boxes=st.booleans())
def test_every_byte_of_well_formed_scans_comes_out_again(
    scans: list[tuple[bytes, bytes]], boxes: bool
) -> None:
    suffix: Suffix = "stx-etx" if boxes else "any"
    framed = [(b"\x02" + raw + b"\x03" if boxes else raw) + ending for raw, ending in scans]
    found = Framer(suffix, bytes_max=9).feed(b"".join(framed))
    assert on_the_wire(found) == b"".join(framed)
    assert [item.raw for item in found if isinstance(item, Frame)] == [raw for raw, _ in scans]


@given(suffix=st.sampled_from(SUFFIXES), wire=wires)
def test_nothing_comes_out_that_did_not_come_in_and_order_is_kept(
    suffix: Suffix, wire: bytes
) -> None:
    framer = Framer(suffix, bytes_max=9)
    found = framer.feed(wire) + framer.silence(UNFINISHED_S)
    rest = iter(wire)
    assert all(byte in rest for byte in on_the_wire(found))
