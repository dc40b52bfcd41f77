"""POS threads that sell, return and repeat without mercy, and a log of what they were told: the oracle.

A call that breaks without an answer is in doubt; as a POS does, it is sent again until there is an answer.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import requests

from edge_agent.demo.goods import card
from tests.support.pos import CHEESE, COFFEE, MILK, Answer, Pos, sale
from tests.support.shop import Shop

PAUSE_S = 0.03
"""Between two calls of a thread: the agent shall be busy most of the time, and can still be started beside it."""

DOWN_PAUSE_S = 0.02
FINISH_S = 60.0
UNKNOWN_CARDS_FROM = 5_000
"""Well-formed cards from this number on are in no members file."""

ActKind = Literal["sale", "return", "void"]


@dataclass
class Act:
    """One thing that a POS wants done, under one id for ever, and what it was answered."""

    kind: ActKind
    id: str
    sale_id: str
    body: Mapping[str, Any]
    broken: int = 0
    broken_by: int = 0
    """The number of the kill during which its call broke last."""

    result: Mapping[str, Any] | None = None
    refused: str = ""

    @property
    def path(self) -> str:
        """Where it is posted."""
        below = {"sale": "", "return": f"/{self.sale_id}/returns", "void": f"/{self.sale_id}/void"}
        return "/v1/sales" + below[self.kind]

    @property
    def settled(self) -> bool:
        """Whether an answer came."""
        return self.result is not None or bool(self.refused)


@dataclass
class Log:
    """What all threads sent and heard."""

    acts: list[Act] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: int = 0
    repeats: int = 0
    broken: int = 0
    found_recorded: int = 0
    """Calls that broke and whose act turned out to be on disk: the kill came between commit and answer."""

    kill: int = 0
    """The number of the kill that comes next or happens now."""

    after_commit: set[int] = field(default_factory=set)
    """The kills that came between a commit and its answer."""

    under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sales(self) -> dict[str, Act]:
        """Every acknowledged sale by its id."""
        with self.lock:
            return {act.id: act for act in self.acts if act.kind == "sale" and act.result}

    def hear(self, act: Act, answer: Answer) -> None:
        """Take an answer; it must agree with every earlier one."""
        with self.lock:
            self.answers += 1
            if answer.status in {200, 201, 202}:
                if act.result is None and act.broken and answer.status == 200:
                    self.found_recorded += 1
                    self.after_commit.add(act.broken_by)
                if act.result is not None:
                    self.repeats += 1
                    if act.result != answer.result:
                        self.wrong.append(f"{act.kind} {act.id} was answered differently")
                if act.result is not None and answer.status == 201:
                    self.wrong.append(f"{act.kind} {act.id} was recorded again")
                act.result = answer.result
            elif answer.code == "over-return" and act.kind != "sale" and act.result is None:
                act.refused = answer.code
            else:
                self.wrong.append(f"{act.kind} {act.id}: {answer.status} {answer.content}")


@dataclass
class Load:
    """Some POS threads at work on a shop. Use as a context; `finish` sends what is in doubt again."""

    shop: Shop
    seed: int
    threads: int = 4
    log: Log = field(default_factory=Log)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _workers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        for number in range(self.threads):
            worker = threading.Thread(target=self._work, args=(number,), daemon=True)
            self._workers.append(worker)
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let every thread end its call and go."""
        self._stopping.set()
        for worker in self._workers:
            worker.join(FINISH_S)
            if worker.is_alive():
                self.log.wrong.append("a POS waits for an answer for ever")

    def finish(self) -> None:
        """Send everything in doubt again until it is answered, then everything once more."""
        self.stop()
        until_s = time.monotonic() + FINISH_S
        with self.shop.new_pos() as pos:
            for act in self.log.acts:
                while not act.settled and time.monotonic() < until_s:
                    self._post(pos, act)
            for act in self.log.acts:
                self._post(pos, act)

    def _work(self, number: int) -> None:
        chance = random.Random(self.seed * 1_000 + number)
        own: list[Act] = []
        with self.shop.new_pos() as pos:
            while not self._stopping.is_set():
                act = _next_act(chance, number, own)
                if act not in own:
                    own.append(act)
                    with self.log.lock:
                        self.log.acts.append(act)
                down = not self._post(pos, act)
                self._stopping.wait(DOWN_PAUSE_S if down else chance.uniform(0, 2 * PAUSE_S))

    def _post(self, pos: Pos, act: Act) -> bool:
        """Send an act; False when no answer came."""
        with self.log.lock:
            self.log.under_way += 1
        try:
            answer = pos.call("POST", act.path, act.body)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            # Refused means that it was down before; anything else, that it died on us.
            if "refused" not in str(error).lower():
                act.broken += 1
                with self.log.lock:
                    self.log.broken += 1
                    act.broken_by = self.log.kill
            return False
        finally:
            with self.log.lock:
                self.log.under_way -= 1
        self.log.hear(act, answer)
        return True


def _next_act(chance: random.Random, thread: int, own: list[Act]) -> Act:
    """What this POS does next: mostly selling, and otherwise something about what it sold."""
    in_doubt = [act for act in own[-8:] if not act.settled]
    if in_doubt and chance.random() < 0.7:
        return chance.choice(in_doubt)
    sold = [act for act in own[-60:] if act.kind == "sale" and act.result is not None]
    dice = chance.random()
    if sold and dice < 0.20:
        return chance.choice(own[-60:])
    if sold and dice < 0.38:
        return _return_of(chance, chance.choice(sold), len(own))
    if sold and dice < 0.42:
        what = chance.choice(sold)
        void_id = f"V{thread}-{len(own)}"
        return Act("void", void_id, what.id, {"void_id": void_id})
    return _new_sale(chance, f"L{thread}-{len(own)}")


def _new_sale(chance: random.Random, sale_id: str) -> Act:
    bought = [
        (article, chance.randrange(1, 5))
        for article in (MILK, CHEESE, COFFEE)
        if chance.random() < 0.6
    ]
    dice = chance.random()
    code = card(chance.randrange(40)) if dice < 0.8 else None
    if dice > 0.95:
        code = card(UNKNOWN_CARDS_FROM + chance.randrange(5))
    return Act("sale", sale_id, sale_id, sale(sale_id, code, bought or [(MILK, 1)]))


def _return_of(chance: random.Random, sold: Act, number: int) -> Act:
    line = chance.choice(sold.body["lines"])
    return_id = f"R-{sold.id}-{number}"
    lines = [{"line": line["line"], "quantity": chance.randrange(1, line["quantity"] + 1)}]
    return Act("return", return_id, sold.id, {"return_id": return_id, "lines": lines})
