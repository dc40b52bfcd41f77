"""The blocks about what lies ahead: stamp cards, tier, challenges, rewards, vouchers, offers, what is told and asked.

Every block takes the facts and the pen, and answers with no lines where it has nothing to say.
"""

import re
from collections.abc import Iterable
from typing import Final

from drivers.document import Block
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till.receipt_account import as_of, balance_units
from edge_agent.till.receipt_facts import NextReward, ReceiptFacts, Running, VoucherShown
from edge_agent.till.receipt_layout import bar, cut, marks, printable
from edge_agent.till.receipt_pen import Pen, one_line

_NAMES_AMOUNT: Final = re.compile(r"€|\beuros?\b", re.IGNORECASE)
_TITLE_CHARACTERS_MAX: Final = 60
_BAR_COLUMNS_MIN: Final = 8
_BAR_COLUMNS_MAX: Final = 30
_CHALLENGES_SHOWN_MAX: Final = 3
_OFFERS_SHOWN_MAX: Final = 2  # what a customer still reads while packing
_VOUCHERS_SHOWN_MAX: Final = (
    10  # a code is three centimetres of paper; all of them are on the account
)
_ISSUED_SHOWN_MAX: Final = 5


def stamps(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """Each card as a row of marks, and what it gives next; with the time of the marks where no balance has it."""
    lines: list[Block] = []
    for card in facts.stamps:
        decimals = pen.decimals(card.unit)
        have, need = (pen.formats.short(each, decimals) for each in (card.have, card.need))
        count = pen.words.progress.format(have=have, cost=need)
        lines += pen.row(one_line(card.title), count, bold=True)
        lines += pen.left(marks(card.have, card.need, 10**decimals, pen.columns))
        if card.gives:
            gives = pen.words.stamps_give.format(need=need, reward=one_line(card.gives))
            lines += pen.says(gives)
    if lines and not (ReceiptBlock.BALANCE in facts.layout and balance_units(facts)):
        lines += as_of(facts, pen)
    return lines


def tier(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """The tier and the way to the next one; below it the memberships that are worth telling of."""
    words, shown = pen.words, facts.tier
    lines: list[Block] = []
    if shown is not None and shown.title:
        label = words.tier_reached if shown.reached else words.tier
        lines += pen.row(label, one_line(shown.title), bold=shown.reached)
    if shown is not None and shown.ahead:
        lines += pen.says(one_line(shown.ahead))
    for each in facts.memberships:
        lines += pen.says(_until(each, pen))
    return lines


def challenges(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """How far the challenges are, a line each."""
    return [
        line
        for each in facts.challenges[:_CHALLENGES_SHOWN_MAX]
        for line in pen.says(one_line(each))
    ]


def reward(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What lies ready, and what is missing to the next reward."""
    lines: list[Block] = []
    words = pen.words
    issued = [(words.ready, each) for each in facts.ready] + [
        (words.kept, each) for each in facts.kept
    ]
    for text, each in issued[:_ISSUED_SHOWN_MAX]:
        title = cut(one_line(each), _TITLE_CHARACTERS_MAX)
        lines += pen.says(text.format(reward=title), bold=True)
    if facts.next_reward is not None:
        on_a_card = any(card.unit == facts.next_reward.unit for card in facts.stamps)
        lines += _next(facts.next_reward, pen, draws=not on_a_card)
    return lines


def _next(reward: NextReward, pen: Pen, *, draws: bool) -> list[Block]:
    """`draws`: with a bar, where no row of marks shows the same."""
    words = pen.words
    title = cut(one_line(reward.title), _TITLE_CHARACTERS_MAX)
    if reward.value is not None and not _NAMES_AMOUNT.search(title):
        amount = pen.formats.euro(reward.value)
        title = f"{title} ({amount})" if title else words.discount.format(amount=amount)
    if not reward.missing:
        reached = words.reached if reward.usable else words.reached_later
        return pen.says(reached.format(reward=title))
    missing = pen.quantity(reward.missing, reward.unit)
    lines = pen.says(words.missing.format(missing=missing, reward=title))
    if not draws:
        return lines
    progress = words.progress.format(
        have=pen.number(reward.have, reward.unit), cost=pen.number(reward.cost, reward.unit)
    )
    room = pen.columns - len(progress) - 1
    drawn = ""
    if room >= _BAR_COLUMNS_MIN:
        drawn = bar(reward.have, reward.cost, min(room, _BAR_COLUMNS_MAX))
    return [*lines, *pen.row(drawn, progress)]


def vouchers(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """Each voucher that was issued: what it is worth, when, and its code."""
    lines: list[Block] = []
    for each in facts.vouchers[:_VOUCHERS_SHOWN_MAX]:
        lines += _voucher(each, pen)
    if more := facts.vouchers[_VOUCHERS_SHOWN_MAX:]:
        lines += pen.row(pen.words.vouchers_more, pen.formats.number(len(more)))
    return lines


def _voucher(voucher: VoucherShown, pen: Pen) -> list[Block]:
    words, formats = pen.words, pen.formats
    title = words.for_you.format(what=cut(one_line(voucher.title), _TITLE_CHARACTERS_MAX))
    value = "" if voucher.value is None else formats.euro(voucher.value)
    lines = pen.row(title, value, bold=True)
    on = "" if voucher.until is None else formats.day(voucher.until)
    start = "" if voucher.begins is None else formats.day(voucher.begins)
    if on and start:
        lines += pen.says(words.valid_between.format(start=start, on=on))
    elif on or start:
        lines += pen.says((words.valid if on else words.valid_from).format(start=start, on=on))
    if voucher.value is None and voucher.uses > 1:
        lines += pen.says(words.uses.format(count=formats.number(voucher.uses)))
    return [*lines, *(pen.code(voucher.code) if voucher.code else ())]


def offers(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """The first offers, until when they run."""
    return [
        line
        for each in facts.offers[:_OFFERS_SHOWN_MAX]
        for line in pen.says(pen.words.for_you.format(what=_until(each, pen)))
    ]


def _until(running: Running, pen: Pen) -> str:
    title = one_line(running.title)
    if running.until is None:
        return title
    return pen.words.until.format(what=title, on=pen.formats.day(running.until))


def surprise(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What was won, large enough to be seen from across the counter."""
    lines: list[Block] = []
    for each in facts.surprises:
        lines += pen.centred(one_line(each.title))
        prize = pen.words.won.format(prize=one_line(each.prize))
        lines += pen.centred(prize, bold=True, double_height=True)
    return lines


def messages(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What the shop tells this member at this visit."""
    return _lines_of(facts.messages, pen)


def _lines_of(texts: Iterable[str], pen: Pen) -> list[Block]:
    return [line for text in texts for line in pen.says(printable(text))]


def question(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """The question and where to answer it; the address also as text, for whoever cannot scan it."""
    asked, words = facts.question, pen.words
    if asked is None:
        return []
    lines = pen.says(printable(asked.text), bold=True)
    if not asked.answer_at:
        return [*lines, *pen.says(words.answer_here)]
    address = pen.centred(asked.answer_at)
    return [*lines, *pen.says(words.answer_at), *pen.code(asked.answer_at), *address]
