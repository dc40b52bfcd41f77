"""Member cards: their forms, their check digits, and telling them from payment cards."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stdnum import luhn
from stdnum.ean import calc_check_digit as gs1_check_digit

CODE_CHARACTERS_MAX = 512
"""A QR text that identifies a member fits easily; ISO 18004 would allow thousands."""

_SHOWN_DIGITS = 4
_AIM_IDENTIFIER = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_AIM_ANYWHERE = re.compile(r"\][A-Za-z][0-9A-Za-z](?=\d)")
_GSRN_ELEMENT = re.compile(r"(?:8018|\(8018\))([0-9]{18})")
"""GS1 General Specifications: AI 8018, N18; bar codes carry it with its AI, cards show it in brackets."""

# ISO/IEC 7813. The name and the date may be left out; a track 2 without its start sentinel (some readers strip it,
# chips write D for =) needs the length of a payment card's number.
_TRACK_1 = re.compile(r"%?B[0-9 ]{1,23}\^[^^]{2,26}\^")
_TRACK_2 = re.compile(r";\d{1,19}=(?:\d{4}|=)(?:\d{3}|=)|(?<!\d)\d{12,19}[=D]\d{7}")

_DIGIT_GROUPS = re.compile(r"\d+(?:(?:[-._/\s]|\s[-/]\s)\d+)*")
_CARD_SHAPES = re.compile(r"1[4-9]|4 4 4 (?:[2-7]|4 [1-3])|4 6 [45]|6 (?:8|9|1[0-3])")
"""Lengths of the groups in which numbers are embossed and typed: unbroken, by four, 4-6-5 (or 4) and 6-13.

Any other grouping is somebody's own id ("412-03-20261121-000173"), and a tenth of those would pass Luhn by chance.
"""
_MINUS = "\N{MINUS SIGN}"
_GROUPS_MAX = 5
_DIGITS_MIN = 14
"""Of the shortest of these shapes; most texts have only shorter numbers, and are looked at no further."""


class CardCheck(StrEnum):
    """How the last digit of a card is checked."""

    EAN13 = "ean13"
    LUHN = "luhn"
    GSRN = "gsrn"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CardPattern:
    """One form of member card: a regular expression for the whole code, and its check digit."""

    pattern: re.Pattern[str]
    check: CardCheck

    def matches(self, code: str) -> bool:
        """Whether `code` is well-formed."""
        return self.pattern.fullmatch(code) is not None and _check_digit_holds(code, self.check)


def _check_digit_holds(code: str, check: CardCheck) -> bool:
    if check is CardCheck.NONE:
        return True
    if not (code.isascii() and code.isdigit()):
        return False
    if check is CardCheck.LUHN:
        return bool(luhn.is_valid(code))
    length = 13 if check is CardCheck.EAN13 else 18
    return len(code) == length and gs1_check_digit(code[:-1]) == code[-1]


def normalised(code: str) -> str:
    """Take away what scanners and fingers put around a code.

    That is the AIM identifier, outer spaces, the spaces and hyphens within a number, and what GS1 puts around the
    number of a service relation: `(8018)952050000000000014`, with or without brackets, is 952050000000000014.
    """
    bare = _AIM_IDENTIFIER.sub("", code.strip(), count=1).strip()
    gsrn = _GSRN_ELEMENT.fullmatch(bare)
    if gsrn is not None and gs1_check_digit(gsrn[1][:-1]) == gsrn[1][-1]:
        return gsrn[1]
    compact = bare.replace(" ", "").replace("-", "")
    return compact if compact.isascii() and compact.isdigit() else bare


def is_member_card(code: str, patterns: tuple[CardPattern, ...]) -> bool:
    """Whether a normalised code is of a form that the shop gave out."""
    return any(pattern.matches(code) for pattern in patterns)


def masked(code: str) -> str:
    """The last four characters behind stars, for screens and paper; short codes show nothing."""
    if len(code) <= 2 * _SHOWN_DIGITS:
        return "*" * len(code)
    hidden = min(len(code) - _SHOWN_DIGITS, 9)
    return "*" * hidden + code[-_SHOWN_DIGITS:]


def holds_payment_card(text: str) -> bool:
    """Whether `text` holds a payment card's track or number.

    A number is 14-19 digits, Luhn-valid, beginning 2221-2720 or 3-6 (ISO/IEC 7812 ranges of the payment
    networks), also where other numbers stand next to it, and in whatever script. Shorter ones are not: a tenth of
    all valid EAN-13 pass Luhn by chance.
    """
    text = plain(text)
    if "]" in text:
        text = _AIM_ANYWHERE.sub(" ", text)
    return _holds_track(text) or any(
        _has_payment_prefix(number) and luhn.is_valid(number)
        for run in _DIGIT_GROUPS.finditer(text)
        if len(run[0]) >= _DIGITS_MIN
        for number in _numbers_in(re.findall(r"\d+", run[0]))
    )


def plain(text: str) -> str:
    """The text with every digit, dash and space as in ASCII, and without what is not seen (a soft hyphen)."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    for each in set(text):
        if not each.isascii() and (meant := _meant(each)) != each:
            text = text.replace(each, meant)
    return text


def _meant(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return "-" if category == "Pd" or character == _MINUS else character


def _holds_track(text: str) -> bool:
    """Whether a track stands in it. Each has a sign that hardly any other text has, and that is sooner looked for."""
    return ("^" in text and _TRACK_1.search(text) is not None) or (
        ("=" in text or "D" in text) and _TRACK_2.search(text) is not None
    )


def _numbers_in(groups: list[str]) -> Iterator[str]:
    """Every row of neighbouring groups that has the shape of a card's number, joined."""
    for start in range(len(groups)):
        for end in range(start + 1, min(start + _GROUPS_MAX, len(groups)) + 1):
            part = groups[start:end]
            if _CARD_SHAPES.fullmatch(" ".join(str(len(group)) for group in part)):
                yield "".join(part)


def is_article_number(sku: str) -> bool:
    """Whether `sku` is a GTIN-14 with a valid check digit: then it is an article, whatever Luhn says of it."""
    return (
        len(sku) == 14 and sku.isascii() and sku.isdigit() and gs1_check_digit(sku[:-1]) == sku[-1]
    )


def _has_payment_prefix(digits: str) -> bool:
    return digits[0] in "3456" or 2221 <= int(digits[:4]) <= 2720


def card_key(key: bytes, code: str) -> bytes:
    """What a card is found by where its code is not kept: HMAC-SHA256 of the normalised code, first 16 bytes.

    Pseudonymous only: whoever holds the key can try codes out.
    """
    return hmac.digest(key, code.encode(), "sha256")[:16]


def tombstone(key: bytes) -> bytes:
    """What is left of a card's key when its member was erased: enough to say so of the card, and found in no list of
    keys that anybody kept."""
    return hashlib.sha256(b"erased" + key).digest()[:16]
