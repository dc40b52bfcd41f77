"""From bytes to scans and discards."""

from drivers.framing import UNFINISHED_S
from drivers.ports import Discarded, Scan, Trailing
from drivers.reading import REPEAT_WINDOW_S, ScanReader


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_scan_keeps_its_raw_bytes_and_says_how_it_was_read() -> None:
    (scan,) = ScanReader("hand").feed(b"]Q1caf\xe9\r")
    assert scan == Scan("hand", "café", b"]Q1caf\xe9", "qr", True, b"]Q1caf\xe9\r")


def test_the_exact_bytes_of_a_scan_are_kept_and_its_second_terminator_follows() -> None:
    scan, trailing = ScanReader("hand").feed(b"]E0871\r\n")
    assert isinstance(scan, Scan)
    assert (scan.text, scan.wire) == ("871", b"]E0871\r")
    assert trailing == Trailing("hand", b"\n")


def test_garbage_is_discarded_with_its_length_only() -> None:
    assert ScanReader("hand").feed(b"\x00\x01\xff\r") == [Discarded("hand", "garbage", 3)]


def test_the_same_scan_within_the_window_is_discarded_as_a_repeat() -> None:
    clock = Clock()
    reader = ScanReader("hand", monotonic=clock)
    assert isinstance(reader.feed(b"291\r")[0], Scan)
    clock.now_s += REPEAT_WINDOW_S * 0.9
    assert reader.feed(b"291\r") == [Discarded("hand", "repeat", 3)]
    clock.now_s += REPEAT_WINDOW_S * 0.9
    assert reader.feed(b"291\r") == [Discarded("hand", "repeat", 3)], "a repeat prolongs the window"
    clock.now_s += REPEAT_WINDOW_S
    assert isinstance(reader.feed(b"291\r")[0], Scan)


def test_another_scan_within_the_window_is_a_scan_and_so_is_the_first_again() -> None:
    reader = ScanReader("hand", monotonic=Clock())
    found = reader.feed(b"291\r292\r291\r")
    assert [item.text for item in found if isinstance(item, Scan)] == ["291", "292", "291"]


def test_two_devices_do_not_shadow_each_other() -> None:
    clock = Clock()
    for device in ("hand", "desk"):
        assert isinstance(ScanReader(device, monotonic=clock).feed(b"291\r")[0], Scan)


def test_a_reset_discards_what_was_under_way() -> None:
    reader = ScanReader("hand")
    reader.feed(b"2912")
    assert reader.reset() == [Discarded("hand", "unterminated", 4)]
    assert reader.reset() == []


def test_listening_is_cut_short_only_while_a_silence_would_mean_something() -> None:
    reader = ScanReader("hand")
    assert reader.wait_s(5.0) == 5.0
    reader.feed(b"29")
    assert reader.wait_s(5.0) == UNFINISHED_S


def test_a_scan_in_a_log_line_shows_no_code() -> None:
    (scan,) = ScanReader("hand").feed(b"2912345678906\r")
    assert "29123" not in repr(scan)
