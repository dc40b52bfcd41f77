"""Coupon numbers of GS1: the global coupon number (AI 255), and the coupons with prefixes 98 and 99.

GS1 General Specifications: a number has 13 digits, the last one a check digit, and AI 255 may add a serial number of
up to 12 digits. Within a currency area 981 and 982 stand for euro: four digits for who issued it, two for which coupon,
and three for what it is worth, with one decimal after 981 and two after 982. What 980 (a refund receipt) and 99 are
worth is agreed between the parties and not in the number.
"""

import re
from typing import NamedTuple

from stdnum.ean import calc_check_digit

_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_ELEMENT = re.compile(r"(?:\(255\)|255|https?://[^?#]*/255/)(\d{13})(\d{0,12})")
_PREFIXED = re.compile(r"9[89]\d{11}")
_MINOR_PER_STEP = {"981": 10, "982": 1}


class Coupon(NamedTuple):
    """A coupon number with its check digit; `worth` in minor units where the number says it; `serial` as printed."""

    number: str
    worth: int | None = None
    serial: str = ""


def coupon_in(text: str) -> Coupon | None:
    """The coupon that a scanned text names, None if it names none or its check digit is wrong."""
    text = _AIM.sub("", text.strip())
    element = _ELEMENT.fullmatch(text)
    if element is not None:
        number, serial = element.groups()
    elif _PREFIXED.fullmatch(text):
        number, serial = text, ""
    else:
        return None
    if calc_check_digit(number[:-1]) != number[-1]:
        return None
    step = _MINOR_PER_STEP.get(number[:3])
    return Coupon(number, None if step is None else int(number[9:12]) * step, serial)
