"""Codes of vouchers: a text that any till can check without a line, and nobody can make or change without the key.

`V1` and groups of five characters of Crockford's base 32 (digits and capitals without I, L, O and U): they print as a
compact QR code (its alphanumeric mode, ISO/IEC 18004), read out well, and typed O and I are taken for 0 and 1. Two of
them are check characters, so that a slip of the finger is told from a forgery.

The content, before it is written in base 32: number of the key (1 byte), length of the account (1) and the account,
the lot (16), length of the voucher's id (1) and the id, the quantity (4), first and last day (2 each, days since 2020,
0 for none), and 10 bytes of an HMAC-SHA256 over all of it and the version. 80 bits cannot be guessed: a thousand tries
a second would hit a code once in 38 million million years. A code does not say whether it was used: the ledger does.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from edge_agent.domain.holdings import Holding
from edge_agent.domain.programme.situation import PresentedVoucher
from edge_agent.domain.units import Derived, derived, name_of

VERSION: Final = "V1"
KEY_BYTES_MIN: Final = 32
"""As many as the hash gives; a shorter key would be the weakest part."""
TEXT_CHARACTERS_MAX: Final = 240
"""An account of 32 digits and an id of 40 characters make 213; longer is none of ours."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CHECK_PRIME: Final = 1021
"""The largest prime below 32 x 32: any one wrong character, or two swapped ones, leave another remainder."""
_MAC_BYTES: Final = 10
_LOT_BYTES: Final = 16
_QUANTITY_BYTES: Final = 4
_DAY_BYTES: Final = 2
_EPOCH: Final = date(2020, 1, 1)
_GROUP: Final = 5


class NoVoucherCode(ValueError):
    """The text is no voucher's code, or of a version that is not known here."""


class Mistyped(NoVoucherCode):
    """Its check characters do not fit: read it again."""


class Forged(NoVoucherCode):
    """Whoever made it did not have the key, or it was changed afterwards."""


def is_voucher_code(text: str) -> bool:
    """Whether a scanned text claims to be a voucher's code."""
    return text.strip().upper().startswith(VERSION + "-")


def voucher_key(card_key: bytes) -> bytes:
    """The key of vouchers' codes, from the card key of the enrolment, which all tills of a programme share."""
    return hmac.digest(card_key, b"voucher", "sha256")


def voucher_code(voucher: PresentedVoucher, key_number: int, key: bytes) -> str:
    """The code of a voucher. `key` is shared by the tills of one programme, `key_number` (0 to 255) tells it apart.

    The account and the lot are hex digits, as records have them. Raises ValueError for what is no voucher, or a key of
    less than `KEY_BYTES_MIN` bytes.
    """
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"a key has at least {KEY_BYTES_MIN} bytes")
    account, holding = voucher
    if not holding.lot or holding.unit != derived(Derived.VOUCHER, name_of(holding.unit)):
        raise ValueError("only a lot of a voucher has a code")
    content = bytes([key_number]) + _sized(bytes.fromhex(account)) + bytes.fromhex(holding.lot)
    content += _sized(name_of(holding.unit).encode("ascii"))
    content += holding.quantity.to_bytes(_QUANTITY_BYTES, "big")
    content += _day_bytes(holding.matures_on) + _day_bytes(holding.expires_on)
    signed = _base32(content + _mac(content, key))
    text = signed + _check(signed)
    return "-".join([VERSION, *(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))])


def read_voucher_code(text: str, keys: Mapping[int, bytes]) -> PresentedVoucher:
    """The voucher that a code names, checked with the key of its number.

    Raises NoVoucherCode, Mistyped or Forged; a number that is not among `keys` counts as forged.
    """
    plain = text.strip().upper()
    if not is_voucher_code(plain) or len(plain) > TEXT_CHARACTERS_MAX:
        raise NoVoucherCode("is no voucher's code of a version that is known here")
    characters = plain.removeprefix(VERSION).translate(_ALIKE)
    signed, check = characters[:-2], characters[-2:]
    if not signed or not set(characters) <= set(_ALPHABET) or _check(signed) != check:
        raise Mistyped("one of its characters is not as it was printed")
    content = _bytes(signed)
    content, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
    key = keys.get(content[0]) if content else None
    if key is None or not hmac.compare_digest(mac, _mac(content, key)):
        raise Forged("was not made with a key of this programme")
    return _unpacked(content[1:])


def _unpacked(content: bytes) -> PresentedVoucher:
    """What the signed content says; it was made by `voucher_code`, so its lengths are right."""
    account, rest = _cut(content)
    lot, rest = rest[:_LOT_BYTES], rest[_LOT_BYTES:]
    name, rest = _cut(rest)
    quantity, days = rest[:_QUANTITY_BYTES], rest[_QUANTITY_BYTES:]
    holding = Holding(
        derived(Derived.VOUCHER, name.decode("ascii")),
        int.from_bytes(quantity, "big"),
        _day_of(days[_DAY_BYTES:]),
        _day_of(days[:_DAY_BYTES]),
        lot=lot.hex(),
    )
    return PresentedVoucher(account.hex(), holding)


def _sized(part: bytes) -> bytes:
    return bytes([len(part)]) + part


def _cut(content: bytes) -> tuple[bytes, bytes]:
    length = content[0]
    return content[1 : 1 + length], content[1 + length :]


def _day_bytes(day: date | None) -> bytes:
    return (0 if day is None else (day - _EPOCH).days).to_bytes(_DAY_BYTES, "big")


def _day_of(days: bytes) -> date | None:
    number = int.from_bytes(days, "big")
    return _EPOCH + timedelta(days=number) if number else None


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.new(key, VERSION.encode() + content, hashlib.sha256).digest()[:_MAC_BYTES]


def _check(text: str) -> str:
    remainder = 0
    for character in text:
        remainder = (remainder * 32 + _ALPHABET.index(character)) % _CHECK_PRIME
    return _ALPHABET[remainder // 32] + _ALPHABET[remainder % 32]


def _base32(content: bytes) -> str:
    """Eight bits at a time to five, most significant first, the last character filled up with zeros."""
    characters = -(-len(content) * 8 // 5)
    number = int.from_bytes(content, "big") << (characters * 5 - len(content) * 8)
    return "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(characters)))


def _bytes(text: str) -> bytes:
    number = 0
    for character in text:
        number = number << 5 | _ALPHABET.index(character)
    whole, over = divmod(len(text) * 5, 8)
    if number & (1 << over) - 1:
        raise Mistyped("its last character is not as it was printed")
    return (number >> over).to_bytes(whole, "big")
