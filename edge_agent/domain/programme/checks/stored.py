"""Stored value is money, and is counted as such."""

from collections.abc import Iterator

from edge_agent.domain.money import MINOR_DECIMALS
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.programme_file import ProgrammeFile


def stored(file: ProgrammeFile) -> Iterator[Mistake]:
    """Every wallet is held in a unit whose smallest part is the currency's minor unit."""
    for index, wallet in enumerate(file.wallet):
        table = file.unit.get(wallet.unit)
        if table is not None and table.decimals != MINOR_DECIMALS:
            message = (
                f"holds money, so [unit.{wallet.unit}] needs decimals = {MINOR_DECIMALS};"
                f" it has {table.decimals}"
            )
            yield Mistake(("wallet", index, "unit"), "bad-value", message)
