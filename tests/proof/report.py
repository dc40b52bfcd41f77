"""What a proof came to, and the table of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

Progress = Callable[[], None]
"""Called once for each unit of the amount that is done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table.

    `lost` and `corrupt` count what was acknowledged and is not there, and what is there and is not whole. `wrong` are
    sentences on whatever failed, with what is needed to see it again; without any the proof holds. `note` is a
    sentence on what was measured besides.
    """

    what: str
    amount: int
    lost: int
    corrupt: int
    seconds: float
    wrong: Sequence[str] = ()
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing failed."""
        return not (self.lost or self.corrupt or self.wrong)


@dataclass(frozen=True, slots=True)
class Part:
    """One proof: how it is asked for, how much of it is done when nothing is said, and who does it.

    `run` is given the amount, the seed, an empty folder, and what to call for each unit done.
    """

    number: str
    default: int
    what: str
    run: Callable[[int, int, Path, Progress], Sequence[Outcome]]


def show(outcomes: Sequence[Outcome], seed: int, console: Console) -> None:
    """The table, and below it what failed."""
    table = Table(title="Proof", title_justify="left")
    for name in ("what", "amount", "lost", "corrupt", "seconds", "seed", ""):
        table.add_column(name, justify="left" if name in {"what", ""} else "right")
    for each in outcomes:
        holds = "[green]holds" if each.holds else "[red]FAILS"
        figures = [f"{number:,}" for number in (each.amount, each.lost, each.corrupt)]
        table.add_row(each.what, *figures, f"{each.seconds:.1f}", str(seed), holds)
    console.print(table)
    for each in outcomes:
        if each.note:
            console.print(f"{each.what}: {each.note}", highlight=False)
        for sentence in each.wrong:
            console.print(f"[red]{each.what}[/]: ", end="")
            # As it is: what is needed to see it again has colons and brackets, and no line may be broken within it.
            console.print(sentence, markup=False, emoji=False, highlight=False, soft_wrap=True)
