"""`python -m tests.bench [PART ...] [--json] [--data FOLDER]`: exit code 0 when every limit holds, else 1."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from rich.console import Console

from tests.bench.authorisation import authorised_by_central
from tests.bench.backlog import backlog_to_central
from tests.bench.central import records_into_central
from tests.bench.device import memory_when_idle, scan_to_page
from tests.bench.evaluate import evaluate_beside_parsing
from tests.bench.members import members_of_a_million
from tests.bench.place import DATA_PARENT, NotADisk, leave_bytecode, machine, working_folder
from tests.bench.ready import ready_after_kill
from tests.bench.sale import sale_in_process, sale_over_http
from tests.bench.table import Row, print_table

PARTS: Mapping[str, Callable[[Path], list[Row]]] = {
    "sale": sale_in_process,
    "http": sale_over_http,
    "evaluate": evaluate_beside_parsing,
    "members": members_of_a_million,
    "scan": scan_to_page,
    "memory": memory_when_idle,
    "ready": ready_after_kill,
    "backlog": backlog_to_central,
    "authorise": authorised_by_central,
    "central": records_into_central,
}


def main() -> int:
    """Measure what was asked for, show it, and say whether all of it holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="for scripts: everything as JSON")
    parser.add_argument("--data", type=Path, default=DATA_PARENT, help="a folder on a real disk")
    asked = parser.parse_args()
    if unknown := [part for part in asked.parts if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console(stderr=asked.json, width=None if sys.stdout.isatty() else 150)
    leave_bytecode()
    began_at = time.monotonic()
    rows: list[Row] = []
    try:
        with working_folder(asked.data) as folder:
            facts = machine(folder)
            for part in asked.parts or PARTS:
                own = folder / part
                own.mkdir()
                console.print(f"[dim]{part} ...[/dim]")
                rows += PARTS[part](own)
    except NotADisk as error:
        console.print(str(error))
        return 2
    took_s = round(time.monotonic() - began_at, 1)
    holds = all(row.holds for row in rows)
    if asked.json:
        shown = {"machine": facts, "seconds": took_s, "holds": holds}
        print(json.dumps(shown | {"rows": [row.to_json() for row in rows]}, indent=1))
        return 0 if holds else 1
    print_table(console, rows)
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()), f"; {took_s} s")
    short = [row.what for row in rows if not row.holds]
    console.print(f"Falls short: {'; '.join(short)}." if short else "Every limit holds.")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
