"""`loyalty-central records …`: what was received, and what is done about what has no effect."""

import json
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from sync.central.cli_parts import central_of, common, could_not, no, refused, say
from sync.central.mending import GivingUp, Repair
from sync.central.plain import ROW_MAX
from sync.central.problems import invalid

_REASON = click.option("--reason", required=True, help="Why, for whoever asks later; name nobody.")


@click.group("records")
def records_group() -> None:
    """Records as they were received."""


@records_group.command("list")
@click.option("--terminal", help="Only of this one, as STORE/TILL.")
@click.option("--state", help="received, accepted, duplicate, rejected or parked.")
@click.option(
    "--after",
    default=0,
    type=click.IntRange(0, ROW_MAX),
    help="The row of the last record of the page before.",
)
@common
def list_records(
    terminal: str | None, state: str | None, after: int, config: Path, as_json: bool
) -> None:
    """Records in the order that they came, 500 at a time."""
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        found = central.reports.records(terminal, (state,) if state else (), after)
    lines = [
        f"{each['row']}  {each['id']}  {each['terminal']}  {each['seq']}  {each['kind'] or '?'}  "
        f"{each['state']}" + (f": {each['code']}" if each["code"] else "")
        for each in found
    ]
    say(as_json, {"records": found}, "\n".join(lines) or "no records")


@records_group.command("show")
@click.argument("record")
@common
def show_record(record: str, config: Path, as_json: bool) -> None:
    """Look into the RECORD with that id (or row)."""
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        found = central.reports.record(record)
    say(as_json, found, json.dumps(found, indent=2, ensure_ascii=False))


@records_group.command("repair")
@click.argument("record")
@click.option("--id", "repair_id", required=True, help="Your own id: the same one is done once.")
@_REASON
@click.option("--member", help="Whose it is: a member id or ref.")
@click.option(
    "--changes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file of the facts to put in place of those of the record; kept for good, so name nobody.",
)
@common
def repair_record(
    record: str,
    repair_id: str,
    reason: str,
    member: str | None,
    changes: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Post another record in place of RECORD, which has no effect."""
    wanted = _validated(
        Repair,
        {
            "repair_id": repair_id,
            "reason": reason,
            "member": member,
            "changes": {} if changes is None else _json_of(changes),
        },
    )
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        done = central.mending.repair(record, wanted)
    say(as_json, done, f"{done['record']} goes by {done['repaired_by']}: {done['state']}")


@records_group.command("give-up")
@click.argument("record")
@_REASON
@common
def give_up_record(record: str, reason: str, config: Path, as_json: bool) -> None:
    """Leave RECORD without effect for good."""
    wanted = _validated(GivingUp, {"reason": reason})
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        done = central.mending.give_up(record, wanted)
    say(as_json, done, f"{done['record']} was given up")


@records_group.command("give-up-terminal")
@click.option("--store", required=True, help="The store's number.")
@click.option("--till", required=True, help="The till's number in that store.")
@_REASON
@common
def give_up_terminal(store: str, till: str, reason: str, config: Path, as_json: bool) -> None:
    """Leave everything in a terminal's quarantine without effect for good."""
    wanted = _validated(GivingUp, {"reason": reason})
    with central_of(config) as central, could_not(SQLAlchemyError), refused():
        done = central.mending.give_up_terminal(store, till, wanted)
    say(as_json, done, f"{done['given_up']} records of {done['terminal']} were given up")


def _json_of(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise no(f"{path}: {error}") from error


def _validated(model: Any, values: dict[str, Any]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problem = invalid(error)
        fields = "".join(f"\n{each['path']}: {each['message']}" for each in problem.errors)
        raise no(problem.detail + fields) from error
