"""The disk that dies: what is synced is there, of the rest any part, and nothing that was never written."""

import random
from collections.abc import Sequence

from tests.proof.power_cuts.dying_disk import Disk
from tests.proof.power_cuts.system_calls import Make, Operation, Remove, Rename, Resize, Sync, Write

ROOT = "/root"
FILE = f"{ROOT}/file"
SYNCED: Sequence[Operation] = (Make(FILE), Write(FILE, 0, b"a" * 9_000), Sync(FILE), Sync(ROOT))
DRAWS = 300


def all_left(*operations: Operation, path: str = FILE) -> set[bytes | None]:
    """Everything that a cut after these operations was seen to leave; None where the file is not there."""
    disk = Disk(ROOT)
    for operation in operations:
        disk.do(operation)
    return {disk.left(random.Random(seed)).get(path) for seed in range(DRAWS)}


def test_what_was_synced_is_there() -> None:
    assert all_left(*SYNCED) == {b"a" * 9_000}


def test_a_write_is_torn_at_sectors() -> None:
    left = all_left(*SYNCED, Write(FILE, 0, b"b" * 1_024))
    starts = {each[:1_024] for each in left if each is not None}
    old, new = b"a" * 512, b"b" * 512
    assert starts == {old + old, old + new, new + old, new + new}


def test_a_sector_is_left_as_it_was_at_one_moment() -> None:
    left = all_left(*SYNCED, Write(FILE, 0, b"b" * 10), Write(FILE, 10, b"c" * 10))
    starts = {each[:20] for each in left if each is not None}
    assert starts == {b"a" * 20, b"b" * 10 + b"a" * 10, b"b" * 10 + b"c" * 10}


def test_length_and_content_are_left_one_without_the_other() -> None:
    left = {
        each for each in all_left(*SYNCED, Write(FILE, 9_000, b"b" * 4_000)) if each is not None
    }
    assert {len(each) for each in left} == {9_000, 13_000}
    assert any(each.endswith(b"\0" * 512) for each in left), (
        "longer, and what was written is not there"
    )


def test_a_file_that_is_cut_short_is_left_whole_or_short_never_with_holes() -> None:
    left = all_left(*SYNCED, Resize(FILE, 0), Write(FILE, 0, b"b" * 100))
    assert left == {b"a" * 9_000, b"", b"b" * 100, b"\0" * 100}


def test_what_is_synced_after_a_cut_is_what_the_file_is() -> None:
    assert all_left(*SYNCED, Resize(FILE, 10), Resize(FILE, 12), Sync(FILE)) == {
        b"a" * 10 + b"\0\0"
    }


def test_a_name_is_sure_when_its_folder_is_synced_and_not_before() -> None:
    other = f"{ROOT}/other"
    renamed = (*SYNCED, Rename(FILE, other))
    assert all_left(*renamed) == {b"a" * 9_000, None}
    assert all_left(*renamed, Sync(ROOT)) == {None}
    assert all_left(*renamed, Sync(ROOT), path=other) == {b"a" * 9_000}
    assert all_left(*SYNCED, Remove(FILE)) == {b"a" * 9_000, None}


def test_a_synced_file_in_a_folder_whose_name_is_not_sure_may_be_gone() -> None:
    inside = f"{ROOT}/new/file"
    made: Sequence[Operation] = (
        Make(f"{ROOT}/new", folder=True),
        Make(inside),
        Write(inside, 0, b"x"),
    )
    synced = (*made, Sync(inside), Sync(f"{ROOT}/new"))
    assert all_left(*synced, path=inside) == {b"x", None}
    assert all_left(*synced, Sync(ROOT), path=inside) == {b"x"}
