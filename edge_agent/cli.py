"""`edge-agent`: every command, and the exit codes.

0 fine, 1 the answer is no, 2 wrong use, 3 could not do it.
"""

import gc
import json
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from edge_agent.cli_programme import programme
from edge_agent.errors import LoyaltyError
from edge_agent.settings import Settings, SettingsInvalid, load_settings

FINE, NO, WRONG_USE, COULD_NOT = 0, 1, 2, 3

_CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    required=True,
    help="The agent's TOML file.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="For scripts: JSON on stdout.")


class CouldNot(click.ClickException):
    """Nothing is wrong with the question, but it could not be done."""

    exit_code = COULD_NOT


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the errors that we know into a sentence and an exit code."""
    from edge_agent.data_folder import DataFolderBusy, DataFolderUnusable
    from edge_agent.domain.programme import ProgrammeInvalid
    from edge_agent.ledger.ledger import WrongTerminal
    from sync.errors import CentralError

    try:
        yield
    except (SettingsInvalid, ProgrammeInvalid) as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(NO) from error
    except WrongTerminal as error:
        click.echo(f"terminal: {error}", err=True)
        raise click.exceptions.Exit(NO) from error
    except (DataFolderBusy, DataFolderUnusable) as error:
        raise CouldNot(str(error)) from error
    except (LoyaltyError, CentralError) as error:
        raise CouldNot(error.detail) from error
    except BrokenPipeError:
        raise  # whoever read our output has seen enough
    except OSError as error:
        raise CouldNot(str(error)) from error


def _settings(config: Path) -> Settings:
    with _explained():
        return load_settings(config)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loyalty-edge-agent")
def cli() -> None:
    """Loyalty on the till: scan, earn, print the balance and sync once, with or without a line."""


cli.add_command(programme)


@cli.command()
@_CONFIG
def run(config: Path) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    with _nothing_collected():
        from edge_agent.compose import build_agent
        from edge_agent.logs import set_up_logs

        settings = _settings(config)
        set_up_logs(human=sys.stderr.isatty())
        stop = stop_on_signals()
        with _explained():
            agent = build_agent(settings)
        agent.start()
        if not sys.stderr.isatty():  # where somebody watches, it ends with their terminal
            signal.signal(signal.SIGHUP, lambda *_: agent.reconnect())
        gc.freeze()  # without this every full collection walks all that was loaded in mid-sale
    try:
        code = agent.run(stop)
    finally:
        agent.stop()
    raise click.exceptions.Exit(code)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """What is loaded at the start stays; to look through it over and over makes the start an eighth longer."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@cli.command()
@_CONFIG
@_JSON
def check(config: Path, as_json: bool) -> None:
    """Say everything that is wrong with configuration, devices and programme."""
    from edge_agent.checking import check_settings

    try:
        findings = check_settings(load_settings(config))
    except SettingsInvalid as error:
        mistakes = list(error.mistakes)
        findings = [("wrong", mistake) for mistake in mistakes]
    wrong = any(level == "wrong" for level, _ in findings)
    if as_json:
        click.echo(
            json.dumps(
                {"ok": not wrong, "findings": [{"level": a, "text": b} for a, b in findings]}
            )
        )
    else:
        for level, text in findings:
            click.echo(f"{level:<5}  {text}")
        click.echo("There is something wrong." if wrong else "The agent can start with this.")
    raise click.exceptions.Exit(NO if wrong else FINE)


@cli.command()
@_CONFIG
@click.option("--code", required=True, help="The one-time code of `loyalty-central terminals add`.")
@_JSON
def enrol(config: Path, code: str, as_json: bool) -> None:
    """Exchange a one-time code for this terminal's identity."""
    from edge_agent.enrolling import enrol_terminal
    from sync.errors import EnrolmentRefused

    settings = _settings(config)
    if settings.central is None:
        raise click.UsageError("the configuration has no [central] table with its url")
    with _explained():
        try:
            identity = enrol_terminal(settings, code)
        except EnrolmentRefused as error:
            click.echo(error.detail, err=True)
            raise click.exceptions.Exit(NO) from error
    if as_json:
        told = {"terminal": identity.terminal, "identity": str(settings.identity_file)}
        click.echo(json.dumps(told))
    else:
        click.echo(
            f"This is terminal {identity.terminal} now; its identity is in {settings.identity_file}."
        )


@cli.command()
@_CONFIG
@_JSON
def sync(config: Path, as_json: bool) -> None:
    """Push and pull once, now. The agent must not be running: it does this by itself."""
    from rich.console import Console
    from rich.progress import Progress

    from edge_agent.central_line import CentralLine
    from edge_agent.store import Store
    from sync.once import sync_once

    settings = _settings(config)
    with _explained():
        store = Store.open(settings)
        try:
            central = CentralLine(settings).connect()
            if central is None:
                raise CouldNot(
                    "this terminal is not enrolled: edge-agent enrol --config ... --code ..."
                )
            with closing(central), Progress(console=Console(stderr=True), transient=True) as bars:
                tasks = {what: bars.add_task(what, total=None) for what in ("records", "members")}
                result = sync_once(
                    central,
                    *store.sync_ports(),
                    lambda what, done, total: bars.update(
                        tasks[what], completed=done, total=total or None
                    ),
                )
            told = {
                "records": result.records,
                "received": result.received,
                "members": result.pulled.members,
                "programme": result.pulled.programme,
            }
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(
            f"Central took {told['records']} records and holds everything up to {told['received']}."
        )
        click.echo(f"{told['members']} members were updated.")


@cli.group()
def journal() -> None:
    """Walk, list or export what this terminal recorded."""


@journal.command()
@_CONFIG
@_JSON
def verify(config: Path, as_json: bool) -> None:
    """Walk the whole chain; exit 1 when anything was changed, is missing or was moved."""
    from edge_agent.checking import unsigned
    from edge_agent.ledger.inspect import open_journal
    from sync.identity import load_identity

    settings = _settings(config)
    with _explained(), open_journal(settings.terminal.data) as opened:
        found = opened.verify()
        doubt = unsigned(load_identity(settings.identity_file), opened)
    faults = [{"seq": fault.seq, "what": fault.what} for fault in found.faults]
    if doubt is not None:
        faults.append({"seq": doubt.seq, "what": doubt.what})
    if as_json:
        head = {"seq": found.head.seq, "hash": found.head.hash.hex()}
        click.echo(
            json.dumps(
                {"whole": not faults, "records": found.records, "head": head, "faults": faults}
            )
        )
    else:
        for fault in faults:
            click.echo(f"record {fault['seq']}: {fault['what']}")
        state = "NOT whole" if faults else "whole"
        click.echo(
            f"The chain of {found.records} records is {state}; head {found.head.seq} {found.head.hash.hex()}."
        )
    raise click.exceptions.Exit(NO if faults else FINE)


@journal.command()
@_CONFIG
@_JSON
@click.option("--last", default=20, show_default=True, help="How many records.")
def show(config: Path, last: int, as_json: bool) -> None:
    """List the last records."""
    from edge_agent.ledger.inspect import open_journal

    settings = _settings(config)
    with _explained(), open_journal(settings.terminal.data) as opened:
        after = max(0, opened.head().seq - max(1, last))
        bodies = [json.loads(record.body) for record in opened.records(after)]
        received = opened.received().seq
    if as_json:
        for body in bodies:
            click.echo(json.dumps(body, ensure_ascii=False))
        return
    for body in bodies:
        act = body[body["kind"]]
        points = sum(entry["quantity"] for entry in body["entries"])
        where = "at central" if body["seq"] <= received else "waiting"
        click.echo(
            f"{body['seq']:>7}  {body['at'][:19]}  {body['kind']:<6}  {act['sale_id']:<28} {points:>+7}  {where}"
        )


@journal.command()
@_CONFIG
@click.option(
    "--personal",
    is_flag=True,
    help="Also each record's attachment: cards, names, free text. Keep the output as you keep those.",
)
def export(config: Path, personal: bool) -> None:
    """Write every record as a line of JSON: seq, id, kind, at, hash, previous, body.

    Of a record whose body is damaged `kind` and `at` are null, and `body` is what can be read of it.
    """
    from edge_agent.ledger.inspect import open_journal

    settings = _settings(config)
    with _explained(), open_journal(settings.terminal.data) as opened:
        for stored in opened.stored():
            record = stored.read()
            line = {
                "seq": stored.seq,
                "id": stored.id,
                "kind": None if record is None else record.kind.value,
                "at": None if record is None else record.at.isoformat(),
                "hash": stored.hash.hex(),
                "previous": stored.previous.hex(),
                "body": stored.body.decode(errors="replace"),
            }
            if personal:
                attached = stored.attachment
                line["attachment"] = attached and attached.content.decode(errors="replace")
            click.echo(json.dumps(line, ensure_ascii=False))


@cli.command()
@_JSON
def devices(as_json: bool) -> None:
    """Every scanner and printer that is found, used or not."""
    from drivers.discover import discover

    found = [each.as_json() for each in discover()]
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        click.echo("  ".join(str(value) for value in each.values() if value))
    if not found:
        click.echo(
            "No serial device and no printer was found. Network printers are not looked for."
        )


@cli.command()
@click.option(
    "--port", default=8420, show_default=True, help="Of the agent; central takes the one ten above."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Keep the data there; else in a folder that goes.",
)
@click.option(
    "--sales", type=click.IntRange(1, 100_000), help="So many scans and sales, then the summary."
)
@_JSON
def demo(port: int, data: Path | None, sales: int | None, as_json: bool) -> None:
    """Agent and central on this machine with simulated devices."""
    from edge_agent.demo.processes import DemoFailed
    from edge_agent.demo.show import run_demo

    try:
        code = run_demo(port, data, sales, as_json=as_json, stop=stop_on_signals())
    except DemoFailed as error:
        raise CouldNot(str(error)) from error
    raise click.exceptions.Exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of the command; returns the exit code."""
    return run_command(cli, arguments)


def run_command(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run a command with our exit codes; whatever we did not think of is 3, with its traceback."""
    try:
        outcome: Any = command.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return COULD_NOT
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        return FINE
    except Exception:  # noqa: BLE001 - the last resort of a command: shown whole, and not mistaken for "no"
        traceback.print_exc()
        return COULD_NOT
    return outcome if isinstance(outcome, int) else FINE
