"""Calendars and comparisons as tables in a terminal; plain text where there is none."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from edge_agent.authoring.wording import Speech
from edge_agent.authoring.year import MONTHS, Run, Year, days_of

_EVERY_DAY, _SOME_DAYS, _NO_DAY = "█", "▒", "·"


def show(what: RenderableType) -> None:
    """Print to stdout, as wide as the terminal; colours only where it has them."""
    Console(highlight=False).print(what)


def calendar_table(year: Year, speech: Speech) -> RenderableType:
    """A row for each rule, with a mark for each month."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False, leading=1)
    table.add_column(speech.either("regel", "rule"), no_wrap=True)
    months = range(1, MONTHS + 1)
    table.add_column("".join(speech.month(each)[:1].upper() for each in months), no_wrap=True)
    table.add_column(speech.either("wat, wanneer en voor wie", "what, when and for whom"))
    for run in year.runs:
        marks = "".join(_mark(run, year.year, month) for month in months)
        table.add_row(run.rule, marks, _said(run, speech))
    legend = speech.either(
        f"{_EVERY_DAY} elke dag   {_SOME_DAYS} op sommige dagen   {_NO_DAY} niet",
        f"{_EVERY_DAY} every day   {_SOME_DAYS} on some days   {_NO_DAY} not",
    )
    parts: list[RenderableType] = [
        Text(f"{speech.text(speech.file.name)} {year.year}", style="bold")
    ]
    if year.goal is not None:
        parts.append(
            Text(_goal(speech, year.goal.aim.for_language(year.language), year.goal.figure))
        )
    parts += [table, Text(legend, style="dim")]
    parts += [Text(f"{speech.day(each.on)}: {each.what}") for each in year.events]
    return Group(*parts)


def _mark(run: Run, year: int, month: int) -> str:
    days = run.days[month - 1]
    if not days:
        return _NO_DAY
    return _EVERY_DAY if days == sum(1 for _ in days_of(year, month)) else _SOME_DAYS


def _said(run: Run, speech: Speech) -> str:
    lines = [f"{run.title}: {', '.join(run.clauses)}" if run.clauses else run.title]
    dates = [
        speech.either(f"van {speech.day(run.first)}", f"from {speech.day(run.first)}")
        if run.first
        else "",
        speech.either(f"t/m {speech.day(run.last)}", f"until {speech.day(run.last)}")
        if run.last
        else "",
    ]
    if any(dates):
        lines.append(" ".join(each for each in dates if each))
    if run.goal is not None:
        lines.append(_goal(speech, run.goal.aim.for_language(speech.language), run.goal.figure))
    return "\n".join(lines)


def _goal(speech: Speech, aim: str, figure: str) -> str:
    return speech.either(
        f"doel: {aim} (te zien aan: {figure})", f"goal: {aim} (shown by: {figure})"
    )
