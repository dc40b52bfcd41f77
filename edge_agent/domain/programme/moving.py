"""What head office does with lots by hand or by event: releasing what waits, and giving from one member to another."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from edge_agent.domain.entries import Entry, EntryKind, Life
from edge_agent.domain.holdings import Holding, summed, taking, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import Outcome
from edge_agent.domain.programme.unmet import Obstacle, Unmet

RELEASE: Final = "release"
TRANSFER: Final = "transfer"


def released(
    programme: Programme,
    facts: MemberFacts,
    event: str,
    earned: Sequence[Entry],
    earned_on: date,
    day: date,
) -> tuple[Entry, ...]:
    """The entries of central by which what a sale of `earned_on` earned can be used from `day` on, since `event` came.

    `earned` are that sale's entries, `facts` have all of the account's holdings. No more is released than still waits
    in those lots: what was taken back meanwhile stays away. What can be used already stays as it is.
    """
    waiting = {each._replace(quantity=0): each.quantity for each in summed(facts.holdings)}
    moved: list[Entry] = []
    for given in summed(each.holding for each in earned if each.account in {None, facts.account}):
        table = programme.file.unit.get(given.unit)
        pending = None if table is None else table.pending
        if table is None or pending is None or pending.released_by != event or given.usable_on(day):
            continue
        quantity = min(given.quantity, waiting.get(given._replace(quantity=0), 0))
        if quantity <= 0:
            continue
        expires_on = given.expires_on
        if expires_on is None or (table.expiry is not None and table.expiry.from_maturity):
            expires_on = table.life_from(day, earned_on, facts.since).expires_on
        moved.append(_moved(EntryKind.ADJUST, given, -quantity, RELEASE))
        now = given._replace(matures_on=None, expires_on=expires_on)
        moved.append(_moved(EntryKind.ADJUST, now, quantity, RELEASE))
    return tuple(moved)


def transferred(
    programme: Programme,
    giver: MemberFacts,
    receiver: MemberFacts,
    unit: str,
    quantity: int,
    day: date,
) -> Outcome:
    """So many smallest parts of a unit from one member to another: entries of both, or why it cannot be done.

    `giver` has all of the account's holdings. What waits or is over cannot be given. The receiver gets each part with
    the life that it had, or with a new one, as the unit declares; nothing waits again.
    """
    table = programme.file.unit.get(unit)
    if table is None or table.transfer is None:
        return Outcome(TRANSFER, unmet=Unmet(Obstacle.NOT_TRANSFERABLE))
    holdings = programme.present(giver, day).holdings
    missing = quantity - usable(holdings, unit, day)
    if missing > 0:
        return Outcome(TRANSFER, unmet=Unmet(Obstacle.NOT_ENOUGH, missing))
    taken = taking(holdings, unit, quantity, day, table.consume)
    new_life = table.life_from(None, day, receiver.since) if table.transfer.restarts_life else None
    given = summed(_living(taken, new_life))
    return Outcome(
        TRANSFER,
        (
            *(_moved(EntryKind.TRANSFER, each, -each.quantity, TRANSFER) for each in taken),
            *(
                _moved(EntryKind.TRANSFER, each, each.quantity, TRANSFER)._replace(
                    account=receiver.account
                )
                for each in given
            ),
        ),
    )


def _living(taken: Iterable[Holding], life: Life | None) -> Iterable[Holding]:
    for each in taken:
        if life is None:
            yield each
        else:
            yield Holding(each.unit, each.quantity, life.expires_on, life.matures_on, life.day)


def _moved(kind: EntryKind, lot: Holding, quantity: int, rule: str) -> Entry:
    return Entry(
        kind, lot.unit, quantity, rule, None, lot.lot, lot.expires_on, lot.matures_on, lot.day
    )
