"""`python -m tests.peers CASES.json [--list failed|unsupported|passed] [--json]`."""

import json
import sys
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.peers.running import Result, Verdict, run


@click.command()
@click.argument("cases", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--list", "listed", type=click.Choice([each.value for each in Verdict]), multiple=True
)
@click.option("--json", "as_json", is_flag=True, help="Every result as JSON on stdout.")
def main(cases: Path, listed: tuple[str, ...], *, as_json: bool) -> None:
    """Run neutral acceptance cases through the engine and a real ledger; exit 1 where one fails."""
    results = [run(case) for case in json.loads(cases.read_text(encoding="utf-8"))]
    if as_json:
        rows = [
            {"id": each.id, "topic": each.topic, "verdict": each.verdict, "why": each.why}
            for each in results
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _show(results, listed)
    sys.exit(1 if any(each.verdict is Verdict.FAILED for each in results) else 0)


def _show(results: list[Result], listed: tuple[str, ...]) -> None:
    table = Table("topic", *(each.value for each in Verdict))
    topics = dict.fromkeys(each.topic for each in results)
    for topic in sorted(topics):
        counts = Counter(each.verdict for each in results if each.topic == topic)
        table.add_row(topic, *(str(counts[each]) for each in Verdict))
    counts = Counter(each.verdict for each in results)
    table.add_section()
    table.add_row("all", *(str(counts[each]) for each in Verdict))
    Console().print(table)
    for result in results:
        if result.verdict.value in listed:
            click.echo(f"{result.id} {result.verdict.value}")
            for line in result.why:
                click.echo(f"    {line}")
    click.echo(", ".join(f"{counts[each]} {each.value}" for each in Verdict))


if __name__ == "__main__":
    main()
