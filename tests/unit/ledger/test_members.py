"""The members file: looked up while it is replaced, each time from one snapshot."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.ledger.members import Member, MembersFile, MembersPosition

AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EPOCH = "e" * 32
KEY = b"\x01" * 16
OTHER_KEY = b"\x02" * 16
ANNE = Member(
    "a" * 32,
    Standing.KNOWN,
    "Anne",
    tier="gold",
    since=date(2020, 2, 29),
    language="fr",
    segments=frozenset({"student", "vegan"}),
    attributes={"city": "Arnhem"},
    birthday="02-29",
    consents={"offers": "2026-01"},
    referred_by="c" * 32,
    lots=(
        Holding("points", 10, date(2027, 1, 31), date(2026, 12, 5), date(2026, 11, 21)),
        Holding("points", 5),
        Holding("voucher/welcome", 500, date(2027, 1, 31), lot="d" * 32),
    ),
    cards=(KEY,),
)


def position(change: int, applied_seq: int = 0) -> MembersPosition:
    return MembersPosition(change, EPOCH, applied_seq, AS_OF, 1)


@pytest.fixture
def members(tmp_path: Path) -> Iterator[MembersFile]:
    opened = MembersFile(tmp_path / "members")
    yield opened
    opened.close()


def put(members: MembersFile, *changed: Member, at: MembersPosition, fresh: bool = False) -> None:
    with members.update(fresh=fresh) as update:
        update.put(changed)
        update.commit(at)


def test_before_the_first_pull_nobody_is_known(members: MembersFile) -> None:
    assert members.position() is None
    assert members.by_card(KEY) is None


def test_a_member_comes_back_as_it_was_put_with_its_position(members: MembersFile) -> None:
    put(members, ANNE, at=position(7, 3))
    found = members.by_card(KEY)
    assert found is not None
    assert found.member == ANNE
    assert found.position == position(7, 3)


def test_a_member_is_replaced_whole_and_an_old_card_no_longer_finds_it(
    members: MembersFile,
) -> None:
    put(members, ANNE, at=position(1))
    put(members, replace(ANNE, cards=(OTHER_KEY,), lots=()), at=position(2))
    assert members.by_card(KEY) is None
    found = members.by_card(OTHER_KEY)
    assert found is not None
    assert found.member.lots == ()


def test_a_card_that_moved_to_another_member_stays_with_the_newer_one(members: MembersFile) -> None:
    put(members, ANNE, at=position(1))
    put(members, replace(ANNE, ref="b" * 32), at=position(2))
    put(members, replace(ANNE, cards=()), at=position(3))
    found = members.by_card(KEY)
    assert found is not None
    assert found.member.ref == "b" * 32


def test_a_ref_that_was_joined_leads_to_the_account(members: MembersFile) -> None:
    put(members, replace(ANNE, joined=("f" * 32,)), at=position(1))
    found = members.by_ref("f" * 32)
    assert found is not None
    assert found.member.ref == ANNE.ref


def test_nothing_of_an_update_is_seen_before_its_commit(members: MembersFile) -> None:
    put(members, ANNE, at=position(1))
    with members.update(fresh=False) as update:
        update.put([replace(ANNE, display_name="Anna")])
        seen = members.by_card(KEY)
        assert seen is not None
        assert seen.member.display_name == "Anne"
    after = members.by_card(KEY)
    assert after is not None
    assert (after.member.display_name, after.position.change) == ("Anne", 1)


def test_a_fresh_file_replaces_the_old_one_and_forgets_who_is_not_in_it(
    members: MembersFile,
) -> None:
    put(members, ANNE, at=position(9))
    put(members, replace(ANNE, ref="b" * 32, cards=(OTHER_KEY,)), at=position(4), fresh=True)
    assert members.by_card(KEY) is None
    assert members.by_card(OTHER_KEY) is not None
    assert members.position() == position(4)


def test_a_fresh_update_that_was_given_up_leaves_no_trace(
    members: MembersFile, tmp_path: Path
) -> None:
    put(members, ANNE, at=position(1))
    files = {path.name for path in (tmp_path / "members").iterdir()}

    def give_up() -> None:
        with members.update(fresh=True) as update:
            update.put([replace(ANNE, display_name="Anna")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert {path.name for path in (tmp_path / "members").iterdir()} == files
    found = members.by_card(KEY)
    assert found is not None
    assert found.member.display_name == "Anne"


def test_the_current_file_is_found_again_after_a_restart_and_others_are_swept(
    members: MembersFile, tmp_path: Path
) -> None:
    for change in range(1, 4):
        put(members, ANNE, at=position(change), fresh=True)
    members.close()
    reopened = MembersFile(tmp_path / "members")
    assert reopened.position() == position(3)
    databases = [path for path in (tmp_path / "members").iterdir() if path.suffix == ".db"]
    assert len(databases) == 1
    reopened.close()


def test_lookups_never_fail_while_the_file_is_replaced_under_them(members: MembersFile) -> None:
    put(members, ANNE, at=position(1))
    stop = threading.Event()
    failures: list[object] = []
    looked = [0]

    def look() -> None:
        while not stop.is_set():
            try:
                found = members.by_card(KEY)
                if found is None or found.member.lots[0].quantity != found.position.change * 10:
                    failures.append(found)
            except Exception as error:  # noqa: BLE001 - any failure at all is what we look for
                failures.append(error)
            looked[0] += 1

    def version(change: int) -> Member:
        return replace(ANNE, lots=(Holding("points", change * 10),))

    put(members, version(1), at=position(1))
    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for change in range(2, 40):
        put(members, version(change), at=position(change), fresh=change % 2 == 0)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert looked[0] > 100


def test_a_file_built_elsewhere_can_be_installed(members: MembersFile, tmp_path: Path) -> None:
    other = MembersFile(tmp_path / "aside")
    put(other, ANNE, at=position(5))
    other.close()
    (prepared,) = (path for path in (tmp_path / "aside").iterdir() if path.suffix == ".db")
    members.install(prepared)
    assert members.position() == position(5)
    assert members.by_card(KEY) is not None
