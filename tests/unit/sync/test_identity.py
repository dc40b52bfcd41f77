"""The identity file and the one-time code as it is typed."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sync.errors import EnrolmentRefused, IdentityUnusable
from sync.identity import Identity, checked_code, exposed, load_identity, save_identity

KEY = b"a key that is seen by nobody ..."
IDENTITY = Identity("0412/03", "https://loyalty.example", KEY, bytes(range(32)), bytes(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "identity"


def test_what_was_saved_is_what_is_loaded(path: Path) -> None:
    save_identity(path, IDENTITY)
    assert load_identity(path) == IDENTITY


def test_only_its_owner_may_read_it_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        save_identity(path, IDENTITY)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert exposed(path) is None


def test_a_file_that_others_may_read_is_said(path: Path) -> None:
    save_identity(path, IDENTITY)
    path.chmod(0o640)
    said = exposed(path)
    assert said is not None
    assert "0640" in said


def test_a_till_without_the_file_is_not_enrolled(path: Path) -> None:
    assert load_identity(path) is None


def test_a_later_version_with_more_keys_is_read(path: Path) -> None:
    save_identity(path, IDENTITY)
    content = json.loads(path.read_text()) | {"version": 2, "allowance": "..."}
    path.write_text(json.dumps(content))
    assert load_identity(path) == IDENTITY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not an identity"),
        ("half a fi", "not an identity"),
        ("[]", "not an identity"),
        ('{"version": 1}', "terminal, central, signing_key, card_key, central_key"),
        (
            json.dumps(
                {
                    "version": 1,
                    "terminal": "a/b",
                    "central": "https://x",
                    "signing_key": KEY.hex().upper(),
                    "card_key": "00" * 32,
                    "central_key": "00" * 32,
                }
            ),
            "signing_key",
        ),
        ("x" * 70_000, "longer than"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong_and_never_with_its_content(
    path: Path, content: str, says: str
) -> None:
    path.write_text(content)
    with pytest.raises(IdentityUnusable, match=says) as caught:
        load_identity(path)
    assert str(path) in caught.value.detail
    assert KEY.hex().upper() not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_folder_in_its_place_is_said(path: Path) -> None:
    path.mkdir()
    with pytest.raises(IdentityUnusable, match="cannot be read"):
        load_identity(path)


def test_a_reader_finds_the_old_or_the_new_one_at_every_moment(path: Path) -> None:
    save_identity(path, IDENTITY)
    ended = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not ended.is_set():
            if load_identity(path) != IDENTITY:
                wrong.append("not whole")

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        save_identity(path, IDENTITY)
    ended.set()
    reader.join()
    assert wrong == []


def test_saving_that_fails_leaves_the_old_one_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_identity(path, IDENTITY)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sync.identity.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_identity(path, replace(IDENTITY, central="https://other.example"))
    monkeypatch.undo()
    assert load_identity(path) == IDENTITY
    assert [each.name for each in path.parent.iterdir()] == ["identity"]


def test_its_secrets_are_not_shown_when_it_is_printed() -> None:
    shown = f"{IDENTITY} {IDENTITY!r}"
    assert repr(KEY) not in shown
    assert "card_key" not in shown
    assert "signing_key" not in shown


@pytest.mark.parametrize(
    "typed", ["K7QF-3MXA-9TRC", "k7qf3mxa9trc", " K7QF 3MXA 9TRC ", "k7qf-3mxa 9trc\n"]
)
def test_a_code_is_understood_as_people_type_it(typed: str) -> None:
    assert checked_code(typed) == "K7QF-3MXA-9TRC"


@pytest.mark.parametrize(
    "typed", ["", "K7QF-3MXA", "K7QF-3MXA-9TRC-K7QF", "K7QF-3MX0-9TRC", "é" * 12]
)
def test_what_cannot_be_a_code_is_said_before_central_is_asked(typed: str) -> None:
    with pytest.raises(EnrolmentRefused, match="12 letters and digits"):
        checked_code(typed)
