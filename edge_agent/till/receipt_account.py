"""The blocks about what a sale did to the account and what is on it: earned, used, saved, there, coming and going.

Every block takes the facts and the pen, and answers with no lines where it has nothing to say.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from drivers.document import Block
from edge_agent.domain.balance import Balance
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till.receipt_facts import Change, ReceiptFacts, ReceiptKind
from edge_agent.till.receipt_pen import CHANGES_SHOWN_MAX, Pen, one_line

_DAYS_SHOWN_MAX: Final = 3
"""Days on which something comes or goes: a daily customer's fourteen pending days would be a receipt of their own."""


def earned(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What was earned, or taken back; a card that could have earned is told so where it did not."""
    if facts.kind is ReceiptKind.SLIP or facts.awaiting_original or facts.not_worked_out:
        return []
    per_unit = _per_unit(facts.changes)
    if not per_unit and facts.member is not None and facts.member.standing.earns:
        per_unit = {unit: [] for unit in [*facts.balances, *facts.unit_names][:1]}
    words = pen.words
    label = {
        ReceiptKind.RETURN: words.taken_return,
        ReceiptKind.VOID: words.taken_void,
    }.get(facts.kind, words.earned)
    lines = [
        line for unit, of_unit in per_unit.items() for line in pen.changes(label, unit, of_unit)
    ]
    for what in facts.taken:
        lines += pen.says(words.taken_back.format(what=one_line(what)))
    return lines


def spent(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What was used, or given back."""
    words = pen.words
    label = {
        ReceiptKind.RETURN: words.restored_return,
        ReceiptKind.VOID: words.restored_void,
    }.get(facts.kind, words.spent)
    lines = [
        line
        for unit, of_unit in _per_unit(facts.spent).items()
        for line in pen.changes(label, unit, of_unit)
    ]
    for what in facts.restored:
        lines += pen.says(words.back_again.format(what=one_line(what)))
    return lines


def savings(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What is off the sale in all and by which rules; what a return pays back and what was deducted from it."""
    words, amount = pen.words, pen.formats.amount
    if facts.refund is not None:
        refund = facts.refund
        if not (refund.amount or refund.deducted):
            return []
        deducted = pen.detail(words.deducted, amount(refund.deducted)) if refund.deducted else []
        return [*pen.row(words.refund, amount(refund.amount), bold=True), *deducted]
    if not facts.savings:
        return []
    lines = pen.row(words.saved, amount(sum(each.amount for each in facts.savings)), bold=True)
    for each in facts.savings[:CHANGES_SHOWN_MAX]:
        lines += pen.detail(one_line(each.why), amount(each.amount))
    if beyond := facts.savings[CHANGES_SHOWN_MAX:]:
        lines += pen.detail("...", amount(sum(each.amount for each in beyond)))
    return lines


def balance(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """The balance per unit, with the time that central's figures are from: beside a single one where that takes no line
    more, else below."""
    units = balance_units(facts)
    if not units:
        return []
    time = _time_alone(facts, pen)
    if time and len(units) == 1 and _has_room(facts, units[0], time, pen):
        return _of_unit(facts, units[0], pen, time)
    return [*(line for unit in units for line in _of_unit(facts, unit, pen)), *as_of(facts, pen)]


def as_of(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """Of when the oldest of central's figures are, on a line of its own; nothing where there are none."""
    oldest = _oldest(facts)
    if oldest is None:
        return []
    if time := _time_alone(facts, pen):
        return pen.says(pen.words.as_of_time.format(at=time))
    return pen.says(pen.words.as_of.format(at=pen.formats.moment(oldest)))


def _oldest(facts: ReceiptFacts) -> datetime | None:
    return min((each.as_of for each in facts.balances.values() if each.as_of), default=None)


def _time_alone(facts: ReceiptFacts, pen: Pen) -> str:
    """The same by the clock; "" where the day has to be said: figures that are not fresh, or of another day."""
    oldest = _oldest(facts)
    if oldest is None or not facts.fresh:
        return ""
    days = {each.astimezone(facts.time_zone).date() for each in (facts.at, oldest)}
    return pen.formats.time(oldest) if len(days) == 1 else ""


def _has_room(facts: ReceiptFacts, unit: str, time: str, pen: Pen) -> bool:
    balance = facts.balances[unit]
    label, value = pen.words.balance_at.format(at=time), pen.quantity(balance.shown, unit)
    return balance.as_of is not None and len(label) + 1 + len(value) <= pen.columns


def balance_units(facts: ReceiptFacts) -> list[str]:
    """The units whose balance is worth a line: not those at nothing that the sale left alone, and not what the marks
    of a stamp card show already; where that leaves none, the first one."""
    moved = {change.unit for change in (*facts.changes, *facts.spent)}
    marked = {card.unit for card in facts.stamps} if ReceiptBlock.STAMPS in facts.layout else set()

    def is_worth_a_line(unit: str, balance: Balance) -> bool:
        if balance.maturing or balance.held:
            return True
        return unit not in marked and bool(unit in moved or balance.shown or balance.unconfirmed)

    worth = [unit for unit, each in facts.balances.items() if is_worth_a_line(unit, each)]
    return worth or [unit for unit in facts.balances if unit not in marked][:1]


def _of_unit(facts: ReceiptFacts, unit: str, pen: Pen, at: str = "") -> list[Block]:
    """The balance of a unit, and what of it is not confirmed; with the time `at` beside it, "" for none."""
    words, balance = pen.words, facts.balances[unit]
    if balance.as_of is None:
        # Central has told nothing of this member: what this till booked is no balance and is not called one.
        return pen.row(words.booked_here, pen.quantity(balance.unconfirmed, unit))
    taken = balance.unconfirmed < 0
    label = words.balance_at.format(at=at) if at else words.balance
    lines = pen.row(label, pen.quantity(balance.shown, unit), bold=True)
    for label, quantity in (
        (words.unconfirmed_taken if taken else words.unconfirmed, balance.unconfirmed),
        (words.maturing, balance.maturing - dated(facts, unit, balance)),
        (words.held, balance.held),
    ):
        if quantity:
            lines += pen.detail(label, pen.number(quantity, unit))
    return lines


def dated(facts: ReceiptFacts, unit: str, balance: Balance) -> int:
    """How much of what cannot be used yet the block of its days tells of; the rest waits for an event."""
    if ReceiptBlock.PENDING not in facts.layout:
        return 0
    return min(balance.maturing, sum(each.quantity for each in facts.pending if each.unit == unit))


def pending(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """From which day on what can be used; of many days the first ones, and the rest with the last."""
    words = pen.words
    lines: list[Block] = []
    for unit in dict.fromkeys(each.unit for each in facts.pending):
        days = [each for each in facts.pending if each.unit == unit]
        shown = days if len(days) <= _DAYS_SHOWN_MAX else days[: _DAYS_SHOWN_MAX - 1]
        for each in shown:
            label = words.available.format(on=pen.formats.day(each.on))
            lines += pen.row(label, pen.quantity(each.quantity, unit))
        if rest := days[len(shown) :]:
            label = words.available_later.format(on=pen.formats.day(rest[-1].on))
            lines += pen.row(label, pen.quantity(sum(each.quantity for each in rest), unit))
    return lines


def expiring(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """What is over soon, in bold; where nothing is, what will be next."""
    soon = [each for each in facts.expiring if each.soon]
    lines: list[Block] = []
    for each in soon[:_DAYS_SHOWN_MAX] or facts.expiring[:1]:
        label = pen.words.expires.format(on=pen.formats.day(each.on))
        lines += pen.row(label, pen.quantity(each.quantity, each.unit), bold=each.soon)
    return lines


def _per_unit(changes: Sequence[Change]) -> dict[str, list[Change]]:
    per_unit: dict[str, list[Change]] = {}
    for change in changes:
        per_unit.setdefault(change.unit, []).append(change)
    return per_unit
