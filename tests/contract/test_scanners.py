"""What every scanner has to do, whatever it is made of."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.framing import IDLE_GAP_S, Suffix
from drivers.ports import DeviceError, Discarded, Reading, Scan, Scanner, Trailing
from drivers.serial_scanner import SerialScanner
from drivers.simulated_scanner import PtyScanner, SimulatedScanner, terminated

CODE = "2912345678906"


@dataclass
class Rig:
    """A scanner and a hand that holds codes under it."""

    scanner: Scanner
    send: Callable[[bytes], object]


def serial_rig(tmp_path: Path, suffix: Suffix) -> Iterator[Rig]:
    with PtyScanner(tmp_path / "usb-Scanner-if00") as hardware:
        yield Rig(SerialScanner("hand", str(hardware.link), suffix=suffix), hardware.send)


def simulated_rig(tmp_path: Path, suffix: Suffix) -> Iterator[Rig]:
    scanner = SimulatedScanner("hand", suffix=suffix)
    yield Rig(scanner, scanner.inject_bytes)


RIGS = {"serial": serial_rig, "simulated": simulated_rig}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    suffix: Suffix = request.node.callspec.params.get("suffix", "any")
    for made in RIGS[request.param](tmp_path, suffix):
        made.scanner.open()
        yield made
        made.scanner.close()


def read_some(scanner: Scanner, count: int = 1, deadline_s: float = 5.0) -> list[Scan | Discarded]:
    found: list[Scan | Discarded] = []
    until_s = time.monotonic() + deadline_s
    while len(found) < count and time.monotonic() < until_s:
        found += [item for item in scanner.read(0.1) if not isinstance(item, Trailing)]
    return found


def read_wire(scanner: Scanner, length: int, deadline_s: float = 5.0) -> bytes:
    """What a port that passes everything on would get."""
    found: list[Reading] = []
    until_s = time.monotonic() + deadline_s
    wire = b""
    while len(wire) < length and time.monotonic() < until_s:
        found += scanner.read(0.1)
        wire = b"".join(item.wire for item in found if not isinstance(item, Discarded))
    return wire


def texts(found: Sequence[Scan | Discarded]) -> list[str]:
    return [item.text for item in found if isinstance(item, Scan)]


def test_it_says_who_it_is(rig: Rig) -> None:
    assert rig.scanner.device == "hand"
    assert rig.scanner.kind in RIGS
    assert rig.scanner.where


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\t"])
def test_any_usual_terminator_ends_a_scan(rig: Rig, terminator: bytes) -> None:
    rig.send(CODE.encode() + terminator)
    assert texts(read_some(rig.scanner)) == [CODE]
    assert read_some(rig.scanner, deadline_s=0.1) == [], "nothing is left over for the next scan"


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\t", b"\x03\r\n"])
def test_the_exact_bytes_are_kept_for_whoever_shares_it(rig: Rig, terminator: bytes) -> None:
    sent = b"\x02]E0" + CODE.encode() + terminator + b"]C1A\x1dB\r"
    rig.send(sent)
    assert read_wire(rig.scanner, len(sent)) == sent


@pytest.mark.parametrize("suffix", ["any", "stx-etx", "idle"])
def test_every_suffix_of_the_configuration_works(rig: Rig, suffix: Suffix) -> None:
    rig.send(terminated(CODE.encode(), suffix))
    assert texts(read_some(rig.scanner)) == [CODE]


def test_one_byte_at_a_time_makes_one_scan(rig: Rig) -> None:
    for byte in CODE.encode() + b"\r\n":
        rig.send(bytes((byte,)))
        time.sleep(0.002)
    assert texts(read_some(rig.scanner)) == [CODE]


def test_several_scans_in_one_piece_are_several_scans(rig: Rig) -> None:
    rig.send(b"29001\r\n29002\r\n29003\r\n")
    assert texts(read_some(rig.scanner, 3)) == ["29001", "29002", "29003"]


def test_line_ends_inside_stx_and_etx_belong_to_the_scan(tmp_path: Path) -> None:
    for make in RIGS.values():
        for made in make(tmp_path, "stx-etx"):
            made.scanner.open()
            made.send(b"\x02line 1\r\nline 2\x03")
            assert texts(read_some(made.scanner)) == ["line 1\r\nline 2"]
            made.scanner.close()


def test_idle_mode_does_not_end_a_scan_before_the_gap(tmp_path: Path) -> None:
    for make in RIGS.values():
        for made in make(tmp_path, "idle"):
            made.scanner.open()
            made.send(CODE.encode())
            began_s = time.monotonic()
            assert texts(read_some(made.scanner)) == [CODE]
            assert time.monotonic() - began_s >= IDLE_GAP_S * 0.9
            made.scanner.close()


def test_garbage_is_told_and_the_next_scan_works(rig: Rig) -> None:
    rig.send(b"\x00\x80\xff\x07\r" + CODE.encode() + b"\r")
    found = read_some(rig.scanner, 2)
    assert found[0] == Discarded("hand", "garbage", 4)
    assert texts(found) == [CODE]


def test_a_scan_that_is_too_long_is_told_and_the_next_works(rig: Rig) -> None:
    for _ in range(10):
        rig.send(b"9" * 1_000)
        time.sleep(0.001)
        found = rig.scanner.read(0.05)
        if found:
            assert [item.reason for item in found if isinstance(item, Discarded)] == ["too-long"]
    rig.send(b"\r" + CODE.encode() + b"\r")
    assert texts(read_some(rig.scanner)) == [CODE]


def test_an_unfinished_scan_is_told_and_never_taken_for_one(rig: Rig) -> None:
    rig.send(b"29123")
    assert read_some(rig.scanner) == [Discarded("hand", "unterminated", 5)]
    rig.send(CODE.encode() + b"\r")
    assert texts(read_some(rig.scanner)) == [CODE]


def test_the_symbology_is_told(rig: Rig) -> None:
    rig.send(b"]E0" + CODE.encode() + b"\r")
    (scan,) = read_some(rig.scanner)
    assert isinstance(scan, Scan)
    assert (scan.text, scan.symbology, scan.raw) == (CODE, "ean13", b"]E0" + CODE.encode())


def test_a_held_trigger_scans_once(rig: Rig) -> None:
    rig.send(b"29001\r29001\r")
    found = read_some(rig.scanner, 2)
    assert texts(found) == ["29001"]
    assert found[1] == Discarded("hand", "repeat", 5)


def test_reading_returns_within_its_time_when_nothing_comes(rig: Rig) -> None:
    began_s = time.monotonic()
    assert list(rig.scanner.read(0.05)) == []
    assert time.monotonic() - began_s < 2


def test_closing_gives_back_what_was_under_way_and_may_be_done_twice(rig: Rig) -> None:
    rig.send(b"29123")
    rig.scanner.read(0.1)
    assert list(rig.scanner.close()) == [Discarded("hand", "unterminated", 5)]
    assert list(rig.scanner.close()) == []


def test_reading_a_closed_scanner_is_the_devices_fault(rig: Rig) -> None:
    rig.scanner.close()
    with pytest.raises(DeviceError):
        rig.scanner.read(0.01)


def test_it_opens_again_after_closing(rig: Rig) -> None:
    rig.scanner.close()
    rig.scanner.open()
    rig.send(CODE.encode() + b"\r")
    assert texts(read_some(rig.scanner)) == [CODE]
