"""The form that all tables of a programme file share, and its plain values.

TOML has whole numbers, dates and times of its own, so nothing is guessed from another kind of value: `from_time = 18`
would otherwise mean eighteen seconds past midnight, and `version = true` version 1.
"""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
)

from edge_agent.domain.tallies import DAYS_KEPT, Window

DECIMALS_MAX = 6
"""Enough for a rate such as 0.333333; the bound keeps the exact fractions small."""


class Refers(NamedTuple):
    """Marks a name of something that stands elsewhere in the file: `place` is the way there, as `tiers.level`.

    Without a place it is the id of any rule.

    The way is that of the models: keys, with lists and named tables left out. Whether what is named is there is
    checked wherever the mark stands; nobody has to list the keys.
    """

    place: str


class TableModel(BaseModel):
    """A table: frozen, and a key that nobody reads is a mistake, since a misspelt one would silently do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Day = Annotated[date, Strict()]
ClockTime = Annotated[
    time,
    Strict(),
    # JSON Schema's own `time` wants an offset, which a time of day in a shop does not have.
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d:\d\d"}),
]
Moment = Annotated[AwareDatetime, Strict()]
Exact = Annotated[Decimal, Field(decimal_places=DECIMALS_MAX)]
"""A decimal number, with or without quotes."""


def _known_window(text: str) -> str:
    try:
        window = Window.parse(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no stretch of time; write day, week, month, quarter, year, membership-year, ever,"
            " or so many days or months, such as 30 days"
        ) from None
    if window.days > DAYS_KEPT or window.months > DAYS_KEPT // 31:
        raise ValueError(f"{text!r} is too long: days are kept apart for {DAYS_KEPT} days")
    return text


WindowText = Annotated[str, AfterValidator(_known_window)]
"""A calendar period, `30 days`, `12 months` or `ever`."""
