"""The receipt: what a member is told on paper, laid out once for printers and for a POS that prints itself.

Pure: facts in, document out.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from drivers.document import Block, Cut, Document, Feed, QrCode, Text
from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.till.receipt_facts import Change, MemberShown, NextReward, ReceiptFacts, ReceiptKind
from edge_agent.till.receipt_layout import bar, cut, on_paper, printable, row, wrap
from edge_agent.till.receipt_texts import WORDS, Formats, UnitName, Words

COLUMNS_MIN: Final = 24
"""Below this a date and a number no longer fit beside each other; 58 mm paper has 30 to 32 columns."""

COLUMNS_MAX: Final = 64
"""80 mm paper in the small font of receipt printers."""

CHANGES_SHOWN_MAX: Final = 40
"""Reasons listed per unit; what lies beyond is summed up in one line, so that no receipt grows past half a metre."""

_NAME_LINES_MAX: Final = 2
_SHOP_LINES_MAX: Final = 8  # greeting, footer and invitation each: more is a leaflet
_MEMBER_NAME_CHARACTERS_MAX: Final = 24
_TITLE_CHARACTERS_MAX: Final = 60
_BAR_COLUMNS_MIN: Final = 8
_BAR_COLUMNS_MAX: Final = 30
_NARROW_COLUMNS: Final = 35  # 58 mm paper: 384 dots, so smaller modules for the QR code


def compose(facts: ReceiptFacts, columns: int) -> Document | None:
    """The receipt for a printer of `columns` columns (24 to 64), or None when there is nothing worth paper.

    Nothing worth paper is a sale without a card where the shop wants no invitation, and a return, void or slip
    without a card.
    """
    if not COLUMNS_MIN <= columns <= COLUMNS_MAX:
        raise ValueError(f"columns: {columns}, allowed are {COLUMNS_MIN} to {COLUMNS_MAX}")
    if facts.member is None and (
        facts.kind is not ReceiptKind.SALE or facts.texts.invitation == ""
    ):
        return None
    return _Receipt(facts, columns).document()


class _Receipt:
    """One receipt on its way from facts to lines: the facts, the words of its language, and the width."""

    def __init__(self, facts: ReceiptFacts, columns: int) -> None:
        self._facts = facts
        self._columns = columns
        self._words: Words = WORDS[facts.language]
        self._formats = Formats(facts.language, facts.time_zone)

    def document(self) -> Document:
        facts = self._facts
        if facts.member is None:
            parts: tuple[Callable[[], list[Text]], ...] = (
                self._head, self._about, self._invitation, self._foot,
            )  # fmt: skip
        else:
            parts = (
                self._head, self._about, self._changes, self._balances, self._outlook, self._remarks, self._foot,
            )  # fmt: skip
        blocks: list[Block] = []
        for part in parts:
            texts = part()
            if texts and blocks:
                blocks.append(Text("-" * self._columns))
            blocks.extend(texts)
        if facts.reference:
            dots = 4 if self._columns < _NARROW_COLUMNS else 5
            # A blank line, since readers want four modules of white around a code (ISO/IEC 18004).
            blocks += [Feed(), QrCode(facts.reference, dots)]
        return Document((*blocks, *self._marks(), Cut()))

    def _head(self) -> list[Text]:
        facts, words = self._facts, self._words
        title = {
            ReceiptKind.SALE: "",
            ReceiptKind.RETURN: words.title_return,
            ReceiptKind.VOID: words.title_void,
            ReceiptKind.SLIP: words.title_slip,
        }[facts.kind]
        greeting = printable(facts.texts.greeting) if facts.kind is ReceiptKind.SALE else ""
        return [
            *self._marks(),
            *self._centred(_name(facts.programme), _NAME_LINES_MAX, bold=True, double_height=True),
            *self._centred(_name(facts.terminal), _NAME_LINES_MAX),
            *self._centred(title, bold=True),
            *self._centred(greeting, _SHOP_LINES_MAX),
        ]

    def _marks(self) -> list[Text]:
        """Copy and training marks: first and last on the paper, so that neither can be torn off unseen."""
        marks = [
            *([self._words.copy] if self._facts.copy else []),
            *([self._words.training] if self._facts.training else []),
        ]
        width = self._columns - 8
        return [
            text
            for mark in marks
            for line in wrap(mark, width)
            for text in self._centred(f"*** {line} ***", bold=True)
        ]

    def _about(self) -> list[Text]:
        facts, words = self._facts, self._words
        lines = [self._formats.moment(facts.at)]
        if facts.sale_id:
            returned = facts.kind is ReceiptKind.RETURN
            text = words.receipt_returned if returned else words.receipt
            lines += wrap(text.format(sale_id=_name(facts.sale_id)), self._columns)
        if facts.member is not None:
            lines += row(self._member_label(facts.member), _name(facts.member.card), self._columns)
        return self._left(lines)

    def _member_label(self, member: MemberShown) -> str:
        name = cut(_name(member.name), _MEMBER_NAME_CHARACTERS_MAX)
        unprintable = "?" in name and "?" not in member.name
        return self._words.card if not name or unprintable else name

    def _changes(self) -> list[Text]:
        facts = self._facts
        if facts.kind is ReceiptKind.SLIP or facts.awaiting_original:
            return []
        per_unit: dict[str, list[Change]] = {}
        for change in facts.changes:
            per_unit.setdefault(change.unit, []).append(change)
        if not per_unit and facts.member is not None and facts.member.standing.earns:
            per_unit = {unit: [] for unit in [*facts.balances, *facts.unit_names][:1]}
        return [text for unit, of_unit in per_unit.items() for text in self._of_unit(unit, of_unit)]

    def _of_unit(self, unit: str, changes: Sequence[Change]) -> list[Text]:
        words = self._words
        label = {
            ReceiptKind.RETURN: words.taken_return,
            ReceiptKind.VOID: words.taken_void,
        }.get(self._facts.kind, words.earned)
        total = self._quantity(sum(change.quantity for change in changes), unit)
        reasons = [change for change in changes if change.why and change.quantity]
        lines: list[str] = []
        for change in reasons[:CHANGES_SHOWN_MAX]:
            why = _name(change.why)
            lines += self._detail(
                words.bonus.format(why=why) if change.bonus else why, change.quantity, unit
            )
        if beyond := reasons[CHANGES_SHOWN_MAX:]:
            lines += self._detail("...", sum(change.quantity for change in beyond), unit)
        return [*self._left(row(label, total, self._columns), bold=True), *self._left(lines)]

    def _balances(self) -> list[Text]:
        facts = self._facts
        texts: list[Text] = []
        for unit, balance in facts.balances.items():
            texts += self._balance(unit, balance)
        known_at = [balance.as_of for balance in facts.balances.values() if balance.as_of]
        if known_at and not facts.fresh:
            at = self._formats.moment(min(known_at))
            texts += self._left(wrap(self._words.as_of.format(at=at), self._columns))
        return texts

    def _balance(self, unit: str, balance: Balance) -> list[Text]:
        words = self._words
        if balance.as_of is None:
            # Central has told nothing of this member: what this till booked is no balance and is not called one.
            here = self._quantity(balance.unconfirmed, unit)
            return self._left(row(words.booked_here, here, self._columns))
        shown = self._quantity(balance.shown, unit)
        taken = balance.unconfirmed < 0
        lines: list[str] = []
        for label, quantity in (
            (words.unconfirmed_taken if taken else words.unconfirmed, balance.unconfirmed),
            (words.maturing, balance.maturing),
            (words.held, balance.held),
        ):
            if quantity:
                lines += self._detail(label, quantity, unit)
        head = row(words.balance, shown, self._columns)
        return [*self._left(head, bold=True), *self._left(lines)]

    def _outlook(self) -> list[Text]:
        """What expires next, and the way to the next reward."""
        facts, words = self._facts, self._words
        lines: list[str] = []
        if facts.expiring is not None:
            label = words.expires.format(on=self._formats.day(facts.expiring.on))
            quantity = self._quantity(facts.expiring.quantity, facts.expiring.unit)
            lines += row(label, quantity, self._columns)
        if facts.next_reward is not None:
            lines += self._reward(facts.next_reward)
        return self._left(lines)

    def _reward(self, reward: NextReward) -> list[str]:
        words = self._words
        title = cut(_name(reward.title), _TITLE_CHARACTERS_MAX)
        if reward.value is not None and "€" not in title:
            amount = self._formats.euro(reward.value)
            title = f"{title} ({amount})" if title else words.discount.format(amount=amount)
        if not reward.missing:
            reached = words.reached if reward.usable else words.reached_later
            return wrap(reached.format(reward=title), self._columns)
        missing = self._quantity(reward.missing, reward.unit)
        lines = wrap(words.missing.format(missing=missing, reward=title), self._columns)
        progress = words.progress.format(
            have=self._number(reward.have, reward.unit), cost=self._number(reward.cost, reward.unit)
        )
        room = self._columns - len(progress) - 1
        drawn = ""
        if room >= _BAR_COLUMNS_MIN:
            drawn = bar(reward.have, reward.cost, min(room, _BAR_COLUMNS_MAX))
        return lines + row(drawn, progress, self._columns)

    def _remarks(self) -> list[Text]:
        facts, words = self._facts, self._words
        slip = facts.kind is ReceiptKind.SLIP
        standing = Standing.KNOWN if facts.member is None else facts.member.standing
        unknown = standing is Standing.UNKNOWN
        nothing_known = any(balance.as_of is None for balance in facts.balances.values())
        remarks = (
            (words.unknown_card_slip if slip else words.unknown_card, unknown),
            (words.balance_unknown, nothing_known and not unknown),
            (words.refused_card, not standing.earns),
            (words.awaiting_original, facts.awaiting_original),
            (words.excluded, facts.excluded),
            (words.offline_slip, slip and facts.offline),
            (words.offline, facts.offline and not slip and standing.earns),
        )
        return [
            text
            for remark, applies in remarks
            if applies
            for text in self._left(wrap(remark, self._columns))
        ]

    def _invitation(self) -> list[Text]:
        facts = self._facts
        text = facts.texts.invitation
        if text is None:
            text = self._words.invitation.format(programme=_name(facts.programme))
        return self._centred(printable(text), _SHOP_LINES_MAX)

    def _foot(self) -> list[Text]:
        return self._centred(printable(self._facts.texts.footer), _SHOP_LINES_MAX)

    def _quantity(self, value: int, unit: str) -> str:
        name = self._facts.unit_names.get(unit, UnitName(unit, unit))
        printed = UnitName(_name(name.one), _name(name.other), name.decimals)
        return self._formats.quantity(value, printed)

    def _number(self, value: int, unit: str) -> str:
        name = self._facts.unit_names.get(unit)
        return self._formats.number(value, 0 if name is None else name.decimals)

    def _detail(self, label: str, quantity: int, unit: str) -> list[str]:
        return row(label, self._number(quantity, unit), self._columns, indent=2)

    def _left(self, lines: Iterable[str], *, bold: bool = False) -> list[Text]:
        return [Text(on_paper(line), bold=bold) for line in lines]

    def _centred(
        self,
        text: str,
        lines_max: int | None = None,
        *,
        bold: bool = False,
        double_height: bool = False,
    ) -> list[Text]:
        return [
            Text(on_paper(line), bold=bold, double_height=double_height, align="center")
            for line in wrap(text, self._columns, lines_max)
        ]


_NAMES_KEPT: Final = 256
"""What units, rules, rewards, the programme and the terminal are called comes back on every receipt."""


@lru_cache(_NAMES_KEPT)
def _name(text: str) -> str:
    """A text from outside as one printable line, with amounts in euro kept together."""
    line = re.sub(r"[ \n]+", " ", printable(text)).strip(" ")
    return re.sub(r"(?<=€) (?=\d)|(?<=\d) (?=€)", "\N{NO-BREAK SPACE}", line)
