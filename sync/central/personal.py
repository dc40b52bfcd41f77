"""Reading the attachment of a record: the personal facts that no hash may hold. Pure.

An attachment is checked against what the body commits to. What is not understood is rejected, so that nobody's
enrolment disappears quietly; a payment card is no card of a member's and is not kept.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic_core import from_json

from edge_agent.domain.cards import CODE_CHARACTERS_MAX, holds_payment_card, normalised
from edge_agent.domain.record import Attachment
from sync.central.bodies import Act, rejected

TEXT_CHARACTERS_MAX = 1_000
"""Of one attribute or answer; notes longer than that belong elsewhere."""

ATTRIBUTES_MAX = 100
EMAIL_CHARACTERS_MAX = 254
"""The longest address that can be delivered to (RFC 5321, 4.5.3.1.3)."""

PHONE_DIGITS = range(6, 16)
"""The longest number is 15 digits (ITU-T E.164); shorter than 6 is no subscriber."""

NAME_CHARACTERS_MAX = 200
LANGUAGE_CHARACTERS_MAX = 35
"""The longest language tag that a system must take (RFC 5646, 4.4.1)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody said of themselves; only what is given replaces what was known.

    `email` and `phone` are in the one form that they are compared in; `birthday` has its year and stays at central.
    """

    display_name: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: date | None = None
    language: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Personal:
    """What central reads of an attachment. With `holds_payment_card` it must not be kept."""

    card: str | None = None
    profile: Profile = NO_PROFILE
    text: str | None = None
    holds_payment_card: bool = False


def read_attachment(act: Act, attachment: Attachment | None) -> Personal:
    """The personal facts, checked against what the body commits to; raises `Unpostable`.

    A payment card elsewhere than in the card (in an article's name) costs nobody their points; the attachment is then
    not kept, and of an enrolment or answer that holds one only the card counts.
    """
    if attachment is None:
        return Personal()
    if attachment.commitment != act.commitment:
        raise rejected("attachment")
    try:
        text = attachment.content.decode()
        content = from_json(attachment.content)
        card = _card(content)
        # Escapes hide digits, and a till need not write them as ours does.
        plainly = json.dumps(content, ensure_ascii=False) if "\\" in text else text
        forbidden = holds_payment_card(text) or holds_payment_card(plainly)
        if forbidden or not isinstance(content, dict):
            return Personal(card, holds_payment_card=forbidden)
        return Personal(card, _profile(content.get("profile") or {}), _written(content))
    except (ValueError, KeyError, TypeError) as error:
        raise rejected("attachment") from error


def _card(content: Any) -> str | None:
    card = content.get("card") if isinstance(content, dict) else None
    if card is None:
        return None
    code = card["code"]
    if not isinstance(code, str) or not 0 < len(code) <= CODE_CHARACTERS_MAX or "\0" in code:
        raise ValueError("the card is none")
    code = normalised(code)
    return None if holds_payment_card(code) else code


def _written(content: Mapping[str, Any]) -> str | None:
    text = content.get("text")
    return None if text is None else _text(text, TEXT_CHARACTERS_MAX)


_OWN_FACTS = frozenset({"display_name", "email", "phone", "birthday", "language"})


def _profile(facts: Any) -> Profile:
    if not isinstance(facts, dict) or len(facts) > ATTRIBUTES_MAX:
        raise TypeError("the profile is none")
    given = {name: value for name, value in facts.items() if value not in (None, "")}
    birthday = given.get("birthday")
    return Profile(
        display_name=_optional(given.get("display_name"), NAME_CHARACTERS_MAX),
        email=normalised_email(_optional(given.get("email"), EMAIL_CHARACTERS_MAX)),
        phone=normalised_phone(_optional(given.get("phone"), TEXT_CHARACTERS_MAX)),
        birthday=None if birthday is None else date.fromisoformat(birthday),
        language=_optional(given.get("language"), LANGUAGE_CHARACTERS_MAX),
        attributes={
            _text(name, NAME_CHARACTERS_MAX): _text(value, TEXT_CHARACTERS_MAX)
            for name, value in given.items()
            if name not in _OWN_FACTS
        },
    )


def _optional(value: Any, characters_max: int) -> str | None:
    return None if value is None else _text(value, characters_max)


def _text(value: Any, characters_max: int) -> str:
    if not isinstance(value, str) or len(value) > characters_max or "\0" in value:
        raise TypeError("a text is none, or too long")
    return value.strip()


def normalised_email(text: str | None) -> str | None:
    """An address as it is compared: without spaces around it, in lower case. Raises ValueError for what is none."""
    if text is None:
        return None
    address = text.strip().lower()
    if len(address) > EMAIL_CHARACTERS_MAX or not re.fullmatch(
        r"[^@\s]+@[^@\s]+\.[^@\s.]+", address
    ):
        raise ValueError("is no e-mail address")
    return address


def normalised_phone(text: str | None) -> str | None:
    """A number as it is compared: "+" and digits, or digits alone where no country is given.

    "0031" is "+31", and a "(0)" that is not dialled from abroad goes. Raises ValueError for what is none.
    """
    if text is None:
        return None
    number = re.sub(r"[\s./()-]", "", text.replace("(0)", ""))
    if number.startswith("00"):
        number = "+" + number[2:]
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) in PHONE_DIGITS):
        raise ValueError("is no phone number")
    return number
