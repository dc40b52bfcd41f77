"""docs/operating.md: its calls are answered by a running central, and its commands, metrics and links exist."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.central import running_central
from tests.support.process import run_installed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text()
BLOCKS = re.findall(r"^ *```console\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = [
    re.sub(r"\\\n\s*", "", line)
    for block in BLOCKS
    for line in re.findall(r"^ *\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
]
FUNCTION, *CALLS = [line for line in TYPED if line.startswith("central")]

MEMBERS = "card,member_id,display_name,points\n2912345678906,M1,Anneke,500\n"


def test_the_page_has_no_call_but_by_its_function() -> None:
    assert FUNCTION.startswith("central() {")
    assert len(CALLS) >= 4
    assert PAGE.count("curl ") == 1


def test_a_running_central_answers_every_call_of_the_page(tmp_path: Path) -> None:
    with running_central(tmp_path) as central:
        central.publish()
        assert central.admin("POST", "/members/import", data=MEMBERS.encode()).ok
        function = FUNCTION.replace("http://127.0.0.1:8430", central.url).replace(
            "/etc/loyalty-central/admin-token", str(tmp_path / "admin-token")
        )
        assert central.url in function
        assert str(tmp_path) in function
        for call in CALLS:
            typed = f"{function}\n{call} -w ' %{{http_code}}'\n"
            done = subprocess.run(
                ["sh", "-c", typed], capture_output=True, text=True, timeout=30, check=False
            )
            assert re.search(r" 20[01]$", done.stdout.strip()), (call, done.stdout, done.stderr)


def test_every_command_of_the_page_is_there() -> None:
    """In blocks and in the text, up to the first option or what is in capitals."""
    uses = set(re.findall(r"(edge-agent|loyalty-central) ([a-z]+(?: [a-z][a-z-]*)?)(?=[ `])", PAGE))
    assert len(uses) > 10
    for program, subcommand in sorted(uses):
        done = run_installed(program, *subcommand.split(), "--help")
        assert done.returncode == 0, (program, subcommand, done.stderr)


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"(?:edge_agent|loyalty_central)_\w+", PAGE)))
)
def test_every_metric_of_the_page_is_there(name: str) -> None:
    side, short = re.fullmatch(r"(edge_agent|loyalty_central)_(\w+?)(?:_total)?", name).groups()  # type: ignore[union-attr]
    if side == "edge_agent":
        source = (ROOT / "edge_agent" / "web" / "metrics.py").read_text()
        assert f'"{short}"' in source or f'"edge_agent_{short}"' in source
    else:
        assert f'"{side}_{short}"' in (ROOT / "sync" / "central" / "metrics.py").read_text()


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
