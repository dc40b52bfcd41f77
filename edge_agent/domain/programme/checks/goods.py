"""Rules about goods that the law keeps from being rewarded, or from being discounted too far."""

from collections.abc import Iterator
from fractions import Fraction

from edge_agent.domain.money import fraction
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.exclusions import ExcludeRule
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.law import ALCOHOL_PERCENT_MAX, LawTable
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.shape import tables


def goods(file: ProgrammeFile) -> Iterator[Mistake]:
    """No rule gives something for goods that may not be rewarded, or promises more off alcohol than may be."""
    yield from _forbidden(file, file.law)
    yield from _alcohol(file, file.law)


def _forbidden(file: ProgrammeFile, law: LawTable) -> Iterator[Mistake]:
    forbidden = law.forbidden()
    for path, table in tables(file):
        if (
            isinstance(table, Selection)
            and not isinstance(table, ExcludeRule)
            and "without" not in path
        ):
            for word in sorted((table.categories or frozenset()) & forbidden.keys()):
                message = f"{word} may not be rewarded (law.{forbidden[word]}); take it out"
                yield Mistake((*path, "categories"), "forbidden-goods", message)


def _alcohol(file: ProgrammeFile, law: LawTable) -> Iterator[Mistake]:
    for table in ("offer", "reward", "voucher"):
        for index, rule in enumerate(getattr(file, table)):
            words = (rule.when.categories or frozenset()) & law.alcohol
            share = Fraction(0) if rule.off is None else share_off(rule.off)
            if words and share > Fraction(ALCOHOL_PERCENT_MAX, 100):
                percent = f"{round(share * 100)} % off {', '.join(sorted(words))}"
                message = f"{percent}, and the law allows {ALCOHOL_PERCENT_MAX} % (Alcoholwet, article 2a)"
                yield Mistake((table, index, "off"), "alcohol-discount", message)


def share_off(off: Off) -> Fraction:
    """The share of the price that is off at least, as far as it is known without prices; 0 where it is not."""
    if off.percent is None:
        return Fraction(0)
    share = fraction(off.percent) / 100
    return share if off.every is None else share * (off.units or 1) / off.every
