"""The configuration: a TOML file, overridden by the environment, into frozen settings.

Everything that is wrong is reported at once, with file, line and key.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from drivers.build import COLUMNS_MAX, COLUMNS_MIN
from drivers.framing import SUFFIXES
from drivers.serial_scanner import BAUDS
from edge_agent.domain.basket import KIND_PATTERN, STORE_CHANNEL
from edge_agent.domain.cards import CardCheck, CardPattern
from edge_agent.domain.programme.mistakes import in_words
from edge_agent.domain.toml_source import TomlMistake, TomlSource, read_toml

ENVIRONMENT_PREFIX = "EDGE_AGENT_"
SECRET_BYTES_MAX = 4_096
PORT_MAX = 65_535

POINTS_LIMIT_MAX = 1_000_000_000
"""As many points as any reward may cost; a larger limit limits nothing."""

MEMBERS_AGE_HOURS_MAX = 8_760
"""A year: members whose balances are older than that have long been elsewhere."""

DEADLINE_MS = 300
"""As long as a customer waits for central's word on a redemption without noticing that somebody was asked."""

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
_Channel = Annotated[str, StringConstraints(pattern=KIND_PATTERN)]
_Language = Annotated[str, StringConstraints(pattern=r"^(nl|en|de|fr)([-_][A-Za-z]{2})?$")]


def _port_exists(listen: str) -> str:
    if int(listen.rpartition(":")[2]) > PORT_MAX:
        raise ValueError(f"a port is a number up to {PORT_MAX}")
    return listen


_Listen = Annotated[
    str,
    StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$"),
    AfterValidator(_port_exists),
]
_Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s*]+$")]
_Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TerminalTable(_Table):
    """Which till this is, and where it keeps its data. `channel` is that of whatever is sold here, unless the POS says
    another one."""

    store: _Name
    till: _Name
    channel: _Channel = STORE_CHANNEL
    language: _Language = "nl-NL"
    data: Path = Path("/var/lib/edge-agent")


class WebTable(_Table):
    """The local HTTP API."""

    listen: _Listen = "127.0.0.1:8420"
    origins: tuple[_Origin, ...] = ()
    token_file: Path | None = None


class CentralTable(_Table):
    """The platform at the other end."""

    url: _Url
    ca_file: Path | None = None
    identity: Path | None = None
    timeout_ms: int = Field(default=DEADLINE_MS, ge=50, le=5_000)


class ScannerTable(_Table):
    """One scanner."""

    # Checked key by key, so that one mistake hides no other; `kind` stands first, since others depend on it.
    id: _Name
    kind: Literal["serial", "simulated"] = "serial"
    port: str = Field(default="", validate_default=True)
    baud: int = 9_600
    suffix: str = "any"
    share: str = ""

    @field_validator("port")
    @classmethod
    def _port_is_there(cls, port: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "serial" and not port:
            raise ValueError(
                "is missing: the path below /dev/serial/by-id; `edge-agent devices` lists them"
            )
        return port

    @field_validator("baud")
    @classmethod
    def _baud_exists(cls, baud: int) -> int:
        if baud not in BAUDS:
            raise ValueError(f"{baud} is none of {', '.join(map(str, BAUDS))}")
        return baud

    @field_validator("suffix")
    @classmethod
    def _suffix_is_known(cls, suffix: str) -> str:
        if suffix not in SUFFIXES:
            raise ValueError(f"{suffix!r} is none of {', '.join(SUFFIXES)}")
        return suffix

    @field_validator("share")
    @classmethod
    def _share_is_a_pty(cls, share: str) -> str:
        if share and not share.startswith("pty:/"):
            raise ValueError("has to look like pty:/run/edge-agent/pos-scanner")
        return share

    @property
    def share_path(self) -> Path | None:
        """Where the POS finds its port; None for a scanner of the agent's own."""
        return Path(self.share.removeprefix("pty:")) if self.share else None


class PrinterTable(_Table):
    """The receipt printer. `port` is a number for a network printer and a path for a serial one."""

    # Checked key by key, so that one mistake hides no other; `kind` stands first, since others depend on it.
    kind: Literal["network", "usb", "serial", "file", "simulated", "none"] = "none"
    host: str = Field(default="", validate_default=True)
    port: int | str = Field(default=9_100, validate_default=True)
    path: str = Field(default="", validate_default=True)
    baud: int = 9_600
    profile: str = "default"
    columns: int = Field(default=42, ge=COLUMNS_MIN, le=COLUMNS_MAX)
    code_page: str = "CP858"
    answers: bool = True

    @field_validator("host")
    @classmethod
    def _host_is_there(cls, host: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "network" and not host:
            raise ValueError("is missing: the printer's address")
        return host

    @field_validator("port")
    @classmethod
    def _port_fits_the_kind(cls, port: int | str, info: ValidationInfo) -> int | str:
        kind = info.data.get("kind")
        if kind == "network" and not (isinstance(port, int) and 1 <= port <= PORT_MAX):
            raise ValueError(f"of a network printer is a number from 1 to {PORT_MAX}, usually 9100")
        if kind == "serial" and not isinstance(port, str):
            raise ValueError("of a serial printer is its path below /dev/serial/by-id")
        return port

    @field_validator("path")
    @classmethod
    def _path_is_there(cls, path: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "file" and not path:
            raise ValueError("is missing: such as /dev/usb/lp0")
        return path


class CardTable(_Table):
    """What counts as a member card."""

    pattern: str = Field(min_length=1, max_length=200)
    check: CardCheck = CardCheck.NONE

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern is not a regular expression: {error}") from error
        return self


class OfflineTable(_Table):
    """How much may be redeemed without an allowance: whole points, of whatever unit.

    `points_per_outage` is for all members together and counts what central has not posted yet.
    """

    points_per_redemption: int = Field(default=500, ge=0, le=POINTS_LIMIT_MAX)
    points_per_member: int = Field(default=500, ge=0, le=POINTS_LIMIT_MAX)
    points_per_outage: int = Field(default=20_000, ge=0, le=POINTS_LIMIT_MAX)
    members_max_age_hours: int = Field(default=72, ge=0, le=MEMBERS_AGE_HOURS_MAX)


class RedemptionTable(_Table):
    """Redeeming."""

    offline: OfflineTable = OfflineTable()


class ProgrammeTable(_Table):
    """A programme file to begin with, until central has published one."""

    file: Path | None = None


class Settings(BaseSettings):
    """The agent's settings, as the contract names them."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
    )

    terminal: TerminalTable
    web: WebTable = WebTable()
    central: CentralTable | None = None
    scanner: tuple[ScannerTable, ...] = Field(default=(), max_length=8)
    printer: PrinterTable = PrinterTable()
    card: tuple[CardTable, ...] = Field(min_length=1, max_length=32)
    redemption: RedemptionTable = RedemptionTable()
    programme: ProgrammeTable = ProgrammeTable()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file; nothing else is read."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _scanners_have_names_of_their_own(self) -> Self:
        names = [scanner.id for scanner in self.scanner]
        if len({*names, "printer"}) != len(names) + 1:
            raise ValueError("every scanner needs an id of its own, and none may be called printer")
        ports = [scanner.share for scanner in self.scanner if scanner.share]
        if len(set(ports)) != len(ports):
            raise ValueError("every scanner needs a share of its own; the POS opens each of them")
        return self

    @property
    def patterns(self) -> tuple[CardPattern, ...]:
        """The forms of member cards."""
        return tuple(CardPattern(re.compile(card.pattern), card.check) for card in self.card)

    @property
    def language(self) -> str:
        """The terminal's language: nl, en, de or fr."""
        return self.terminal.language[:2]

    @property
    def identity_file(self) -> Path:
        """Where this terminal's identity is: a systemd credential, or where `enrol` puts it."""
        configured = None if self.central is None else self.central.identity
        return self.sealed_identity or configured or self.terminal.data / "identity"

    @property
    def sealed_identity(self) -> Path | None:
        """The systemd credential that holds this terminal's identity, if there is one; nobody can write there."""
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        sealed = None if not credentials else Path(credentials) / "identity"
        return sealed if sealed is not None and sealed.exists() else None


class SettingsInvalid(Exception):
    """The configuration cannot be used; `mistakes` are all of them, as `file:line: key: what`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def load_settings(path: Path) -> Settings:
    """Read the configuration file and the environment. Raises SettingsInvalid with every mistake."""
    try:
        source = read_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid([f"{path}: is not UTF-8 text"]) from error
    except TomlMistake as error:
        raise SettingsInvalid([f"{path}:{error.line}: {error.message}"]) from error
    try:
        return Settings(**source.values)
    except ValidationError as error:
        raise SettingsInvalid(list(_mistakes(path, source, error))) from None


_FORMS = {
    "id": "1 to 32 letters, digits, dots, hyphens and underscores",
    "channel": "a word of small letters, digits, dashes and underscores, such as store",
    "language": "nl, en, de or fr, with or without a country: nl-NL",
    "listen": "an address and a port: 127.0.0.1:8420",
    "url": "an address such as https://loyalty.example",
    "origins": "an origin such as https://pos.example, without a path",
}
"""What a text has to look like, by its key; store, till and ids are all of the first form."""


def _mistakes(path: Path, source: TomlSource, error: ValidationError) -> Iterator[str]:
    found = error.errors(include_url=False, include_input=False)
    places = {tuple(details["loc"]) for details in found}
    for details in found:
        place = tuple(details["loc"])
        if details["type"] == "too_short" and any(
            len(each) > len(place) and each[: len(place)] == place for each in places
        ):
            continue  # it counts only the good ones, and the bad ones are named already
        key = ".".join(str(part) for part in place) or "(file)"
        if details["type"] == "string_pattern_mismatch":
            message = f"has to be {_FORMS.get(str(place[-1]), _FORMS['id'])}"
        else:
            message = in_words(details, Settings)
        yield f"{path}:{source.line_of(place)}: {key}: {message}"


def read_token(settings: Settings, environment: Mapping[str, str] | None = None) -> str | None:
    """The API's bearer token from systemd's credentials or the configured file; None when neither is there.

    Raises SettingsInvalid when it is there and cannot be used.
    """
    environment = os.environ if environment is None else environment
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    candidates: list[Path] = []
    if credentials:
        candidates.append(Path(credentials) / "token")
    if settings.web.token_file is not None:
        candidates.append(settings.web.token_file)
    for candidate in candidates:
        if candidate.exists():
            return _secret(candidate)
    if settings.web.token_file is not None:
        raise SettingsInvalid([f"web.token_file: {settings.web.token_file} is not there"])
    return None


def _secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")[:SECRET_BYTES_MAX].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid([f"{path}: cannot be read as a token: {error}"]) from error
    if len(text) < 16:
        raise SettingsInvalid([f"{path}: a token has at least 16 characters"])
    return text


def warnings(settings: Settings) -> list[str]:
    """What is allowed but probably not meant."""
    found: list[str] = []
    host = settings.web.listen.rpartition(":")[0]
    if host not in {"127.0.0.1", "localhost", "[::1]"}:
        found.append(f"web.listen: {host} can be reached from other machines; 127.0.0.1 cannot")
    for index, card in enumerate(settings.card):
        if _overlaps_payment_cards(card):
            found.append(
                f"card.{index}.pattern: takes numbers of payment cards too (14-19 digits beginning 2221-2720 or 3-6);"
                " those are refused whatever the pattern says"
            )
    url = "" if settings.central is None else settings.central.url
    if url.startswith("http://") and urlsplit(url).hostname not in {
        "127.0.0.1",
        "localhost",
        "::1",
    }:
        found.append("central.url: http is readable on the way; use https")
    return found


def _overlaps_payment_cards(card: CardTable) -> bool:
    """Try the pattern on numbers of every payment length and prefix."""
    pattern = re.compile(card.pattern)
    prefixes = ("2221", "2720", "34", "4", "51", "6011")
    return any(
        pattern.fullmatch(prefix.ljust(length, "0")) is not None
        for prefix in prefixes
        for length in range(14, 20)
    )
