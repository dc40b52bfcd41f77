"""The schema's steps: they lead to what `tables` says, on both databases, and never back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from sync.central import migrations
from sync.central.database import ACCOUNTS, CHANGE, Database, read_counter
from sync.central.tables import metadata
from tests.central import config_in, run_command, settings_in
from tests.support.postgres import Server


@pytest.fixture
def empty(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without tables."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.make()
    yield url
    server.drop(url)


def test_the_steps_lead_to_the_tables(empty: str) -> None:
    database = Database(empty)
    assert database.migrated[-1] == migrations.HEAD
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == [], "make revision writes the step"
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
