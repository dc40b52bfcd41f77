"""How a redemption stands."""

from typing import Literal

from edge_agent.web.answers.answer import Answer, Quantity


class RedemptionAnswer(Answer):
    """A redemption: `cost` is the most that is charged, `discount` what is off, null with `needs_quote`."""

    redemption_id: str
    state: Literal["reserved", "committed", "cancelled"]
    authorised_by: Literal["central", "allowance", "limit"]
    reward: str
    title: str
    unit: str
    cost: Quantity
    discount: int | None
    needs_quote: bool
    until: str
    record: str | None = None
    seq: int | None = None
    spent: dict[str, Quantity] | None = None
    not_worked_out: str | None = None
