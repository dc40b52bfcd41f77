"""The schema of central's database, step by step, by alembic; each step is a file in `versions`.

`tables` says what the schema is, the steps how a database gets there; a test compares the two. A step is never changed
once it was released. `make revision MESSAGE="..."` writes the next one from what `tables` has and the steps do not.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0001"
"""The newest step; alembic is only imported where a database has another one."""


class SchemaTooNew(Exception):
    """The database was made by a newer version of central."""


def migrate(connection: Connection) -> list[str]:
    """Bring the schema to `HEAD`, within the caller's transaction; the steps that this took.

    Raises `SchemaTooNew` for a database that a newer version has been at.
    """
    before = found(connection)
    if before == HEAD:
        return []
    from alembic import command  # noqa: PLC0415 - at most starts this is not needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    if before is not None and before not in steps:
        raise SchemaTooNew(f"the database has schema {before}, this version knows {HEAD}")
    command.upgrade(config, HEAD)
    return steps[0 if before is None else steps.index(before) + 1 :]


def found(connection: Connection) -> str | None:
    """The step that a database is at; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    step: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return step
