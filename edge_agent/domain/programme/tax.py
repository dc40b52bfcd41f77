"""Amounts with the tax in them, as they are paid, or without."""

from collections.abc import Sequence
from enum import StrEnum

from edge_agent.domain.basket import Line
from edge_agent.domain.money import net_of_tax
from edge_agent.domain.programme.situation import Worked


class Tax(StrEnum):
    """Whether an amount is meant with the tax in it, as it is paid, or without."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


def spent(lines: Sequence[Line], worked: Worked, tax: Tax) -> int:
    """What is paid for these lines after everything that is off them so far, in minor units."""
    if tax is Tax.INCLUDED:
        return worked.paid(lines)
    return sum([net_of_tax(worked.net(line), line.tax_rate) for line in lines])
