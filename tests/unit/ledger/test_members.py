"""The members file: looked up while it is replaced, each time from one snapshot."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite3

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.ledger.members import MembersFile, NotAMembersFile
from tests.support.members_files import write_members_file

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


def put(
    members: MembersFile, *changed: Member, at: MembersPosition, base: Path | None = None
) -> None:
    with members.update(base) as update:
        update.put(changed)
        update.commit(at)


def prepared(folder: Path, *held: Member) -> Path:
    """A members file as central builds one, of no terminal."""
    return write_members_file(folder / "prepared", held)


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
    with members.update() as update:
        update.put([replace(ANNE, display_name="Anna")])
        seen = members.by_card(KEY)
        assert seen is not None
        assert seen.member.display_name == "Anne"
    after = members.by_card(KEY)
    assert after is not None
    assert (after.member.display_name, after.position.change) == ("Anne", 1)


def test_a_prepared_file_replaces_the_old_one_and_forgets_who_is_not_in_it(
    members: MembersFile, tmp_path: Path
) -> None:
    put(members, replace(ANNE, ref="c" * 32, cards=(b"\x03" * 16,)), at=position(9))
    base = prepared(tmp_path / "aside", ANNE)
    put(members, replace(ANNE, ref="b" * 32, cards=(OTHER_KEY,)), at=position(4), base=base)
    assert members.by_card(b"\x03" * 16) is None
    assert members.by_card(KEY) is not None
    assert members.by_card(OTHER_KEY) is not None, "what changed since the file was built"
    assert members.position() == position(4)
    assert not base.exists()


def test_nothing_of_a_prepared_file_is_seen_before_its_commit(
    members: MembersFile, tmp_path: Path
) -> None:
    """It is of no terminal: until what changed since has come, own records would be counted twice or not at all."""
    with members.update(prepared(tmp_path / "aside", ANNE)) as update:
        assert members.by_card(KEY) is None
        assert members.position() is None
        update.commit(position(4, applied_seq=7))
    found = members.by_card(KEY)
    assert found is not None
    assert found.position.applied_seq == 7


def test_an_update_of_a_prepared_file_that_was_given_up_leaves_no_trace(
    members: MembersFile, tmp_path: Path
) -> None:
    put(members, ANNE, at=position(1))
    files = {path.name for path in (tmp_path / "members").iterdir()}
    base = prepared(tmp_path / "aside")

    def give_up() -> None:
        with members.update(base) as update:
            update.put([replace(ANNE, display_name="Anna")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert {path.name for path in (tmp_path / "members").iterdir()} == files
    assert not base.exists()
    found = members.by_card(KEY)
    assert found is not None
    assert found.member.display_name == "Anne"


def _of_another_format(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version=99").fetchall()


def _no_database(path: Path) -> None:
    path.write_bytes(b"x" * 5000)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def _scribbled_on(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "spoil", [_of_another_format, _no_database, _cut_short, _scribbled_on, _empty]
)
def test_what_is_no_whole_members_file_of_ours_is_not_installed(
    members: MembersFile, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    put(members, ANNE, at=position(1))
    files = {path.name for path in (tmp_path / "members").iterdir()}
    base = prepared(tmp_path / "aside", replace(ANNE, display_name="Anna"))
    spoil(base)
    with pytest.raises(NotAMembersFile), members.update(base):
        pytest.fail("it was taken")
    assert {path.name for path in (tmp_path / "members").iterdir()} == files
    found = members.by_card(KEY)
    assert found is not None
    assert found.member.display_name == "Anne"


def test_the_current_file_is_found_again_after_a_restart_and_others_are_gone(
    members: MembersFile, tmp_path: Path
) -> None:
    for change in range(1, 4):
        put(members, at=position(change), base=prepared(tmp_path / "aside", ANNE))
    members.close()
    reopened = MembersFile(tmp_path / "members")
    assert reopened.position() == position(3)
    databases = [path for path in (tmp_path / "members").iterdir() if path.suffix == ".db"]
    assert len(databases) == 1
    reopened.close()


def test_a_file_of_another_version_of_this_software_is_left_and_fetched_again(
    members: MembersFile, tmp_path: Path
) -> None:
    put(members, ANNE, at=position(1))
    members.close()
    (current,) = (path for path in (tmp_path / "members").iterdir() if path.suffix == ".db")
    _of_another_format(current)
    reopened = MembersFile(tmp_path / "members")
    assert reopened.position() is None
    put(reopened, ANNE, at=position(2))
    assert reopened.by_card(KEY) is not None
    reopened.close()


def test_of_an_account_that_was_joined_nothing_is_left_but_its_ref(
    members: MembersFile, tmp_path: Path
) -> None:
    put(members, replace(ANNE, ref="b" * 32, display_name="Anneke van vroeger"), at=position(1))
    put(members, replace(ANNE, joined=("b" * 32,)), at=position(2))
    found = members.by_ref("b" * 32)
    assert found is not None
    assert found.member.ref == ANNE.ref
    assert b"van vroeger" not in everything_in(tmp_path / "members")


def test_of_whoever_was_erased_nothing_is_left_in_the_file_or_its_log(
    members: MembersFile, tmp_path: Path
) -> None:
    someone_else = Member("b" * 32, display_name="Bram", cards=(OTHER_KEY,))
    put(members, at=position(1), base=prepared(tmp_path / "aside", ANNE, someone_else))
    put(members, replace(ANNE, display_name="Anne Jansen"), at=position(2))
    members.by_card(KEY)
    put(members, Member(ANNE.ref, Standing.ERASED), at=position(3))
    left = everything_in(tmp_path / "members")
    for gone in (b"Anne", b"Jansen", b"Arnhem", KEY, KEY.hex().encode()):
        assert gone not in left, gone
    assert b"Bram" in left
    found = members.by_ref(ANNE.ref)
    assert found is not None
    assert found.member.standing is Standing.ERASED


def everything_in(folder: Path) -> bytes:
    """All bytes of all files, the logs of an open database included."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_lookups_never_fail_while_the_file_is_replaced_under_them(
    members: MembersFile, tmp_path: Path
) -> None:
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
        base = prepared(tmp_path / "aside", version(change)) if change % 2 else None
        put(members, version(change), at=position(change), base=base)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert looked[0] > 100
