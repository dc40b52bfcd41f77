"""One measured number against its limit, and the table of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

SECONDS, MEBIBYTES = "s", "MiB"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `measured` and `baseline` are in `unit` ("s" or "MiB"). With `relative` the limit is on measured / baseline,
    else on `measured` itself and a baseline only stands beside it. `failures` counts what went wrong meanwhile: any
    is a NO, however fast it was. `note` is a line under the table: what a time alone does not say. `details` are
    further figures for `--json`.
    """

    part: str
    what: str
    measured: float
    limit: float
    unit: str = SECONDS
    baseline: float | None = None
    baseline_is: str = ""
    relative: bool = False
    failures: int = 0
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times the baseline; None without one."""
        return self.measured / self.baseline if self.baseline else None

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        decisive = self.ratio if self.relative else self.measured
        return decisive is not None and decisive <= self.limit and not self.failures

    def to_json(self) -> dict[str, Any]:
        """The row for scripts; times in seconds."""
        return {
            "part": self.part,
            "what": self.what,
            "unit": self.unit,
            "measured": self.measured,
            "baseline": self.baseline,
            "baseline_is": self.baseline_is,
            "ratio": self.ratio,
            "limit": self.limit,
            "limit_is": "ratio" if self.relative else self.unit,
            "failures": self.failures,
            "holds": self.holds,
            "note": self.note,
            "details": self.details,
        }


def shown(value: float | None, unit: str) -> str:
    """A figure with the unit that suits it."""
    if value is None:
        return "-"
    if unit == MEBIBYTES:
        return f"{value:.1f} MiB"
    for factor, name in ((1, "s"), (1e3, "ms")):
        if value * factor >= 1:
            return f"{value * factor:.2f} {name}"
    return f"{value * 1e6:.1f} µs"


def print_table(console: Console, rows: Sequence[Row]) -> None:
    """The table for people, and what is noted of its rows."""
    table = Table(show_lines=False, pad_edge=False)
    for title in ("what", "measured", "baseline", "ratio", "limit", "holds"):
        table.add_column(title, justify="left" if title in {"what", "baseline"} else "right")
    for row in rows:
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f} x"
        limit = f"{row.limit:g} x" if row.relative else shown(row.limit, row.unit)
        baseline = shown(row.baseline, row.unit)
        if row.baseline is not None:
            baseline += f" ({row.baseline_is})"
        failed = f" ({row.failures} failed)" if row.failures else ""
        holds = "yes" if row.holds else "[bold]NO[/bold]"
        table.add_row(
            row.what, shown(row.measured, row.unit) + failed, baseline, ratio, limit, holds
        )
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.part}: {row.note}")
