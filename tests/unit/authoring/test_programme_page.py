"""docs/programme.md shows what the commands really print, and what it shows of files is read."""

import json
import re
import shlex
from pathlib import Path

import pytest

from edge_agent.authoring.member_file import MemberFile
from edge_agent.cli import main
from edge_agent.cli_programme import programme as commands
from edge_agent.web.bodies.checked import checked
from edge_agent.web.bodies.trials import WantedBody

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "programme.md").read_text(encoding="utf-8")
JSON = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_what_is_shown_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (shown,) = re.findall(r"```console\n\$ edge-agent (.*?)\n(.*?)```", PAGE, re.DOTALL)
    assert main(shlex.split(shown[0])) == 0
    assert capsys.readouterr().out == shown[1]


def test_every_command_stands_on_the_page() -> None:
    for name in commands.commands:
        assert f"`{name}" in PAGE or f"programme {name}" in PAGE


def test_the_wishes_and_the_member_on_the_page_are_read() -> None:
    wishes, member = JSON
    assert len(checked(WantedBody, wishes["wanted"]).to_wanted().redemptions) == 2
    assert MemberFile.read(member).tier == "gold"


def test_every_link_leads_to_a_page() -> None:
    for link in re.findall(r"\]\(([a-z-]+\.md)\)", PAGE):
        assert (ROOT / "docs" / link).is_file()
