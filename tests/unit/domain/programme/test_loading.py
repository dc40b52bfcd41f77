"""A programme that is wrong is told so with file, line and key, everything at once, in plain words."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import ErrorDetails

from edge_agent.domain.basket import EntryMode
from edge_agent.domain.programme import Finding, ProgrammeInvalid, load_programme
from edge_agent.domain.programme.loading import PROGRAMME_BYTES_MAX
from edge_agent.domain.programme.mistakes import WORDS, in_words
from edge_agent.domain.programme.programme_file import ProgrammeFile
from tests.unit.domain.builders import BASE, HEAD, SAMPLE_PATH, programme
from tests.unit.domain.programme.mistakes import BONUS, EXCLUDE, GOOD, MISTAKES, REWARD, replaced


def found(text: str) -> list[str]:
    """What is said of a programme file."""
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text, "p.toml")
    assert str(caught.value) == "\n".join(str(finding) for finding in caught.value.findings)
    return [str(finding) for finding in caught.value.findings]


def test_the_good_programme_is_good() -> None:
    for rules in (GOOD, GOOD + BONUS + EXCLUDE + REWARD):
        assert load_programme(rules, "p.toml").version == 1


@pytest.mark.parametrize(
    ("text", "expected"), [mistake[1:] for mistake in MISTAKES], ids=[each[0] for each in MISTAKES]
)
def test_each_mistake_is_named_with_file_line_and_key(text: str, expected: str) -> None:
    messages = found(text)
    assert f"p.toml:{expected}" in messages
    if text:  # a misspelt key that is needed is also missing, and a misnamed unit is not there
        assert len(messages) <= 2


def test_all_mistakes_are_named_at_once_by_line() -> None:
    text = (
        GOOD.replace("version = 1", "version = 0").replace("per = 100", "per = 0")
        + 'unit = "stars"\n'
        + BONUS
        + BONUS
        + '[[exclude]]\nid = "smoke"\n'
    )
    assert [message.split(": ")[0:2] for message in found(text)] == [
        ["p.toml:3", "version"],
        ["p.toml:14", "earn[0].per"],
        ["p.toml:15", "earn[0].unit"],
        ["p.toml:21", "bonus[1].id"],
        ["p.toml:24", "exclude[0].why"],
    ]


def test_rules_that_are_all_wrong_are_not_called_missing_too() -> None:
    assert not any("must not be empty" in message for message in found(HEAD + "[[earn]]\n"))


def test_a_file_that_is_too_large_is_not_read() -> None:
    too_large = GOOD + "#" * PROGRAMME_BYTES_MAX
    (message,) = found(too_large)
    size = len(too_large)
    assert message == (
        f"p.toml:1: (file): the file has {size} bytes; at most 1048576 are read [too-large]"
    )


@pytest.mark.parametrize("table", ["earn", "bonus", "exclude", "reward"])
def test_the_number_of_rules_is_bounded(table: str) -> None:
    rules = {"earn": BASE, "bonus": BONUS, "exclude": EXCLUDE, "reward": REWARD}
    many = HEAD + ("" if table == "earn" else BASE) + rules[table] * 1001
    assert any(f": {table}: has more than 1000 entries [bad-value]" in each for each in found(many))


NEWLINES: dict[str, Callable[[str], str]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("written", NEWLINES.values(), ids=NEWLINES)
def test_files_from_windows_are_read_with_the_same_lines(written: Callable[[str], str]) -> None:
    assert load_programme(written(GOOD), "p.toml").version == 1
    (message,) = found(written(replaced("per = 100", "per = 0")))
    assert message.startswith("p.toml:14: earn[0].per")


def test_the_digest_is_that_of_the_files_bytes() -> None:
    raw = SAMPLE_PATH.read_bytes()
    loaded = load_programme(raw.decode(), SAMPLE_PATH.name)
    assert loaded.digest == hashlib.sha256(raw).hexdigest()
    assert loaded.text.encode() == raw


def test_no_message_is_in_the_words_of_the_parser() -> None:
    for _, text, _ in MISTAKES:
        assert not any(
            "nput should" in message or "alue error" in message for message in found(text)
        )
    assert all(not words.endswith(".") for words in WORDS.values())


def test_a_reward_in_a_unit_that_is_not_there_is_named_like_everything_else() -> None:
    worth_money = '[[reward]]\nid = "five"\ntitle = "x"\ncost = 1000\noff = { amount = 500 }\n'
    messages = found(replaced("[unit.points.name]", "[unit.stars.name]") + worth_money)
    assert any("reward[0].unit" in each and "points" in each for each in messages)


ODD_VALUES = [
    *("true", "-1", "0", "1.5", '"x"', "[]", "[1]", "{}", "{ a = 1 }", "nan", "-inf", "1e30"),
    *("2026-01-01", "18:00:00", "2026-01-01T00:00:00", "[[]]", "[{}]", '""', "9" * 30),
    *("'\u2028'", "1e-400000000", "[true, {}]", '"18:00+01:00"'),
]
EVERYTHING_PATH = SAMPLE_PATH.parents[1] / "tests" / "data" / "programmes" / "everything.toml"
EVERY_LINE = EVERYTHING_PATH.read_text(encoding="utf-8").splitlines()
ASSIGNMENTS = [index for index, line in enumerate(EVERY_LINE) if " = " in line]


def answered(text: str) -> None:
    """A programme or its mistakes, each within the file; nothing else may come out."""
    findings: tuple[Finding, ...] = ()
    try:
        load_programme(text, "p.toml")
    except ProgrammeInvalid as error:
        findings = error.findings or pytest.fail("refused without a word")
    for finding in findings:
        assert 1 <= finding.line <= text.count("\n") + 1
        assert finding.message
        assert "{" not in finding.message


@given(where=st.sampled_from(ASSIGNMENTS), value=st.sampled_from(ODD_VALUES))
@settings(max_examples=200)
def test_any_value_in_any_place_is_taken_or_named(where: int, value: str) -> None:
    key = EVERY_LINE[where].partition(" = ")[0]
    answered("\n".join([*EVERY_LINE[:where], f"{key} = {value}", *EVERY_LINE[where + 1 :]]))


@given(
    begin=st.integers(0, len(EVERY_LINE) - 1),
    count=st.integers(0, 5),
    instead=st.lists(
        st.sampled_from(EVERY_LINE) | st.text("[]{}=.'\"\\#a1 ", max_size=9), max_size=3
    ),
)
@settings(max_examples=200)
def test_any_lines_lost_or_mixed_up_are_taken_or_named(
    begin: int, count: int, instead: list[str]
) -> None:
    answered("\n".join([*EVERY_LINE[:begin], *instead, *EVERY_LINE[begin + count :]]))


def test_a_typed_number_shows_a_balance_only_where_the_programme_says_so() -> None:
    by_default, allowed = (
        programme(BASE + more) for more in ("", "[privacy]\ntyped_number_shows_balance = true\n")
    )
    assert all(by_default.shows_balance(each) for each in EntryMode if each is not EntryMode.KEYED)
    assert not by_default.shows_balance(EntryMode.KEYED)
    assert all(allowed.shows_balance(each) for each in EntryMode)


def test_a_mistake_without_words_of_ours_is_told_in_the_librarys_as_part_of_a_sentence() -> None:
    details = ErrorDetails(type="not_one_of_ours", loc=("version",), msg="Input is odd", input=None)
    assert in_words(details, ProgrammeFile) == "input is odd"
