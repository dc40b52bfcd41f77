"""The oracle of the kills: the kernel says whether a transaction is under way."""

import subprocess
import sys
from pathlib import Path

from tests.support.write_lock import is_held, wait_until_held

WRITES_WHEN_TOLD = """
import sys
from pathlib import Path
from edge_agent.ledger.database import Connections

connections = Connections(Path(sys.argv[1]))
print("open", flush=True)
input()
with connections.write():
    print("begun", flush=True)
    input()
print("committed", flush=True)
input()
"""


def test_the_lock_is_seen_from_begin_to_commit_and_at_no_other_time(tmp_path: Path) -> None:
    database = tmp_path / "some.db"
    assert not is_held(database)
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_WHEN_TOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        seen = {}
        for _ in range(3):
            state = writer.stdout.readline().strip()
            wait_until_held(database, 0)
            seen[state] = is_held(database)
            writer.stdin.write("\n")
            writer.stdin.flush()
    assert seen == {"open": False, "begun": True, "committed": False}
