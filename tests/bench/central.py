"""Records per second into central, on SQLite and on PostgreSQL, beside the same rows written to the bare database."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from sync.central.central import Central
from sync.central.database import Database
from sync.central.tables import accounts, acts, attachments, cards, entries, lots, records
from sync.wire import RecordState
from tests.bench.table import Row
from tests.central import STARTER, Till, earn, settings_in
from tests.support.postgres import installed, running_postgres

RECORDS, MEMBERS = 4_000, 500
PER_PUSH = 200
"""Records of one push, which central takes in one transaction and posts in one more."""

SLOWER_MAX = 40.0
"""Taking a record is checking its chain, working its award out again and posting it; writing its rows is the least of
it. Nothing asks for this limit; above it taking a record has become dearer than it was."""

_FIRST = (accounts, cards, lots)
"""What others refer to; written with the first push."""

_WITH_EACH = (records, attachments, acts, entries)


def records_into_central(folder: Path) -> list[Row]:
    """Both databases, where there is a PostgreSQL to start."""
    rows = [
        _measured("SQLite", folder, f"sqlite:///{folder}/ours.db", f"sqlite:///{folder}/bare.db")
    ]
    if installed():
        with running_postgres(durable=True) as server:
            rows.append(_measured("PostgreSQL", folder, server.make(), server.make()))
    return rows


def _measured(name: str, folder: Path, url: str, bare_url: str) -> Row:
    till = _journal()
    pushes = [till.message(first, first + PER_PUSH - 1) for first in range(1, RECORDS, PER_PUSH)]
    with closing(Central(settings_in(folder, database=url))) as central:
        central.publish(STARTER, "starter")
        central.terminals.add(*till.terminal.split("/"))
        began_at, cpu_before_s = time.perf_counter(), time.process_time()
        for message in pushes:
            central.push(message)
        took_s, cpu_s = time.perf_counter() - began_at, time.process_time() - cpu_before_s
        with central.database.read() as connection:
            written = {table: _rows(connection, table) for table in (*_FIRST, *_WITH_EACH)}
    accepted = sum(row["state"] == RecordState.ACCEPTED for row in written[records])
    with closing(Database(bare_url)) as bare:
        bare_s = _write(bare, written, len(pushes))
    return Row(
        "central",
        f"{RECORDS:,} records into central on {name}, {PER_PUSH} a push",
        took_s,
        SLOWER_MAX,
        baseline=bare_s,
        baseline_is="the same rows and commits, by COPY" if "postgres" in url else "by executemany",
        relative=True,
        failures=RECORDS - accepted,
        details={
            "records_per_second": RECORDS / took_s,
            "bare_per_second": RECORDS / bare_s,
            "cpu_s_of_central": cpu_s,
        },
    )


def _journal() -> Till:
    """Sales of members with cards, each of which earns."""
    till = Till("0412/03")
    for number in range(RECORDS):
        member = number % MEMBERS
        till.sale(f"ref-{member}", [earn(1 + number % 9)], card=f"29{member:011}")
    return till


def _rows(connection: Connection, table: Table) -> list[Mapping[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table))]


def _write(
    database: Database, written: Mapping[Table, Sequence[Mapping[str, Any]]], commits: int
) -> float:
    """Write the rows as the driver does it best, in so many transactions; the seconds that this takes."""
    parts = {table: list(_parted(written[table], commits)) for table in _WITH_EACH}
    began_at = time.perf_counter()
    for number in range(commits):
        with database.write() as connection:
            for table in _FIRST if number == 0 else ():
                _write_rows(connection, table, written[table])
            for table in _WITH_EACH:
                _write_rows(connection, table, parts[table][number])
    return time.perf_counter() - began_at


def _parted(rows: Sequence[Mapping[str, Any]], parts: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    for number in range(parts):
        yield rows[len(rows) * number // parts : len(rows) * (number + 1) // parts]


def _write_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = [tuple(row.values()) for row in rows]
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for each in values:
            copy.write_row(each)
