"""A members file on its way: cut anywhere, spoilt anywhere, and only ever taken as central made it."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.domain.members_file import FORMAT, Member
from sync.errors import MembersFileNotKept, MembersFileRefused, Unreachable
from sync.members_file import fetch, forget
from sync.wire import MembersManifest
from tests.support.members_files import manifest_of, packed, write_members_file

PART_BYTES = 300


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    held = [Member(f"{number:032x}", display_name=f"Klant {number}") for number in range(300)]
    return write_members_file(tmp_path_factory.mktemp("members") / "m", held, 300).read_bytes()


def manifest(plain: bytes) -> MembersManifest:
    return manifest_of(plain, packed(plain), 300, 300)


def parts_of(content: bytes) -> Callable[[int], bytes]:
    return lambda start: content[start : start + PART_BYTES]


def left_in(folder: Path) -> list[str]:
    return [path.suffix for path in folder.iterdir()]


def test_it_comes_in_parts_and_is_unpacked(plain: bytes, tmp_path: Path) -> None:
    came: list[int] = []
    found = fetch(manifest(plain), tmp_path, parts_of(packed(plain)), came.append)
    assert found.read_bytes() == plain
    assert came == sorted(came)
    assert came[-1] == len(packed(plain))
    forget(tmp_path)
    assert left_in(tmp_path) == []


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_cut_at_any_byte_any_number_of_times_it_goes_on_where_it_was(
    plain: bytes, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    content, asked = packed(plain), []

    def part(start: int) -> bytes:
        asked.append(start)
        if dice.random() < 0.3:
            raise Unreachable("cut")
        return content[start : start + dice.randint(1, PART_BYTES)]

    forget(tmp_path)
    while True:
        try:
            found = fetch(manifest(plain), tmp_path, part)
            break
        except Unreachable:
            continue
    assert found.read_bytes() == plain
    assert asked == sorted(asked), "nothing that had come is asked for again"


def test_what_is_left_of_another_file_is_thrown_away(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "299-abc.gz").write_bytes(b"old")
    (tmp_path / "299-abc.db").write_bytes(b"old")
    fetch(manifest(plain), tmp_path, parts_of(packed(plain)))
    assert sorted(left_in(tmp_path)) == [".db", ".gz"]


def test_a_file_on_disk_that_is_longer_than_it_should_be_is_begun_again(
    plain: bytes, tmp_path: Path
) -> None:
    said = manifest(plain)
    (tmp_path / f"300-{said.packed_sha256}.gz").write_bytes(b"x" * (said.packed_bytes + 1))
    assert fetch(said, tmp_path, parts_of(packed(plain))).read_bytes() == plain


def _one_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _another_file(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).replace(b"Klant 1", b"Klant 2"), mtime=0)[
        : len(content)
    ].ljust(len(content), b"\0")


def _noise(content: bytes) -> bytes:
    return random.Random(0).randbytes(len(content))


@pytest.mark.parametrize("spoil", [_one_bit, _another_file, _noise])
def test_a_file_that_was_changed_or_swapped_on_the_way_is_refused_and_nothing_of_it_stays(
    plain: bytes, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(MembersFileRefused, match="not the one that its manifest names") as refused:
        fetch(manifest(plain), tmp_path, parts_of(spoil(packed(plain))))
    assert refused.value.code == "members-file-refused"
    assert left_in(tmp_path) == []
    assert fetch(manifest(plain), tmp_path, parts_of(packed(plain))).read_bytes() == plain


def test_a_file_that_ends_early_is_refused(plain: bytes, tmp_path: Path) -> None:
    """Cut off by whoever made it, with a digest that fits."""
    short = packed(plain)[:-20]
    said = manifest_of(plain, short, 300, 300)
    with pytest.raises(MembersFileRefused, match="cannot be unpacked"):
        fetch(said, tmp_path, parts_of(short))
    assert left_in(tmp_path) == []


def test_a_packed_file_that_grows_beyond_what_was_said_is_not_unpacked_to_its_end(
    plain: bytes, tmp_path: Path
) -> None:
    bomb = packed(plain + b"\0" * 64 * 1_048_576)
    said = manifest_of(plain, bomb, 300, 300)
    with pytest.raises(MembersFileRefused, match="not what its manifest says"):
        fetch(said, tmp_path, lambda start: bomb[start:])
    assert left_in(tmp_path) == []


def test_a_file_of_a_format_that_this_till_does_not_read_is_not_even_fetched(
    plain: bytes, tmp_path: Path
) -> None:
    asked: list[int] = []
    newer = manifest(plain).model_copy(update={"format": FORMAT + 1})
    with pytest.raises(MembersFileRefused, match=f"format {FORMAT + 1}"):
        fetch(newer, tmp_path, lambda start: asked.append(start) or b"")  # type: ignore[func-returns-value]
    assert asked == []


def test_a_folder_that_cannot_be_written_is_said_in_words(plain: bytes, tmp_path: Path) -> None:
    in_the_way = tmp_path / f"300-{manifest(plain).packed_sha256}.gz"
    in_the_way.mkdir()
    with pytest.raises(MembersFileNotKept, match="cannot be written"):
        fetch(manifest(plain), tmp_path, parts_of(packed(plain)))
