"""Lines of members, one by one."""

import io
from decimal import Decimal

import pytest

from sync.central.member_rows import BadLine, HeaderInvalid, MemberRow, read_members

CARD = "2912345678906"


def read(text: str) -> list[MemberRow | BadLine]:
    return list(read_members(text.splitlines(keepends=True)))


def one(header: str, line: str) -> MemberRow | BadLine:
    (row,) = read(f"{header}\n{line}\n")
    return row


def test_a_line_is_read_whole() -> None:
    row = one(
        "member_id,card,display_name,tier,points,since,language,birthday,Favourite Store,"
        "segments,household,email,phone,points.stamps",
        f'M1,{CARD} 29-1234-567891-3,"Jansen, Anneke",goud,-12,2024-02-29,nl,1990-01-31,Utrecht,'
        "vegan student,H1,Anneke@Example.NL,+31 (0)6-1234 5678,2.5",
    )
    assert row == MemberRow(
        line=2,
        cards=(CARD, "2912345678913"),
        member_id="M1",
        display_name="Jansen, Anneke",
        tier="goud",
        since="2024-02-29",
        language="nl",
        birthday="1990-01-31",
        segments='["student", "vegan"]',
        attributes='{"favourite store": "Utrecht"}',
        household="H1",
        email="anneke@example.nl",
        phone="+31612345678",
        opening=(
            ("points", "points", Decimal(-12)),
            ("points.stamps", "stamps", Decimal("2.5")),
        ),
    )


def test_semicolons_and_a_byte_order_mark_are_what_spreadsheets_write() -> None:
    row = one("\ufeffcard;points", f"{CARD};5")
    assert isinstance(row, MemberRow)
    assert (row.cards, row.opening) == ((CARD,), (("points", "points", Decimal(5)),))


def test_lines_are_counted_as_an_editor_does() -> None:
    rows = read(f"card,display_name\n{CARD},x\n\n,x\n")
    assert [row.line for row in rows] == [2, 4]
    assert isinstance(rows[1], BadLine)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closes", [5, 29, None])
def test_a_quote_that_does_not_close_on_its_line_costs_that_line_alone(
    end: str, closes: int | None
) -> None:
    lines = ["card;display_name", *(f"2922{number:09};Klant {number}" for number in range(30))]
    lines[3] = '2922000000002;"Klant 2'
    if closes is not None:
        lines[closes] += '"'
    rows = list(read_members(io.StringIO(end.join(lines) + end, newline="")))
    assert [row.line for row in rows] == list(range(2, 32))
    (bad,) = (row for row in rows if isinstance(row, BadLine))
    assert (bad.line, bad.column, bad.code) == (4, "", "not-csv")
    good = [row for row in rows if isinstance(row, MemberRow)]
    assert [row.cards for row in good] == [
        (line.partition(";")[0],) for line in lines[1:3] + lines[4:]
    ]
    assert all(row.display_name.startswith(f"Klant {row.line - 2}") for row in good)


def test_a_quote_in_a_field_is_doubled() -> None:
    row = one("card,display_name", f'{CARD},"17"" Jansen"')
    assert isinstance(row, MemberRow)
    assert row.display_name == '17" Jansen'
    assert isinstance(one("card,display_name", f'{CARD},"17" Jansen"'), BadLine)


@pytest.mark.parametrize("bad", ["\0", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize("column", ["card", "member_id", "display_name", "city"])
def test_a_control_character_is_the_error_of_its_field(column: str, bad: str) -> None:
    names = ["card", "member_id", "display_name", "city"]
    values = dict(zip(names, (CARD, "M1", "Anneke", "Utrecht"), strict=True))
    values[column] = f"a{bad}b"
    text = f"{','.join(names)}\n{','.join(values.values())}\n"
    (row,) = read_members(io.StringIO(text, newline=""))
    assert isinstance(row, BadLine)
    assert (row.line, row.column) == (2, column)


@pytest.mark.parametrize("name", ["pr\udce9nom", "a\0b", "a\x85b", '"open', '"a"b'])
def test_a_name_of_a_column_that_nobody_can_print_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(HeaderInvalid) as refused:
        read_members([f"card,{name}\n", f"{CARD},1\n"])
    assert str(refused.value).isprintable()
    assert str(refused.value).encode()


@pytest.mark.parametrize("header", ["", "member_id,points", "card,card", "card,", "x" * 10])
def test_a_header_that_does_not_say_enough_is_refused_before_anything_is_read(header: str) -> None:
    with pytest.raises(HeaderInvalid):
        read_members([header + "\n", f"{CARD},1\n"])


@pytest.mark.parametrize(
    ("header", "line", "column", "code"),
    [
        ("card,points", f"{CARD},1.00000", "points", "invalid"),
        ("card,points.stamps", f"{CARD},half", "points.stamps", "invalid"),
        ("card,email", f"{CARD},anneke", "email", "invalid"),
        ("card,phone", f"{CARD},12", "phone", "invalid"),
        ("card,segments", f"{CARD}," + "x" * 65, "segments", "too-much"),
        ("card,household", f"{CARD},H1", "member_id", "missing"),
        ("card,points", f"{CARD},1e3", "points", "invalid"),
        ("card,points", f"{CARD},٣", "points", "invalid"),
        ("card,points", f"{CARD},99999999999999999999", "points", "invalid"),
        ("card,points", f"{CARD},-", "points", "invalid"),
        ("card,since", f"{CARD},31-12-2024", "since", "invalid"),
        ("card,since", f"{CARD},2023-02-29", "since", "invalid"),
        ("card,birthday", f"{CARD},1990", "birthday", "invalid"),
        ("card,tier", f"{CARD}," + "x" * 65, "tier", "too-much"),
        ("card,display_name", f"{CARD}," + "x" * 201, "display_name", "too-much"),
        ("card,note", f"{CARD}," + "x" * 1_001, "note", "too-much"),
        ("card,note", f"{CARD},pas 4111 1111 1111 1111", "note", "payment-card"),
        ("card,note", f"{CARD},a\0b", "note", "text"),
        ("card,note", f"{CARD},caf\udce9", "note", "text"),
        ("card,note", "4111111111111111,x", "card", "payment-card"),
        ("card,note", "5555 5555 5555 4444,x", "card", "payment-card"),
        ("card,note", f"{CARD},４１１１１１１１１１１１１１１１", "note", "payment-card"),
        ("card,note", "x" * 513 + ",x", "card", "too-much"),
        ("card,note", " ".join(str(n) for n in range(1000, 1021)) + ",x", "card", "too-much"),
        ("card,note", " ,x", "card", "missing"),
        ("card,note", f"{CARD}", "", "columns"),
        ("card,note", f"{CARD},x,y", "", "columns"),
    ],
)
def test_a_bad_line_names_its_column_and_what_is_wrong_and_never_its_value(
    header: str, line: str, column: str, code: str
) -> None:
    bad = one(header, line)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.column, bad.code) == (2, column, code)
    assert "4111" not in bad.reason


def test_a_payment_card_names_no_column_and_is_not_repeated() -> None:
    with pytest.raises(HeaderInvalid) as refusal:
        read(f"card,4111111111111111,4111111111111111\n{CARD},x,y\n")
    assert "4111" not in str(refusal.value)
    with pytest.raises(HeaderInvalid):
        read(f"card,4111111111111111\n{CARD},x\n")


def test_a_line_past_the_bound_of_csv_is_bad_and_the_next_is_read() -> None:
    rows = read(f"card,note\n{CARD}," + "x" * 200_000 + f"\n{CARD},y\n")
    assert isinstance(rows[0], BadLine)
    assert isinstance(rows[1], MemberRow)
