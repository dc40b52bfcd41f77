"""Member cards: their forms, their check digits, and telling them from payment cards."""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from stdnum import luhn
from stdnum.ean import calc_check_digit as gs1_check_digit

CODE_CHARACTERS_MAX = 512
"""A QR text that identifies a member fits easily; ISO 18004 would allow thousands."""

_SHOWN_DIGITS = 4
_AIM_IDENTIFIER = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_TRACK_1 = re.compile(r"%?B\d{8,19}\^[^^]{2,26}\^\d{4}")
_TRACK_2 = re.compile(r";?\d{8,19}[=D]\d{4}\d{3}")
# Numbers as they are embossed: unbroken, in groups of four, or 4-6-5. Any other grouping is somebody's own id
# ("412-03-20261121-000173"), and a tenth of those would pass Luhn by chance.
_CARD_NUMBER = re.compile(
    r"(?<!\d)(?:\d{14,19}|\d{4}(?:[ -]\d{4}){2}[ -]\d{2,7}|\d{4}([ -])\d{6}\1\d{4,5})(?!\d)"
)


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
    """Take away what scanners and fingers put around a code: AIM identifier, outer and inner spaces of a number."""
    bare = _AIM_IDENTIFIER.sub("", code.strip(), count=1).strip()
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
    networks). Shorter ones are not: a tenth of all valid EAN-13 pass Luhn by chance.
    """
    if _TRACK_1.search(text) or _TRACK_2.search(text):
        return True
    for run in _CARD_NUMBER.finditer(text):
        digits = run.group().replace(" ", "").replace("-", "")
        if _has_payment_prefix(digits) and luhn.is_valid(digits):
            return True
    return False


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
