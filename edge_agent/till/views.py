"""What the till answers, in the words of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing


@dataclass(frozen=True, slots=True)
class RewardView:
    """A reward and whether it can be had now; `why_not` is a sentence for the cashier.

    `cost` is in the unit's smallest parts, `cost_shown` as programs are told it; `value` in minor units, None where it
    is no money or depends on the basket. `limited`: the member has enough, and only what this till may grant without
    central stands in the way. `choose` says from how many points to how many the customer may choose, in which steps,
    as programs are told it; None where the cost is the rule's.
    """

    id: str
    title: str
    sort: str
    unit: str
    cost: int
    cost_shown: int | str
    value: int | None
    available: bool
    why_not: str | None
    limited: bool = False
    choose: Mapping[str, int | str | None] | None = None

    def to_json(self) -> dict[str, Any]:
        """The reward as the API shows it."""
        return {
            "id": self.id,
            "title": self.title,
            "sort": self.sort,
            "unit": self.unit,
            "cost": self.cost_shown,
            "value": self.value,
            "available": self.available,
            "why_not": self.why_not,
            "limited": self.limited,
            "choose": self.choose,
        }


@dataclass(frozen=True, slots=True)
class MemberView:
    """What the cashier sees after a scan.

    `standing` tells known, unknown (well-formed, earns here), blocked and erased apart. `card` is masked. `balance` is
    None where it is not to be shown (a typed number). `shown` is the rest of the view, as the API has it: balance per
    unit, stamps, rewards, offers, what expires, messages and questions, and where the rules failed on it that they did.
    """

    standing: Standing
    account: str | None
    card: str
    display_name: str = ""
    tier: str | None = None
    since: date | None = None
    language: str | None = None
    balance: dict[str, Balance] | None = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    as_of: datetime | None = None

    @property
    def known(self) -> bool:
        """Whether central has told us of this member."""
        return self.standing is not Standing.UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """The member view of the contract."""
        member = None
        if self.known:
            member = {
                "id": self.account,
                "display_name": self.display_name,
                "tier": self.tier,
                "since": None if self.since is None else self.since.isoformat(),
                "language": self.language,
            }
        return {
            "known": self.known,
            "standing": self.standing.value,
            "member": member,
            "card": self.card,
            **self.shown,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
        }


class PrintState(StrEnum):
    """How the receipt of a sale fared. `UNKNOWN`: sent, or waiting when the agent stopped, and nothing confirms it."""

    NONE = "none"
    QUEUED = "queued"
    PRINTED = "printed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CentralState(StrEnum):
    """What is known of a record at central."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a sale, return or void: `result` is the same for ever; `first` tells 201 from 200.

    `awaiting_original` marks a return of a sale that this till does not know (202). `text` is the result as the JSON
    text that was stored, so that it goes out without being made again; None where nothing is stored (training).
    """

    result: dict[str, Any]
    first: bool
    awaiting_original: bool = False
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SaleNow:
    """How a sale stands now."""

    print: PrintState
    central: CentralState
    member: str | None
    returns: tuple[dict[str, Any], ...] = ()
    voided: bool = False

    def to_json(self) -> dict[str, Any]:
        """The `now` of the contract."""
        return {
            "print": self.print.value,
            "central": self.central.value,
            "member": self.member,
            "returns": list(self.returns),
            "voided": self.voided,
        }
