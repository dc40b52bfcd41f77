"""What a receipt says, apart from how: the facts, and how they are drawn from entries, rewards and balances.

Who the facts are about, whether they are fresh and what central knows is worked out before; nothing is looked
up here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till.receipt_texts import Language, UnitName
from edge_agent.till.views import RewardView

_CARD_CHARACTERS_SHOWN_MAX: Final = 4  # as domain.cards.masked leaves them


class ReceiptKind(StrEnum):
    """What the paper is about."""

    SALE = "sale"
    RETURN = "return"
    VOID = "void"
    SLIP = "slip"

    @property
    def gives_back(self) -> bool:
        """Whether a sale is taken back, in part or whole."""
        return self in {ReceiptKind.RETURN, ReceiptKind.VOID}


@dataclass(frozen=True, slots=True)
class MemberShown:
    """The member as the paper shows them: by a masked card and without a name, since paper gets lost."""

    card: str
    standing: Standing = Standing.KNOWN

    def __post_init__(self) -> None:
        if len(self.card.replace("*", "")) > _CARD_CHARACTERS_SHOWN_MAX:
            raise ValueError("card: shown on paper, so it has to be masked")


@dataclass(frozen=True, slots=True)
class Change:
    """What one rule added to (positive) or took from (negative) the balance in `unit`, and why, in words."""

    unit: str
    quantity: int
    why: str = ""
    bonus: bool = False


@dataclass(frozen=True, slots=True)
class NextReward:
    """A reward and how far the balance is; `value` in euro cents where it is worth money, else None.

    `usable` is false while the balance reaches it only with points that are not confirmed yet.
    """

    title: str
    unit: str
    have: int
    cost: int
    value: int | None = None
    usable: bool = True

    @property
    def missing(self) -> int:
        """How much is still to be earned; 0 when the balance reaches it."""
        return max(0, self.cost - self.have)

    def to_json(self) -> dict[str, Any]:
        """The reward as an answer holds it; `NextReward(**facts)` is the inverse."""
        return {
            "title": self.title,
            "unit": self.unit,
            "have": self.have,
            "cost": self.cost,
            "value": self.value,
            "usable": self.usable,
        }


@dataclass(frozen=True, slots=True)
class Dated:
    """So much of a unit of which something happens on the day `on`; `soon`: the customer is to be warned of it."""

    unit: str
    quantity: int
    on: date
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Saving:
    """What one rule took off, in euro cents, and why, in words."""

    why: str
    amount: int


@dataclass(frozen=True, slots=True)
class Refund:
    """What a return pays back, in euro cents; `deducted` is off `amount` already."""

    amount: int
    deducted: int = 0


@dataclass(frozen=True, slots=True)
class StampCard:
    """`have` of the `need` stamps, in smallest parts of `unit`, to what the card `gives` ("" for nothing by itself)."""

    title: str
    unit: str
    have: int
    need: int
    gives: str = ""


@dataclass(frozen=True, slots=True)
class TierShown:
    """The member's tier ("" for none), whether this sale reached it, and the way to the next one in words."""

    title: str
    reached: bool = False
    ahead: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A membership or an offer that can be used up to and including the day `until`; None for as long as it runs."""

    title: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class VoucherShown:
    """A voucher that was issued: worth `value` euro cents, or None where it can be used `uses` times for what its
    title says. `code` is what any till takes, "" where this one cannot make codes."""

    title: str
    value: int | None = None
    uses: int = 1
    begins: date | None = None
    until: date | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """What the customer is asked, and the address at which it is answered; "" for at the till."""

    text: str
    answer_at: str = ""


@dataclass(frozen=True, slots=True)
class Won:
    """A surprise by its name, and what was won."""

    title: str
    prize: str


@dataclass(frozen=True, slots=True)
class ReceiptTexts:
    """What the shop itself says, from the programme file, in the receipt's language.

    The greeting is for sales only: nobody wants to be cheered at when money goes back. `invitation` is for
    customers without a card: None takes the built-in one, "" prints nothing for them.
    """

    greeting: str = ""
    footer: str = ""
    invitation: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """Everything that a receipt needs, and nothing else.

    `member` is None for a sale without a card. `at` is aware and shown in `time_zone`, the programme's. `layout`
    has the blocks from top to bottom. `changes` is what was earned, or taken back (negative); `spent` what was used
    (negative), or given back; `taken` and `restored` what else a return takes or gives back, in words: vouchers,
    issued rewards, a tier. `ready` are issued rewards that can be collected now, `kept` those that cannot yet.
    `balances` has what the member may see, per unit in the order of printing: empty where a balance is not to be
    shown; `fresh` says whether it is young enough for the time without the day. `pending` and `expiring` are by day.
    `excluded`: a part of the basket earned nothing because of what it is. `awaiting_original`: a return of a sale
    that this till does not know. `not_worked_out`: the rules failed on it. `reference` is what the QR code says, ""
    for none.
    """

    kind: ReceiptKind
    language: Language
    programme: str
    terminal: str
    at: datetime
    time_zone: tzinfo
    layout: tuple[ReceiptBlock, ...] = tuple(ReceiptBlock)
    sale_id: str = ""
    member: MemberShown | None = None
    changes: tuple[Change, ...] = ()
    spent: tuple[Change, ...] = ()
    taken: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    savings: tuple[Saving, ...] = ()
    refund: Refund | None = None
    balances: Mapping[str, Balance] = field(default_factory=dict)
    fresh: bool = True
    pending: tuple[Dated, ...] = ()
    expiring: tuple[Dated, ...] = ()
    stamps: tuple[StampCard, ...] = ()
    tier: TierShown | None = None
    memberships: tuple[Running, ...] = ()
    challenges: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    next_reward: NextReward | None = None
    vouchers: tuple[VoucherShown, ...] = ()
    offers: tuple[Running, ...] = ()
    question: QuestionShown | None = None
    surprises: tuple[Won, ...] = ()
    messages: tuple[str, ...] = ()
    offline: bool = False
    excluded: bool = False
    awaiting_original: bool = False
    not_worked_out: bool = False
    training: bool = False
    copy: bool = False
    reference: str = ""
    unit_names: Mapping[str, UnitName] = field(default_factory=dict)
    texts: ReceiptTexts = field(default_factory=ReceiptTexts)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at: a time without a zone cannot be shown in the programme's")


def sale_reference(store: str, till: str, sale_id: str, proof: str = "") -> str:
    """What the QR code of a sale says: enough to find the sale, nothing about a person.

    With `proof` (`till/proof.py`) whoever has it can show that they have the receipt.
    """
    return f"sale:{store}/{till}/{sale_id}" + (f"/{proof}" if proof else "")


def read_reference(text: str) -> tuple[str, str, str] | None:
    """Store, till and sale that `sale_reference` made this text of; None for what is no such text."""
    scheme, _, rest = text.strip().partition(":")
    parts = rest.split("/")
    if scheme != "sale" or len(parts) not in {3, 4} or not all(parts):
        return None
    return parts[0], parts[1], parts[2]


def changes_of(
    entries: Iterable[Mapping[str, Any]], is_bonus: Callable[[str], bool]
) -> tuple[Change, ...]:
    """The entries of an answer, summed over the basket's lines: one change per unit, rule and reason.

    Bonuses come after the base.
    """
    sums: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        key = (entry["rule"], entry["unit"], entry["why"])
        sums[key] = sums.get(key, 0) + entry["quantity"]
    changes = [
        Change(unit, quantity, why, is_bonus(rule)) for (rule, unit, why), quantity in sums.items()
    ]
    return tuple(sorted(changes, key=lambda change: change.bonus))


def next_reward(
    rewards: Sequence[RewardView], balances: Mapping[str, Balance]
) -> NextReward | None:
    """The cheapest reward that the shown balance does not reach yet; the dearest one when it reaches all."""
    near = []
    for reward in rewards:
        if reward.cost and (balance := balances.get(reward.unit)) is not None:
            usable = balance.spendable >= reward.cost
            near.append(
                NextReward(
                    reward.title, reward.unit, balance.shown, reward.cost, reward.value, usable
                )
            )
    ahead = [reward for reward in near if reward.missing]
    if ahead:
        return min(ahead, key=lambda reward: reward.missing)
    return max(near, key=lambda reward: reward.cost, default=None)
