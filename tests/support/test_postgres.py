"""A test run that is killed leaves no PostgreSQL server behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

STARTS_ONE = """
import sys
from tests.support.postgres import running_postgres
with running_postgres() as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.usefixtures("postgres")
def test_the_server_ends_with_whoever_started_it_even_where_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        running = Path("/proc", starter.stdout.readline().decode().strip())
        assert running.exists()
        starter.kill()
    wait_until(lambda: not running.exists(), "PostgreSQL is gone, too")
