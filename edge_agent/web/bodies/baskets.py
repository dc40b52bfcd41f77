"""Baskets: what is sold, and what is asked about before."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.domain.basket import LINES_MAX, Basket, Line, Sale, Tender
from edge_agent.domain.money import CURRENCIES
from edge_agent.web.bodies.cards import AtTill, Card, Presented
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import (
    REDEMPTIONS_MAX,
    TENDERS_MAX,
    WORDS_MAX,
    Amount,
    Code,
    Id,
    Kind,
    LineNumber,
    Quantity,
    TaxRate,
    Text,
    Time,
    Word,
    wrong,
)


class LineBody(Strict):
    """One line; `amount` is what the customer pays for all of it after `discount`.

    `levy` is the part of it that is a fixed levy, such as a bottle deposit: nothing is taken off that. `measure` is how
    much it comes to in the programme's measure (litres), `margin` the article's margin class.
    """

    line: LineNumber
    sku: Word
    quantity: Quantity
    amount: Amount
    discount: Amount = 0
    name: Text = ""
    categories: Annotated[list[Word], Field(max_length=WORDS_MAX)] = []
    brand: Word | None = None
    labels: Annotated[list[Word], Field(max_length=WORDS_MAX)] = []
    kind: Kind = "product"
    tax_rate: TaxRate | None = None
    levy: Amount = 0
    measure: Quantity | None = None
    margin: Word | None = None

    def to_line(self) -> Line:
        """The line of the domain."""
        return Line(
            number=self.line,
            sku=self.sku,
            quantity=self.quantity,
            amount=self.amount,
            discount=self.discount,
            name=self.name,
            categories=tuple(self.categories),
            brand=self.brand,
            labels=tuple(self.labels),
            kind=self.kind,
            tax_rate=self.tax_rate,
            levy=self.levy,
            measure=self.measure,
            margin=self.margin,
        )


class Total(Strict):
    """What is paid in all."""

    amount: Amount
    currency: Literal[tuple(sorted(CURRENCIES))]  # type: ignore[valid-type]


class TenderBody(Strict):
    """One means of payment."""

    type: Kind
    amount: Amount


class BasketBody(Strict):
    """What a sale and a quote have in common; without `channel` it is the till's own."""

    card: Card | None = None
    cashier: Word | None = None
    channel: Kind | None = None
    training: bool = False
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LINES_MAX)]
    total: Total
    tenders: Annotated[list[TenderBody], Field(max_length=TENDERS_MAX)] = []
    redemptions: Annotated[list[Id], Field(max_length=REDEMPTIONS_MAX)] = []
    print: bool = False

    def to_basket(self) -> Basket:
        """The basket of the domain."""
        return Basket(
            lines=tuple(line.to_line() for line in self.lines),
            total=self.total.amount,
            currency=self.total.currency,
            tenders=tuple(Tender(each.type, each.amount) for each in self.tenders),
            channel=self.channel or "",
        )

    def as_sale(self, sale_id: str, at: datetime, quote_id: str | None) -> Sale:
        """The sale of the domain."""
        card = self.card
        return Sale(
            sale_id=sale_id,
            at=at,
            basket=self.to_basket(),
            card=card.to_card() if isinstance(card, Presented) else None,
            from_till=isinstance(card, AtTill),
            cashier=self.cashier,
            quote_id=quote_id,
            training=self.training,
            print=self.print,
            redemptions=tuple(self.redemptions),
        )


class SaleBody(BasketBody):
    """`POST /v1/sales`."""

    sale_id: Id
    at: Time
    quote_id: Id | None = None

    def to_sale(self) -> Sale:
        """The sale of the domain."""
        return self.as_sale(self.sale_id, self.at, self.quote_id)


class QuoteBody(BasketBody):
    """`POST /v1/quotes`: a sale without its id. `codes` are texts of coupons, as they were scanned or typed.

    `reserved: {"from": "till"}` in place of `redemptions` takes all that is reserved for this member, which includes
    what the cashier chose on the agent's page.
    """

    quote_id: Id
    at: Time
    reserved: AtTill | None = None
    codes: Annotated[list[Code], Field(max_length=REDEMPTIONS_MAX)] = []

    def to_sale(self) -> Sale:
        """The sale that it would be, without an id."""
        sale = self.as_sale("", self.at, None)
        return replace(sale, codes=tuple(self.codes), reserved_at_till=self.reserved is not None)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.reserved is not None and self.redemptions:
            raise wrong("give either reserved or redemptions")
        return self
