"""Every text that the pages use exists in four languages, with the same places to fill in."""

import json
import re
from pathlib import Path

import pytest

from edge_agent.web import pages
from edge_agent.web.pages import LANGUAGES

STATIC = Path(pages.__file__).parent / "static/js"
TEMPLATES = Path(pages.__file__).parent / "templates"
KEY = re.compile(r"""['"]((?:[a-z]+)\.[a-z_]+(?:\.[a-z_]+)*)['"]""")
PLURALS = (".one", ".other")


def texts(language: str) -> dict[str, str]:
    """Read a module of words: the object in it is JSON but for its last comma."""
    source = (STATIC / f"texts/{language}.js").read_text()
    body = source[source.index("export default") + len("export default") :].strip()
    return dict(json.loads(re.sub(r",\s*\};$", "}", body), object_pairs_hook=without_twins))


def without_twins(pairs: list[tuple[str, str]]) -> dict[str, str]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "a key stands there twice"
    return dict(pairs)


def used() -> set[str]:
    """Return the keys that code and templates name."""
    sources = [path for path in STATIC.rglob("*.js") if path.parent.name != "texts"]
    found = {key for path in sources for key in KEY.findall(path.read_text())}
    marked = r'data-(?:text|label)="([^"]+)"'
    for path in TEMPLATES.glob("*.html"):
        found |= set(re.findall(marked, path.read_text()))
    groups = {key.split(".")[0] for key in texts("nl")}
    return {key for key in found if key.split(".")[0] in groups}


def test_the_modules_hold_words() -> None:
    assert len(texts("nl")) > 150
    assert texts("nl")["member.waiting"] == "Scan de spaarkaart"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_in_use_exists(language: str) -> None:
    known = texts(language)
    missing = {key for key in used() if key not in known and f"{key}.one" not in known}

    assert missing == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_over(language: str) -> None:
    stems = {re.sub(r"\.(one|other)$", "", key) for key in texts(language)}

    assert stems - used() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_places_to_fill_in(language: str) -> None:
    def shape(words: dict[str, str]) -> dict[str, set[str]]:
        return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()}

    assert shape(texts(language)) == shape(texts("nl"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_plurals_come_in_pairs(language: str) -> None:
    words = texts(language)

    assert [key for key, text in words.items() if not text.strip()] == []
    for key in words:
        for mine, other in (PLURALS, PLURALS[::-1]):
            if key.endswith(mine):
                assert key.removesuffix(mine) + other in words


def test_the_dutch_words_are_the_shops_own() -> None:
    words = texts("nl")

    assert words["unit.points.other"] == "{n} punten"
    assert words["balance.title"] == "Saldo"
    assert words["balance.confirmed"] == "Bevestigd"
    assert words["balance.unconfirmed"] == "Nog niet bevestigd"
