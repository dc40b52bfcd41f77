"""The shapes of the facts that an award was worked out from, checked before the rules are asked again.

A till's rules never see a value that its own checks let through only by chance; here a body is what somebody may have
made to look like one. Only shapes and sizes are checked: whether the facts are true is another matter.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from edge_agent.domain.basket import LINES_MAX
from edge_agent.domain.member import Birthday, Standing

WHOLE_MAX = 10**15
"""Amounts and sums of a till are far below it; the exact arithmetic of the rules stays cheap up to it."""

MANY_MAX = 20_000
"""Holdings, figures and the like of one member: more than fit into the longest body."""

_Whole = Annotated[StrictInt, Field(ge=-WHOLE_MAX, le=WHOLE_MAX)]
_Decimal = Annotated[StrictStr, Field(pattern=r"^-?\d{1,18}(\.\d{1,18})?$", max_length=40)]
"""Without an exponent: `1e999999999` is a short text and an endless number."""
_Many = Field(max_length=MANY_MAX)
_Words = Annotated[dict[str, StrictStr], Field(max_length=MANY_MAX, default_factory=dict)]
_Figures = Annotated[dict[str, _Whole], Field(max_length=MANY_MAX, default_factory=dict)]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Line(_Fact):
    line: _Whole
    sku: StrictStr
    quantity: _Decimal
    amount: _Whole
    kind: StrictStr
    discount: _Whole = 0
    categories: tuple[StrictStr, ...] = ()
    brand: StrictStr | None = None
    labels: tuple[StrictStr, ...] = ()
    tax_rate: StrictStr | None = None
    levy: _Whole = 0
    measure: _Decimal | None = None
    margin: StrictStr | None = None


class _Total(_Fact):
    amount: _Whole
    currency: StrictStr


class _Tender(_Fact):
    type: StrictStr
    amount: _Whole


class _Basket(_Fact):
    lines: Annotated[tuple[_Line, ...], Field(max_length=LINES_MAX)]
    total: _Total
    tenders: Annotated[tuple[_Tender, ...], _Many]
    channel: StrictStr
    store: StrictStr = ""


_Holding = Annotated[list[StrictStr | _Whole | None], Field(min_length=2, max_length=6)]


class _MemberFacts(_Fact):
    account: StrictStr
    standing: Standing
    tier: StrictStr | None = None
    since: date | None = None
    language: StrictStr | None = None
    segments: Annotated[tuple[StrictStr, ...], _Many] = ()
    attributes: _Words
    birthday: tuple[Birthday, ...] = ()
    holdings: Annotated[tuple[_Holding, ...], _Many] = ()
    figures: _Figures
    referred_by: StrictStr | None = None


class _Redemption(_Fact):
    reward: StrictStr
    id: StrictStr
    points: _Whole | None = None
    times: Annotated[StrictInt, Field(ge=1, le=MANY_MAX)] = 1


class _Voucher(_Fact):
    account: StrictStr
    holding: _Holding


class _Wanted(_Fact):
    reduces: StrictBool
    redemptions: Annotated[tuple[_Redemption, ...], _Many] = ()
    codes: Annotated[tuple[StrictStr, ...], _Many] = ()
    vouchers: Annotated[tuple[_Voucher, ...], _Many] = ()
    spendable: _Figures


class _Reduction(_Fact):
    line: _Whole
    amount: _Whole
    rule: StrictStr
    own: StrictBool = False


class Member(_Fact):
    """Who an act is of: all that an action, an answer or an enrolment is worked out from."""

    facts: _MemberFacts | None
    figures: _Figures


class Bought(Member):
    """A basket and what was wanted with it: all that a sale, an attached card or a redemption is worked out from."""

    basket: _Basket
    wanted: _Wanted | None = None
    reductions: Annotated[tuple[_Reduction, ...], _Many] = ()
    quoted_at: StrictStr | None = None


class _BackLine(_Fact):
    line: _Whole
    quantity: _Decimal


class Back(_Fact):
    """What a return or a void says that came back; `after` names the earlier ones of the same sale, in order."""

    lines: Annotated[tuple[_BackLine, ...], Field(max_length=LINES_MAX)]
    after: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")], ...], _Many] = ()
    settled: Annotated[tuple[dict[str, Any], ...], _Many] = ()
