"""A POS basket and the sale it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

LINES_MAX = 500
"""The longest baskets in supermarkets have some 250 lines; twice that never stops a customer."""

QUANTITY_MAX = Decimal(100_000)
"""Cable by the metre and screws by the piece stay far below it; above it is a scanned barcode in the wrong field."""

QUANTITY_DECIMALS_MAX = 3
"""Trade scales weigh to the gram (OIML R 76) and till software stores kilograms."""

KIND_PATTERN = r"^[a-z][a-z0-9_-]{0,31}$"
"""A channel, a kind of line or a means of payment."""

STORE_CHANNEL = "store"
"""The channel of a till that is told no other one, and of acts whose records name none."""


def plain(quantity: Decimal) -> str:
    """One form for equal quantities: 2, 2.0 and 2e0 are all "2", so the same sale has the same bytes."""
    return f"{quantity.normalize():f}"


class EntryMode(StrEnum):
    """How a code came in; a typed one proves nothing about who holds the card."""

    SCANNED = "scanned"
    KEYED = "keyed"
    SWIPED = "swiped"
    TAPPED = "tapped"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket.

    `amount` is what the customer pays for the whole line after `discount`, in minor units; `quantity` is in
    pieces or in the article's measure. `number` is the POS's own line number. `levy` is the part of `amount` that is a
    fixed levy, such as a bottle deposit, which nothing may be taken off. `measure` is how much the whole line comes to
    in the measure that a programme may reward: litres, kilometres. `margin` is the article's margin class.
    """

    number: int
    sku: str
    quantity: Decimal
    amount: int
    discount: int = 0
    name: str = ""
    categories: tuple[str, ...] = ()
    brand: str | None = None
    labels: tuple[str, ...] = ()
    kind: str = "product"
    tax_rate: str | None = None
    levy: int = 0
    measure: Decimal | None = None
    margin: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts that rules may look at, for the record; the name is free text and stays out."""
        facts: dict[str, Any] = {
            "line": self.number,
            "sku": self.sku,
            "quantity": plain(self.quantity),
            "amount": self.amount,
            "kind": self.kind,
        }
        if self.discount:
            facts["discount"] = self.discount
        if self.categories:
            facts["categories"] = list(self.categories)
        if self.brand is not None:
            facts["brand"] = self.brand
        if self.labels:
            facts["labels"] = list(self.labels)
        if self.tax_rate is not None:
            facts["tax_rate"] = self.tax_rate
        if self.levy:
            facts["levy"] = self.levy
        if self.measure is not None:
            facts["measure"] = plain(self.measure)
        if self.margin is not None:
            facts["margin"] = self.margin
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Line":
        """The inverse of `to_json`."""
        return cls(
            number=facts["line"],
            sku=facts["sku"],
            quantity=Decimal(facts["quantity"]),
            amount=facts["amount"],
            discount=facts.get("discount", 0),
            categories=tuple(facts.get("categories", ())),
            brand=facts.get("brand"),
            labels=tuple(facts.get("labels", ())),
            kind=facts["kind"],
            tax_rate=facts.get("tax_rate"),
            levy=facts.get("levy", 0),
            measure=None if (measure := facts.get("measure")) is None else Decimal(measure),
            margin=facts.get("margin"),
        )


@dataclass(frozen=True, slots=True)
class Tender:
    """One means of payment and the amount paid with it, in minor units."""

    type: str
    amount: int


@dataclass(frozen=True, slots=True)
class Basket:
    """What is bought, where, and how it is paid. The line amounts add up to `total`, in minor units of `currency`.

    As a POS sends it `store` is empty, and so is `channel` where it says none: both are then the till's own.
    """

    lines: tuple[Line, ...]
    total: int
    currency: str
    tenders: tuple[Tender, ...] = ()
    channel: str = STORE_CHANNEL
    store: str = ""

    def to_json(self) -> dict[str, Any]:
        """The basket as a record holds it."""
        return ({"store": self.store} if self.store else {}) | {
            "lines": [line.to_json() for line in self.lines],
            "total": {"amount": self.total, "currency": self.currency},
            "tenders": [{"type": tender.type, "amount": tender.amount} for tender in self.tenders],
            "channel": self.channel,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Basket":
        """The inverse of `to_json`."""
        return cls(
            lines=tuple(Line.from_json(line) for line in facts["lines"]),
            total=facts["total"]["amount"],
            currency=facts["total"]["currency"],
            tenders=tuple(Tender(each["type"], each["amount"]) for each in facts["tenders"]),
            channel=facts["channel"],
            store=facts.get("store", ""),
        )


@dataclass(frozen=True, slots=True)
class PresentedCard:
    """A code as it was presented with a sale, normalised."""

    code: str = field(repr=False)
    entry: EntryMode
    symbology: str | None = None

    @property
    def is_typed(self) -> bool:
        """Whether it proves nothing about who holds it: it earns, and uses nothing of what its member has."""
        return self.entry is EntryMode.KEYED

    def to_json(self) -> dict[str, str]:
        """The card as attachments hold it: it stays out of every body."""
        facts = {"code": self.code, "entry": self.entry.value}
        return facts if self.symbology is None else facts | {"symbology": self.symbology}


@dataclass(frozen=True, slots=True)
class Sale:
    """A basket that was sold: `sale_id` is made by the POS and is the idempotency key.

    `redemptions` are ids of what was reserved, `codes` texts of coupons; a quote may have both. A quote with
    `reserved_at_till` takes all that is reserved for the member instead.

    `card` is what the POS sent along. With `from_till` the member is the one on the till's screen: scanned by
    the agent's own scanner since the sale before.
    """

    sale_id: str
    at: datetime
    basket: Basket
    card: PresentedCard | None = None
    from_till: bool = False
    reserved_at_till: bool = False
    cashier: str | None = None
    quote_id: str | None = None
    training: bool = False
    print: bool = False
    redemptions: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """How much of a sale's line comes back."""

    number: int
    quantity: Decimal
