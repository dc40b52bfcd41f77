"""What a member has, told honestly: what central has posted apart from what only this till knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from edge_agent.domain.holdings import Holding


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance in one unit.

    `confirmed` is what central has posted, without what has expired by now; `unconfirmed` what this till recorded
    and central has not posted yet; `maturing` is posted but not usable yet and `held` is under review.
    `as_of` is the time of central's figures, None when there are none.
    """

    confirmed: int = 0
    unconfirmed: int = 0
    maturing: int = 0
    held: int = 0
    as_of: datetime | None = None

    @property
    def shown(self) -> int:
        """What the customer is told that they have."""
        return self.confirmed + self.unconfirmed

    @property
    def spendable(self) -> int:
        """What could be redeemed: confirmed points, less what this till already took back from them."""
        return max(0, self.confirmed + min(0, self.unconfirmed))

    def to_json(self) -> dict[str, Any]:
        """The balance as the API shows it."""
        return {
            "confirmed": self.confirmed,
            "unconfirmed": self.unconfirmed,
            "maturing": self.maturing,
            "held": self.held,
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
    """Balance per unit from central's holdings and this till's own changes that central has not posted.

    `today` is the date in the programme's time zone: what expired before it is left out, on both sides.
    """
    confirmed: dict[str, int] = {}
    for holding in posted:
        if holding.expires_on is None or holding.expires_on >= today:
            confirmed[holding.unit] = confirmed.get(holding.unit, 0) + holding.quantity
    unconfirmed: dict[str, int] = {}
    for change in own:
        if change.expires_on is None or change.expires_on >= today:
            unconfirmed[change.unit] = unconfirmed.get(change.unit, 0) + change.quantity
    names = dict.fromkeys([*units, *confirmed, *unconfirmed])
    return {
        unit: Balance(confirmed.get(unit, 0), unconfirmed.get(unit, 0), as_of=as_of)
        for unit in names
    }


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
