"""Ready after kill -9, beside a fresh Python that imports the same libraries and does nothing else."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import median, spread
from tests.bench.processes import agent_process
from tests.bench.shop import (
    agent_in_process,
    card,
    encoded,
    enrol_offline,
    sale_body,
    write_config,
)
from tests.bench.table import Row

MEMBERS, SALES = 1_000, 50
TURNS = 9

_LIST_LIBRARIES = """
import json, os, sys
before = set(sys.modules)
import threading
from edge_agent.cli import main
from edge_agent.compose import build_agent
from edge_agent.logs import set_up_logs
from edge_agent.settings import load_settings
from pathlib import Path
agent = build_agent(load_settings(Path(sys.argv[1])))
ours = {"edge_agent", "drivers", "sync"}
names = [name for name in sys.modules if name not in before and name.partition(".")[0] not in ours]
print(json.dumps(names))
sys.stdout.flush()
os._exit(0)
"""

_IMPORT_THEM = """
import importlib, sys
for name in sys.argv[1].split(","):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # a part of a package that only its package can import, and has
"""


def ready_after_kill(folder: Path) -> list[Row]:
    """From starting the process until `/readyz` says 200, after a kill in the middle of sales."""
    data = folder / "till"
    config = write_config(data)
    enrol_offline(data)
    with agent_in_process(config, MEMBERS):
        pass
    libraries = _libraries(config)
    agent = agent_process(config)
    agent.start()
    ours: list[float] = []
    theirs: list[float] = []
    lost = 0
    for turn in range(TURNS):
        connection = agent.connection()
        for number in range(SALES):
            sale = turn * SALES + number
            connection.post("/v1/sales", encoded(sale_body(sale, card(sale % MEMBERS))))
        agent.end(signal.SIGKILL)
        ours.append(agent.start())
        lost += (turn + 1) * SALES - agent.connection().status()["journal"]["seq"]
        theirs.append(_seconds_to_import(libraries))
    agent.end()
    return [
        Row(
            "ready",
            "ready after kill -9, p50",
            median(ours),
            2.0,
            baseline=median(theirs),
            baseline_is=f"import its {len(libraries)} modules",
            relative=True,
            failures=lost,
            details={"measured": spread(ours), "baseline": spread(theirs)},
        )
    ]


def _libraries(config: Path) -> list[str]:
    """Every module that is not ours and that the agent has loaded when it is put together, in that order."""
    done = subprocess.run(
        [sys.executable, "-c", _LIST_LIBRARIES, str(config)],
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def _seconds_to_import(libraries: list[str]) -> float:
    began_at = time.perf_counter()
    subprocess.run([sys.executable, "-c", _IMPORT_THEM, ",".join(libraries)], check=True)
    return time.perf_counter() - began_at
