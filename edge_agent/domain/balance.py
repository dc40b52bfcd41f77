"""What a member has, told honestly: what central has posted apart from what only this till knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from edge_agent.domain.holdings import Holding


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance in one unit.

    `confirmed` is what central has posted and can be used by now; `unconfirmed` what this till recorded and central
    has not posted yet; `maturing` cannot be used yet, whoever recorded it, and `held` is under review.
    `as_of` is the time of central's figures, None when there are none. `most` is the limit or allowance that applies,
    None for none.
    """

    confirmed: int = 0
    unconfirmed: int = 0
    maturing: int = 0
    held: int = 0
    reserved: int = 0
    as_of: datetime | None = None
    unconfirmed_counts: bool = False
    most: int | None = None

    @property
    def shown(self) -> int:
        """What the customer is told that they have."""
        return self.confirmed + self.unconfirmed

    @property
    def spendable(self) -> int:
        """What could be redeemed: what is confirmed, less what this till already took of it or reserved.

        With `unconfirmed_counts` the programme lets what only this till knows be used too. Never more than `most`.
        """
        own = self.unconfirmed if self.unconfirmed_counts else min(0, self.unconfirmed)
        there = self.confirmed + own - self.reserved
        return max(0, there if self.most is None else min(there, self.most))

    def to_json(self) -> dict[str, Any]:
        """The balance as the API shows it."""
        return {
            "confirmed": self.confirmed,
            "unconfirmed": self.unconfirmed,
            "maturing": self.maturing,
            "held": self.held,
            "reserved": self.reserved,
            "spendable": self.spendable,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Expiring:
    """`quantity` of `unit` can be used up to and including the day `on`."""

    unit: str
    quantity: int
    on: date

    def to_json(self) -> dict[str, Any]:
        """The warning as the API shows it."""
        return {"unit": self.unit, "quantity": self.quantity, "on": self.on.isoformat()}


def balances(
    units: Iterable[str],
    posted: Sequence[Holding],
    own: Sequence[Holding],
    today: date,
    as_of: datetime | None,
) -> dict[str, Balance]:
    """Balance of these units from central's holdings and this till's own changes that central has not posted.

    `today` is the date in the programme's time zone: what expired before it is left out, on both sides. What was taken
    from a lot beyond what waits in it is owed at once.
    """
    found = {unit: Balance(as_of=as_of) for unit in units}
    for (unit, waits), (at_central, here) in _per_maturity(posted, own, today).items():
        if unit not in found:
            continue
        before = found[unit]
        if waits and at_central + here >= 0:
            found[unit] = replace(before, maturing=before.maturing + at_central + here)
        else:
            confirmed = min(at_central, 0) if waits else at_central
            found[unit] = replace(
                before,
                confirmed=before.confirmed + confirmed,
                unconfirmed=before.unconfirmed + at_central + here - confirmed,
            )
    return found


def _per_maturity(
    posted: Iterable[Holding], own: Iterable[Holding], today: date
) -> dict[tuple[str, date | None], tuple[int, int]]:
    """What is at central and what only here, by unit and the day on which it can be used; None for by now."""
    sums: dict[tuple[str, date | None], tuple[int, int]] = {}
    both = [
        *((each, each.quantity, 0) for each in posted),
        *((each, 0, each.quantity) for each in own),
    ]
    for holding, at_central, here in both:
        if not holding.lapsed_on(today):
            waits = (holding.matures_on or today) > today
            key = (holding.unit, holding.matures_on if waits else None)
            before = sums.get(key, (0, 0))
            sums[key] = (before[0] + at_central, before[1] + here)
    return sums


def expiring(posted: Sequence[Holding], own: Sequence[Holding], today: date) -> list[Expiring]:
    """What expires, soonest first: central's holdings and this till's own changes together, by unit and day."""
    left: dict[tuple[date, str], int] = {}
    for item in (*posted, *own):
        if item.expires_on is not None and item.expires_on >= today:
            key = (item.expires_on, item.unit)
            left[key] = left.get(key, 0) + item.quantity
    return [
        Expiring(unit, quantity, on)
        for (on, unit), quantity in sorted(left.items())
        if quantity > 0
    ]
