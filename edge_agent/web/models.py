"""The bodies of requests: strict models, every mistake named at once, and what they become in the domain.

Field names in paths are those of the contract; positions in arrays are counted from 0, as in the array sent.
Unknown fields are refused: a misspelt field that silently does nothing costs a customer points. Nothing of a
value ever comes back in a message.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from edge_agent.domain.basket import (
    LINES_MAX,
    Basket,
    EntryMode,
    Line,
    PresentedCard,
    ReturnedLine,
    Sale,
    Tender,
)
from edge_agent.domain.cards import normalised
from edge_agent.domain.money import CURRENCIES
from edge_agent.domain.programme.acts import TIMES_AT_ONCE_MAX
from edge_agent.domain.programme.situation import Redemption, Wanted
from edge_agent.errors import FieldError, Invalid
from edge_agent.till.present import AT_TILL, Holder
from edge_agent.till.redeem import Wish
from edge_agent.till.without_sale import Answering, Enrolling, Reported
from edge_agent.web.body import decoded, shown_name
from edge_agent.web.fields import (
    CODE_PATTERN,
    CUSTOM,
    ID_PATTERN,
    REDEMPTIONS_MAX,
    TAX_PATTERN,
    TENDERS_MAX,
    TEXT_PATTERN,
    WORD_PATTERN,
    WORDS_MAX,
    Amount,
    Code,
    Day,
    Id,
    Kind,
    LineNumber,
    Points,
    Quantity,
    TaxRate,
    Text,
    Time,
    Word,
    wrong,
)


class Strict(BaseModel):
    """No conversion between types, no unknown field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Presented(Strict):
    """A code as it was scanned, typed, swiped or tapped."""

    code: Code
    entry: Literal["scanned", "keyed", "swiped", "tapped"]
    symbology: Word | None = None

    def to_card(self) -> PresentedCard:
        """The card, normalised."""
        return PresentedCard(normalised(self.code), EntryMode(self.entry), self.symbology)


class AtTill(Strict):
    """The member that the agent's own scanner read since the sale before."""

    source: Literal["till"] = Field(alias="from")


def _card_form(value: Any) -> str | None:
    if isinstance(value, dict):
        return _AT_TILL if "from" in value else _PRESENTED
    return None


_PRESENTED = "<presented>"
_AT_TILL = "<from the till>"

Card = Annotated[
    Annotated[Presented, Tag(_PRESENTED)] | Annotated[AtTill, Tag(_AT_TILL)],
    Discriminator(_card_form),
]


class OfHolder(Strict):
    """Who a call is about: a code, or whoever is at the till.

    `entry` matters where a typed number is worth less than a scanned one.
    """

    code: Code | None = None
    entry: Literal["scanned", "keyed", "swiped", "tapped"] = "scanned"
    card: AtTill | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.code is not None and self.card is not None:
            raise wrong("give either code or card")
        if self._needed and self.code is None and self.card is None:
            raise wrong("give either code or card")
        return self

    _needed: ClassVar[bool] = True

    def to_holder(self) -> Holder:
        """The card, normalised, or whoever is at the till."""
        return (
            AT_TILL
            if self.code is None
            else PresentedCard(normalised(self.code), EntryMode(self.entry))
        )


class OfAnybody(OfHolder):
    """The same for calls that need nobody."""

    _needed: ClassVar[bool] = False

    def to_holder_if_any(self) -> Holder | None:
        """As `to_holder`; None where nobody is named."""
        return None if self.code is None and self.card is None else self.to_holder()


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
    """What a sale and a quote have in common."""

    card: Card | None = None
    cashier: Word | None = None
    channel: Kind = "store"
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
            channel=self.channel,
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


class RedemptionBody(OfHolder):
    """`POST /v1/redemptions`: a reward, or points of the customer's choice, or both.

    With `sale_id` only that sale can use it. `times` is how often a reward is wanted.
    """

    redemption_id: Id
    reward: Word | None = None
    points: Points | None = None
    times: Annotated[int, Field(ge=1, le=REDEMPTIONS_MAX)] = 1
    sale_id: Id | None = None
    symbology: Word | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.code is not None and "entry" not in self.model_fields_set:
            raise wrong("give entry with code: a typed number redeems nothing")
        if self.reward is None and self.points is None:
            raise wrong("give reward or points")
        return self

    def to_wish(self) -> Wish:
        """The wish, in the till's words."""
        return Wish(
            self.redemption_id, self.to_holder(), self.reward, self.points, self.times, self.sale_id
        )


class WishBody(Strict):
    """A reward that the customer would like, in a basket that is tried out."""

    reward: Word
    points: Annotated[int, Field(gt=0)] | None = None
    times: Annotated[int, Field(gt=0)] = 1


class WantedBody(Strict):
    """What the customer would like to use with a basket that is tried out."""

    redemptions: Annotated[list[WishBody], Field(max_length=LINES_MAX)] = []
    codes: Annotated[list[Code], Field(max_length=LINES_MAX)] = []

    def to_wanted(self) -> Wanted:
        """The wishes of the domain; what comes out is taken off."""
        return Wanted(
            tuple(Redemption(each.reward, each.points, each.times) for each in self.redemptions),
            tuple(self.codes),
        )


class TrialBasket(NamedTuple):
    """A basket in a file: its time and the code of its card, if it has them, and what the customer would like."""

    basket: Basket
    at: datetime | None
    wanted: Wanted
    code: str | None


class ActionBody(OfHolder):
    """`POST /v1/actions`: an action of the programme, or `activate/ID` of an offer or challenge."""

    action_id: Id
    action: Word
    times: Annotated[int, Field(ge=1, le=TIMES_AT_ONCE_MAX)] = 1

    def to_act(self) -> Reported:
        """The act, in the till's words."""
        return Reported(self.action_id, self.to_holder(), self.action, self.times)


class AnswerBody(OfAnybody):
    """`POST /v1/answers`: a customer's answer to one of the programme's questions; with or without a card.

    `sale_id` names the sale that it was asked after, whose buyer answers: their card may have gone by then.
    """

    answer_id: Id
    question: Word
    value: int | Word
    sale_id: Id | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if self.sale_id is not None and (self.code is not None or self.card is not None):
            raise wrong("give either sale_id or a card")
        return self

    def to_act(self) -> Answering:
        """The answer, in the till's words."""
        who = self.to_holder_if_any()
        return Answering(self.answer_id, self.question, self.value, who, self.sale_id)


class ProfileBody(Strict):
    """What somebody says of themselves; it stays out of everything that is hashed."""

    display_name: Annotated[Text, Field(min_length=1)] | None = None
    email: Annotated[Text, Field(min_length=3)] | None = None
    phone: Annotated[Text, Field(min_length=6)] | None = None
    birthday: Day | None = None
    language: Word | None = None
    attributes: Annotated[dict[Word, Text], Field(max_length=WORDS_MAX)] = {}

    def to_facts(self) -> dict[str, Any]:
        """What was given, as central reads it: attributes beside the rest."""
        given = self.model_dump(exclude={"attributes"}, exclude_none=True)
        return {**self.attributes, **given}


class ConsentBody(Strict):
    """What was agreed to (or not), and the version of the text that was shown."""

    purpose: Word
    version: Word
    given: bool = True


class MemberBody(OfAnybody):
    """`POST /v1/members`: enrolment; `referred_by` is the card of whoever brought them in."""

    member_id: Id
    profile: ProfileBody = ProfileBody()
    consents: Annotated[list[ConsentBody], Field(max_length=WORDS_MAX)] = []
    referred_by: Code | None = None

    def to_act(self) -> Enrolling:
        """The enrolment, in the till's words."""
        code = self.referred_by
        referrer = None if code is None else PresentedCard(normalised(code), EntryMode.SCANNED)
        consents = tuple(each.model_dump() for each in self.consents)
        return Enrolling(
            self.member_id, self.to_holder_if_any(), self.profile.to_facts(), consents, referrer
        )


class TrialBody(BasketBody):
    """A basket in a file, to see what it comes to: a sale whose ids and time may be left out."""

    sale_id: Id | None = None
    quote_id: Id | None = None
    at: Time | None = None
    store: Word = ""
    wanted: WantedBody = WantedBody()

    def to_trial(self) -> TrialBasket:
        """The trial of the domain."""
        basket = replace(self.to_basket(), store=self.store)
        return TrialBasket(basket, self.at, self.wanted.to_wanted(), _code_of(self.card))


def _code_of(card: Card | None) -> str | None:
    return card.to_card().code if isinstance(card, Presented) else None


class VoidBody(Strict):
    """`POST /v1/sales/{sale_id}/void`."""

    void_id: Id


class ReturnLineBody(Strict):
    """How much of a line comes back."""

    line: LineNumber
    quantity: Quantity


class OriginalBody(Strict):
    """What a receipt of another till proves: its text, its time and the lines bought."""

    proof: Word
    at: Time
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LINES_MAX)]


class ReturnBody(Strict):
    """`POST /v1/sales/{sale_id}/returns`. With `card` the goods only come back if its holder bought them."""

    return_id: Id
    card: Presented | None = None
    lines: Annotated[list[ReturnLineBody], Field(min_length=1, max_length=LINES_MAX)]
    original: OriginalBody | None = None

    def to_lines(self) -> tuple[ReturnedLine, ...]:
        """The lines of the domain."""
        return tuple(ReturnedLine(each.line, each.quantity) for each in self.lines)

    def to_card(self) -> PresentedCard | None:
        """The card, normalised."""
        return None if self.card is None else self.card.to_card()

    def to_original(self) -> dict[str, Any] | None:
        """The original as facts: `proof`, `at` and the lines as a record holds them."""
        if self.original is None:
            return None
        return {
            "proof": self.original.proof,
            "at": self.original.at.isoformat(),
            "lines": [line.to_line().to_json() for line in self.original.lines],
        }


class CopyBody(Strict):
    """`POST /v1/receipts/{sale_id}/print`: the first print is asked for in the sale itself."""

    # `copy` is a method of every model.
    as_copy: Literal[True] = Field(default=True, alias="copy")


class SlipBody(OfHolder):
    """`POST /v1/slips`: either a code, or the card that is at the till."""


class ScanBody(Strict):
    """`POST /v1/scans`."""

    device: Id
    text: Code


class NoBody(Strict):
    """A call that needs nothing; an empty object is fine."""


B = TypeVar("B", bound=BaseModel)


def checked(model: type[B], body: Mapping[str, Any]) -> B:
    """The body as a model; raises `Invalid` with every mistake in it."""
    contradictions = list(_contradictions(body))
    try:
        found = model.model_validate(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        fields = [_field_error(detail) for detail in details]
        named = {field.path for field in fields}
        fields += [field for field in contradictions if field.path not in named]
        raise _invalid(fields) from None
    if contradictions:
        raise _invalid(contradictions)
    return found


def trial_from_json(raw: bytes) -> TrialBasket:
    """The basket of a file as the POS would post it. Raises `Malformed`, `PaymentCard` or `Invalid`."""
    return checked(TrialBody, decoded(raw)).to_trial()


def checked_id(name: str, value: str) -> str:
    """An id from a path; raises `Invalid` naming `name`."""
    if re.fullmatch(ID_PATTERN, value) is None or value.endswith("\n"):
        raise _invalid([FieldError(name, _PATTERN_MESSAGES[ID_PATTERN])])
    return value


def _invalid(fields: list[FieldError]) -> Invalid:
    return Invalid("Some fields are wrong; nothing was recorded.", fields)


def _contradictions(body: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong between fields, looked for even where other fields are bad, so that all is said at once."""
    lines = body.get("lines")
    if isinstance(lines, list):
        yield from _repeated(lines)
    total = body.get("total")
    whole = total.get("amount") if isinstance(total, dict) else None
    if type(whole) is not int:
        return
    if (paid := _sum(lines)) is not None and paid != whole:
        yield FieldError("total.amount", "is not the sum of the lines' amounts")
    if (tendered := _sum(body.get("tenders"))) is not None and tendered != whole:
        yield FieldError("tenders", "do not add up to total.amount")


def _repeated(lines: list[Any]) -> Iterator[FieldError]:
    seen: set[int] = set()
    for index, line in enumerate(lines):
        number = line.get("line") if isinstance(line, dict) else None
        if type(number) is int:
            if number in seen:
                yield FieldError(f"lines.{index}.line", "is the number of another line too")
            seen.add(number)


def _sum(items: Any) -> int | None:
    """The sum of the amounts, None where there are none or they cannot be added."""
    if not isinstance(items, list) or not items:
        return None
    total = 0
    for item in items:
        amount = item.get("amount") if isinstance(item, dict) else None
        if type(amount) is not int:
            return None
        total += amount
    return total


_PATTERN_MESSAGES = {
    ID_PATTERN: "must be 1 to 64 letters, digits, dots, dashes or underscores",
    TEXT_PATTERN: "must not hold control characters",
    CODE_PATTERN: "must not be empty or hold control characters",
    WORD_PATTERN: "must be a word of small letters, digits and dashes",
    TAX_PATTERN: 'must be a percentage as text, like "9" or "5.5"',
}

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "unknown field",
    "int_type": "must be an integer",
    "int_parsing_size": "is out of range",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
    "literal_error": "must be {expected}",
    CUSTOM: "{message}",
}
"""Our own words per kind of mistake; the placeholders are limits of ours, never what was sent."""


def _field_error(detail: ErrorDetails) -> FieldError:
    kind, context = detail["type"], detail.get("ctx", {})
    where = [part for part in detail["loc"] if part not in (_PRESENTED, _AT_TILL)]
    if kind == "string_pattern_mismatch":
        message = _PATTERN_MESSAGES[context["pattern"]]
    elif kind == "extra_forbidden" and _AT_TILL in detail["loc"]:
        message = "must not stand beside from"
    else:
        message = _MESSAGES.get(kind, "is not valid").format(**context)
    return FieldError(".".join(shown_name(str(part)) for part in where), message)
