"""The configuration of central: a TOML file, environment variables over it, every mistake told at once."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from edge_agent.domain.programme.mistakes import in_words
from edge_agent.domain.toml_source import TomlMistake, TomlSource, read_toml

POINTS_MAX = 1_000_000_000
"""As many points as any reward may cost."""

FOLD_AFTER_MONTHS_MIN = 3
"""Longer than tills are without a line, backups are kept and goods come back, in almost every shop."""

ENVIRONMENT_PREFIX = "LOYALTY_CENTRAL_"


class SettingsInvalid(Exception):
    """The configuration cannot be used; `mistakes` has one sentence for each, as `file:line: key: what`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Settings(BaseSettings):
    """What central needs to know to start. See config/central.example.toml."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True, validate_default=True
    )

    listen: str = "127.0.0.1:8430"
    database: str = "sqlite:////var/lib/loyalty-central/central.db"
    data: Path = Path("/var/lib/loyalty-central")
    admin_token_file: Path = Path("/etc/loyalty-central/admin-token")
    public_url: str = ""
    channel: str = ""
    code_lives_hours: int = Field(default=24, ge=1, le=24 * 14)
    allowance_points: int = Field(default=0, ge=0, le=POINTS_MAX)
    allowance_percent: int = Field(default=50, ge=1, le=100)
    allowance_days: int = Field(default=14, ge=1, le=90)
    members_file_hours: int = Field(default=24, ge=1, le=24 * 6)
    tombstone_days: int = Field(default=400, ge=1, le=3_650)
    fold_after_months: int = Field(default=13, ge=FOLD_AFTER_MONTHS_MIN, le=1_200)

    @field_validator("listen")
    @classmethod
    def _listen_is_host_and_port(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError('must be "HOST:PORT", like "127.0.0.1:8430"')
        return value

    @field_validator("database")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("must be a database URL, like sqlite:////path/central.db") from error
        known = url.get_backend_name() in {"sqlite", "postgresql"}
        if not known or not url.database or url.database == ":memory:":
            raise ValueError("must be sqlite:////path/to/file or postgresql://user@host/database")
        return value

    @field_validator("public_url", "channel")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError('must be an address, like "https://loyalty.example"')
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables win over the file."""
        return env_settings, init_settings

    @property
    def host(self) -> str:
        """Where to listen; brackets of an IPv6 address taken away."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; 0 lets the system choose one."""
        return int(self.listen.rpartition(":")[2])

    @property
    def trusted_hosts(self) -> list[str]:
        """The names that a browser or terminal may call us by (a page elsewhere must not, by DNS rebinding)."""
        public = urlsplit(self.public_url).hostname
        names = ["localhost", "127.0.0.1", "[::1]", self.host, *([public] if public else [])]
        return [name for name in dict.fromkeys(names) if name not in {"0.0.0.0", "::"}]  # noqa: S104

    @property
    def behind_tls(self) -> bool:
        """Whether people reach us by https."""
        return self.public_url.startswith("https://")


def load_settings(path: Path) -> Settings:
    """Read `path`; raises `SettingsInvalid` with every mistake."""
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
        found = error.errors(include_url=False, include_input=False)
        mistakes = [_sentence(path, source, each) for each in found]
        raise SettingsInvalid(mistakes) from None


def _sentence(path: Path, source: TomlSource, mistake: ErrorDetails) -> str:
    key = ".".join(map(str, mistake["loc"]))
    return f"{path}:{source.line_of(mistake['loc'])}: {key}: {in_words(mistake, Settings)}"
