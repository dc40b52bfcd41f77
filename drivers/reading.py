"""From bytes to scans and discards of one device: framing, decoding, and the same scan twice."""

import time
from collections.abc import Callable, Iterable

from drivers.aim import decode
from drivers.framing import Broken, Found, Frame, Framer, Suffix, Tail
from drivers.ports import Discarded, Reading, Scan, Trailing

REPEAT_WINDOW_S = 0.5
"""A trigger held a little long reads twice within 0.3 to 0.5 s; who means it takes longer.

Each repeat prolongs the window: a card lying under a hands-free scanner is read once.
"""


class RepeatWindow:
    """Tells the same scan twice in a row; `window_s` 0 never does."""

    def __init__(
        self, window_s: float = REPEAT_WINDOW_S, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._window_s = window_s
        self._monotonic = monotonic
        self._last: tuple[bytes, float] | None = None

    def is_repeat(self, raw: bytes) -> bool:
        """Whether `raw` is what was asked about last, and less than the window ago."""
        at_s = self._monotonic()
        before, self._last = self._last, (raw, at_s)
        return before is not None and before[0] == raw and at_s - before[1] < self._window_s


class ScanReader:
    """What a scanner driver hands its bytes and silences to; one per device."""

    def __init__(
        self,
        device: str,
        suffix: Suffix = "any",
        *,
        repeat_window_s: float = REPEAT_WINDOW_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._device = device
        self._framer = Framer(suffix)
        self._window = RepeatWindow(repeat_window_s, monotonic=monotonic)

    def wait_s(self, timeout_s: float) -> float:
        """How long to listen at most: not longer than the silence that would mean something."""
        wanted_s = self._framer.silence_wanted_s
        return timeout_s if wanted_s is None else min(timeout_s, wanted_s)

    def feed(self, data: bytes) -> list[Reading]:
        """Take what arrived."""
        return self._judge(self._framer.feed(data))

    def silence(self, seconds: float) -> list[Reading]:
        """The line was seen silent for so long."""
        return self._judge(self._framer.silence(seconds))

    def reset(self) -> list[Discarded]:
        """The line broke: what was under way is discarded."""
        return [Discarded(self._device, b.reason, b.length) for b in self._broken()]

    def _broken(self) -> list[Broken]:
        return [found for found in self._framer.reset() if isinstance(found, Broken)]

    def _judge(self, found: Iterable[Found]) -> list[Reading]:
        return [self._reading(item) for item in found]

    def _reading(self, item: Found) -> Reading:
        if isinstance(item, Frame):
            return self._scan(item)
        if isinstance(item, Tail):
            return Trailing(self._device, item.wire)
        return Discarded(self._device, item.reason, item.length)

    def _scan(self, frame: Frame) -> Scan | Discarded:
        raw = frame.raw
        decoded = decode(raw)
        if not decoded.plausible:
            return Discarded(self._device, "garbage", len(raw))
        if self._window.is_repeat(raw):
            return Discarded(self._device, "repeat", len(raw))
        return Scan(
            self._device,
            decoded.text,
            raw,
            decoded.symbology,
            decoded.flagged_encoding,
            frame.wire,
        )
