"""A year of a programme: what runs when, and for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from edge_agent.authoring.wording import Speech, condition_clauses
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.expiry import RoundedTo
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import tables
from edge_agent.domain.programme.texts import Goal, Texts
from edge_agent.domain.programme.when import WEEKDAYS

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Run:
    """One rule over the year: on how many days of each month it runs, and what else limits it.

    `first` and `last` are its own dates, None where it has none. `clauses` are its other conditions in words.
    """

    rule: str
    table: str
    title: str
    first: date | None
    last: date | None
    days: tuple[int, ...]
    clauses: tuple[str, ...]
    goal: Goal | None

    @property
    def is_campaign(self) -> bool:
        """Whether it begins or ends at some time."""
        return self.first is not None or self.last is not None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens on a day of the year, such as points that expire."""

    on: date
    what: str


@dataclass(frozen=True, slots=True)
class Year:
    """The calendar of one year. Campaigns come first, by their beginning; what always runs after them."""

    year: int
    goal: Goal | None
    runs: tuple[Run, ...]
    events: tuple[Event, ...]
    language: str

    def to_json(self) -> dict[str, Any]:
        """The calendar for scripts; `days` are the days on which a rule runs, per month."""
        return {
            "year": self.year,
            "goal": _goal(self.goal, self.language),
            "runs": [
                {
                    "rule": each.rule,
                    "table": each.table,
                    "title": each.title,
                    "from": None if each.first is None else each.first.isoformat(),
                    "until": None if each.last is None else each.last.isoformat(),
                    "days": list(each.days),
                    "conditions": list(each.clauses),
                    "goal": _goal(each.goal, self.language),
                }
                for each in self.runs
            ],
            "events": [{"on": each.on.isoformat(), "what": each.what} for each in self.events],
        }


def year_of(file: ProgrammeFile, year: int, language: str) -> Year:
    """The calendar of a calendar year in `language` ("nl" or "en"), from the day on which the version begins."""
    speech = Speech(file, language)
    runs = [run for run in _runs(file, year, speech) if any(run.days)]
    runs.sort(key=lambda run: (not run.is_campaign, run.first or date.min, run.last or date.max))
    return Year(year, file.goal, tuple(runs), tuple(_events(file, year, speech)), language)


def _runs(file: ProgrammeFile, year: int, speech: Speech) -> Iterator[Run]:
    begins = file.valid_from.date()
    for path, table in tables(file):
        rule_id = getattr(table, "id", None)
        when = _when(table)
        if not isinstance(rule_id, str) or when is None:
            continue
        timeless = when.model_copy(update={"from_date": None, "until_date": None})
        yield Run(
            rule_id,
            str(path[0]),
            _said(table, speech),
            when.from_date,
            when.until_date,
            tuple(
                sum(day >= begins and runs_on(when, day) for day in days_of(year, month))
                for month in range(1, MONTHS + 1)
            ),
            tuple(condition_clauses(speech, timeless)),
            getattr(table, "goal", None),
        )


def _when(table: TableModel) -> Circumstances | None:
    """The conditions of a rule: its own, or those that it has under a key."""
    if isinstance(table, Circumstances):
        return table
    found = (getattr(table, key) for key in type(table).model_fields)
    return next((each for each in found if isinstance(each, Circumstances)), None)


def _said(table: TableModel, speech: Speech) -> str:
    for key in ("title", "name", "why", "text"):
        found = getattr(table, key, None)
        if isinstance(found, Texts):
            return speech.text(found)
    return str(getattr(table, "id", ""))


def runs_on(when: Circumstances, day: date) -> bool:
    """Whether it can hold at some time of that day, as far as the calendar goes."""
    return (
        (when.from_date is None or when.from_date <= day)
        and (when.until_date is None or day <= when.until_date)
        and (when.weekdays is None or WEEKDAYS[day.weekday()] in when.weekdays)
    )


def days_of(year: int, month: int) -> Iterator[date]:
    """The days of a month."""
    day = date(year, month, 1)
    while day.month == month:
        yield day
        day += timedelta(days=1)


_LAST_DAYS = {
    RoundedTo.END_OF_YEAR: ((12, 31),),
    RoundedTo.END_OF_QUARTER: ((3, 31), (6, 30), (9, 30), (12, 31)),
}


def _events(file: ProgrammeFile, year: int, speech: Speech) -> Iterator[Event]:
    found: list[Event] = []
    for table in file.unit.values():
        if table.expiry is None:
            continue
        name = speech.text(table.name.many)
        what = speech.either(f"{name} verlopen", f"{name} expire")
        if table.expiry.sweep is not None:
            found.append(Event(table.expiry.sweep.in_year(year), what))
        else:
            days = _LAST_DAYS.get(table.expiry.rounded, ())
            found += [Event(date(year, month, day), what) for month, day in days]
    yield from sorted(found, key=lambda event: (event.on, event.what))


def _goal(goal: Goal | None, language: str) -> dict[str, str] | None:
    if goal is None:
        return None
    return {"aim": goal.aim.for_language(language), "figure": goal.figure}
