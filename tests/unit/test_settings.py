"""The configuration: every mistake at once, by file, line and key."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from edge_agent.settings import Settings, SettingsInvalid, load_settings, read_token, warnings

GOOD = """\
[terminal]
store = "0412"
till = "03"
data = "/var/lib/edge-agent"

[central]
url = "https://loyalty.example"

[[scanner]]
id = "hand"
port = "/dev/serial/by-id/usb-x"

[printer]
kind = "network"
host = "192.0.2.10"
columns = 48

[[card]]
pattern = "29\\\\d{11}"
check = "ean13"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(GOOD)
    return path


def mistakes(config: Path, text: str) -> list[str]:
    config.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(config)
    return [mistake.removeprefix(f"{config}:") for mistake in caught.value.mistakes]


def test_a_good_file_loads(config: Path) -> None:
    settings = load_settings(config)
    assert (settings.terminal.store, settings.terminal.channel) == ("0412", "store")
    assert settings.language == "nl"
    assert settings.identity_file == Path("/var/lib/edge-agent/identity")
    assert settings.patterns[0].matches("2912345678906")


def test_every_mistake_is_reported_at_once_with_its_line(config: Path) -> None:
    text = (
        GOOD.replace('till = "03"', 'tll = "03"')
        .replace("columns = 48", "columns = 480")
        .replace('url = "https://loyalty.example"', 'url = "loyalty.example"')
        .replace('port = "/dev/serial/by-id/usb-x"', "baud = 9601")
        .replace('host = "192.0.2.10"\n', "")
        .replace('check = "ean13"', 'check = "ean-13"')
    )
    found = mistakes(config, text)
    assert [mistake.split(": ")[:2] for mistake in found] == [
        ["1", "terminal.till"],
        ["3", "terminal.tll"],
        ["7", "central.url"],
        ["9", "scanner.0.port"],
        ["11", "scanner.0.baud"],
        ["13", "printer.host"],
        ["15", "printer.columns"],
        ["19", "card.0.check"],
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('pattern = "29\\\\d{11}"', 'pattern = "29("'), "not a regular expression"),
        (('host = "192.0.2.10"\n', ""), "printer.host: is missing"),
        (('id = "hand"', 'id = "printer"'), "an id of its own"),
        (('kind = "network"', 'kind = "thermal"'), "printer.kind"),
        (('id = "hand"', 'id = "hand"\nshare = "/run/x"'), "pty:/run"),
        (('id = "hand"', 'id = "hand"\nkind = "hid"'), "scanner.0.kind"),
        (("[terminal]", "[terminal"), "1: "),
        (('store = "0412"', 'store = "04 12"'), "terminal.store: has to be 1 to 32 letters"),
        (('till = "03"', 'till = "03"\nchannel = "The web"'), "terminal.channel: has to be a word"),
        (('url = "https://', 'url = "'), "central.url: has to be an address such as"),
        (("columns = 48", "colums = 48"), "is not a key that is known here; is columns meant?"),
        (("columns = 48", "columns = 480"), "must be at most"),
    ],
)
def test_a_mistake_is_told_in_words(config: Path, change: tuple[str, str], words: str) -> None:
    assert any(words in mistake for mistake in mistakes(config, GOOD.replace(*change)))


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "latin").write_bytes(b"x = '\xe9'")
    with pytest.raises(SettingsInvalid, match="not UTF-8"):
        load_settings(tmp_path / "latin")


def test_the_environment_overrides_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_TERMINAL__STORE", "0999")
    monkeypatch.setenv("EDGE_AGENT_PRINTER__COLUMNS", "32")
    settings = load_settings(config)
    assert (settings.terminal.store, settings.terminal.till, settings.printer.columns) == (
        "0999",
        "03",
        32,
    )


def test_a_bad_value_in_the_environment_is_a_mistake_too(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_AGENT_PRINTER__COLUMNS", "many")
    assert any("printer.columns" in mistake for mistake in mistakes(config, GOOD))


def test_the_example_file_explains_every_key(tmp_path: Path) -> None:
    example = Path("config/agent.example.toml").read_text()
    path = tmp_path / "agent.toml"
    path.write_text(example)
    load_settings(path)
    for model in _tables(Settings):
        for key in model.model_fields:
            assert key in example, f"{key} of {model.__name__} is not in config/agent.example.toml"


def _tables(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _tables(part)


def test_the_token_comes_from_systemds_credentials_before_the_file(
    config: Path, tmp_path: Path
) -> None:
    named = tmp_path / "token-file"
    named.write_text("f" * 32 + "\n")
    config.write_text(GOOD + f'\n[web]\ntoken_file = "{named}"\n')
    settings = load_settings(config)
    assert read_token(settings, {}) == "f" * 32
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "token").write_text("c" * 32)
    assert read_token(settings, {"CREDENTIALS_DIRECTORY": str(credentials)}) == "c" * 32
    assert read_token(load_settings(config), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "f" * 32


def test_a_token_file_that_is_missing_or_too_short_is_a_mistake(
    config: Path, tmp_path: Path
) -> None:
    config.write_text(GOOD + f'\n[web]\ntoken_file = "{tmp_path}/none"\n')
    with pytest.raises(SettingsInvalid, match="not there"):
        read_token(load_settings(config), {})
    (tmp_path / "none").write_text("short")
    with pytest.raises(SettingsInvalid, match="16 characters"):
        read_token(load_settings(config), {})


def test_what_is_allowed_but_hardly_meant_is_noted(config: Path) -> None:
    config.write_text(
        GOOD.replace('pattern = "29\\\\d{11}"', 'pattern = "\\\\d{16}"').replace(
            "https://", "http://"
        )
        + '\n[web]\nlisten = "0.0.0.0:8420"\n'
    )
    found = warnings(load_settings(config))
    assert [text.split(":")[0] for text in found] == ["web.listen", "card.0.pattern", "central.url"]
    config.write_text(GOOD)
    assert warnings(load_settings(config)) == []


def test_the_identity_comes_from_systemds_credentials_where_it_is_sealed(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings = load_settings(config)
    assert settings.identity_file == Path("/var/lib/edge-agent/identity")
    (tmp_path / "identity").write_text("{}")
    assert settings.identity_file == tmp_path / "identity"
