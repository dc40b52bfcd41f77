"""A pull into real files from the model of central."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.member import Standing
from sync.errors import CentralError, PositionUnknown, ProtocolError, Stalled, Unreachable
from sync.policy import Window
from sync.pull import Pull
from sync.push import push
from sync.wire import (
    Allowance,
    Changes,
    MemberDelta,
    MembersManifest,
    RecordState,
    StateOfRecord,
    TillReport,
)
from tests.unit.sync.model_central import ModelCentral
from tests.unit.sync.real_till import ACCOUNT, CARD, PROGRAMME, RealTill

UNTIL = datetime(2026, 12, 5, tzinfo=UTC)


def pull_of(central: ModelCentral, till: RealTill) -> Pull:
    return Pull(central, till.journal, till.members, till.programmes)


def cut_at_page(central: ModelCentral, number: int, error: CentralError) -> None:
    """Let the page with that number (from 1) fail, once."""
    good = central.changes
    asked = 0

    def changes(*question: Any) -> Changes:
        nonlocal asked
        asked += 1
        if asked == number:
            raise error
        return good(*question)

    central.changes = changes  # type: ignore[method-assign,assignment]


def test_the_first_pull_takes_the_members_file(central: ModelCentral, till: RealTill) -> None:
    for number in range(10):
        central.set_points(f"m{number}", number)
    result = pull_of(central, till).run()
    assert (result.members, result.fresh) == (10, True)
    assert till.members.refs() == central.points()
    assert (central.builds, till.members.fresh_builds) == (1, 1)


def test_what_changed_since_the_file_was_built_comes_with_it(
    central: ModelCentral, till: RealTill
) -> None:
    """Also the programme and the states of before it: they are in no file."""
    text = PROGRAMME.read_text(encoding="utf-8")
    central.publish(text)
    central.set_points("a", 1)
    central.set_points("b", 1)
    old = central.manifest()
    central.manifest = lambda: old  # type: ignore[method-assign]
    till.journal.record(2)
    push(central, till.journal, Window())
    central.set_points("a", 5)
    result = pull_of(central, till).run()
    assert {ref: points for ref, points in till.members.refs().items() if ref != "-"} == {
        "a": 5,
        "b": 1,
    }
    assert result.position.after == len(central.changes_log)
    assert result.position.applied_seq == 2
    assert till.programme_texts() == [text]


def test_later_pulls_take_what_changed_since(central: ModelCentral, till: RealTill) -> None:
    central.set_points("a", 1)
    pull_of(central, till).run()
    central.set_points("a", 5)
    central.set_points("b", 2)
    result = pull_of(central, till).run()
    assert (result.members, result.fresh) == (2, False)
    assert till.members.refs() == {"a": 5, "b": 2}


def test_an_empty_central_is_not_built_anew_at_every_pull(
    central: ModelCentral, till: RealTill
) -> None:
    pull_of(central, till).run()
    pull_of(central, till).run()
    assert central.builds == 1


def test_a_pull_without_news_still_says_how_fresh_the_members_are(
    central: ModelCentral, till: RealTill
) -> None:
    first = pull_of(central, till).run().position
    second = pull_of(central, till).run().position
    assert second.as_of > first.as_of
    assert till.members.position() == second


def test_pages_are_seen_all_at_once_or_not_at_all(central: ModelCentral, till: RealTill) -> None:
    central.set_points("a", 1)
    pull_of(central, till).run()
    before = till.members.position()
    for number in range(9):
        central.set_points(f"m{number}", number)
    cut_at_page(central, 3, Unreachable("cut"))
    seen: list[dict[str, int]] = []
    pull = Pull(
        central,
        till.journal,
        till.members,
        till.programmes,
        page_came=lambda _done, _total: seen.append(till.members.refs()),
    )
    with pytest.raises(Unreachable):
        pull.run()
    assert seen == [{"a": 1}, {"a": 1}]
    assert till.members.refs() == {"a": 1}
    assert till.members.position() == before
    pull_of(central, till).run()
    assert till.members.refs() == central.points()


def test_a_first_pull_that_breaks_off_shows_nothing_and_goes_on_where_it_was(
    central: ModelCentral, till: RealTill
) -> None:
    for number in range(200):
        central.set_points(f"m{number}", number)
    good, size = central.members_part, len(central.files[central.manifest().version])

    def cut_in_the_middle(manifest: MembersManifest, start: int) -> bytes:
        if start > size / 2:
            raise Unreachable("cut")
        return good(manifest, start)

    central.members_part = cut_in_the_middle  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        pull_of(central, till).run()
    assert till.members.position() is None
    central.members_part = good  # type: ignore[method-assign]
    central.parts.clear()
    assert pull_of(central, till).run().members == 200
    assert central.parts[0] > size / 2, "what had come already is not asked for again"
    assert list(till.members.incoming.iterdir()) == []


def test_a_first_pull_that_breaks_off_after_the_file_shows_nothing(
    central: ModelCentral, till: RealTill
) -> None:
    """The file is of no terminal: what of our records it holds is only known with what changed since."""
    central.set_points("a", 1)
    cut_at_page(central, 1, Unreachable("cut"))
    with pytest.raises(Unreachable):
        pull_of(central, till).run()
    assert till.members.position() is None
    assert till.members.refs() == {}
    central.parts.clear()
    pull_of(central, till).run()
    assert central.parts == [], "the file was here already"
    assert till.members.refs() == {"a": 1}


def test_a_page_in_the_middle_is_asked_for_again_without_those_before_it(
    central: ModelCentral, till: RealTill
) -> None:
    pull_of(central, till).run()
    for number in range(9):
        central.set_points(f"m{number}", number)
    cut_at_page(central, 3, Unreachable("cut"))

    def twice(call):  # type: ignore[no-untyped-def]
        try:
            return call()
        except Unreachable:
            return call()

    came: list[int] = []
    Pull(
        central,
        till.journal,
        till.members,
        till.programmes,
        again=twice,
        page_came=lambda done, _total: came.append(done),
    ).run()
    assert came == [3, 6, 9]
    assert till.members.refs() == central.points()


def test_members_as_of_counts_our_own_records_in_our_own_epoch(
    central: ModelCentral, till: RealTill
) -> None:
    till.journal.record(4)
    push(central, till.journal, Window())
    position = pull_of(central, till).run().position
    assert (position.applied_seq, position.epoch) == (4, till.journal.epoch)


def test_states_are_kept_before_the_position_moves(central: ModelCentral, till: RealTill) -> None:
    """A till that stops between the two gets them again; the other way round it would never."""
    till.journal.record()
    pull_of(central, till).run()
    central.set_points("a", 1)
    good = central.changes
    state = StateOfRecord(seq=1, state=RecordState.REJECTED, code="differs")
    central.changes = (  # type: ignore[method-assign]
        lambda *question: good(*question).model_copy(update={"states": (state,)})
    )
    till.members.fail_at_commit = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        pull_of(central, till).run()
    state_of_1 = till.ledger.state_of(1)
    assert state_of_1 is not None
    assert (state_of_1.state, state_of_1.code) == ("rejected", "differs")
    assert till.members.refs() == {}


@pytest.mark.parametrize("says_so", [True, False])
def test_a_central_that_lost_our_position_is_read_from_the_beginning_into_a_new_file(
    central: ModelCentral, till: RealTill, *, says_so: bool
) -> None:
    """410, or an end that lies before where we were."""
    for number in range(8):
        central.set_points(f"old{number}", 1)
    pull_of(central, till).run()
    central.changes_log.clear()
    central.set_points("new", 3)
    if not says_so:
        good = central.changes
        central.changes = (  # type: ignore[method-assign]
            lambda after, *more: good(min(after, 1), *more)
        )
    result = pull_of(central, till).run()
    assert result.fresh
    assert till.members.refs() == {"new": 3}
    assert till.members.fresh_builds == 2


def test_a_central_that_knows_no_beginning_is_not_asked_for_ever(
    central: ModelCentral, till: RealTill
) -> None:
    def changes(*_question: Any) -> Changes:
        raise PositionUnknown("central answered 410")

    central.changes = changes  # type: ignore[method-assign,assignment]
    with pytest.raises(ProtocolError, match="beginning"):
        pull_of(central, till).run()


def test_a_central_that_turns_in_a_circle_is_left(central: ModelCentral, till: RealTill) -> None:
    good = central.changes
    central.changes = (  # type: ignore[method-assign]
        lambda *question: good(*question).model_copy(update={"more": True})
    )
    with pytest.raises(ProtocolError, match="lead on"):
        pull_of(central, till).run()
    assert till.members.position() is None


def test_a_new_programme_is_kept_and_named(central: ModelCentral, till: RealTill) -> None:
    text = PROGRAMME.read_text(encoding="utf-8")
    central.publish(text)
    result = pull_of(central, till).run()
    assert result.programme == hashlib.sha256(text.encode()).hexdigest()
    assert till.programme_texts() == [text]


def test_a_programme_that_does_not_load_leaves_the_last_good_one_and_says_why(
    central: ModelCentral, till: RealTill
) -> None:
    text = PROGRAMME.read_text(encoding="utf-8")
    central.publish(text)
    pull_of(central, till).run()
    central.publish("bad = [")
    central.set_points("m", 1)
    result = pull_of(central, till).run()
    assert ":1: " in (result.programme_refused or "")
    assert result.programme is None
    assert till.programme_texts() == [text]
    assert till.members.refs()["m"] == 1, "members come all the same"
    pull_of(central, till).run()
    assert central.report.programme == hashlib.sha256(text.encode()).hexdigest()
    assert central.report.refused == hashlib.sha256(b"bad = [").hexdigest()
    assert ":1: " in (central.report.reason or "")


def test_a_programme_that_is_not_what_its_digest_says_is_not_even_tried(
    central: ModelCentral, till: RealTill
) -> None:
    central.publish(PROGRAMME.read_text(encoding="utf-8"), digest="0" * 64)
    result = pull_of(central, till).run()
    assert result.programme_refused == "its text is not what its digest says"
    assert till.programme_texts() == []


def test_a_file_of_another_epoch_is_not_waited_with(
    central: ModelCentral, till: RealTill, tmp_path: Path
) -> None:
    """Its applied position is not ours: until the first answer own records would be counted wrongly."""
    waited: list[int] = []
    good = central.changes

    def changes(after: int, epoch: str, wait_s: int = 0, *more: Any) -> Changes:
        waited.append(wait_s)
        return good(after, epoch, 0, *more)

    central.changes = changes  # type: ignore[method-assign,assignment]
    pull_of(central, till).run(wait_s=25)
    rebuilt = RealTill(tmp_path / "rebuilt", epoch="f" * 32)
    pull = Pull(central, rebuilt.journal, till.members, till.programmes)
    pull.run(wait_s=25)
    pull.run(wait_s=25)
    rebuilt.close()
    assert waited == [0, 0, 25]


def test_what_central_says_of_another_machines_records_is_not_taken_for_ours(
    central: ModelCentral, till: RealTill, tmp_path: Path
) -> None:
    """Two machines from one disk: the copy pulls before it has pushed, so nobody has found out yet."""
    till.journal.record(2)
    push(central, till.journal, Window())
    pull_of(central, till).run()
    copy = till.clone(tmp_path / "copy")
    till.journal.record(2)
    push(central, till.journal, Window())
    for own_records in (0, 3):
        copy.journal.record(own_records)
        with pytest.raises(Stalled):
            pull_of(central, copy).run()
        assert copy.members.position() is None
    assert pull_of(central, till).run().position.applied_seq == 4
    copy.close()


@pytest.mark.parametrize("whole", [False, True], ids=["as a change", "in a file"])
def test_of_whoever_was_erased_nothing_is_left_here_and_the_chain_is_whole(
    central: ModelCentral, till: RealTill, *, whole: bool
) -> None:
    """Name, card and what was bought of whom: in the ledger, the members file, and the logs of both."""
    till.journal.record(3, personal="Anneke Jansen")
    key = b"\x01" * 16
    told = MemberDelta(ref=ACCOUNT, display_name="Anneke Jansen", cards=(key.hex(),))
    with_name = MemberDelta(ref="b" * 32, display_name="Bram", joined=("c" * 32,))
    central.changes_log.extend((told, with_name))
    pull_of(central, till).run()
    personal = (b"Anneke", CARD.encode(), key, key.hex().encode())
    assert all(said in everything_in(till.folder) for said in personal)
    if whole:
        central.changes_log.clear()
    central.changes_log.append(MemberDelta(ref=ACCOUNT, standing=Standing.ERASED))
    assert pull_of(central, till).run().fresh is whole
    left = everything_in(till.folder)
    for said in personal:
        assert said not in left, said
    assert (b"Bram" in left) is not whole
    assert till.ledger.verify().faults == ()
    assert [record.attachment for record in till.journal.waiting(0, 10, 10**6)] == [None] * 3


def test_a_sale_that_comes_while_its_member_is_being_erased_leaves_nothing_either(
    central: ModelCentral, till: RealTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    central.set_points(ACCOUNT, 1)
    pull_of(central, till).run()
    central.changes_log.append(MemberDelta(ref=ACCOUNT, standing=Standing.ERASED))
    good = till.members.file._finish

    def sale_and_finish() -> None:
        till.journal.record(personal="Anneke Jansen")
        good()

    monkeypatch.setattr(till.members.file, "_finish", sale_and_finish)
    pull_of(central, till).run()
    assert b"Anneke" not in everything_in(till.folder)


def everything_in(folder: Path) -> bytes:
    """All bytes of all files, the logs of open databases included."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def sets_aside(central: ModelCentral, change: int, *quantities: int) -> list[int]:
    """Let the model have these allowances of account "a", as of that change; what tills said that they had."""
    good, said = ModelCentral.changes, []

    def changes(
        after: int, epoch: str, wait_s: int, report: TillReport, members_after: int = 0
    ) -> Changes:
        said.append(report.allowances_change)
        page = good(central, after, epoch, wait_s, report, members_after)
        allowances = tuple(
            Allowance(account="a", unit="points", quantity=each, until=UNTIL) for each in quantities
        )
        told = None if report.allowances_change == change else allowances
        return page.model_copy(update={"allowances": told, "allowances_change": change})

    central.changes = changes  # type: ignore[method-assign,assignment]
    return said


def allowed(till: RealTill) -> int | None:
    found = till.members.file.allowance("a", "points")
    return None if found is None else found[0].quantity


def test_allowances_stay_until_others_are_told_and_a_new_file_asks_for_all(
    central: ModelCentral, till: RealTill
) -> None:
    central.set_points("a", 100)
    pull_of(central, till).run()
    assert allowed(till) is None
    said = sets_aside(central, 7, 50)
    for _ in range(2):
        central.set_points("a", 101)
        pull_of(central, till).run()
        assert allowed(till) == 50
    assert said == [0, 7]
    sets_aside(central, 9)
    pull_of(central, till).run()
    assert allowed(till) is None
    central.changes_log.clear()  # put back from an older copy: the file is fetched again
    central.set_points("a", 102)
    said = sets_aside(central, 7, 40)
    pull_of(central, till).run()
    assert (said[-1], allowed(till)) == (0, 40)


def test_the_till_says_what_time_it_is_and_how_far_its_journal_goes(
    central: ModelCentral, till: RealTill
) -> None:
    till.journal.record(3)
    pull_of(central, till).run()
    report = central.report
    assert isinstance(report, TillReport)
    assert report.last_seq == 3
    assert report.time is not None
