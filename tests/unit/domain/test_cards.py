"""Member cards are known by form and check digit, and a payment card is seen wherever it stands (promise 8)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.ean import calc_check_digit

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import (
    CardCheck,
    CardPattern,
    card_key,
    holds_payment_card,
    is_article_number,
    is_member_card,
    masked,
    normalised,
)

TRACK_1 = "%B4111111111111111^SMITH/JOHN^2512101000000000?"
TRACK_2 = ";4111111111111111=25121011234500000000?"


@st.composite
def payment_numbers(draw: st.DrawFn) -> str:
    """Luhn-valid numbers of 14-19 digits that begin as the payment networks' do."""
    prefix = draw(st.integers(2221, 2720).map(str) | st.sampled_from("3456"))
    length = draw(st.integers(14, 19))
    body = prefix + draw(st.text("0123456789", min_size=18, max_size=18))
    body = body[: length - 1]
    return body + luhn.calc_check_digit(body)


def grouped(number: str, separator: str) -> str:
    """In groups of four, as embossed; 4-6-5 and 4-6-4 as American Express and Diners do."""
    if len(number) in {14, 15}:
        return separator.join((number[:4], number[4:10], number[10:]))
    return separator.join(number[start : start + 4] for start in range(0, len(number), 4))


class TestPaymentCards:
    @given(number=payment_numbers())
    def test_any_number_is_seen(self, number: str) -> None:
        assert holds_payment_card(number)

    @given(
        number=payment_numbers(),
        separator=st.sampled_from([" ", "-", ".", "\u00a0", "/", " - ", "\t"]),
    )
    def test_any_number_is_seen_in_groups(self, number: str, separator: str) -> None:
        assert holds_payment_card(grouped(number, separator))

    @given(
        number=payment_numbers(),
        before=st.sampled_from(["", "card ", "x", "ref 0412 ", "0412-", "4:", "(", "12 345 "]),
        after=st.sampled_from(["", ".", "x", " 12/27", " 123", "-99", ")", " 12/27 123"]),
        in_groups=st.booleans(),
    )
    def test_any_number_is_seen_within_text_and_beside_other_numbers(
        self, number: str, before: str, after: str, in_groups: bool
    ) -> None:
        shown = grouped(number, " ") if in_groups else number
        assert holds_payment_card(before + shown + after)

    @pytest.mark.parametrize(
        "text",
        [
            TRACK_1,
            TRACK_2,
            TRACK_1 + TRACK_2,
            TRACK_1.removeprefix("%"),
            TRACK_2.removeprefix(";"),
            TRACK_2.replace("=", "D").removeprefix(";"),
            "%B4111111111111111^SMITH/JOHN^^101000000000?",  # no date
            ";4111111111111111==101000000000?",
            "%B3766 123456 12345^ADA/LOVELACE^2512101?",
            "swiped " + TRACK_2 + " twice",
            "4111 1111 1111 1111",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3056 930902 5904",
            "5555555555554444",
            "2223003122003222",
            "6011111111111117",
            "6222 0200 0000 0000 006",
            "622202 0000000000006",
            "4111\n1111\n1111\n1111",
            "４１１１ １１１１ １１１１ １１１１",
            "٤١١١١١١١١١١١١١١١",
            "4111\u20131111\u20131111\u20131111",
            "4111\u200b1111\u200b1111\u200b1111",
            "]C04111111111111111",
        ],
    )
    def test_tracks_and_published_test_numbers_are_seen(self, text: str) -> None:
        if text.startswith("6222"):
            digits = re.sub(r"\D", "", text)
            body = digits[:-1]
            text = text[:-1] + luhn.calc_check_digit(body)
        assert holds_payment_card(text)

    @pytest.mark.parametrize(
        "text",
        [
            "B7000000000007^JANSEN/A^",
            ";7000000000007=2212101",
            "7000000000007=2212101",
            "7000000000007D2212101",
        ],
    )
    def test_a_track_is_seen_by_its_form_whatever_its_number(self, text: str) -> None:
        assert holds_payment_card(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "0412-03-20261121-000173",
            "412-03-20261121-000173",
            "20261121140311",
            "2026-11-21T14:03:11+01:00",
            "550e8400-e29b-41d4-a716-446655440000",
            "+31 6 1234 5678",
            "4111111111111112",  # Luhn fails
            "1234567890123452",  # Luhn holds, no payment network
            "2220990000000007",
            "2721000000000004",
            "411111111111111111112",  # 21 digits
            "79927398713",
            "49927398716",
            "17893729974",
            "952050000000000014",  # a GSRN
            "https://any.host/8018/952050000000000014/8019/12",
        ],
    )
    def test_other_texts_are_not(self, text: str) -> None:
        assert not holds_payment_card(text)

    @given(body=st.text("0123456789", min_size=12, max_size=12))
    def test_no_ean_13_is_ever_taken_for_one(self, body: str) -> None:
        assert not holds_payment_card(body + calc_check_digit(body))

    @given(
        store=st.integers(0, 9999),
        till=st.integers(0, 99),
        day=st.dates(),
        count=st.integers(0, 999_999),
        width=st.sampled_from([3, 4]),
    )
    def test_no_sale_id_of_store_till_day_and_count_is_ever_taken_for_one(
        self, store: int, till: int, day: object, count: int, width: int
    ) -> None:
        date = str(day).replace("-", "")
        assert not holds_payment_card(f"{store:0{width}}-{till:02}-{date}-{count:06}")

    def test_the_prefix_borders_are_the_networks(self) -> None:
        def number(prefix: str) -> str:
            body = prefix.ljust(15, "0")
            return body + luhn.calc_check_digit(body)

        assert [holds_payment_card(number(str(prefix))) for prefix in (2220, 2221, 2720, 2721)] == [
            False,
            True,
            True,
            False,
        ]

    @given(body=st.text("0123456789", min_size=13, max_size=13))
    def test_a_sku_with_a_gtin_14_check_digit_is_an_article(self, body: str) -> None:
        assert is_article_number(body + calc_check_digit(body))

    @pytest.mark.parametrize(
        "sku", ["", "8710400011118", "40000000000000", "١٢٣٤٥٦٧٨٩٠١٢٣٤", "x" * 14]
    )
    def test_other_skus_are_not_excused_as_gtin_14(self, sku: str) -> None:
        assert not is_article_number(sku)

    def test_a_gtin_14_that_passes_luhn_is_both_and_told_apart_by_its_field(self) -> None:
        both = next(
            gtin
            for count in range(1000)
            for body in [f"3871040{count:06}"]
            for gtin in [body + calc_check_digit(body)]
            if luhn.is_valid(gtin)
        )
        assert holds_payment_card(both)
        assert is_article_number(both)

    def test_a_long_text_takes_no_longer_than_reading_it(self) -> None:
        assert not holds_payment_card("1 " * 200_000)
        assert not holds_payment_card("12345678901234567890" * 20_000)


class TestForms:
    @pytest.mark.parametrize(
        ("code", "check", "holds"),
        [
            ("2912345678906", CardCheck.EAN13, True),
            ("2912345678907", CardCheck.EAN13, False),
            ("9813765030011", CardCheck.EAN13, True),
            ("9828508010106", CardCheck.EAN13, True),
            ("291234567890", CardCheck.EAN13, False),
            ("79927398713", CardCheck.LUHN, True),
            ("49927398716", CardCheck.LUHN, True),
            ("17893729974", CardCheck.LUHN, True),
            ("79927398710", CardCheck.LUHN, False),
            ("952050000000000014", CardCheck.GSRN, True),
            ("952050000000000015", CardCheck.GSRN, False),
            ("735123450000000004", CardCheck.GSRN, True),
            ("2912345678906", CardCheck.GSRN, False),
            ("٢٩١٢٣٤٥٦٧٨٩٠٦", CardCheck.EAN13, False),
            ("²9", CardCheck.LUHN, False),
            ("", CardCheck.LUHN, False),
            ("M-123", CardCheck.LUHN, False),
            ("M-123", CardCheck.NONE, True),
        ],
    )
    def test_check_digits(self, code: str, check: CardCheck, holds: bool) -> None:
        assert CardPattern(re.compile(".*"), check).matches(code) is holds

    def test_the_whole_code_has_to_match(self) -> None:
        patterns = (CardPattern(re.compile(r"29\d{11}"), CardCheck.EAN13),)
        assert is_member_card("2912345678906", patterns)
        assert not is_member_card("2912345678906\n", patterns)
        assert not is_member_card("x2912345678906", patterns)
        assert not is_member_card("2912345678906", ())

    @pytest.mark.parametrize(
        ("scanned", "code"),
        [
            ("2912345678906", "2912345678906"),
            ("]E02912345678906", "2912345678906"),
            ("  2912 3456 7890 6\r\n", "2912345678906"),
            ("2912-345678906", "2912345678906"),
            ("]C18018735123450000000004", "735123450000000004"),
            ("8018735123450000000004", "735123450000000004"),
            ("(8018)952050000000000014", "952050000000000014"),
            ("(8018)952050000000000015", "(8018)952050000000000015"),
            ("]Q3https://any.host/m/12", "https://any.host/m/12"),
            ("M-12 x", "M-12 x"),
            ("", ""),
        ],
    )
    def test_what_scanners_and_fingers_put_around_a_code_is_taken_away(
        self, scanned: str, code: str
    ) -> None:
        assert normalised(scanned) == code

    @given(code=st.text(max_size=60))
    def test_normalising_twice_changes_nothing_more_for_numbers(self, code: str) -> None:
        once = normalised(code)
        if once.isascii() and once.isdigit() and not once.startswith("8018"):
            assert normalised(once) == once


class TestMasking:
    @given(code=st.text(st.characters(exclude_characters="*"), max_size=600))
    def test_never_more_than_four_characters_and_never_half_of_it(self, code: str) -> None:
        shown = masked(code).replace("*", "")
        assert len(shown) <= 4
        assert 2 * len(shown) <= len(code)
        assert code.endswith(shown)

    @pytest.mark.parametrize(
        ("code", "shown"),
        [
            ("2912345678906", "*********8906"),
            ("12345678", "********"),
            ("123456789", "*****6789"),
            ("", ""),
            ("x" * 500, "*" * 9 + "xxxx"),
        ],
    )
    def test_as_the_contract_shows_it(self, code: str, shown: str) -> None:
        assert masked(code) == shown

    def test_a_presented_card_does_not_print_its_code(self) -> None:
        assert "2912345678906" not in repr(PresentedCard("2912345678906", EntryMode.SCANNED))


def test_a_card_key_depends_on_key_and_code_and_holds_no_code() -> None:
    one = card_key(b"k" * 32, "2912345678906")
    assert len(one) == 16
    assert one == card_key(b"k" * 32, "2912345678906")
    assert (
        len({one, card_key(b"l" * 32, "2912345678906"), card_key(b"k" * 32, "2912345678913")}) == 3
    )
