"""A process that has everything imported; each child does one thing with a data folder and dies as it stands.

    python -m tests.proof.disk_errors.acting

A line of JSON on stdin, `{"end", "do", "folder"}`, makes a child. It opens what it needs, says `{"pid"}`, waits for one
more line, does it, and says what came of it.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.errors import LoyaltyError
from sync.central.central import Central
from sync.central.tables import records
from sync.wire import RecordsMessage
from tests.central import AT, settings_in
from tests.tills import open_shop, sale

MESSAGE = "message.json"
"""What is pushed to central, in the data folder."""

SOLD = "S-new"
SOLD_BEFORE = 3

Told = dict[str, Any]
Act = Callable[[], Told]


def till_sells(folder: Path) -> Act:
    """A sale; `acknowledged` is the answer's result, `refused` the error's code."""
    shop = open_shop(folder)

    def act() -> Told:
        try:
            return {"acknowledged": shop.till.sell(sale(SOLD)).result}
        except LoyaltyError as error:
            return {"refused": error.code}

    return act


def till_looks(folder: Path) -> Act:
    """Whether the chain is whole, how every sale is answered when it is sent again, and how many records there are."""
    shop = open_shop(folder)

    def act() -> Told:
        whole = not shop.ledger.verify().faults
        answers = {
            sale_id: shop.till.sell(sale(sale_id)).result
            for sale_id in (SOLD, *(f"S-{number}" for number in range(SOLD_BEFORE)))
        }
        return {"whole": whole, "answers": answers, "records": shop.ledger.head.seq}

    return act


def till_prepares(folder: Path) -> Act:
    """Some sales, and a log that is not folded."""
    shop = open_shop(folder)

    def act() -> Told:
        return {
            f"S-{number}": shop.till.sell(sale(f"S-{number}")).result
            for number in range(SOLD_BEFORE)
        }

    return act


def central_takes(folder: Path) -> Act:
    """A push; `acknowledged` is up to where central says that it has the journal."""
    central = Central(settings_in(folder), lambda: AT)
    message = _message(folder)

    def act() -> Told:
        try:
            return {"acknowledged": central.push(message).taken.received}
        except SQLAlchemyError as error:
            return {"refused": type(error).__name__}

    return act


def central_looks(folder: Path) -> Act:
    """Which records there are; up to where central has them when they are sent again, and what it makes of them."""
    central = Central(settings_in(folder), lambda: AT)
    message = _message(folder)

    def act() -> Told:
        with central.database.read() as connection:
            there = [
                [row.seq, row.hash.hex()]
                for row in connection.execute(select(records.c.seq, records.c.hash))
            ]
        again = central.push(message).taken.received
        central.catch_up()
        return {"there": there, "received": again, "states": central.reports.totals()["records"]}

    return act


def central_prepares(folder: Path) -> Act:
    """A terminal."""
    central = Central(settings_in(folder), lambda: AT)

    def act() -> Told:
        central.terminals.add("0412", "03")
        return {}

    return act


def _message(folder: Path) -> RecordsMessage:
    return RecordsMessage.model_validate_json((folder / MESSAGE).read_bytes())


ACTS: dict[tuple[str, str], Callable[[Path], Act]] = {
    ("till", "prepare"): till_prepares,
    ("till", "act"): till_sells,
    ("till", "look"): till_looks,
    ("central", "prepare"): central_prepares,
    ("central", "act"): central_takes,
    ("central", "look"): central_looks,
}


def tell(told: Told) -> None:
    """One line for whoever asked."""
    print(json.dumps(told), flush=True)


def child(asked: Told) -> None:
    """Open, wait, do it, tell; what the end of a process would tidy up is left as it is."""
    try:
        act = ACTS[asked["end"], asked["do"]](Path(asked["folder"]))
        tell({"pid": os.getpid()})
        sys.stdin.readline()
        tell(act())
    except BaseException as error:  # noqa: BLE001 - a child that raised would go on as if it were the parent
        traceback.print_exc()
        tell({"failed": repr(error)})
    os._exit(0)


def main() -> None:
    """A child for every line."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    while line := sys.stdin.readline():
        process = os.fork()
        if process == 0:
            child(json.loads(line))
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
