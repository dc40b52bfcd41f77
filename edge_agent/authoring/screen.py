"""Calendars and comparisons as tables in a terminal; plain text where there is none."""

from decimal import Decimal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from edge_agent.authoring.compare import Comparison, Share, goals
from edge_agent.authoring.wording import Speech
from edge_agent.authoring.year import MONTHS, Run, Year, days_of
from edge_agent.domain.programme.naming import Names

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


def comparison_tables(found: Comparison, language: str) -> RenderableType:
    """The sums of both programmes side by side, then each rule and each tier."""
    speech = Speech(found.new.programme.file, language)
    names = Names(found.new.programme.file, language)
    parts: list[RenderableType] = [
        Text(_span(found, speech), style="bold"),
        _sums(found, speech, names),
    ]
    parts.append(_shares(found, speech, speech.either("regel", "rule"), "rules"))
    if found.with_card:
        parts.append(_shares(found, speech, speech.either("niveau", "tier"), "tiers"))
    if found.new.cost is None or found.old.cost is None:
        parts.append(
            Text(
                speech.either(
                    "Wat een punt waard is staat nergens: zet [returns] point_value in het bestand.",
                    "Nothing says what a point is worth: put [returns] point_value in the file.",
                )
            )
        )
    for side in (found.old, found.new):
        if side.programme.file.goal is not None:
            goal = side.programme.file.goal
            parts.append(
                Text(
                    f"v{side.programme.version} {_goal(speech, speech.text(goal.aim), goal.figure)}"
                )
            )
    return Group(*parts)


def _span(found: Comparison, speech: Speech) -> str:
    days = (
        ""
        if found.first is None or found.last is None
        else (f", {speech.day(found.first)} – {speech.day(found.last)}")
    )
    return speech.either(
        f"{found.sales} verkopen{days}, {found.with_card} met kaart, {found.customers} klanten,"
        f" omzet {speech.money(found.turnover)}",
        f"{found.sales} sales{days}, {found.with_card} with a card, {found.customers} customers,"
        f" turnover {speech.money(found.turnover)}",
    )


def _sides(found: Comparison, speech: Speech, first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for side in (found.old, found.new):
        table.add_column(f"v{side.programme.version}", justify="right", no_wrap=True)
    table.add_column(speech.either("verschil", "difference"), justify="right", no_wrap=True)
    return table


def _sums(found: Comparison, speech: Speech, names: Names) -> Table:
    table = _sides(found, speech, "")
    kinds = (
        ("given", speech.either("gegeven", "given")),
        ("used", speech.either("besteed", "spent")),
        ("expired", speech.either("verlopen", "expired")),
    )
    for key, word in kinds:
        old, new = getattr(found.old, key), getattr(found.new, key)
        for unit in sorted(old.keys() | new.keys()):
            table.add_row(
                f"{word}: {names.unit(unit)}",
                names.amount(unit, old[unit]),
                names.amount(unit, new[unit]),
                _signed(names.amount(unit, new[unit] - old[unit]), new[unit] - old[unit]),
            )
    money = (
        (speech.either("korting", "price reductions"), found.old.off, found.new.off),
        (
            speech.either("korting betaald met punten", "reductions paid for with points"),
            found.old.rewarded,
            found.new.rewarded,
        ),
        (speech.either("kosten", "cost"), found.old.cost, found.new.cost),
    )
    for word, was, now in money:
        table.add_row(word, *_money_cells(speech, was, now))
    if found.turnover and found.old.cost is not None and found.new.cost is not None:
        shares = [Decimal(cost * 100) / found.turnover for cost in (found.old.cost, found.new.cost)]
        cells = [f"{speech.number(each.quantize(Decimal('0.01')))} %" for each in shares]
        word = speech.either("kosten van de omzet", "cost of the turnover")
        table.add_row(word, *cells, "")
    return table


def _shares(found: Comparison, speech: Speech, first: str, key: str) -> Table:
    table = _sides(found, speech, first)
    old, new = getattr(found.old, key), getattr(found.new, key)
    meant = goals(found.old.programme.file) | goals(found.new.programme.file)
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, Share()), new.get(name, Share())
        title = speech.title(name) if name else speech.either("geen", "none")
        goal = meant.get(name)
        table.add_row(
            title
            if goal is None
            else f"{title}\n  {_goal(speech, speech.text(goal.aim), goal.figure)}",
            *_money_cells(
                speech,
                found.old.cost_of(was.units, was.off),
                found.new.cost_of(now.units, now.off),
            ),
        )
    return table


def _money_cells(speech: Speech, was: int | None, now: int | None) -> tuple[str, str, str]:
    shown = ["?" if each is None else speech.money(each) for each in (was, now)]
    if was is None or now is None:
        return shown[0], shown[1], "?"
    return shown[0], shown[1], _signed(speech.money(now - was), now - was)


def _signed(shown: str, value: int) -> str:
    return f"+{shown}" if value > 0 else shown
