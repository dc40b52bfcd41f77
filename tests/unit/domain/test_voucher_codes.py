"""Codes of vouchers: what they say, that nobody can change it, and that slips of the finger are told from forgeries."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.cards import holds_payment_card
from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher
from edge_agent.domain.voucher_codes import (
    TEXT_CHARACTERS_MAX,
    Forged,
    Mistyped,
    NoVoucherCode,
    is_voucher_code,
    read_voucher_code,
    voucher_code,
)

KEY = bytes(range(32))
KEYS = {7: KEY}
ACCOUNT = "7f0c2b1e9d3a4c58"
LOT = "0199f3a2c4d87b3e8a11223344556677"
FIVE_EURO = PresentedVoucher(
    ACCOUNT, Holding("voucher/birthday", 500, date(2027, 2, 28), date(2026, 12, 1), lot=LOT)
)
CODE = "V1-0W47Y-31B3T-EKMK2-R06CZ-78P4V-1XKX2-GH48S-M8NB6-EW464-TBJEH-M68RB-S0000-3X09V-R53FN-A1SBF-5A7DP-PVVQR-1C"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

vouchers = st.builds(
    PresentedVoucher,
    st.binary(min_size=1, max_size=32).map(bytes.hex),
    st.builds(
        Holding,
        st.from_regex(r"voucher/[a-z][a-z0-9-]{0,39}", fullmatch=True),
        st.integers(0, 2**32 - 1),
        st.none() | st.dates(date(2020, 1, 2), date(2150, 1, 1)),
        st.none() | st.dates(date(2020, 1, 2), date(2150, 1, 1)),
        day=st.none(),
        lot=st.binary(min_size=16, max_size=16).map(bytes.hex),
    ),
)
keys = st.binary(min_size=32, max_size=48)


def test_a_code_is_the_same_on_every_machine() -> None:
    assert voucher_code(FIVE_EURO, 7, KEY) == CODE
    assert read_voucher_code(CODE, KEYS) == FIVE_EURO


@given(voucher=vouchers, number=st.integers(0, 255), key=keys)
def test_a_code_says_all_that_a_till_needs(
    voucher: PresentedVoucher, number: int, key: bytes
) -> None:
    code = voucher_code(voucher, number, key)
    assert read_voucher_code(code, {number: key}) == voucher
    assert len(code) <= TEXT_CHARACTERS_MAX
    assert set(code) <= set(ALPHABET) | {"-"}


@given(voucher=vouchers, key=keys, data=st.data())
def test_no_single_wrong_character_goes_unnoticed(
    voucher: PresentedVoucher, key: bytes, data: st.DataObject
) -> None:
    code = voucher_code(voucher, 7, key)
    at = data.draw(st.sampled_from([n for n, each in enumerate(code) if n > 2 and each != "-"]))
    wrong = data.draw(st.sampled_from([each for each in ALPHABET if each != code[at]]))
    with pytest.raises(Mistyped):
        read_voucher_code(code[:at] + wrong + code[at + 1 :], {7: key})


def test_two_swapped_characters_are_noticed() -> None:
    for at in range(3, len(CODE) - 1):
        one, other = CODE[at], CODE[at + 1]
        if "-" not in (one, other) and one != other:
            with pytest.raises(Mistyped):
                read_voucher_code(CODE[:at] + other + one + CODE[at + 2 :], KEYS)


@given(voucher=vouchers, other=vouchers, key=keys, forger=keys)
def test_what_another_key_made_is_forged(
    voucher: PresentedVoucher, other: PresentedVoucher, key: bytes, forger: bytes
) -> None:
    code = voucher_code(voucher, 7, forger)
    if key != forger:
        with pytest.raises(Forged):
            read_voucher_code(code, {7: key})
    with pytest.raises(Forged):
        read_voucher_code(code, {8: forger})


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 50_000},
        {"expires_on": None},
        {"expires_on": date(2037, 2, 28)},
        {"matures_on": None},
        {"unit": "voucher/birthdax"},
        {"lot": LOT[::-1]},
    ],
)
def test_nothing_of_it_can_be_changed_without_the_key(change: dict[str, object]) -> None:
    """A forger knows the form and the check characters, and keeps the signature of the voucher that was given out."""
    better = FIVE_EURO._replace(holding=FIVE_EURO.holding._replace(**change))  # type: ignore[arg-type]
    wanted = content_of(voucher_code(better, 7, bytes(32)))[:-10]
    signature = content_of(CODE)[-10:]
    with pytest.raises(Forged):
        read_voucher_code(text_of(wanted + signature), KEYS)


def content_of(code: str) -> bytes:
    """The bytes of a code, its check characters left out."""
    characters = code.removeprefix("V1-").replace("-", "")[:-2]
    bits = "".join(f"{ALPHABET.index(each):05b}" for each in characters)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


def text_of(content: bytes) -> str:
    """A code of these bytes with the right check characters."""
    bits = "".join(f"{each:08b}" for each in content)
    bits += "0" * (-len(bits) % 5)
    number, characters = int(bits, 2), [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    check = divmod(number % 1021, 32)
    return "V1-" + "".join(ALPHABET[each] for each in (*characters, *check))


def test_the_form_is_known_to_whoever_reads_the_page() -> None:
    assert read_voucher_code(text_of(content_of(CODE)), KEYS) == FIVE_EURO


@pytest.mark.parametrize(
    "text",
    [CODE.lower(), f"  {CODE}\n", CODE.replace("-", ""), CODE.replace("0", "O").replace("1", "l")],
)
def test_a_code_may_be_typed_as_it_is_read(text: str) -> None:
    if text.upper().startswith("V1-") or text.startswith(" "):
        assert read_voucher_code(text, KEYS) == FIVE_EURO
    else:  # the first stroke tells it from other texts
        assert not is_voucher_code(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", NoVoucherCode),
        ("2912345678906", NoVoucherCode),
        ("V2" + CODE[2:], NoVoucherCode),
        ("V1-", Mistyped),
        ("V1-U", Mistyped),
        ("V1-00", Mistyped),
        ("V1-0000", Forged),
        (CODE + "0", Mistyped),
        (CODE[:-6], Mistyped),
        ("V1-" + "0" * 300, NoVoucherCode),
        ("V1-ÀÉ", Mistyped),
    ],
)
def test_other_texts_are_refused(text: str, error: type[NoVoucherCode]) -> None:
    with pytest.raises(error):
        read_voucher_code(text, KEYS)


def test_a_code_is_never_taken_for_a_payment_card() -> None:
    for serial in range(300):
        holding = FIVE_EURO.holding._replace(lot=f"{serial * 7919:032x}")
        assert not holds_payment_card(voucher_code(PresentedVoucher(ACCOUNT, holding), 7, KEY))


def test_only_a_lot_of_a_voucher_has_a_code_and_short_keys_make_none() -> None:
    for holding in (Holding("points", 5, lot=LOT), Holding("voucher/birthday", 5)):
        with pytest.raises(ValueError, match="only a lot of a voucher"):
            voucher_code(PresentedVoucher(ACCOUNT, holding), 7, KEY)
    with pytest.raises(ValueError, match="at least 32 bytes"):
        voucher_code(FIVE_EURO, 7, b"short")
