"""A command that is started warm is the command, and ends with the tests however they end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import process
from tests.support.process import run_installed
from tests.support.waiting import wait_until

STARTS_ONE = """
import os, sys
from tests.support.process import installed, start, warm_starts
with warm_starts():
    command = [installed("loyalty-central"), "run", "--config", sys.argv[1]]
    print(start(command, 2, 2).pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    "words",
    [
        ("edge-agent", "journal", "show", "--config", "there-is-none.toml"),
        ("edge-agent", "nonsense"),
        ("loyalty-central", "report", "totals"),
        ("loyalty-central", "--version"),
    ],
    ids=" ".join,
)
def test_it_says_the_same_and_ends_the_same(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = run_installed(*words)
    monkeypatch.setattr(process, "_WARM", [])
    cold = run_installed(*words)
    assert (warm.returncode, warm.stdout, warm.stderr) == (
        cold.returncode,
        cold.stdout,
        cold.stderr,
    )


def test_it_ends_with_whoever_started_it_even_where_that_is_killed(tmp_path: Path) -> None:
    config = tmp_path / "central.toml"
    config.write_text(
        f'listen = "127.0.0.1:0"\ndatabase = "sqlite:///{tmp_path}/central.db"\n'
        f'data = "{tmp_path}/data"\nadmin_token_file = "{tmp_path}/admin-token"\n'
    )
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE, str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as starter:
        assert starter.stdout is not None
        running = Path("/proc", starter.stdout.readline().decode().strip())
        wait_until((tmp_path / "central.db").exists, "central runs")
        assert running.exists()
        starter.send_signal(signal.SIGKILL)
    wait_until(lambda: not running.exists(), "central is gone, too")
