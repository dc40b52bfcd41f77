"""Writes the next step of central's schema: what `tables` has and the steps so far do not. See `make revision`."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from pysqlite3 import dbapi2
from sqlalchemy import create_engine

from sync.central import migrations


def write(message: str) -> None:
    """The file to look over, complete and commit; its number goes into `migrations.HEAD`."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/central.db", module=dbapi2)
        with engine.begin() as connection:
            migrations.migrate(connection)
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(Path(migrations.__file__).parent))
            config.set_main_option("path_separator", "os")
            number = f"{int(migrations.HEAD) + 1:04}"
            command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    write(sys.argv[1])
