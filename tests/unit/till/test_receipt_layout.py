"""Columns: what can be printed, where lines break, where numbers stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.document import Cut, Document, QrCode, Text
from edge_agent.till.receipt_layout import bar, cut, marks, on_paper, plain, printable, row, wrap

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Crème brûlée € 5, Größe, señor, Ångström", "Crème brûlée € 5, Größe, señor, Ångström"),
        ("1\N{NARROW NO-BREAK SPACE}418", f"1{NBSP}418"),
        ("een\ttab\N{THIN SPACE}en\u2028regel\r", "een tab en regel "),
        ("“Ĳsje” – ‘vers’…", "\"IJsje\" - 'vers'..."),
        ("cœur, Œuvre", "coeur, OEuvre"),
        ("Łukasz Şahin Đorđe Dvořák", "Lukasz Sahin Dorde Dvorák"),
        ("e\N{COMBINING ACUTE ACCENT}", "é"),
        ("x\N{COMBINING MACRON}", "x"),
        ("Анна", "????"),
        ("feest \N{PARTY POPPER}", "feest ?"),
        ("soft\N{SOFT HYPHEN}hyphen\x1b@\x00\x9b", "softhyphen@"),
        ("-3 \N{MINUS SIGN}3", "-3 -3"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_text_is_brought_to_what_every_receipt_printer_has(text: str, printed: str) -> None:
    assert printable(text) == printed


@given(st.text())
def test_whatever_comes_in_both_code_pages_can_print_it_and_it_holds_no_command(text: str) -> None:
    printed = on_paper(printable(text)).replace("\n", "")
    assert all(char.isprintable() for char in printed)
    for code_page in ("cp858", "cp1252"):
        assert len(printed.encode(code_page)) == len(printed)


def test_lines_break_at_words_and_at_line_breaks() -> None:
    assert wrap("een twee  drie\nvier", 9) == ["een twee", "drie", "vier"]


def test_a_number_and_its_unit_stay_together() -> None:
    assert wrap(f"Nog 1.418{NBSP}punten tot", 15) == ["Nog", f"1.418{NBSP}punten", "tot"]


def test_a_word_wider_than_the_paper_is_broken_and_keeps_every_character() -> None:
    assert wrap("bon 0412-03-20261121", 8) == ["bon", "0412-03-", "20261121"]


def test_what_is_glued_but_wider_than_the_paper_breaks_between_number_and_unit() -> None:
    assert wrap(f"1.234.567{NBSP}waardepunten", 14) == ["1.234.567", "waardepunten"]


def test_a_long_name_ends_in_three_dots() -> None:
    assert cut("Zuiver Markt Utrecht", 12) == "Zuiver Ma..."
    assert cut("Zuiver Markt", 12) == "Zuiver Markt"
    assert wrap("een twee drie vier vijf", 9, lines_max=2) == ["een twee", "drie v..."]


def test_a_number_stands_at_the_right_edge() -> None:
    assert row("Uw saldo", "118 punten", 24) == ["Uw saldo      118 punten"]


def test_a_long_label_wraps_beside_its_number() -> None:
    assert row("dubbele punten op alle zuivel", "12", 24, indent=2) == [
        "  dubbele punten op",
        "  alle zuivel         12",
    ]


def test_a_number_too_wide_to_stand_beside_its_label_stands_below() -> None:
    assert row("Uw saldo", "123.456.789 punten", 24) == ["Uw saldo", "      123.456.789 punten"]


def test_a_number_that_just_fits_stands_beside_its_label() -> None:
    assert row("Saldo", "123.456.789 punten", 24) == ["Saldo 123.456.789 punten"]


@given(
    st.text("abc -", max_size=80),
    st.text("0123456789.", min_size=1, max_size=90),
    st.integers(24, 64),
    st.integers(0, 2),
)
def test_a_row_never_passes_the_edge_and_never_loses_its_number(
    label: str, value: str, columns: int, indent: int
) -> None:
    lines = row(label, value, columns, indent)
    assert all(len(line) <= columns for line in lines)
    assert lines[-1].endswith(value[-1])
    assert value in "".join(line.strip() for line in lines).replace(" ", "")


@pytest.mark.parametrize(
    ("have", "cost", "drawn"),
    [
        (0, 200, "[----------]"),
        (-20, 200, "[----------]"),
        (100, 200, "[#####-----]"),
        (199, 200, "[#########-]"),
        (200, 200, "[##########]"),
        (900, 200, "[##########]"),
        (0, 0, "[##########]"),
    ],
)
def test_the_bar_is_full_only_when_the_reward_is_reached(have: int, cost: int, drawn: str) -> None:
    assert bar(have, cost, 12) == drawn


@pytest.mark.parametrize(
    ("have", "need", "scale", "columns", "drawn"),
    [
        (7, 10, 1, 32, ["(X)(X)(X)(X)(X)(X)(X)( )( )( )"]),
        (65, 100, 10, 32, ["(X)(X)(X)(X)(X)(X)(/)( )( )( )"]),
        (0, 3, 1, 24, ["( )( )( )"]),
        (9, 3, 1, 24, ["(X)(X)(X)"]),
        (-2, 3, 1, 24, ["( )( )( )"]),
        (7, 10, 1, 24, ["XXXXXXX..."]),
        (25, 40, 1, 24, ["XXXXXXXXXXXXXXXXXXXX", "XXXXX..............."]),
        (25, 250, 10, 24, ["XX/..........", "............"]),
        (100, 200, 1, 24, ["[###########-----------]"]),
    ],
)
def test_a_stamp_card_is_a_row_of_marks_a_few_rows_or_a_bar(
    have: int, need: int, scale: int, columns: int, drawn: list[str]
) -> None:
    assert marks(have, need, scale, columns) == drawn


@given(
    st.integers(-10, 3_000), st.integers(1, 2_000), st.sampled_from([1, 10]), st.integers(24, 64)
)
def test_marks_never_pass_the_edge_and_count_what_is_there(
    have: int, need: int, scale: int, columns: int
) -> None:
    lines = marks(have, need, scale, columns)
    assert all(len(line) <= columns for line in lines)
    assert len(lines) <= 3
    size = -(-need // scale)
    drawn = "".join(lines)
    if not drawn.startswith("["):
        assert drawn.count("X") == max(0, min(have // scale, size))
        assert sum(drawn.count(mark) for mark in "X/. ") == size


def test_plain_lines_are_aligned_with_spaces_and_leave_out_what_is_no_text() -> None:
    document = Document(
        (
            Text("midden", align="center", bold=True),
            Text("rechts", align="right"),
            Text("links  "),
            QrCode("sale:0412/03/1"),
            Cut(),
        )
    )
    assert plain(document, 12) == ["   midden", "      rechts", "links"]
