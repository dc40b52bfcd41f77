"""What is told of the tree is true of it."""

import re
from pathlib import Path

from edge_agent.domain import programme

ROOT = Path(__file__).parent.parent.parent
NAME = re.compile(r"`([a-z_]+)`")


def test_the_map_of_the_programme_names_every_file_once() -> None:
    folder = Path(programme.__file__).parent
    there = [path.stem for path in folder.iterdir() if not path.name.startswith("_")]
    assert sorted(NAME.findall(programme.__doc__ or "")) == sorted(there)


def test_the_readme_lists_every_page() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("## More") :]
    linked = set(re.findall(r"\]\((docs/[a-z-]+\.md)\)", table))
    assert linked == {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
