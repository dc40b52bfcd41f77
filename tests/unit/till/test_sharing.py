"""A shared scanner: members' codes are ours, every other scan is the POS's, with every byte."""

from dataclasses import dataclass, field

import pytest

from drivers.ports import Discarded, Scan
from drivers.reading import REPEAT_WINDOW_S, RepeatWindow, ScanReader
from edge_agent.sharing import Sharing
from tests.tills import JAN, STRANGER, Shop

MEMBER = JAN.encode()
MILK = b"8710400011118"
PAYMENT_CARD = b"4111111111111111"


@dataclass
class Port:
    """Keeps what would go to the POS."""

    wire: bytes = b""

    def write(self, scan: bytes) -> bool:
        self.wire += scan
        return True

    def write_tail(self, tail: bytes) -> None:
        self.wire += tail


@dataclass
class Counter:
    """A shared scanner at a real till, as compose puts it together."""

    shop: Shop
    port: Port = field(default_factory=Port)
    discards: list[Discarded] = field(default_factory=list)
    now_s: float = 100.0

    def __post_init__(self) -> None:
        self._reader = ScanReader("hand", repeat_window_s=0)
        window = RepeatWindow(monotonic=lambda: self.now_s)
        self._sharing = Sharing(self.shop.till, self.port, self.discards.append, window)

    def reads(self, wire: bytes) -> None:
        for item in self._reader.feed(wire):
            if isinstance(item, Scan):
                self._sharing.scan(item)
            elif isinstance(item, Discarded):
                self._sharing.discarded(item)
            else:
                self._sharing.trailing(item)

    @property
    def identified(self) -> int:
        return self.shop.heard.kinds().count("member")


@pytest.fixture
def counter(shop: Shop) -> Counter:
    return Counter(shop)


@pytest.mark.parametrize(
    "wire",
    [
        MILK + b"\r",
        MILK + b"\r\n",
        MILK + b"\t",
        b"\x02" + MILK + b"\x03\r\n",
        b"]E0" + MILK + b"\r\n",
        b"]C1\x1d0108710400011118\x1d10AB\r",
        PAYMENT_CARD + b"\r\n",
    ],
)
def test_any_other_scan_reaches_the_pos_exactly(counter: Counter, wire: bytes) -> None:
    counter.reads(wire)
    assert counter.port.wire == wire
    assert not counter.identified


@pytest.mark.parametrize("code", [MEMBER, STRANGER.encode(), b"]E0" + MEMBER, b"\x02" + MEMBER])
def test_no_byte_of_a_members_code_does(counter: Counter, code: bytes) -> None:
    counter.reads(code + b"\r\n")
    assert counter.port.wire == b""
    assert counter.identified == 1


def test_the_line_ends_go_with_their_scan_in_any_order(counter: Counter) -> None:
    for byte in MILK + b"\r\n" + MEMBER + b"\r\n" + MILK + b"\r\n":
        counter.reads(bytes((byte,)))
    assert counter.port.wire == (MILK + b"\r\n") * 2


def test_two_equal_products_in_a_row_are_two_sales_lines(counter: Counter) -> None:
    counter.reads((MILK + b"\r") * 2)
    assert counter.port.wire == (MILK + b"\r") * 2


def test_a_members_code_read_twice_identifies_once_and_goes_nowhere(counter: Counter) -> None:
    counter.reads((MEMBER + b"\r\n") * 3)
    assert (counter.identified, counter.port.wire) == (1, b"")
    assert counter.discards == [Discarded("hand", "repeat", 13)] * 2
    counter.now_s += REPEAT_WINDOW_S
    counter.reads(MEMBER + b"\r\n")
    assert counter.identified == 2


def test_noise_and_its_line_ends_are_nobodys(counter: Counter) -> None:
    counter.reads(MILK + b"\r\n" + b"\x00\x01\r\n")
    assert counter.port.wire == MILK + b"\r\n"
    assert [item.reason for item in counter.discards] == ["garbage"]


def test_the_pages_hear_that_it_was_left_to_the_pos_and_see_no_payment_card(
    counter: Counter,
) -> None:
    counter.reads(MILK + b"\r" + PAYMENT_CARD + b"\r")
    told = [dict(data) for kind, data in counter.shop.heard.events if kind == "scan"]
    assert [(each["accepted"], each["reason"]) for each in told] == [(False, "passed-on")] * 2
    assert told[1]["shown"] == ""
    assert "4111" not in str(told)


def test_a_members_code_stays_here_even_when_the_ledger_fails(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_card: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(counter.shop.till, "identify", fails)
    with pytest.raises(OSError, match="disk"):
        counter.reads(MEMBER + b"\r\n")
    assert counter.port.wire == b""
