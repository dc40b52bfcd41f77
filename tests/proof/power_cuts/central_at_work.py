"""The process that is recorded: central taking and posting what two tills send; started as `lives` says."""

import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from sync.central import database, keys
from sync.central.central import Central
from sync.wire import RecordsMessage
from tests.central import AT, STARTER, Till, earn, settings_in
from tests.proof.power_cuts.lives import Outside, asked, live, synced

CENTRAL = "central"
TERMINALS = (("0412", "03"), ("0412", "04"))
PUSHES = 10
"""Of each till."""

HELD_BACK = 4
"""So many of the pushes come in the last life."""

MESSAGES = "messages"
RECORDS_PER_PUSH = 3
LOG_PAGES_MAX = 60
"""In place of SQLite's 1,000: the log is then folded several times in a recording."""

SEED = 4


def write_messages(folder: Path) -> None:
    """Leave beside `folder` what the tills will send: sales to a few accounts, by card."""
    sent = []
    for number, (store, till) in enumerate(TERMINALS, 1):
        chance = random.Random(SEED + number)
        journal = Till(f"{store}/{till}", f"{number:032x}")
        for _ in range(PUSHES):
            for _ in range(RECORDS_PER_PUSH):
                member = f"{number}{chance.randrange(3)}"
                journal.sale(
                    f"ref-{member}", [earn(chance.randrange(1, 90))], f"29000000000{member}"
                )
            sent.append(journal.message(len(journal.records) - RECORDS_PER_PUSH + 1))
    sent.sort(key=lambda each: each.records[0].seq)
    (folder.parent / MESSAGES).write_text("\n".join(each.model_dump_json() for each in sent))


def messages(folder: Path) -> list[RecordsMessage]:
    """What the tills send, in the order in which central gets it."""
    lines = (folder.parent / MESSAGES).read_text().splitlines()
    return [RecordsMessage.model_validate_json(line) for line in lines]


def open_central(folder: Path) -> Central:
    """Central on its files in `folder`."""
    return Central(settings_in(folder / CENTRAL), lambda: AT)


def secrets(central: Central, folder: Path) -> dict[str, str]:
    """What tills and administrators hold the other half of: another one would lock all of them out."""
    signing = keys.signing_key(folder / CENTRAL / "data").public_key().public_bytes_raw()
    card = central.accounts.card_key("2900000000001")
    return {"admin": central.admin_token, "card": card, "signing": signing.hex()}


def furnish(central: Central) -> None:
    """Its terminals and the programme that they earn by; again it changes nothing."""
    for store, till in TERMINALS:
        central.terminals.add(store, till)
    central.programmes.publish(STARTER, "starter")


@contextmanager
def life(folder: Path, outside: Outside) -> Iterator[Central]:
    """One start of central, until it is closed in order."""
    central = open_central(folder)
    outside.hears("secrets", **secrets(central, folder))
    central.catch_up()
    yield central
    central.close()


def take(central: Central, sent: Sequence[RecordsMessage], outside: Outside) -> None:
    """Take what is pushed; the till is told up to where central has its journal."""
    for message in sent:
        received = central.push(message).taken.received
        outside.hears("received", epoch=message.epoch, seq=received)


def first_life(folder: Path, outside: Outside) -> None:
    """From nothing; it ends as a kill ends it."""
    with life(folder, outside) as central:
        furnish(central)
        take(central, messages(folder)[:PUSHES], outside)
        os._exit(0)


def second_life(folder: Path, outside: Outside) -> None:
    """Recovers what the kill left, and is stopped in order."""
    with life(folder, outside) as central:
        take(central, messages(folder)[PUSHES:-HELD_BACK], outside)


def third_life(folder: Path, outside: Outside) -> None:
    """Starts on a folded log; killed again."""
    with life(folder, outside) as central:
        take(central, messages(folder)[-HELD_BACK:], outside)
        os._exit(0)


def main() -> None:
    """Live three times."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder, outside, synchronous = asked()
    shipped: Any = database  # whose own words are final, and here are changed
    folded = f"PRAGMA wal_autocheckpoint={LOG_PAGES_MAX}"
    shipped._PRAGMAS = [*synced(shipped._PRAGMAS, synchronous), folded]
    live((first_life, second_life, third_life), folder, outside)


if __name__ == "__main__":
    main()
