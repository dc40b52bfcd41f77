"""The schema's steps: they lead to what `tables` says, on both databases, and never back."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pysqlite3 import dbapi2
from sqlalchemy import Engine, create_engine, insert, inspect, text

from sync.central import migrations
from sync.central.database import ACCOUNTS, CHANGE, Database, read_counter
from sync.central.migrations import SchemaTooNew
from sync.central.tables import instances, metadata
from tests.central import config_in, run_command, settings_in
from tests.support.postgres import Server


@pytest.fixture
def empty(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without tables."""
    yield from _made(database, tmp_path / "empty.db", request)


@pytest.fixture
def another(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of another one."""
    yield from _made(database, tmp_path / "another.db", request)


def _made(database: str, file: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{file}"
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.make()
    yield url
    server.drop(url)


def engine_of(url: str) -> Engine:
    if url.startswith("sqlite"):
        return create_engine(url, module=dbapi2)
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def schema_of(url: str) -> dict[str, Any]:
    """Every table with its columns, keys, constraints and indexes, and for which rows these are."""
    engine = engine_of(url)
    with engine.connect() as connection:
        found = inspect(connection)
        schema = {
            table: {
                "columns": {
                    each["name"]: (str(each["type"]), each["nullable"], each["default"])
                    for each in found.get_columns(table)
                },
                "key": found.get_pk_constraint(table),
                "foreign": sorted(map(str, found.get_foreign_keys(table))),
                "unique": sorted(map(str, found.get_unique_constraints(table))),
                "indexes": sorted(map(_plain, found.get_indexes(table))),
            }
            for table in found.get_table_names()
            if table != "alembic_version"
        }
    engine.dispose()
    return schema


def _plain(index: Any) -> str:
    where = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": where})


def test_the_steps_lead_to_the_tables(empty: str, another: str) -> None:
    database = Database(empty)
    assert database.migrated[-1] == migrations.HEAD
    engine = engine_of(another)
    metadata.create_all(engine)
    engine.dispose()
    assert schema_of(empty) == schema_of(another), "make revision writes the step"
    with database.read() as connection:
        assert [read_counter(connection, name) for name in (CHANGE, ACCOUNTS)] == [0, 0]
    database.close()
    again = Database(empty)
    assert again.migrated == []
    again.close()


def test_the_steps_are_one_line_that_ends_at_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrations.HEAD]
    assert [step.revision for step in script.walk_revisions()][::-1] == [
        f"{number:04}" for number in range(1, int(migrations.HEAD) + 1)
    ]


NEXT_STEP = '''"""A column more"""

import sqlalchemy as sa
from alembic import op

revision = "{after}"
down_revision = "{before}"


def upgrade() -> None:
    """From the schema before to this one."""
    op.add_column("instances", sa.Column("version", sa.Text(), nullable=False, server_default="1"))
'''

OPENED = """
import sys
from sync.central.database import Database

print(Database(sys.argv[1]).migrated)
"""


def test_the_next_version_brings_a_database_along_with_what_is_in_it(
    empty: str, tmp_path: Path
) -> None:
    """The next version is this one with one step more."""
    database = Database(empty)
    with database.write() as connection:
        connection.execute(insert(instances).values(token="kept", begun_at=7))
    database.close()
    root = Path(migrations.__file__).parents[3]
    for package in ("sync", "edge_agent"):
        shutil.copytree(root / package, tmp_path / "next" / package)
    folder = tmp_path / "next" / "sync" / "central" / "migrations"
    after = f"{int(migrations.HEAD) + 1:04}"
    step = NEXT_STEP.format(after=after, before=migrations.HEAD)
    (folder / "versions" / f"{after}_next.py").write_text(step)
    head = (folder / "__init__.py").read_text()
    (folder / "__init__.py").write_text(
        head.replace(f'HEAD = "{migrations.HEAD}"', f'HEAD = "{after}"')
    )
    command = [sys.executable, "-c", OPENED, empty]
    opened = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=tmp_path / "next"
    )
    assert opened.stdout == f"['{after}']\n"
    engine = engine_of(empty)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT token, begun_at, version FROM instances")).all()
    engine.dispose()
    assert rows == [("kept", 7, "1")]
    with pytest.raises(SchemaTooNew, match=f"schema {after}, this version knows"):
        Database(empty)


def test_processes_that_start_at_once_make_the_tables_once(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(Database, [empty] * 4))
    assert sorted(each.migrated for each in started)[:3] == [[], [], []]
    for each in started:
        each.close()


def test_a_database_of_a_newer_version_is_told_and_left_alone(tmp_path: Path) -> None:
    config = str(config_in(tmp_path))
    done = run_command("migrate", "--config", config)
    assert (done.returncode, f"schema {migrations.HEAD}" in done.stdout) == (0, True)
    database = Database(settings_in(tmp_path).database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    refused = run_command("report", "totals", "--config", config)
    assert refused.returncode == 3
    assert "the database has schema 9999, this version knows" in refused.stderr
