"""What holds for all of the complete programmes together: nothing to look at, four languages, every key shown once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.authoring.terms import terms
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.loading import check_programme
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import keys_of, models_within, tables
from edge_agent.domain.programme.texts import Texts
from tests.unit.programmes.shops import FOLDER, NAMES, file_of, programme_of

PAGE = (FOLDER.parents[1] / "docs" / "programme-examples.md").read_text(encoding="utf-8")

KEPT_FOR_OTHERS = frozenset({"starter"})
"""The programme of fifteen lines, which is complete in another sense."""

SHOWN_BY_NONE: frozenset[tuple[type[TableModel], str]] = frozenset()
"""Keys that no shop of these would use, each with its reason. None so far."""


def test_these_are_all_programmes_that_ship() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {*NAMES, *KEPT_FOR_OTHERS}


@pytest.mark.parametrize("name", NAMES)
def test_the_checks_find_nothing_not_even_a_warning(name: str) -> None:
    assert check_programme(file_of(name).read_text(encoding="utf-8"), name).warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_introduces_it_by_its_name_and_with_what_it_is_for(name: str) -> None:
    file = programme_of(name).file
    assert file.goal is not None
    aim = file.goal.aim.en
    assert f"[`{name}.toml`](../config/programmes/{name}.toml) | {file.name.en} |" in PAGE
    assert f"*{aim[0].upper()}{aim[1:]}.*" in PAGE


PROPER_NAMES = frozenset({"Noord Plus", "Ring Plus", "Sumatra", "denim"})
"""What is called the same in all four languages, besides the programmes themselves."""


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_written_in_four_languages(name: str) -> None:
    file = programme_of(name).file
    same = {each.nl for each in _texts(file) if each.nl == each.en == each.de == each.fr}
    assert same <= {file.name.nl, *PROPER_NAMES}


def _texts(file: ProgrammeFile) -> Iterator[Texts]:
    for _, table in tables(file):
        if isinstance(table, Texts):
            yield table
        for key in type(table).model_fields:
            value = getattr(table, key)
            if isinstance(value, Texts):
                yield value
    yield from file.words.values()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_the_customers_terms_are_made_from_it(name: str, language: str) -> None:
    made = terms(programme_of(name), language)
    assert programme_of(name).file.name.for_language(language) in made


def test_together_they_use_every_key_that_a_programme_can_have() -> None:
    used = {
        _declared(type(table), key)
        for name in NAMES
        for _, table in tables(programme_of(name).file)
        for key in table.model_fields_set
    }
    known = {
        _declared(model, key)
        for model in models_within(ProgrammeFile)
        for key in keys_of(model)
    }  # fmt: skip
    assert known - used == SHOWN_BY_NONE


def _declared(model: type[TableModel], key: str) -> tuple[type[TableModel], str]:
    """A key with the table that declares it: the keys of a selection are the same wherever one stands."""
    declaring = [each for each in model.__mro__ if key in getattr(each, "model_fields", {})]
    return declaring[-1], key


def test_the_files_are_of_a_size_to_read() -> None:
    assert all(len(Path(file_of(name)).read_text().splitlines()) <= 500 for name in NAMES)
