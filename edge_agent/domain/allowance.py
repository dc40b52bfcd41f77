"""What central has set aside of a member for one terminal, so that it can redeem it without a line."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much of one account's unit (smallest parts), to be reserved and charged before `until` by the till's clock."""

    account: str
    unit: str
    quantity: int
    until: datetime
