"""`loyalty-central`: runs and administers the reference central.

Exit codes: 0 fine, 1 the answer is no (also: bad lines, bad configuration), 2 wrong use, 3 could not do it.
"""

import gc
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.domain.programme import ProgrammeInvalid
from sync.central.cli_checkpoints import checkpoints_group
from sync.central.cli_parts import (
    ANSWER_IS_NO,
    Command,
    central_of,
    common,
    could_not,
    no,
    refused,
    say,
    settings_of,
)
from sync.central.cli_records import records_group
from sync.central.cli_reports import report
from sync.central.keys import KeyFileBroken
from sync.central.logs import set_up_logs
from sync.central.member_rows import HeaderInvalid
from sync.central.migrations import HEAD, SchemaTooNew

QR_MODULE_PIXELS = 8
"""Of the picture: a code of 14 characters is then some 230 pixels wide, which a scanner reads off a screen."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
@click.version_option(package_name="loyalty-edge-agent")
def main() -> None:
    """The reference central of the Loyalty Edge Agent."""


main.add_command(report)
main.add_command(records_group)
main.add_command(checkpoints_group)


@main.command()
@common
def run(config: Path, as_json: bool) -> None:
    """Run central until SIGTERM or Ctrl-C."""
    from sync.central.serve import CannotListen, serve  # noqa: PLC0415 - only `run` needs a web server

    settings = settings_of(config)
    set_up_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def ready(url: str) -> None:
        gc.freeze()  # without this every full collection walks all that was loaded, several times a push
        shown = {"central": url, "admin_token_file": str(settings.admin_token_file)}
        say(as_json, shown, f"central: {url}\nadmin token: {settings.admin_token_file}")

    with could_not(SQLAlchemyError, KeyFileBroken, SchemaTooNew, CannotListen, OSError):
        serve(settings, stop, ready)


@main.command()
@common
def verify(config: Path, as_json: bool) -> None:
    """Check that journals, checkpoints and balances are whole and add up. Exit code 1 when not."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        faults = central.verifier.faults()
    lines = [f"{each.journal or 'account ' + each.account}: {each.fault}" for each in faults]
    told = {"faults": [each._asdict() for each in faults]}
    say(as_json, told, "\n".join(lines) or "everything is whole and adds up")
    if faults:
        sys.exit(ANSWER_IS_NO)


@main.command()
@common
def migrate(config: Path, as_json: bool) -> None:
    """Bring the database to this version's schema. `run` does so too, if its role may change tables."""
    with central_of(config) as central:
        steps = central.database.migrated
    done = f"migrated: {', '.join(steps)}" if steps else "is at it already"
    say(as_json, {"schema": HEAD, "steps": steps}, f"schema {HEAD}: {done}")


@main.group()
def members() -> None:
    """Members."""


@members.command("import")
@click.argument("file", type=_FILE)
@common
def import_members(file: Path, config: Path, as_json: bool) -> None:
    """Import members from FILE, a CSV with a header. Exit code 1 when lines were bad."""
    with central_of(config) as central, could_not(SQLAlchemyError, OSError):
        try:
            with (
                file.open(encoding="utf-8", errors="surrogateescape", newline="") as text,
                _progress(file, shown=not as_json) as progress,
            ):
                report = central.member_import.run(text, progress)
        except HeaderInvalid as error:
            raise no(f"{file}:1: {error}") from error
    lines = [f"{file}:{bad.line}: {bad.column or 'line'}: {bad.reason}" for bad in report.bad_lines]
    if report.bad > len(report.bad_lines):
        lines.append(f"... and {report.bad - len(report.bad_lines)} more bad lines")
    lines.append(
        f"{report.lines} lines: {report.added} added, {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.joined} joined, {report.bad} bad"
    )
    say(as_json, report.to_json(), "\n".join(lines))
    if report.bad:
        sys.exit(ANSWER_IS_NO)


@main.group()
def programme() -> None:
    """The programme."""


@programme.command("publish")
@click.argument("file", type=_FILE)
@common
def publish(file: Path, config: Path, as_json: bool) -> None:
    """Check FILE and make it the current programme."""
    with central_of(config) as central, could_not(SQLAlchemyError, OSError, UnicodeDecodeError):
        try:
            published = central.publish(file.read_text(encoding="utf-8"), str(file))
        except ProgrammeInvalid as error:
            raise no(str(error)) from error
    answer = {
        "digest": published.digest,
        "id": published.id,
        "version": published.version,
        "published_at": published.published_at,
        "is_new": published.is_new,
    }
    what = "published" if published.is_new else "is the current one already"
    say(
        as_json,
        answer,
        f"{published.id} version {published.version} ({published.digest[:12]}) {what}",
    )


@main.group()
def terminals() -> None:
    """Terminals."""


def _which(command: Command) -> Command:
    command = click.option("--till", required=True, help="The till's number in that store.")(
        command
    )
    return click.option("--store", required=True, help="The store's number.")(command)


@terminals.command("add")
@_which
@click.option(
    "--qr",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the code as a QR symbol into this file too (.png or .svg).",
)
@common
def add_terminal(store: str, till: str, qr: Path | None, config: Path, as_json: bool) -> None:
    """Print a one-time code, for `edge-agent enrol` at that till; also as a QR symbol, for its scanner."""
    import segno  # noqa: PLC0415 - only this command draws

    if qr is not None and qr.suffix not in {".png", ".svg"}:
        raise click.BadParameter("the file's name has to end in .png or .svg", param_hint="--qr")
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        made = central.terminals.add(store, till)
    symbol = segno.make_qr(made.code)
    if qr is not None:
        with could_not(OSError):
            symbol.save(str(qr), scale=QR_MODULE_PIXELS)
    drawn = io.StringIO()
    symbol.terminal(out=drawn, compact=True)
    answer = {"terminal": made.terminal, "code": made.code, "expires_at": made.expires_at}
    text = f"{made.code}\nfor {made.terminal}, once, until {made.expires_at}\n{drawn.getvalue()}"
    say(as_json, answer, text.rstrip("\n"))


@terminals.command("list")
@common
def list_terminals(config: Path, as_json: bool) -> None:
    """Every terminal, its last contact and what was received."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.terminals.list()
    lines = [
        f"{each['terminal']}  {each['state']}  last contact {each['last_contact'] or 'never'}"
        + _quarantine_of(each)
        + _programme_of(each)
        + "".join(
            f"\n    {epoch['epoch']}  {epoch['received']} records" + _ends_of(epoch)
            for epoch in each["epochs"]
        )
        for each in found
    ]
    say(as_json, {"terminals": found}, "\n".join(lines) or "no terminals")


def _quarantine_of(terminal: dict[str, Any]) -> str:
    """What waits for somebody to look."""
    waiting = terminal["laid_aside"]
    return f"  {waiting} records are laid aside" if waiting else ""


def _ends_of(epoch: dict[str, Any]) -> str:
    """Where a journal begins and ends, where it is not the terminal's only one, and what of it is kept no more."""
    begins = f", from {epoch['begins_after'] + 1} on" if epoch["begins_after"] else ""
    begins += f", folded up to {epoch['folded']}" if epoch["folded"] else ""
    return begins + (f", closed by {epoch['closed_by'][:8]}" if epoch["closed_by"] else "")


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
@common
def revoke_terminal(store: str, till: str, config: Path, as_json: bool) -> None:
    """End a terminal's key; what it sent stays, and what it still sends waits for you to look."""
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        central.terminals.revoke(store, till)
    say(as_json, {"terminal": f"{store}/{till}", "state": "revoked"}, f"{store}/{till} revoked")


@terminals.command("release")
@_which
@common
def release_terminal(store: str, till: str, config: Path, as_json: bool) -> None:
    """End a terminal's quarantine, and post what was laid aside for it."""
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        posted = central.release(store, till)
    count = sum(posted.values())
    answer = {"terminal": f"{store}/{till}", "posted": posted}
    say(as_json, answer, f"{store}/{till} released; {count} records were looked at again")


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
