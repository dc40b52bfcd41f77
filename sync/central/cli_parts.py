"""What the commands of `loyalty-central` have in common: their options, their exit codes, central opened and closed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from sync.central.central import Central
from sync.central.keys import KeyFileBroken
from sync.central.logs import set_up_logs
from sync.central.migrations import SchemaTooNew
from sync.central.problems import Problem
from sync.central.settings import Settings, SettingsInvalid, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])

ANSWER_IS_NO = 1
COULD_NOT = 3


def common(command: Command) -> Command:
    """--config and --json, which every command has."""
    command = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")(
        command
    )
    return click.option(
        "--config", required=True, type=click.Path(path_type=Path), help="The configuration (TOML)."
    )(command)


class CouldNot(click.ClickException):
    exit_code = COULD_NOT


def settings_of(config: Path) -> Settings:
    try:
        return load_settings(config)
    except SettingsInvalid as error:
        raise no(str(error)) from error


@contextmanager
def central_of(config: Path) -> Iterator[Central]:
    settings = settings_of(config)
    set_up_logs()
    with could_not(SQLAlchemyError, KeyFileBroken, SchemaTooNew):
        central = Central(settings)
    try:
        yield central
    finally:
        central.close()


@contextmanager
def could_not(*errors: type[Exception]) -> Iterator[None]:
    """Exit code 3 for these errors."""
    try:
        yield
    except errors as error:
        raise CouldNot(str(getattr(error, "orig", None) or error)) from error


@contextmanager
def refused() -> Iterator[None]:
    """What central would answer over HTTP, as the command's answer."""
    try:
        yield
    except Problem as problem:
        fields = "".join(f"\n{each['path']}: {each['message']}" for each in problem.errors)
        raise no(problem.detail + fields) from problem


def no(text: str) -> click.ClickException:
    return click.ClickException(text)  # exit code 1


def say(as_json: bool, answer: Any, text: str) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else text)
