"""`loyalty-central`: runs and administers the reference central.

Exit codes: 0 fine, 1 the answer is no (also: bad lines, bad configuration), 2 wrong use, 3 could not do it.
"""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.domain.programme import ProgrammeInvalid
from sync.central.central import Central
from sync.central.database import SchemaTooNew
from sync.central.keys import KeyFileBroken
from sync.central.logs import set_up_logs
from sync.central.member_rows import HeaderInvalid
from sync.central.problems import Problem
from sync.central.settings import Settings, SettingsInvalid, load_settings

F = TypeVar("F", bound=Callable[..., Any])

ANSWER_IS_NO = 1
COULD_NOT = 3

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _common(command: F) -> F:
    """--config and --json, which every command has."""
    command = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")(
        command
    )
    return click.option(
        "--config", required=True, type=click.Path(path_type=Path), help="The configuration (TOML)."
    )(command)


@click.group()
@click.version_option(package_name="loyalty-edge-agent")
def main() -> None:
    """The reference central of the Loyalty Edge Agent."""


@main.command()
@_common
def run(config: Path, as_json: bool) -> None:
    """Run central until SIGTERM or Ctrl-C."""
    from sync.central.serve import CannotListen, serve  # noqa: PLC0415 - only `run` needs a web server

    settings = _settings(config)
    set_up_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def ready(url: str) -> None:
        shown = {"central": url, "admin_token_file": str(settings.admin_token_file)}
        _say(as_json, shown, f"central: {url}\nadmin token: {settings.admin_token_file}")

    with _could_not(SQLAlchemyError, KeyFileBroken, SchemaTooNew, CannotListen, OSError):
        serve(settings, stop, ready)


@main.group()
def members() -> None:
    """Members."""


@members.command("import")
@click.argument("file", type=_FILE)
@_common
def import_members(file: Path, config: Path, as_json: bool) -> None:
    """Import members from FILE, a CSV with a header. Exit code 1 when lines were bad."""
    with _central(config) as central, _could_not(SQLAlchemyError, OSError):
        try:
            with (
                file.open(encoding="utf-8", errors="surrogateescape", newline="") as text,
                _progress(file, shown=not as_json) as progress,
            ):
                report = central.member_import.run(text, progress)
        except HeaderInvalid as error:
            raise _no(f"{file}:1: {error}") from error
    lines = [f"{file}:{bad.line}: {bad.column or 'line'}: {bad.reason}" for bad in report.bad_lines]
    if report.bad > len(report.bad_lines):
        lines.append(f"... and {report.bad - len(report.bad_lines)} more bad lines")
    lines.append(
        f"{report.lines} lines: {report.added} added, {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.joined} joined, {report.bad} bad"
    )
    _say(as_json, report.to_json(), "\n".join(lines))
    if report.bad:
        sys.exit(ANSWER_IS_NO)


@main.group()
def programme() -> None:
    """The programme."""


@programme.command("publish")
@click.argument("file", type=_FILE)
@_common
def publish(file: Path, config: Path, as_json: bool) -> None:
    """Check FILE and make it the current programme."""
    with _central(config) as central, _could_not(SQLAlchemyError, OSError, UnicodeDecodeError):
        try:
            published = central.programmes.publish(file.read_text(encoding="utf-8"), str(file))
        except ProgrammeInvalid as error:
            raise _no(str(error)) from error
    answer = {
        "digest": published.digest,
        "id": published.id,
        "version": published.version,
        "published_at": published.published_at,
        "is_new": published.is_new,
    }
    what = "published" if published.is_new else "is the current one already"
    _say(
        as_json,
        answer,
        f"{published.id} version {published.version} ({published.digest[:12]}) {what}",
    )


@main.group()
def terminals() -> None:
    """Terminals."""


def _which(command: F) -> F:
    command = click.option("--till", required=True, help="The till's number in that store.")(
        command
    )
    return click.option("--store", required=True, help="The store's number.")(command)


@terminals.command("add")
@_which
@_common
def add_terminal(store: str, till: str, config: Path, as_json: bool) -> None:
    """Print a one-time code, for `edge-agent enrol` at that till."""
    with _central(config) as central, _could_not(SQLAlchemyError), _refused():
        made = central.terminals.add(store, till)
    answer = {"terminal": made.terminal, "code": made.code, "expires_at": made.expires_at}
    _say(as_json, answer, f"{made.code}\nfor {made.terminal}, once, until {made.expires_at}")


@terminals.command("list")
@_common
def list_terminals(config: Path, as_json: bool) -> None:
    """Every terminal, its last contact and what was received."""
    with _central(config) as central, _could_not(SQLAlchemyError):
        found = central.terminals.list()
    lines = [
        f"{each['terminal']}  {each['state']}  last contact {each['last_contact'] or 'never'}"
        + _programme_of(each)
        + "".join(
            f"\n    {epoch['epoch']}  {epoch['received']} records" for epoch in each["epochs"]
        )
        for each in found
    ]
    _say(as_json, {"terminals": found}, "\n".join(lines) or "no terminals")


def _programme_of(terminal: dict[str, Any]) -> str:
    """Which programme applies there, and which it would not load."""
    runs, refused = terminal["programme"], terminal["refused"]
    said = f"\n    programme {_version(runs)}" if runs else ""
    return said + (
        f"\n    refuses {_version(refused['programme'])}: {refused['reason']}" if refused else ""
    )


def _version(programme: dict[str, Any]) -> str:
    return f"{programme['id'] or '?'} {programme['version'] or programme['digest'][:12]}"


@terminals.command("revoke")
@_which
@_common
def revoke_terminal(store: str, till: str, config: Path, as_json: bool) -> None:
    """End a terminal's token; what it sent stays."""
    with _central(config) as central, _could_not(SQLAlchemyError), _refused():
        central.terminals.revoke(store, till)
    _say(as_json, {"terminal": f"{store}/{till}", "state": "revoked"}, f"{store}/{till} revoked")


@main.group()
def report() -> None:
    """Sums and lists."""


@report.command("totals")
@_common
def report_totals(config: Path, as_json: bool) -> None:
    """Entries per unit and kind, records per terminal and state."""
    with _central(config) as central, _could_not(SQLAlchemyError):
        totals = central.reports.totals()
    lines = [f"{totals['accounts']} accounts"]
    lines += [
        f"{each['unit']}  {each['kind']}  {each['quantity']}  in {each['entries']} entries"
        for each in totals["entries"]
    ]
    lines += [
        f"{each['terminal']}  {each['state']}  {each['records']} records"
        for each in totals["records"]
    ]
    _say(as_json, totals, "\n".join(lines))


@report.command("refused")
@_common
def report_refused(config: Path, as_json: bool) -> None:
    """What has no effect, and why. Exit code 1 when there is any."""
    with _central(config) as central, _could_not(SQLAlchemyError):
        refused = central.reports.refused()
    lines = [
        f"{each['terminal']}  {each['seq']}  {each['state']}: {each['code']}"
        for each in refused["records"]
    ]
    lines += [
        f"{each['terminal']}  {each['seq']}  not taken: {each['reason']} ({each['times']} times)"
        for each in refused["not_taken"]
    ]
    _say(as_json, refused, "\n".join(lines) or "nothing was refused")
    if lines:
        sys.exit(ANSWER_IS_NO)


@report.command("overdrafts")
@_common
def report_overdrafts(config: Path, as_json: bool) -> None:
    """What was used beyond what there was. Exit code 1 when there is any."""
    with _central(config) as central, _could_not(SQLAlchemyError):
        found = central.reports.overdrafts()
    lines = [
        f"{each['at']}  {each['terminal']}  {each['account']}  {each['quantity']} {each['unit']}"
        for each in found
    ]
    _say(as_json, {"overdrafts": found}, "\n".join(lines) or "nothing beyond what there was")
    if found:
        sys.exit(ANSWER_IS_NO)


@report.command("balances")
@click.option("--after", default="", help="The ref of the last account of the page before.")
@_common
def report_balances(after: str, config: Path, as_json: bool) -> None:
    """Accounts and their balances, 500 at a time."""
    with _central(config) as central, _could_not(SQLAlchemyError):
        found = central.reports.balances(after)
    lines = [
        f"{each['id']}  {each['card'] or '-'}  "
        + (", ".join(f"{n} {unit}" for unit, n in each["balance"].items()) or "0")
        for each in found
    ]
    _say(as_json, {"balances": found}, "\n".join(lines) or "no accounts")


class _CouldNot(click.ClickException):
    exit_code = COULD_NOT


def _settings(config: Path) -> Settings:
    try:
        return load_settings(config)
    except SettingsInvalid as error:
        raise _no(str(error)) from error


@contextmanager
def _central(config: Path) -> Iterator[Central]:
    settings = _settings(config)
    set_up_logs()
    with _could_not(SQLAlchemyError, KeyFileBroken, SchemaTooNew):
        central = Central(settings)
    try:
        yield central
    finally:
        central.close()


@contextmanager
def _could_not(*errors: type[Exception]) -> Iterator[None]:
    """Exit code 3 for these errors."""
    try:
        yield
    except errors as error:
        raise _CouldNot(str(getattr(error, "orig", None) or error)) from error


@contextmanager
def _refused() -> Iterator[None]:
    """What central would answer over HTTP, as the command's answer."""
    try:
        yield
    except Problem as problem:
        fields = "".join(f"\n{each['path']}: {each['message']}" for each in problem.errors)
        raise _no(problem.detail + fields) from problem


def _no(text: str) -> click.ClickException:
    return click.ClickException(text)  # exit code 1


def _say(as_json: bool, answer: Any, text: str) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else text)


@contextmanager
def _progress(file: Path, *, shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, nothing anywhere else."""
    from rich.console import Console  # noqa: PLC0415 - only one command needs it
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _lines: None
        return
    with file.open("rb") as binary:
        total = sum(chunk.count(b"\n") for chunk in iter(lambda: binary.read(1 << 20), b"")) - 1
    with Progress(console=console) as bar:
        task = bar.add_task("Members", total=max(total, 1))
        yield lambda lines: bar.update(task, completed=lines)
