"""The agent as a process whose system clock a test can set: seconds to add stand in a file, read at every look.

    python -m tests.support.agent_with_clock --config agent.toml

The file is `clock` beside the configuration. Everything else is what `edge-agent run` does.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.cli import stop_on_signals
from edge_agent.compose import build_agent
from edge_agent.logs import set_up_logs
from edge_agent.settings import load_settings

COMMAND = (sys.executable, "-m", "tests.support.agent_with_clock")


def clock_file(config: Path) -> Path:
    """Where the seconds stand."""
    return config.with_name("clock")


def main() -> int:
    """Run until told to stop."""
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    file = clock_file(config)

    def now() -> datetime:
        ahead_s = float(file.read_text()) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead_s)

    set_up_logs()
    stop = stop_on_signals()
    agent = build_agent(load_settings(config), now)
    agent.start()
    try:
        return agent.run(stop)
    finally:
        agent.stop()


if __name__ == "__main__":
    sys.exit(main())
