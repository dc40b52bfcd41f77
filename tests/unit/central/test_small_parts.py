"""Settings, keys, texts and problems."""

import re
import stat
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent.domain.record import Attachment
from sync.central import keys
from sync.central.personal import read_attachment
from sync.central.settings import Settings, SettingsInvalid, load_settings
from sync.central.texts import LANGUAGES, texts
from sync.central.times import read, stored, utc_now
from sync.wire import CODE_PATTERN

EXAMPLE = Path(__file__).parents[3] / "config" / "central.example.toml"


def test_the_example_names_every_key_with_its_default() -> None:
    assert load_settings(EXAMPLE) == Settings()
    text = EXAMPLE.read_text()
    for name in Settings.model_fields:
        assert re.search(rf"^(# )?{name} = ", text, re.MULTILINE), name


def test_environment_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_CENTRAL_LISTEN", "0.0.0.0:9999")
    settings = load_settings(EXAMPLE)
    assert (settings.host, settings.port) == ("0.0.0.0", 9999)
    assert settings.trusted_hosts == ["localhost", "127.0.0.1", "[::1]"]


def test_the_public_address_is_trusted() -> None:
    settings = Settings(public_url="https://loyalty.example/")
    assert "loyalty.example" in settings.trusted_hosts
    assert settings.behind_tls


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_every_mistake_is_told_by_line_and_key_in_words_of_our_own(tmp_path: Path) -> None:
    path = tmp_path / "central.toml"
    path.write_text(
        """listen = "everywhere"
database = 7
allowance_points = -1
allowance_percent = 101
allowance_days = "many"
members_file_hours = 1.5
tombstone_day = 3
"""
    )
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(path)
    whole = "must be a whole number, without quotes and decimals"
    assert sorted(caught.value.mistakes) == [
        f'{path}:1: listen: must be "HOST:PORT", like "127.0.0.1:8430"',
        f"{path}:2: database: must be a text in quotes",
        f"{path}:3: allowance_points: must be at least 0",
        f"{path}:4: allowance_percent: must be at most 100",
        f"{path}:5: allowance_days: {whole}",
        f"{path}:6: members_file_hours: {whole}",
        f"{path}:7: tombstone_day: is not a key that is known here; is tombstone_days meant?",
    ]


def test_a_file_that_is_no_toml_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "central.toml"
    path.write_text('listen = "127.0.0.1:1"\nlisten = "127.0.0.1:2"\n')
    with pytest.raises(SettingsInvalid, match=r"central\.toml:2: this key stands twice"):
        load_settings(path)


def test_codes_are_of_the_wires_form_and_never_alike() -> None:
    codes = {keys.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(CODE_PATTERN, code) for code in codes)
    assert not set("".join(codes)) & set("IO01")


def test_processes_that_start_at_once_end_up_with_one_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.admin_token(tmp_path / "new" / "token")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["token"]
    assert stat.S_IMODE((tmp_path / "new" / "token").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "xyz", "ab"])
def test_a_broken_card_key_is_told_and_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "card-key").write_text(text)
    with pytest.raises(keys.KeyFileBroken, match="card-key"):
        keys.card_key(tmp_path)
    assert (tmp_path / "card-key").read_text() == text


def test_an_empty_admin_token_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(keys.KeyFileBroken, match="empty"):
        keys.admin_token(tmp_path / "token")


def test_every_word_of_the_page_is_there_in_every_language() -> None:
    templates = EXAMPLE.parents[1] / "sync" / "central" / "templates"
    used = set()
    for template in templates.glob("*.html"):
        used |= set(re.findall(r"\bt\.(\w+)", template.read_text()))
    for language in LANGUAGES:
        assert used <= set(texts(language)), language
    assert texts("nl")["something new"] == "something new"


def test_stored_times_sort_as_times() -> None:
    now = utc_now()
    assert read(stored(now)) <= now
    assert len(stored(now)) == len("2026-11-21T13:03:11.000Z")


def test_a_payment_card_that_an_attachment_hides_by_escapes_is_found() -> None:
    hidden = "".join(f"\\u{ord(digit):04x}" for digit in "4111111111111111")
    attachment = Attachment(b"s" * 16, f'{{"names": {{"1": "pas {hidden}"}}}}'.encode())
    act: Any = SimpleNamespace(commitment=attachment.commitment)
    assert read_attachment(act, attachment).holds_payment_card
