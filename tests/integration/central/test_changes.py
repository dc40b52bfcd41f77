"""The feed: everything that changed, from one snapshot, in pages, and waiting for more."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from sync.central import changes as feed_module
from sync.central.central import Central
from sync.central.problems import Problem
from sync.wire import MemberDelta, MembersManifest, ProgrammeReport, RecordsMessage
from tests.central import Till, earn
from tests.integration.central.looking import changes

PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"


def bring_in(central: Central, how_many: int) -> None:
    lines = [f"29{n:011d},M{n},Lid {n},{n}\n" for n in range(1, how_many + 1)]
    central.member_import.run(["card,member_id,display_name,points\n", *lines])


def pull(central: Central, after: int, epoch: str) -> tuple[dict[str, MemberDelta], int, int, int]:
    """What a till ends up with: members by ref, where it is, applied, pages."""
    held: dict[str, MemberDelta] = {}
    for page in range(1, 100):
        got = changes(central, after, epoch)
        held.update({member.ref: member for member in got.members})
        after = got.next
        if not got.more:
            return held, after, got.applied_seq, page
    raise AssertionError("the feed does not end")


def test_members_come_in_pages_each_once(
    central: Central, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MEMBERS_PER_PAGE_MAX", 10)
    bring_in(central, 35)
    held, after, _, pages = pull(central, 0, till.epoch)
    assert (len(held), pages) == (35, 4)
    assert changes(central, after).members == ()
    assert changes(central, after).member_count == 35


def test_states_come_in_pages_too(
    central: Central, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "STATES_PER_PAGE_MAX", 3)
    for _ in range(10):
        till.give_back(None)
    central.push(till.message())
    after, seqs = 0, []
    while True:
        got = changes(central, after, till.epoch)
        seqs += [state.seq for state in got.states]
        after = got.next
        if not got.more:
            break
    assert seqs == list(range(1, 11))


@pytest.mark.not_on_postgresql
@pytest.mark.parametrize("epochs", [1, 2])
def test_a_pull_looks_at_no_more_of_a_journal_than_it_tells(
    central: Central, till: Till, epochs: int
) -> None:
    central.push(till.message())
    epoch = till.epoch
    if epochs == 2:
        epoch = uuid.uuid4().hex
        central.push(
            RecordsMessage(terminal=till.terminal, epoch=epoch, records=(), follows=till.epoch)
        )
    with plans() as found:
        changes(central, 0, epoch)
    searches = [each for each in found if each.startswith(("SEARCH records", "SCAN records"))]
    assert len(searches) >= 3
    for each in searches:
        assert "(terminal=? AND epoch=? AND state=?" in each or "records_by_change" in each


@contextmanager
def plans() -> Iterator[list[str]]:
    """What SQLite does for every question that is asked in the block."""
    found: list[str] = []

    def explain(_connection: Any, cursor: Any, asked: str, values: Any, *_: Any) -> None:
        if asked.startswith("SELECT"):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {asked}", values)
            found.extend(row[3] for row in rows)

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def test_a_member_that_changes_between_two_pages_is_told_as_it_is_at_the_end(
    central: Central, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MEMBERS_PER_PAGE_MAX", 2)
    bring_in(central, 3)
    first = changes(central, 0, till.epoch)
    assert first.more
    ref = first.members[0].ref
    till.sale(ref, [earn(50)])
    central.push(till.message())
    held, _, applied, _ = pull(central, first.next, till.epoch)
    assert applied == 1
    assert sum(lot.quantity for lot in held[ref].lots) == 51


def test_states_of_other_journals_are_not_told(
    central: Central, till: Till, other_till: Till
) -> None:
    other_till.give_back(None)
    central.push(other_till.message())
    assert changes(central, 0, till.epoch).states == ()
    assert changes(central, 0, other_till.epoch).states == ()  # asked by 0412/03


def test_a_programme_is_told_once_to_the_letter(central: Central) -> None:
    text = PROGRAMME.read_text()
    published = central.programmes.publish(text, PROGRAMME.name)
    told = changes(central)
    assert told.programme is not None
    assert (told.programme.text, told.programme.digest) == (text, published.digest)
    assert changes(central, told.next).programme is None
    assert not central.programmes.publish(text, PROGRAMME.name).is_new
    assert changes(central, told.next).programme is None


def test_an_older_programme_may_become_current_again(central: Central) -> None:
    text = PROGRAMME.read_text()
    central.programmes.publish(text, PROGRAMME.name)
    central.programmes.publish(text + "\n# changed\n", PROGRAMME.name)
    seen = changes(central).next
    central.programmes.publish(text, PROGRAMME.name)
    told = changes(central, seen).programme
    assert told is not None
    assert told.text == text


def test_who_waits_hears_of_a_change_when_it_is_made(central: Central, till: Till) -> None:
    after = changes(central).next
    till.sale("ref-1", [earn(5)], card="2912345678906")
    pusher = once_waited_for(central, lambda: central.push(till.message()))
    pusher.start()
    told = central.feed.changes("0412/03", till.epoch, after, 20)
    pusher.join()
    assert [member.ref for member in told.members] == ["ref-1"]


def test_who_waits_hears_of_what_another_process_wrote(central: Central) -> None:
    after = changes(central).next
    writer = once_waited_for(central, lambda: bring_in(central, 1))
    writer.start()  # no notify: as the command line would
    told = central.feed.changes("0412/03", None, after, 20)
    writer.join()
    assert len(told.members) == 1


def test_nothing_new_is_told_after_the_time_asked_for(central: Central) -> None:
    after = changes(central).next
    began = time.monotonic()
    told = central.feed.changes("0412/03", None, after, 0.3)
    assert time.monotonic() - began >= 0.3
    assert (told.next, told.members) == (after, ())


def test_stopping_lets_everyone_who_waits_go(central: Central) -> None:
    after = changes(central).next
    stopper = once_waited_for(central, central.feed.stop)
    stopper.start()
    began = time.monotonic()
    central.feed.changes("0412/03", None, after, 30)
    assert time.monotonic() - began < 10
    stopper.join()


def test_above_the_bound_of_waiters_the_answer_comes_at_once(
    central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "WAITERS_MAX", 0)
    began = time.monotonic()
    central.feed.changes("0412/03", None, changes(central).next, 30)
    assert time.monotonic() - began < 10


def once_waited_for(central: Central, act: Callable[[], object]) -> threading.Thread:
    """A thread that acts as soon as somebody waits."""

    def run() -> None:
        wait_for_waiter(central)
        act()

    return threading.Thread(target=run)


def wait_for_waiter(central: Central) -> None:
    deadline = time.monotonic() + 10
    while not central.feed.waiters and time.monotonic() < deadline:
        time.sleep(0.01)
    assert central.feed.waiters == 1


PROFILE_CSV = (
    "card,member_id,birthday,segments,city,channel\n",
    "2912345678906,M1,1988-02-29,vegan student,Arnhem,post\n",
)
ASKS = """
[[bonus]]
id = "asking"
add = 5
why = "asks"
when = { segments = ["vegan"], attributes = { city = ["Arnhem"] }, birthday = "week" }
"""
STARTER = Path(__file__).parents[3] / "config" / "programmes" / "starter.toml"


def test_of_a_profile_only_what_the_programme_asks_about_is_told(central: Central) -> None:
    central.member_import.run(list(PROFILE_CSV))
    (member,) = changes(central).members
    assert (member.segments, member.attributes, member.birthday) == ((), {"channel": "post"}, None)

    text = STARTER.read_text(encoding="utf-8")
    central.programmes.publish(text, "starter")
    seen = changes(central).next
    central.programmes.publish(text + ASKS, "starter")
    (told,) = changes(central, after=seen).members
    assert told.segments == ("vegan",)
    assert told.attributes == {"city": "Arnhem", "channel": "post"}
    assert told.birthday == "02-29"
    assert "1988" not in told.model_dump_json(), "the year of birth never leaves central"

    central.programmes.publish(text, "starter")
    (member,) = changes(central, after=seen).members
    assert (member.segments, member.birthday) == ((), None)


def test_names_stay_at_central_where_head_office_says_so(central: Central) -> None:
    """Also those that were told before, and those in a members file of before."""
    text = STARTER.read_text(encoding="utf-8")
    central.programmes.publish(text, "starter")
    central.member_import.run(["card,member_id,display_name\n", "2912345678906,M1,Anneke\n"])
    seen = changes(central).next
    version = MembersManifest.model_validate_json(central.members_files.manifest().manifest).version
    central.programmes.publish(text + "\n[privacy]\nnames_at_tills = false\n", "starter")
    (told,) = changes(central, after=seen).members
    assert (told.display_name, len(told.cards)) == ("", 1)
    with pytest.raises(Problem, match="no such members file"):
        central.members_files.path_of(version)
    seen = changes(central).next
    central.programmes.publish(text, "starter")
    assert [each.display_name for each in changes(central, after=seen).members] == ["Anneke"]


def test_a_programme_that_asks_for_nothing_else_tells_nobody_again(central: Central) -> None:
    central.member_import.run(list(PROFILE_CSV))
    text = STARTER.read_text(encoding="utf-8")
    central.programmes.publish(text, "starter")
    seen = changes(central).next
    central.programmes.publish(text + "\n# a comment\n", "starter")
    assert changes(central, after=seen).members == ()


def test_central_sees_which_programme_applies_where_and_which_was_refused(
    central: Central,
) -> None:
    text = STARTER.read_text(encoding="utf-8")
    good = central.programmes.publish(text, "starter").digest
    bad = "b" * 64

    def seen() -> tuple[object, object]:
        terminal = next(each for each in central.terminals.list() if each["till"] == "03")
        return terminal["programme"], terminal["refused"]

    assert seen() == (None, None)
    central.terminals.note_programme("0412/03", ProgrammeReport(programme=good))
    runs = {"digest": good, "id": "spaarkaart", "version": "1"}
    assert seen() == (runs, None)
    refusal = ProgrammeReport(programme=good, refused=bad, reason="line 3: no such key")
    central.terminals.note_programme("0412/03", refusal)
    refused = {
        "programme": {"digest": bad, "id": None, "version": None},
        "reason": "line 3: no such key",
    }
    assert seen() == (runs, refused)
    central.terminals.note_programme("0412/03", ProgrammeReport(programme=good))
    assert seen() == (runs, refused), "a restart makes nothing better"
    central.terminals.note_programme("0412/03", ProgrammeReport(programme="c" * 64))
    assert seen()[1] is None
