"""The calendar: what runs on which days of a year, for whom and what for."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.authoring.year import Run, Year, days_of, runs_on, year_of
from edge_agent.domain.programme.conditions import Conditions
from tests.unit.domain.builders import BASE, HEAD, programme

RULES = """
[[bonus]]
id = "december"
multiply = 2
when = { from_date = 2026-12-01, until_date = 2026-12-31, tiers = ["gold"] }
why = "dubbele punten"
[bonus.goal]
aim = { nl = "drukke december", en = "a busy December", de = "x", fr = "x" }
figure = "omzet met kaart"
[[bonus]]
id = "tuesdays"
multiply = 2
when = { weekdays = ["tue"] }
why = "dinsdag"
[[bonus]]
id = "last-year"
multiply = 2
when = { from_date = 2025-01-01, until_date = 2025-12-31 }
why = "voorbij"
[tiers]
measure = "spend"
[[tiers.level]]
id = "gold"
name = "Goud"
at_least = 50000
[unit.points.expiry]
months = 12
rounded = "end-of-year"
"""


def year(number: int, language: str = "nl") -> Year:
    return year_of(programme(BASE + RULES, HEAD).file, number, language)


def runs(found: Year) -> dict[str, Run]:
    return {each.rule: each for each in found.runs}


def test_campaigns_first_and_only_what_runs_that_year() -> None:
    assert [each.rule for each in year(2026).runs] == ["december", "base", "tuesdays"]
    assert [each.rule for each in year(2025).runs] == []  # the version begins in 2026


def test_days_are_counted_per_month() -> None:
    found = runs(year(2026))
    assert found["december"].days == (0,) * 11 + (31,)
    assert found["tuesdays"].days == (4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5)


def test_for_whom_and_what_for() -> None:
    december = runs(year(2026, "en"))["december"]
    assert december.clauses == ("for Goud",)
    assert december.goal is not None
    told = year(2026, "en").to_json()["runs"][0]
    assert told["goal"] == {"aim": "a busy December", "figure": "omzet met kaart"}
    assert (told["from"], told["until"]) == ("2026-12-01", "2026-12-31")


def test_days_on_which_points_expire_are_events() -> None:
    assert year(2026).to_json()["events"] == [{"on": "2026-12-31", "what": "points verlopen"}]


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.dates(date(2026, 1, 1), date(2027, 12, 31))
)
def test_a_window_runs_on_each_of_its_days_and_no_other(one: date, other: date) -> None:
    first, last = sorted((one, other))
    when = Conditions(from_date=first, until_date=last)
    counted = sum(
        runs_on(when, day)
        for number in (2026, 2027)
        for month in range(1, 13)
        for day in days_of(number, month)
    )
    assert counted == (last - first).days + 1
