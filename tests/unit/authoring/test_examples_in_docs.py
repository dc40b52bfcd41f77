"""Every example on the page about challenges, surprises and the rest can be copied into a programme."""

import re
from pathlib import Path

import pytest

from edge_agent.domain.programme.loading import check_programme
from edge_agent.domain.programme.programme_file import ProgrammeFile
from tests.unit.domain.builders import BASE, HEAD

PAGE = (Path(__file__).parents[3] / "docs" / "more-than-points.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TABLES = ("challenge", "surprise", "action", "referral", "partner", "question", "message")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads_without_a_finding_about_it(example: str) -> None:
    own = [
        each
        for each in check_programme(HEAD + BASE + example, "example").warnings
        if each.line > 14
    ]
    assert own == []


def test_every_table_has_an_example() -> None:
    shown = set(re.findall(r"^\[\[?([a-z]+)\]\]?$", "".join(EXAMPLES), re.MULTILINE))
    assert set(TABLES) <= shown <= set(ProgrammeFile.model_fields)
