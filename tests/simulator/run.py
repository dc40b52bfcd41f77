"""A run: steps drawn from a seed, done one after the other, each followed by what has to hold after it."""

import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sync.central.authorising import AHEAD_MAX
from tests.simulator import acts, faults
from tests.simulator.books import demand
from tests.simulator.terminal import Terminal
from tests.simulator.world import DAY, HOUR, MINUTE, World, open_world

TICK_MAX_S = 40
CHECK_ALL_EVERY = 5_000
"""Steps between two looks at everything: a walk over a whole journal costs as much as a hundred steps."""


CALM_ROUNDS = 3
"""One to find out that a journal was closed, one to begin another, one to send what is left."""


LAPSED = HOUR
"""After that no reservation can be charged any more that was made by a right clock; central hears of it with the next
pull. What a till reserved by a wrong one is free within `AHEAD_MAX`."""


class Step(NamedTuple):
    """One event: its kind, a number to choose a till by, and the seed of whatever else it needs."""

    kind: str
    which: int
    luck: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.which}:{self.luck}"


def _push(_world: World, terminal: Terminal, _luck: random.Random) -> str | None:
    return f"{terminal.key} begins to push" if terminal.push() else None


def _pull(_world: World, terminal: Terminal, _luck: random.Random) -> str | None:
    return f"{terminal.key} begins to pull" if terminal.pull() else None


def _day(world: World, luck: random.Random) -> str:
    """Closing time: the night passes, and central's hourly work finds a new day."""
    world.time.now += DAY * luck.random()
    world.office.central.keep_up()
    world.books.read()
    return f"it is {world.time.now:%d %B %Y %H:%M}"


def _fold(_world: World, terminal: Terminal, _luck: random.Random) -> str:
    terminal.fold_log()
    return f"{terminal.key} folds its log"


AT_TILL: dict[str, tuple[int, acts.Step]] = {
    "sell": (200, acts.sell),
    "sell-for-points": (50, acts.sell_for_points),
    "redeem": (25, acts.redeem),
    "settle": (20, acts.settle),
    "give-back": (40, acts.give_back),
    "give-back-elsewhere": (3, acts.give_back_elsewhere),
    "void": (10, acts.void),
    "attach": (15, acts.attach),
    "report": (15, acts.report),
    "answer": (8, acts.give_answer),
    "enrol": (6, acts.enrol),
    "consent": (8, acts.change_consents),
    "identify": (40, acts.identify),
    "repeat": (30, acts.repeat),
    "reuse-id": (5, acts.reuse_id),
    "push": (200, _push),
    "pull": (150, _pull),
    "fold": (5, _fold),
    "clock": (2, faults.clock_jumps),
    "restart": (4, faults.restart),
    "disk-full": (4, faults.disk_is_full),
    "disk-fails": (2, faults.disk_fails),
    "poison": (3, faults.poison),
    "revoke": (1, faults.revoke),
    "enrol-again": (2, faults.enrol_again),
    "back-up": (8, faults.back_up),
    "restore": (4, faults.restore),
    "clone": (2, faults.clone),
}
"""What happens at one till, with how often; the rest of the world's events follow."""

ELSEWHERE: dict[str, tuple[int, Callable[[World, random.Random], str | None]]] = {
    "deliver": (900, lambda world, luck: world.network.deliver(luck)),
    "lose": (60, lambda world, luck: world.network.lose(luck)),
    "double": (60, lambda world, luck: world.network.duplicate(luck)),
    "give-up": (50, lambda world, luck: world.network.give_up(luck)),
    "refuse": (20, lambda world, luck: world.network.refuse(luck)),
    "day": (3, _day),
    "central-clock": (1, faults.central_clock_jumps),
    "central-restart": (1, faults.central_restarts),
    "central-disk": (2, faults.central_disk_fails),
    "central-folds": (2, faults.central_folds),
    "publish": (1, faults.publish),
    "adjust": (5, faults.adjust),
    "standing": (3, faults.change_standing),
    "card": (3, faults.replace_card),
    "erase": (1, faults.erase),
}

_KINDS = (*AT_TILL, *ELSEWHERE)
_WEIGHTS = [weight for weight, _ in (*AT_TILL.values(), *ELSEWHERE.values())]
NETWORK = frozenset({"deliver", "lose", "double", "give-up", "refuse"})


def steps(seed: int) -> Iterator[Step]:
    """The steps of a seed, without end."""
    source = random.Random(seed)
    while True:
        (kind,) = source.choices(_KINDS, _WEIGHTS)
        yield Step(kind, source.getrandbits(16), source.getrandbits(32))


@dataclass
class Run:
    """What was done so far: the events. A step that finds nothing to do is none."""

    world: World
    told: Callable[[str], None] = lambda _line: None
    done: list[Step] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def do(self, step: Step) -> bool:
        """One step and its checks; False where there was nothing to do. Raises `Violation`."""
        luck, before = random.Random(step.luck), self.world.time.now
        self.world.network.luck = luck
        self.done.append(step)
        self.world.time.now += MINUTE * (luck.random() * TICK_MAX_S / 60)
        if step.kind in AT_TILL:
            terminal = self.world.terminals[step.which % len(self.world.terminals)]
            said = AT_TILL[step.kind][1](self.world, terminal, luck)
            where = f"{terminal.key} "
        else:
            said, where = ELSEWHERE[step.kind][1](self.world, luck), ""
        if said is None:
            self.done.pop()
            self.world.time.now = before
            return False
        self.kinds[step.kind] += 1
        self.told(f"{where}{said}")
        if len(self.done) % CHECK_ALL_EVERY == 0:
            self.check_everything(len(self.done) // CHECK_ALL_EVERY)
        return True

    def check_everything(self, which: int) -> None:
        """One till's whole chain, and every account."""
        world = self.world
        world.books.check_everything()
        verify(world.terminals[which % len(world.terminals)])

    def calm_down(self) -> None:
        """The faults stop: everything is delivered, and nothing may be left waiting."""
        world = self.world
        for terminal in world.terminals:
            terminal.offset *= 0
        world.network.settle()
        world.office.restart()
        world.reconcile()
        for passed in (*[LAPSED] * CALM_ROUNDS, AHEAD_MAX):
            world.time.now += passed
            for terminal in world.terminals:
                terminal.push()
            world.network.settle()
            for terminal in world.terminals:
                terminal.pull()
            world.network.settle()
        for terminal in world.terminals:
            world.note_all(terminal)
        self._check_rest()

    def _check_rest(self) -> None:
        books = self.world.books
        demand(books.unposted() == 0, f"{books.unposted()} records have no state at central")
        for terminal in self.world.terminals:
            verify(terminal)
            ledger = terminal.store.ledger
            waiting = ledger.head.seq - ledger.received().seq
            demand(waiting == 0, f"{terminal.key} has {waiting} records waiting: {terminal.fault}")
            demand(
                books.received(ledger.epoch) == ledger.head.seq,
                f"central holds {books.received(ledger.epoch)} of {terminal.key}, not {ledger.head.seq}",
            )
            left = [
                each.seq
                for each in terminal.memory.own.values()
                if (each.epoch, each.seq) not in books.parked
            ]
            demand(not left, f"{terminal.key} has unconfirmed records {left[:5]}: {terminal.fault}")
        demand(books.set_aside() == 0, f"{books.set_aside()} redemptions are still set aside")
        books.check_everything()
        faults = self.world.office.central.verifier.faults()
        demand(not faults, f"central is not whole: {faults[:3]}")


def verify(terminal: Terminal) -> None:
    """Walk a till's chain, as `journal verify` does."""
    found = terminal.store.ledger.verify()
    demand(not found.faults, f"{terminal.key}: {found.faults[:3]}")
    demand(
        found.records == len(terminal.memory.chain), f"{terminal.key} has {found.records} records"
    )


@contextmanager
def place() -> Iterator[Path]:
    """A folder in memory where there is one: an fsync costs nothing there, and SQLite does all that it does."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="edge-agent-simulator-", dir=memory if memory.is_dir() else None
    ) as folder:
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            yield Path(folder)
        finally:
            signal.signal(signal.SIGXFSZ, ignored)


@dataclass(frozen=True, slots=True)
class Failed:
    """How a run ended badly: after these steps, with this."""

    seed: int
    steps: tuple[Step, ...]
    error: str


def replay(
    seed: int, chosen: Sequence[Step], told: Callable[[str], None] = lambda _: None
) -> Failed | None:
    """Do exactly these steps in the world of `seed`, then calm down; None when everything holds."""
    with place() as folder, open_world(folder / "world", seed) as world:
        run = Run(world, told)
        try:
            for step in chosen:
                run.do(step)
            run.calm_down()
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            return Failed(seed, tuple(run.done), f"{type(error).__name__}: {error}")
    return None
