"""Whoever wrote the file is told the line, whatever form of TOML was used."""

import string
import time
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.toml_source import Path, TomlMistake, read_toml

FORMS = '''\
# comment with [brackets] and a = 1
title = "x"                                   # 2
a.b.c = 1                                     # 3
a.b.d = 2                                     # 4
"quoted key".'and = so' = 1                   # 5
"q\\u0041" = 1                                 # 6
inline = { x = 1, y = { z = [1, 2] } }        # 7
text = """
[not-a-table]
a = 1
"" quotes "" \\"""
"""
after-text = 1                                # 13
literal = \'\'\'
[[nor.this]]
it''s\'\'\'
list = [                                      # 17
  1, # ]
  "two ] , # [",

  { k = 1, l.m = 2 },                         # 21
  [ 4,
    5 ],                                      # 23
]
when = 2026-11-21 14:03:11                    # 25
number = -1_000.5e3                           # 26
empty-list = []
empty-table = {}
[table.sub]                                   # 29
k = 1
[table]                                       # 31
k = 1
[[rule]]                                      # 33
id = "a"
why.nl = "x"                                  # 35
why.en = "y"
[rule.when]                                   # 37
days = 1
[[rule.part]]                                 # 39
[[rule.part]]                                 # 40
k = 1
[[rule]]                                      # 42
[[rule.part]]                                 # 43
k = 1
[ spaced . "header" ]                         # 45
k = 1'''

PLACES: list[tuple[Path, int]] = [
    (("title",), 2),
    (("a",), 3),
    (("a", "b", "c"), 3),
    (("a", "b", "d"), 4),
    (("quoted key", "and = so"), 5),
    (("qA",), 6),
    (("inline", "y", "z", 1), 7),
    (("text",), 8),
    (("after-text",), 13),
    (("literal",), 14),
    (("list",), 17),
    (("list", 0), 18),
    (("list", 1), 19),
    (("list", 2), 21),
    (("list", 2, "l", "m"), 21),
    (("list", 3), 22),
    (("list", 3, 0), 22),
    (("list", 3, 1), 23),
    (("when",), 25),
    (("number",), 26),
    (("table",), 29),
    (("table", "sub", "k"), 30),
    (("table", "k"), 32),
    (("rule", 0), 33),
    (("rule", 0, "why"), 35),
    (("rule", 0, "why", "en"), 36),
    (("rule", 0, "when"), 37),
    (("rule", 0, "when", "days"), 38),
    (("rule", 0, "part", 0), 39),
    (("rule", 0, "part", 1, "k"), 41),
    (("rule", 1), 42),
    (("rule", 1, "part", 0), 43),
    (("rule", 1, "part", 0, "k"), 44),
    (("spaced", "header", "k"), 46),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("path", "line"), PLACES, ids=str)
def test_every_form_of_statement_has_its_line(path: Path, line: int, newline: str) -> None:
    source = read_toml(FORMS.replace("\n", newline))
    assert path in source.lines
    assert source.line_of(path) == line


def test_nothing_within_a_string_counts_as_a_statement() -> None:
    names = {path[0] for path in read_toml(FORMS).lines}
    assert names.isdisjoint({"not-a-table", "nor", "this"})


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("rule", 0, "missing"), 33),
        (("rule", 1, "why", "nl"), 42),
        (("list", 9), 17),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_what_does_not_stand_there_has_the_line_of_what_should_hold_it(
    path: Path, line: int
) -> None:
    assert read_toml(FORMS).line_of(path) == line


@pytest.mark.parametrize("character", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_only_a_newline_ends_a_line(character: str) -> None:
    escaped = character if character in {"\u2028", "\u0085"} else f"\\u{ord(character):04x}"
    source = read_toml(f'a = "x{escaped}y"\nb = 1\n')
    assert source.values["a"] == f"x{character}y"
    assert source.line_of(("b",)) == 2


def test_a_byte_order_mark_is_passed_over() -> None:
    source = read_toml("\ufeffa = 1\nb = 2\n")
    assert source.values == {"a": 1, "b": 2}
    assert source.line_of(("b",)) == 2


def test_no_binary_float_comes_out() -> None:
    value = read_toml("a = 0.1\n").values["a"]
    assert type(value) is Decimal
    assert value == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\na = 2\n", 2, "this key stands twice in the same table"),
        ("a = 1\n[b]\n[b]\n", 3, "this table is opened twice"),
        ("a = 1\nb = { c = 1, c = 2 }\n", 2, "this key stands twice in the same table"),
        ("a = [1,\n2\n\n", 3, "a list is not closed; ] is missing"),
        ('a = 1\nb = "x\n', 2, "a text is not closed on its line; a quote is missing"),
        ("a = 1\nb = geen\n", 2, "not a value; texts stand in quotes"),
        ("a = 1\nb\n", 2, "a line is written as: key = value"),
        ("a = 1 2\n", 1, "something stands behind the value"),
        ("a = 1\nb = 18:00\n", 2, "a time is written with seconds, such as 18:00:00"),
        ("w = { from_time = 18:00, until_time = 20:00 }\n", 1, "a time is written with seconds"),
        ("a = 1\n\n\n\nb = 18:00\n", 5, "a time is written with seconds, such as 18:00:00"),
        ("a = 1\r\nb = 18:00\r\n", 2, "a time is written with seconds, such as 18:00:00"),
        ("a = " + "[" * 100_000, 1, "arrays or tables are nested too deeply"),
        ("a = " + "9" * 5_000, 1, "a number in this file is too large to be meant"),
        ("a = 1e99999999999999999999", 1, "a number in this file is too large to be meant"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_toml_is_named_with_its_line_in_plain_words(
    text: str, line: int, message: str
) -> None:
    with pytest.raises(TomlMistake) as caught:
        read_toml(text)
    assert caught.value.line == line
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n" + "  'abcdef',\n" * 95_000 + "]\n",
        'a = """' + 'x"y\n\\n' * 180_000 + '"""\n',
        "a = '''" + "x'\n" * 330_000 + "'''\n",
        'a = "' + "x" * 1_000_000 + '"\n',
        "[[e]]\nx.y = 1\n" * 60_000,
        "#\n" * 500_000,
        "a = [ " + "{ b = 1 }, " * 90_000 + "]\n",
    ],
    ids=["list", "text", "literal", "one line", "tables", "comments", "inline tables"],
)
def test_a_megabyte_takes_some_seconds_at_most(text: str) -> None:
    """Generous for a busy machine; the quadratic way that this replaces took minutes."""
    begin = time.process_time()
    read_toml(text)
    assert time.process_time() - begin < 10


bare = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=6)
keys = st.one_of(bare, st.text("a ]['\"=.#\\{}\u2028é", min_size=1, max_size=5))


def written_key(key: str) -> str:
    if key.isascii() and all(c.isalnum() or c in "_-" for c in key):
        return key
    return written_text(key)


def written_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> tuple[str, int]:
    """A TOML value as text, and the number of line ends in it."""
    kind = draw(st.sampled_from(["number", "text", "long", "literal", *["list", "table"] * depth]))
    if kind == "number":
        return draw(st.sampled_from(["1", "-2.5", "true", "2026-11-21 10:00:00", "0x1f", "1e3"])), 0
    if kind == "text":
        return written_text(draw(st.text("a]=[#'\"\\", max_size=6))), 0
    if kind == "long":
        text = draw(st.text('a[]=\n#"', max_size=8)).replace('"', '\\"')
        return f'"""{text}"""', text.count("\n")
    if kind == "literal":
        text = draw(st.text('a[]=\n#"\\', max_size=8))
        return f"'''{text}'''", text.count("\n")
    if kind == "list":
        parts = draw(st.lists(values(depth=depth - 1), max_size=3))
        gap = draw(st.sampled_from(["", "\n", " # ]\n  "]))
        text = "[" + gap + "".join(part + "," + gap for part, _ in parts) + "]"
        return text, text.count("\n")
    inner = draw(st.dictionaries(bare, values(depth=0), max_size=3))
    text = "{" + ", ".join(f"{key} = {part}" for key, (part, _) in inner.items()) + "}"
    return text, text.count("\n")


@given(statements=st.dictionaries(keys, values(), max_size=6), as_array=st.booleans())
def test_drawn_files_have_every_key_on_the_line_where_it_was_written(
    statements: dict[str, tuple[str, int]], as_array: bool
) -> None:
    rows = ["[[t]]" if as_array else "[t]"]
    table: Path = ("t", 0) if as_array else ("t",)
    expected: dict[Path, int] = {table: 1}
    line = 2
    for key, (value, line_ends) in statements.items():
        rows.append(f"{written_key(key)} = {value}  # {key!r}")
        expected[(*table, key)] = line
        line += 1 + line_ends
    source = read_toml("\n".join(rows) + "\n")
    found = {path: source.line_of(path) for path in expected}
    assert found == expected
    assert paths_of(source.values) <= set(source.lines)


@given(text=st.text("a=[]{}\"',.#\n 1", max_size=40))
def test_the_walk_follows_every_text_that_is_toml(text: str) -> None:
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert paths_of(parsed) <= set(read_toml(text).lines)


def paths_of(value: Any, path: Path = ()) -> set[Path]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    found = {path} if path else set()
    return found.union(*(paths_of(each, (*path, key)) for key, each in inner))
