"""What a programme prints on receipts: its own texts, and which parts stand where."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import AfterValidator, Field, StringConstraints

from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.texts import LocalText

ADDRESS_CHARACTERS_MAX: Final = 120
"""With the ids filled in, a QR code of this length still has modules of four dots on the narrowest paper."""


class ReceiptBlock(StrEnum):
    """A part of the receipt. Each prints nothing where it has nothing to say; `TOLD_BY` says what each tells."""

    GREETING = "greeting"
    SURPRISE = "surprise"
    EARNED = "earned"
    SPENT = "spent"
    SAVINGS = "savings"
    BALANCE = "balance"
    PENDING = "pending"
    EXPIRING = "expiring"
    STAMPS = "stamps"
    TIER = "tier"
    CHALLENGES = "challenges"
    REWARD = "reward"
    VOUCHERS = "vouchers"
    OFFERS = "offers"
    MESSAGES = "messages"
    QUESTION = "question"
    REMARKS = "remarks"
    FOOTER = "footer"
    REFERENCE = "reference"


TOLD_BY: Final[Mapping[ReceiptBlock, str]] = {
    ReceiptBlock.GREETING: "The shop's greeting, on a sale; where it comes first it stands above the date.",
    ReceiptBlock.SURPRISE: "What was won.",
    ReceiptBlock.EARNED: "What was earned or taken back, per unit, with the base and each bonus in words.",
    ReceiptBlock.SPENT: "What was used or given back, per unit, and for what.",
    ReceiptBlock.SAVINGS: "What rewards, offers and vouchers took off; on a return what is paid back.",
    ReceiptBlock.BALANCE: "The balance per unit; below it what is not confirmed yet or under review.",
    ReceiptBlock.PENDING: "What was earned and cannot be used yet, and from which day it can.",
    ReceiptBlock.EXPIRING: "What expires next and when; in bold within the unit's `warn_days`.",
    ReceiptBlock.STAMPS: "Each stamp card that has begun as a row of marks, and what the next reward on it is.",
    ReceiptBlock.TIER: "The tier and the way to the next one; a membership that begins, or ends soon.",
    ReceiptBlock.CHALLENGES: "How far the challenges are that have begun, and those that this sale reached.",
    ReceiptBlock.REWARD: "What lies ready for the member, and what is missing to the next reward.",
    ReceiptBlock.VOUCHERS: "Each voucher that the sale issued: value, validity and its code as a QR code.",
    ReceiptBlock.OFFERS: "The offers to mention, the first ones by rank.",
    ReceiptBlock.MESSAGES: "The messages of this visit.",
    ReceiptBlock.QUESTION: "The question, with a QR code where `answer_url` says where to answer.",
    ReceiptBlock.REMARKS: "What has to be said: excluded goods, a card not known here, no line; never left out.",
    ReceiptBlock.FOOTER: "The shop's last words.",
    ReceiptBlock.REFERENCE: "A QR code that finds the sale and says nothing about a person.",
}
"""What each part tells, in the order in which they stand without a setting."""

_CLOSING: Final = (ReceiptBlock.FOOTER, ReceiptBlock.REFERENCE)

_IN_ADDRESS: Final = ("store", "till", "sale", "question")


def _is_address(text: str) -> str:
    if re.fullmatch(r"https://[!-~]+", text) is None:
        raise ValueError("an address begins with https:// and has neither spaces nor accents")
    plain = re.sub("|".join(rf"\{{{name}\}}" for name in _IN_ADDRESS), "", text)
    if "{" in plain or "}" in plain:
        names = ", ".join(f"{{{name}}}" for name in _IN_ADDRESS)
        raise ValueError(f"only {names} can be filled in")
    return text


def _each_once(blocks: tuple[ReceiptBlock, ...]) -> tuple[ReceiptBlock, ...]:
    twice = sorted({block.value for block in blocks if blocks.count(block) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there twice")
    return blocks


class ReceiptTable(TableModel):
    """What the receipt says and in which order. `invitation` is printed on the receipt of a sale without a card."""

    greeting: LocalText | None = Field(
        default=None, description="Above what was earned.", examples=["Welkom!"]
    )
    footer: LocalText | None = Field(
        default=None, description="At the end.", examples=["Tot ziens!"]
    )
    invitation: LocalText | None = Field(
        default=None,
        description="On the receipt of a sale without a card.",
        examples=["Nog geen kaart?"],
    )
    blocks: Annotated[tuple[ReceiptBlock, ...], AfterValidator(_each_once)] = Field(
        default=tuple(ReceiptBlock),
        description="Which parts are printed, from top to bottom; each only where it has something to say.",
        examples=[["greeting", "earned", "savings", "balance", "stamps", "reward", "footer"]],
    )
    answer_url: (
        Annotated[
            str,
            StringConstraints(max_length=ADDRESS_CHARACTERS_MAX),
            AfterValidator(_is_address),
        ]
        | None
    ) = Field(
        default=None,
        description="Where the question on a receipt is answered; {store}, {till}, {sale}, {question} are filled in.",
        examples=["https://zuiver.example/a/{store}/{till}/{sale}/{question}"],
    )

    @cached_property
    def layout(self) -> tuple[ReceiptBlock, ...]:
        """The blocks from top to bottom; remarks that were given no place stand before footer and reference."""
        if ReceiptBlock.REMARKS in self.blocks:
            return self.blocks
        ends = [place for place, block in enumerate(self.blocks) if block not in _CLOSING]
        place = ends[-1] + 1 if ends else 0
        return (*self.blocks[:place], ReceiptBlock.REMARKS, *self.blocks[place:])

    def answer_at(self, store: str, till: str, sale: str, question: str) -> str:
        """The address at which a question of this sale is answered; "" where there is none."""
        if self.answer_url is None:
            return ""
        names = {"store": store, "till": till, "sale": sale, "question": question}
        return self.answer_url.format(
            **{name: quote(value, safe="") for name, value in names.items()}
        )
