"""What points are worth in money, for sums of what a programme costs."""

from fractions import Fraction

from edge_agent.domain.money import fraction
from edge_agent.domain.programme.programme_file import ProgrammeFile


def worth(file: ProgrammeFile, unit: str) -> Fraction | None:
    """What one of a unit is worth in minor units; None where nothing says so.

    What the file declares (`returns.point_value`), or else what the best reward that is paid with it gives for one.
    """
    declared = file.returns.point_value.get(unit)
    if declared is not None:
        return fraction(declared)
    rates = (
        Fraction(value * file.unit[unit].scale, reward.least(file.unit))
        for reward in file.reward
        if reward.paid_in == unit and (value := reward.worth(file.unit))
    )
    return max(rates, default=None)
