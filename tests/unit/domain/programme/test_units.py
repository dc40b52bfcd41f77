"""When what is earned can be used: waiting, being released, lasting, being given away."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.entries import Entry, EntryKind, total_per_unit
from edge_agent.domain.holdings import Holding, usable
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid
from edge_agent.domain.programme.expiry import NEVER, Expiry, MonthDay, Pending, RoundedTo
from edge_agent.domain.programme.moving import released, transferred
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from tests.unit.domain.builders import BASE, HEAD, programme

MEMBER = MemberFacts("7f0c", since=date(2020, 2, 29))


def unit(keys: str) -> Programme:
    return programme(f"[unit.points]\n{keys}\n" + BASE)


def points(keys: str) -> UnitTable:
    return unit(keys).file.unit["points"]


def in_its_zone(zone: str, moment: str) -> date:
    """The programme's day at a moment of UTC."""
    rules = programme(BASE, HEAD.replace("Europe/Amsterdam", zone))
    return rules.local_date(datetime.fromisoformat(moment))


@pytest.mark.parametrize(
    ("keys", "earned", "zone", "usable_at", "gone_at"),
    [
        (
            "expiry = { months = 0, rounded = 'end-of-month' }",
            "2024-01-22",
            "UTC",
            "2024-01-31T23:59+00:00",
            "2024-02-01T00:00+00:00",
        ),
        (
            "expiry = { years = 0, rounded = 'end-of-year' }",
            "2018-05-03",
            "Europe/Warsaw",
            "2018-12-31T22:59+00:00",
            "2018-12-31T23:00+00:00",
        ),
        (
            "expiry = { months = 1, rounded = 'end-of-month' }",
            "2024-01-15",
            "Europe/Amsterdam",
            "2024-02-29T22:59+00:00",
            "2024-02-29T23:00+00:00",
        ),
        (
            "pending = { days = 10 }\nexpiry = { months = 1, from_maturity = true }",
            "2023-01-20",
            "UTC",
            "2023-02-28T23:00+00:00",
            "2023-03-01T00:00+00:00",
        ),
        (
            "expiry = { months = 36, sweep = { month = 9, day = 30 } }",
            "2019-05-01",
            "Europe/Vienna",
            "2022-09-30T12:00+00:00",
            "2022-10-01T12:00+00:00",
        ),
        (
            "expiry = { years = 5 }",
            "2013-10-20",
            "Europe/Amsterdam",
            "2018-10-20T12:00+00:00",
            "2018-10-21T12:00+00:00",
        ),
        (
            "expiry = { months = 0, rounded = 'end-of-week' }",
            "2024-05-01",
            "UTC",
            "2024-05-05T12:00+00:00",
            "2024-05-06T12:00+00:00",
        ),
        (
            "expiry = { until_date = 2024-03-31 }",
            "2024-01-02",
            "UTC",
            "2024-03-31T12:00+00:00",
            "2024-04-01T12:00+00:00",
        ),
    ],
)
def test_points_are_gone_at_midnight_of_the_programmes_zone(
    keys: str, earned: str, zone: str, usable_at: str, gone_at: str
) -> None:
    matures_on, last, _ = points(keys).life(date.fromisoformat(earned), None)
    lot = Holding("points", 80, last, matures_on)
    assert lot.usable_on(in_its_zone(zone, usable_at))
    assert lot.lapsed_on(in_its_zone(zone, gone_at))


@pytest.mark.parametrize(
    ("earned", "last"),
    [
        ("2024-02-28", "2024-02-28"),
        ("2024-02-29", "2025-02-27"),
        ("2027-06-01", "2028-02-28"),  # the 29th is the anniversary again in 2028
        ("2028-02-28", "2028-02-28"),
    ],
)
def test_a_membership_year_ends_on_the_eve_of_the_anniversary(earned: str, last: str) -> None:
    life = points("expiry = { rounded = 'membership-year' }").life(
        date.fromisoformat(earned), MEMBER.since
    )
    assert life.expires_on == date.fromisoformat(last)


def test_waiting_and_lasting_are_counted_from_the_same_day_unless_it_says_so() -> None:
    table = points("pending = { days = 10 }\nexpiry = { days = 30 }")
    assert table.life(date(2024, 1, 1), None)[:2] == (date(2024, 1, 11), date(2024, 1, 31))


def test_what_would_expire_while_it_waits_can_be_used_for_a_day() -> None:
    table = points("pending = { days = 40 }\nexpiry = { months = 1 }")
    assert table.life(date(2024, 1, 1), None)[:2] == (date(2024, 2, 10), date(2024, 2, 10))
    with pytest.raises(ProgrammeInvalid, match="count it from_maturity"):
        unit("pending = { days = 40 }\nexpiry = { days = 30 }")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("expiry = {}", "give one of days, months, years and until_date"),
        ("expiry = { days = 1, until_date = 2024-01-01 }", "give one of"),
        ("expiry = { until_date = 2024-01-01, rounded = 'end-of-year' }", "leave out rounded"),
        ("pending = {}", "say how long"),
        ("pending = { days = 1, next_month = true }", "either days or next_month"),
    ],
)
def test_lives_that_say_too_little_or_too_much_are_refused(keys: str, message: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=message):
        unit(keys)


lengths = (
    st.builds(Expiry, days=st.integers(0, 500), rounded=st.sampled_from(RoundedTo))
    | st.builds(Expiry, months=st.integers(0, 24), rounded=st.sampled_from(RoundedTo))
    | st.builds(Expiry, until_date=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    | st.builds(Expiry, months=st.integers(0, 36), sweep=st.just(MonthDay(month=9, day=30)))
)
waits = (
    st.none()
    | st.builds(Pending, days=st.integers(1, 60))
    | st.just(Pending(next_month=True))
    | st.just(Pending(released_by="delivered"))
)


@given(lengths, waits, st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.booleans())
def test_nothing_is_over_before_it_was_earned_or_can_be_used(
    expiry: Expiry, pending: Pending | None, earned: date, joined: bool
) -> None:
    table = UnitTable.model_construct(
        **{**UnitTable().__dict__, "expiry": expiry, "pending": pending}
    )
    matures_on, last, _ = table.life(earned, date(1999, 12, 31) if joined else None)
    assert last is None or last >= earned
    assert last is None or matures_on is None or last >= matures_on
    assert (last is None) == (matures_on == NEVER)


# Released by an event

DELIVERED = "pending = { days = 30, released_by = 'delivered' }\nexpiry = { months = 12 }"
SOLD = date(2024, 1, 10)


def earned(rules: Programme, quantity: int) -> Entry:
    matures_on, expires_on, day = rules.file.unit["points"].life(SOLD, None)
    return Entry(EntryKind.EARN, "points", quantity, "base", 1, None, expires_on, matures_on, day)


@pytest.mark.parametrize(
    ("keys", "last"),
    [
        (DELIVERED, "2025-01-10"),
        (DELIVERED.replace("months = 12", "months = 12, from_maturity = true"), "2025-01-15"),
        ("pending = { released_by = 'delivered' }\nexpiry = { months = 12 }", "2025-01-10"),
    ],
)
def test_an_event_releases_what_a_sale_earned(keys: str, last: str) -> None:
    rules, today = unit(keys), date(2024, 1, 15)
    sale = [earned(rules, 60)]
    facts = MEMBER.after(sale, (), SOLD)
    assert usable(facts.holdings, "points", today) == 0
    entries = released(rules, facts, "delivered", sale, SOLD, today)
    after = facts.after(entries, (), today)
    assert usable(after.holdings, "points", today) == 60
    assert [each.expires_on for each in after.holdings] == [date.fromisoformat(last)]
    assert released(rules, after, "delivered", sale, SOLD, today) == ()


def test_what_was_taken_back_meanwhile_is_not_released() -> None:
    rules, today = unit(DELIVERED), date(2024, 1, 15)
    sale = [earned(rules, 60)]
    back = sale[0]._replace(kind=EntryKind.REVERSE, quantity=-45)
    facts = MEMBER.after([*sale, back], (), SOLD)
    entries = released(rules, facts, "delivered", sale, SOLD, today)
    assert total_per_unit(entries) == {"points": 0}
    assert usable(facts.after(entries, (), today).holdings, "points", today) == 15


def test_another_event_releases_nothing() -> None:
    rules = unit(DELIVERED)
    sale = [earned(rules, 60)]
    facts = MEMBER.after(sale, (), SOLD)
    assert released(rules, facts, "paid", sale, SOLD, date(2024, 1, 15)) == ()
    assert released(rules, facts, "delivered", sale, SOLD, date(2024, 2, 9)) == ()


# Given to another member

FRIEND = MemberFacts("a001", since=date(2022, 5, 5))


def lots(*held: Holding) -> MemberFacts:
    return MemberFacts(MEMBER.account, since=MEMBER.since, holdings=held)


@pytest.mark.parametrize(("restarts", "last"), [("true", "2023-02-25"), ("false", "2023-02-05")])
def test_given_points_start_a_new_life_where_the_unit_says_so(restarts: str, last: str) -> None:
    rules = unit(f"expiry = {{ months = 1 }}\ntransfer = {{ restarts_life = {restarts} }}")
    today = date(2023, 1, 25)
    giver = lots(Holding("points", 100, date(2023, 2, 5)))
    found = transferred(rules, giver, FRIEND, "points", 60, today).entries
    left = giver.after(found, (), today).holdings
    assert left == (Holding("points", 40, date(2023, 2, 5)),)
    got = FRIEND.after([each._replace(account=None) for each in found if each.account], (), today)
    assert got.holdings == (Holding("points", 60, date.fromisoformat(last)),)
    assert total_per_unit(found) == {"points": 0}


@pytest.mark.parametrize(
    ("keys", "quantity", "unmet"),
    [
        ("transfer = {}", 90, Unmet(Obstacle.NOT_ENOUGH, 40)),
        ("", 10, Unmet(Obstacle.NOT_TRANSFERABLE)),
    ],
)
def test_what_waits_or_is_over_cannot_be_given(keys: str, quantity: int, unmet: Unmet) -> None:
    today = date(2023, 1, 25)
    giver = lots(
        Holding("points", 50, date(2023, 2, 5)),
        Holding("points", 50, date(2023, 1, 24)),
        Holding("points", 50, None, date(2023, 1, 26)),
    )
    found = transferred(unit(keys), giver, FRIEND, "points", quantity, today)
    assert (found.entries, found.unmet) == ((), unmet)
