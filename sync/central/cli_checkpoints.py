"""`loyalty-central checkpoints …`: what the oldest records of each journal became."""

from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from sync.central.cli_parts import central_of, common, could_not, say


@click.group("checkpoints")
def checkpoints_group() -> None:
    """What the oldest records of each journal became."""


@checkpoints_group.command("list")
@click.option("--after", default="", help="The journal of the last checkpoint of the page before.")
@common
def list_checkpoints(after: str, config: Path, as_json: bool) -> None:
    """Checkpoints by terminal and epoch, 500 at a time."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.checkpoints.page(after)
    lines = [
        f"{each['journal']}  {each['count']} records folded, up to {each['position']}  {each['at']}"
        f"  {each['head'][:12]}"
        for each in found
    ]
    say(as_json, {"checkpoints": found}, "\n".join(lines) or "nothing was folded")


@checkpoints_group.command("fold")
@common
def fold(config: Path, as_json: bool) -> None:
    """Fold what is old enough, as `run` does once a day."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        before = central.folding.due()
        folded = central.folding.run(before)
        central.database.scrub()
    answer = {"folded": folded, "before": before.isoformat()}
    say(as_json, answer, f"{folded} records from before {before:%d %B %Y} were folded")
