"""A line that breaks in every way at once, between a real agent and a real central, while sales go on."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from tests.proof.report import Outcome, Part, Progress
from tests.support.crashes import compare_books
from tests.support.fault_proxy import Fault, FaultKind
from tests.support.load import Load
from tests.support.shop import Plan, Shop, open_shop
from tests.support.waiting import wait_until

SOUND = 0.4
"""The share of requests that pass untouched: some have to arrive, or the line is only dead."""

AFTER_BYTES = (0, 1, 60, 200, 900, 4_000)
"""Within the first line, the headers and the records of a request, and within an answer."""

DELAY_S_MAX = 0.4
ACTS_S = 300.0
"""Besides a second for each act: past this the agent hangs, and the comparison says so."""

STRIKES_MIN = 10
"""A quick machine has answered all acts before the line was used much."""

HANG_UP_EVERY_S = 1.0
"""Where nothing comes and nobody hangs up, a till gives up after 30 s; here the line is cut before that."""


@dataclass
class Weather:
    """What the line does to each request, drawn from a seed."""

    chance: random.Random
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Fault | None:
        """The fault of the next request."""
        with self._lock:
            if self.chance.random() < SOUND:
                return None
            kind: FaultKind = self.chance.choice(get_args(FaultKind))
            after = self.chance.choice(AFTER_BYTES)
            return Fault(kind, after_bytes=after, delay_s=self.chance.uniform(0, DELAY_S_MAX))


def break_line(shop: Shop, acts: int, seed: int, progress: Progress) -> Load:
    """Let so many acts be answered while the line breaks; at the end it is calm."""
    shop.proxy.choose = Weather(random.Random(seed))
    told = 0
    with Load(shop, seed) as load:
        until_s = time.monotonic() + ACTS_S + acts
        while _goes_on(shop, load, acts) and time.monotonic() < until_s:
            time.sleep(HANG_UP_EVERY_S)
            shop.proxy.hang_up()
            for _ in range(min(acts, load.log.answers) - told):
                progress()
                told += 1
    shop.proxy.choose = None
    shop.proxy.breaks(None)
    return load


def _goes_on(shop: Shop, load: Load, acts: int) -> bool:
    return load.log.answers < acts or shop.proxy.strikes.total() < STRIKES_MIN


def wrong_after(shop: Shop, load: Load, before: dict[str, object]) -> list[str]:
    """With the line calm: what is not the same in the clients' log, in the journal and at central."""
    load.finish()
    try:
        compare_books(shop, load.log, before)
        wait_until(lambda: shop.pos.status()["outbox"]["records"] == 0, "an empty outbox")
    except AssertionError as error:
        return [f"the books differ: {error}"]
    return []


def prove(amount: int, seed: int, folder: Path, progress: Progress) -> Sequence[Outcome]:
    """So many acts over a line that breaks."""
    began_s = time.monotonic()
    with open_shop(folder, Plan(printer=False)) as shop:
        before = shop.totals()
        load = break_line(shop, amount, seed, progress)
        wrong = wrong_after(shop, load, before)
        strikes = ", ".join(f"{count} {kind}" for kind, count in shop.proxy.strikes.most_common())
        seconds = time.monotonic() - began_s
        note = f"{load.log.answers:,} answers while the line struck: {strikes}"
        return [Outcome("breaking line", load.log.answers, 0, 0, seconds, wrong, note)]


PART = Part("BROKEN", 2_000, "breaking line", prove)
