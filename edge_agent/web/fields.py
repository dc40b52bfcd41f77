"""The kinds of value that fields of requests may hold: bounded, exact, never converted."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from edge_agent.domain.basket import KIND_PATTERN, QUANTITY_DECIMALS_MAX, QUANTITY_MAX
from edge_agent.domain.cards import CODE_CHARACTERS_MAX
from edge_agent.domain.money import AMOUNT_MAX_MINOR

LINE_NUMBER_MAX = 1_000_000
"""POS systems number lines from 1, some in steps of ten or hundred; a barcode is no line number."""

REDEMPTIONS_MAX = 20
"""Rewards and coupons that one customer uses in one sale; a wallet full of paper coupons stays below it."""

TENDERS_MAX = 20
"""Nobody pays one sale with more vouchers and coins of different kinds than this."""

WORDS_MAX = 20
"""Categories and labels of one article; product trees are some six levels deep."""

NAME_CHARACTERS_MAX = 200
"""Article names on receipts have 20 to 40 characters."""

WORD_CHARACTERS_MAX = 64

POINTS_MAX = 1_000_000_000
"""As many as any reward may cost."""

ANSWER_MAX = 1_000
"""No question takes a higher number than 10; which ones it takes the programme says."""

YEAR_MIN, YEAR_MAX = 2000, 2100
"""A sale outside them was stamped by a clock that was never set."""

ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*$"
CODE_PATTERN = r"^[^\x00-\x1c\x1e\x1f\x7f]+$"  # GS (1D) separates fields in GS1 codes
TAX_PATTERN = r"^\d{1,3}(\.\d{1,3})?$"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
CUSTOM = "edge"
"""The kind of our own mistakes in pydantic's list."""


def wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError(CUSTOM, "{message}", {"message": message})


def _quantity(value: Any) -> Decimal:
    if type(value) is int:
        quantity = Decimal(value)
        if 0 < value <= QUANTITY_MAX:
            return quantity
    elif type(value) is str and _DECIMAL.fullmatch(value):
        quantity = Decimal(value)
        # One quantity, one form: "2.0" and 2 are the same sale when it is sent again.
        whole = quantity.to_integral_value()
        quantity = whole if whole == quantity else quantity.normalize()
    else:
        raise wrong("must be an integer or a decimal as text")
    if quantity <= 0:
        raise wrong("must be more than 0")
    if quantity > QUANTITY_MAX:
        raise wrong(f"must be at most {QUANTITY_MAX}")
    exponent = quantity.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > QUANTITY_DECIMALS_MAX:
        raise wrong(f"must have at most {QUANTITY_DECIMALS_MAX} decimals")
    return quantity


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise wrong("must be text")
    if not _TIME.fullmatch(value):
        raise wrong("must be a time like 2026-11-21T14:03:11+01:00, with its offset")
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise wrong("is no time that exists") from None
    if not YEAR_MIN <= time.year < YEAR_MAX:
        raise wrong(f"must lie in the years {YEAR_MIN} to {YEAR_MAX}")
    return time


Quantity = Annotated[
    Decimal,
    PlainValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": int(QUANTITY_MAX)},
                {"type": "string", "pattern": r"^\d{1,6}(\.\d{1,3})?$"},
            ],
            "description": "An integer, or a decimal as text with at most 3 decimals; more than 0.",
        }
    ),
]


def _points(value: Any) -> Decimal:
    if type(value) is not int and not (type(value) is str and _DECIMAL.fullmatch(value)):
        raise wrong("must be an integer or a decimal as text")
    points = Decimal(value)
    if not 0 < points <= POINTS_MAX:
        raise wrong(f"must be more than 0 and at most {POINTS_MAX}")
    return points


Points = Annotated[
    Decimal,
    PlainValidator(_points),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": POINTS_MAX},
                {"type": "string", "pattern": r"^\d{1,10}(\.\d{1,4})?$"},
            ],
            "description": "Whole points, or a decimal as text where the unit has decimals; more than 0.",
        }
    ),
]


def _answer(value: Any) -> int | str:
    if type(value) is int:
        if 0 <= value <= ANSWER_MAX:
            return value
        raise wrong(f"must be at least 0 and at most {ANSWER_MAX}")
    if type(value) is not str:
        raise wrong("must be an integer or text")
    if not 1 <= len(value) <= WORD_CHARACTERS_MAX:
        raise wrong(f"must have 1 to {WORD_CHARACTERS_MAX} characters")
    if re.fullmatch(TEXT_PATTERN, value) is None:
        raise wrong("must not hold control characters")
    return value


AnswerValue = Annotated[
    int | str,
    PlainValidator(_answer),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": ANSWER_MAX},
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": WORD_CHARACTERS_MAX,
                    "pattern": TEXT_PATTERN,
                },
            ],
        }
    ),
]
Time = Annotated[
    datetime, PlainValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]


def _day(value: Any) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise wrong("must be a day like 1990-11-21")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise wrong("is no day that exists") from None
    return value


Day = Annotated[str, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX_MINOR, description="In minor units.")]
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Word = Annotated[
    str,
    StringConstraints(min_length=1, max_length=WORD_CHARACTERS_MAX, pattern=TEXT_PATTERN),
]
Text = Annotated[str, StringConstraints(max_length=NAME_CHARACTERS_MAX, pattern=TEXT_PATTERN)]
TaxRate = Annotated[str, StringConstraints(pattern=TAX_PATTERN)]
Kind = Annotated[str, StringConstraints(pattern=KIND_PATTERN)]
Code = Annotated[str, StringConstraints(max_length=CODE_CHARACTERS_MAX, pattern=CODE_PATTERN)]
LineNumber = Annotated[int, Field(ge=1, le=LINE_NUMBER_MAX)]
