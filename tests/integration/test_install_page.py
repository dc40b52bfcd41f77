"""docs/install.md: its commands are those that exist, and those that the container trial runs."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import run_installed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line.strip() for block in BLOCKS for line in block.splitlines()]

AGENT = {"run", "check", "enrol", "sync", "journal verify", "journal export", "devices"}
CENTRAL = {"run", "programme publish", "members import", "terminals add"}
"""Of the contract's commands, those that need no explanation beyond the page."""


def subcommands(program: str) -> set[str]:
    """Every `PROGRAM word [word]` on the page, up to the first option or file."""
    uses = re.findall(
        rf"/bin/{program} ([a-z]+(?: [a-z]+)?)(?= |$)", "\n".join(COMMANDS), re.MULTILINE
    )
    return set(uses)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_valid_shell(block: str) -> None:
    result = subprocess.run(
        ["sh", "-n"], input=block, capture_output=True, text=True, timeout=10, check=False
    )

    assert result.stderr == ""


def test_the_page_uses_commands_of_the_contract_only() -> None:
    assert subcommands("edge-agent") <= AGENT
    assert subcommands("loyalty-central") <= CENTRAL
    assert {"check", "enrol", "journal verify", "devices"} <= subcommands("edge-agent")
    assert {"programme publish", "members import", "terminals add"} <= subcommands(
        "loyalty-central"
    )


@pytest.mark.parametrize(
    ("program", "module"),
    [("edge-agent", "edge_agent.cli"), ("loyalty-central", "sync.central.cli")],
)
def test_the_installed_programs_know_every_command_of_the_page(program: str, module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}, which is not written yet")
    for subcommand in sorted(subcommands(program)):
        result = run_installed(program, *subcommand.split(), "--help")
        assert result.returncode == 0, (subcommand, result.stderr)


def test_every_file_that_is_installed_from_systemd_is_there() -> None:
    named = set(
        re.findall(
            r"[\w-]+\.(?:service|sysusers|tmpfiles|rules)(?= )",
            "\n".join(line for line in COMMANDS if line.startswith("install")),
        )
    )

    assert named == {path.name for path in (ROOT / "systemd").iterdir()}


def test_the_container_trial_installs_the_agents_files_to_the_same_places() -> None:
    trial = (ROOT / "tests" / "e2e" / "service_trial.sh").read_text()
    for name in ("edge-agent.sysusers", "edge-agent.tmpfiles", "60-edge-agent.rules"):
        (line,) = [
            command
            for command in COMMANDS
            if command.startswith("install") and f" {name} " in command
        ]
        assert line.replace(f" {name} ", f" $SHARE/{name} ") in trial


TRIED_NOWHERE = {
    "The page on the whole screen",  # needs a screen; its unit is verified
    "A till without internet",  # the trial's pip reads a folder all the time
    "The identity sealed to the machine",  # a container has no secret of a machine's own
    "Making the wheel",  # done before the container starts
}


def test_the_container_trial_runs_the_pages_own_blocks_by_heading_and_number() -> None:
    """It takes them from the page when it runs; a heading renamed or a block added is seen here."""
    trial = (ROOT / "tests" / "e2e" / "service_trial_real.sh").read_text()
    run = {(heading, int(number)) for heading, number in re.findall(r'page "([^"]+)" (\d)', trial)}
    there = set()
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading = section.split("\n", 1)[0]
        blocks = re.findall(r"^ *```sh$", section, re.MULTILINE)
        there |= {(heading, number) for number in range(1, len(blocks) + 1)}

    assert run <= there
    assert {heading for heading, _ in there - run} == TRIED_NOWHERE


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_centrals_backup_command_makes_a_whole_copy_of_a_database_in_use(tmp_path: Path) -> None:
    (line,) = [command for command in COMMANDS if "VACUUM INTO" in command]
    found = re.search(r"python -c '([^']+)'", line)
    assert found
    source, copy = tmp_path / "central.db", tmp_path / "backup.db"
    pysqlite3 = importlib.import_module("pysqlite3")
    writer = pysqlite3.connect(source, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE entries (quantity INTEGER) STRICT")
    writer.execute("INSERT INTO entries VALUES (7)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO entries VALUES (8)")

    subprocess.run([sys.executable, "-c", found[1], str(source), str(copy)], timeout=60, check=True)

    writer.execute("COMMIT")
    writer.close()
    reader = pysqlite3.connect(copy)
    assert reader.execute("SELECT quantity FROM entries").fetchall() == [(7,)]
    reader.close()
