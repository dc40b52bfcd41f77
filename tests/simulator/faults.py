"""What goes wrong: clocks, disks, processes, and what head office does in the middle of it."""

import random
from contextlib import suppress
from typing import Any

import uuid_utils

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.record import RecordKind
from sync.central.by_hand import Adjustment
from sync.central.members import CardReplacement, StandingChange
from sync.central.problems import Problem
from tests.simulator import acts
from tests.simulator.books import demand
from tests.simulator.office import broken_disk
from tests.simulator.terminal import Terminal
from tests.simulator.world import DAY, HOUR, MINUTE, World

CLOCK_OFF_MAX = 3 * DAY
"""Wrong enough for sales to be flagged and for redemptions to be refused."""


def clock_jumps(world: World, terminal: Terminal, luck: random.Random) -> str:
    """Somebody sets the till's clock, or its battery is empty."""
    terminal.offset = luck.choice((MINUTE, HOUR, DAY)) * luck.randint(-3, 3)
    return f"clock of {terminal.key} is {terminal.offset} off"


def central_clock_jumps(world: World, luck: random.Random) -> str:
    """Central's machine is corrected by minutes."""
    world.central_offset = MINUTE * luck.randint(-10, 10)
    return f"central's clock is {world.central_offset} off"


def restart(world: World, terminal: Terminal, luck: random.Random) -> str:
    """The agent ends at once and starts again."""
    world.restart(terminal)
    return f"{terminal.key} restarts"


def central_restarts(world: World, luck: random.Random) -> str:
    """Central ends at once and starts again."""
    world.office.restart()
    return "central restarts"


def disk_is_full(world: World, terminal: Terminal, luck: random.Random) -> str:
    """There is no room at the till for a while."""
    terminal.fill_disk()
    try:
        said = acts.sell(world, terminal, luck)
    finally:
        terminal.make_room()
    return f"with a full disk {terminal.key} {said}"


def disk_fails(world: World, terminal: Terminal, luck: random.Random) -> str:
    """The till's disk takes nothing: no acknowledgement, and the agent has to start again."""
    with broken_disk():
        said = acts.sell(world, terminal, luck)
    world.restart(terminal)
    return f"with a broken disk {terminal.key} {said}, and restarts"


def central_disk_fails(world: World, luck: random.Random) -> str:
    """The next request finds central's disk taking nothing."""
    world.office.disk_fails = True
    return "central's disk will fail once"


def poison(world: World, terminal: Terminal, luck: random.Random) -> str:
    """A till whose program is broken, or newer than central, writes what central cannot post."""
    code = luck.choice(world.members)
    account = terminal.directory.by_card(code, terminal.store.ledger.lookups())
    ref = world.name("nobody") if account is None or luck.random() < 0.3 else account.ref
    broken: dict[str, dict[str, Any]] = {
        "without a basket": {"sale": {"sale_id": world.name("p")}},
        "without a name": {"sale": {"sale_id": "?"}, "basket": {}},
        "not worked out": {
            "sale": {"sale_id": world.name("p")},
            "basket": {},
            "not_worked_out": "KeyError",
        },
    }
    how = luck.choice(list(broken))
    facts = broken[how] | {"facts": {"account": ref, "standing": "known"}, "programme": None}
    clock = terminal.store.clock
    at, reading = clock.reading_for(clock.now())
    earned = Entry(EntryKind.EARN, "points", luck.randint(1, 50), "base", 1)
    with terminal.store.ledger.act() as act:
        act.append(RecordKind.SALE, uuid_utils.uuid7().hex, at, reading, facts, {}, [earned])
    world.note_all(terminal)
    return f"{terminal.key} writes a sale {how} for {ref}"


def revoke(world: World, terminal: Terminal, luck: random.Random) -> str:
    """Head office shuts a till out."""
    world.revoke(terminal)
    return f"{terminal.name} is revoked"


def enrol_again(world: World, terminal: Terminal, luck: random.Random) -> str:
    """Somebody types a new code at the till."""
    world.enrol(terminal)
    return f"{terminal.key} is enrolled again"


def publish(world: World, luck: random.Random) -> str:
    """Head office publishes another version of the programme."""
    version = world.published + 1
    world.publish(version)
    return f"version {version} of the programme is published"


def adjust(world: World, luck: random.Random) -> str:
    """Head office corrects what somebody has."""
    member = f"M{luck.randrange(len(world.members))}"
    correction = Adjustment(
        adjustment_id=world.name("j"), quantity=luck.randint(-100, 300), reason="service desk"
    )
    with suppress(Problem):
        world.office.central.by_hand.adjust(member, correction)
    world.books.read()
    return f"{member} is given {correction.quantity} points by hand"


def change_standing(world: World, luck: random.Random) -> str:
    """A member is blocked, or let in again."""
    member = f"M{luck.randrange(len(world.members))}"
    standing = luck.choice((Standing.KNOWN, Standing.KNOWN, Standing.BLOCKED))
    with suppress(Problem):
        world.office.central.members.set_standing(member, StandingChange(standing=standing))
    return f"{member} is {standing.value}"


def replace_card(world: World, luck: random.Random) -> str:
    """A member gets another card, perhaps one that tills have met: then two accounts become one."""
    member, code = f"M{luck.randrange(len(world.members))}", luck.choice(world.strangers)
    try:
        world.office.central.members.replace_card(member, CardReplacement(code=code))
    except Problem as problem:
        return f"{member} cannot have {code}: {problem.code}"
    finally:
        world.books.read()
    return f"{member} gets {code} too"


def central_folds(world: World, luck: random.Random) -> str:
    """What is a year for others is an hour here: central keeps of the oldest records only what they moved."""
    world.office.central.posting.settle()
    before = world.time.now + world.central_offset - MINUTE * luck.randint(0, 60)
    world.books.read()
    folded = world.office.central.folding.run(before)
    world.books.read_folded()
    faults = world.office.central.verifier.faults()
    demand(not faults, f"central is not whole: {faults[:3]}")
    return f"central folds {folded} records"


def erase(world: World, luck: random.Random) -> str:
    """A member asks to be forgotten."""
    member = f"M{luck.randrange(len(world.members))}"
    with suppress(Problem):
        world.office.central.privacy.erase(member)
    world.books.read()
    return f"{member} is forgotten"


def back_up(world: World, terminal: Terminal, luck: random.Random) -> str:
    """An image of the till's disk is kept."""
    world.keep_image(terminal)
    return f"an image of {terminal.key} is kept"


def restore(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """The till's disk is replaced, and gets back what the image has."""
    if not world.restore(terminal):
        return None
    return f"{terminal.key} is restored, with {len(terminal.memory.chain)} records"


def clone(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody copies the disk of a till into another machine, and both run."""
    made = world.clone(terminal)
    return None if made is None else f"{terminal.key} is cloned as {made.key}"
