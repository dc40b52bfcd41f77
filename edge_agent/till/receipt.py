"""The receipt: what a member is told on paper, laid out once for printers and for a POS that prints itself.

Pure: facts in, document out. What stands at both ends is here; the blocks between are one function each, in the order
that the programme gives them.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from drivers.document import Block, Cut, Document, Text
from edge_agent.domain.member import Standing
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till import receipt_account, receipt_ahead
from edge_agent.till.receipt_facts import ReceiptFacts, ReceiptKind
from edge_agent.till.receipt_layout import printable, row, wrap
from edge_agent.till.receipt_pen import Pen, one_line

COLUMNS_MIN: Final = 24
"""Below this a date and a number no longer fit beside each other; 58 mm paper has 30 to 32 columns."""

COLUMNS_MAX: Final = 64
"""80 mm paper in the small font of receipt printers."""

_NAME_LINES_MAX: Final = 2
_SHOP_LINES_MAX: Final = 8  # greeting, footer and invitation each: more is a leaflet

Writes = Callable[[ReceiptFacts, Pen], list[Block]]
"""Writes one part of a receipt; nothing where it has nothing to say."""


class _Section(Enum):
    """Parts of one section stand together; a line is drawn between sections."""

    HEAD = auto()
    ABOUT = auto()
    WON = auto()
    SALE = auto()
    ACCOUNT = auto()
    AHEAD = auto()
    GIVEN = auto()
    TOLD = auto()
    ASKED = auto()
    REMARKS = auto()
    FOOT = auto()
    REFERENCE = auto()


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
    pen = Pen(facts, columns)
    blocks: list[Block] = []
    before: _Section | None = None
    for section, writes in _parts(facts):
        lines = writes(facts, pen)
        if lines and before not in {None, section} and section is not _Section.REFERENCE:
            blocks.append(Text("-" * columns))
        if lines:
            before = section
        blocks += lines
    return Document((*blocks, *_marks(facts, pen), Cut()))


def _parts(facts: ReceiptFacts) -> list[tuple[_Section, Writes]]:
    """What is written, from top to bottom: a greeting that comes first stands above the date."""
    layout = list(facts.layout)
    parts: list[tuple[_Section, Writes]] = [(_Section.HEAD, _head)]
    if layout[:1] == [ReceiptBlock.GREETING]:
        parts.append(_WRITTEN[layout.pop(0)])
    parts.append((_Section.ABOUT, _about))
    if facts.member is not None:
        return parts + [_WRITTEN[block] for block in layout]
    anybody = [block for block in layout if block in _FOR_ANYBODY]
    invited = next((at for at, block in enumerate(anybody) if block in _ENDS), len(anybody))
    return [
        *parts,
        *(_WRITTEN[block] for block in anybody[:invited]),
        (_Section.TOLD, _invitation),
        *(_WRITTEN[block] for block in anybody[invited:]),
    ]


def _head(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    words = pen.words
    title = {
        ReceiptKind.SALE: "",
        ReceiptKind.RETURN: words.title_return,
        ReceiptKind.VOID: words.title_void,
        ReceiptKind.SLIP: words.title_slip,
    }[facts.kind]
    programme = one_line(facts.programme)
    return [
        *_marks(facts, pen),
        *pen.centred(programme, _NAME_LINES_MAX, bold=True, double_height=True),
        *pen.centred(one_line(facts.terminal), _NAME_LINES_MAX),
        *pen.centred(title, bold=True),
    ]


def _marks(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    """Copy and training marks: first and last on the paper, so that neither can be torn off unseen."""
    marks = [
        *([pen.words.copy] if facts.copy else []),
        *([pen.words.training] if facts.training else []),
    ]
    width = pen.columns - 8
    return [
        text
        for mark in marks
        for line in wrap(mark, width)
        for text in pen.centred(f"*** {line} ***", bold=True)
    ]


def _about(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    words = pen.words
    lines = [pen.formats.moment(facts.at)]
    if facts.sale_id:
        returned = facts.kind is ReceiptKind.RETURN
        text = words.receipt_returned if returned else words.receipt
        lines += wrap(text.format(sale_id=one_line(facts.sale_id)), pen.columns)
    if facts.member is not None:
        lines += row(words.card, one_line(facts.member.card), pen.columns)
    return pen.left(lines)


def _greeting(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    greeting = facts.texts.greeting if facts.kind is ReceiptKind.SALE else ""
    return pen.centred(printable(greeting), _SHOP_LINES_MAX)


def _remarks(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    words = pen.words
    slip = facts.kind is ReceiptKind.SLIP
    standing = Standing.KNOWN if facts.member is None else facts.member.standing
    unknown = standing is Standing.UNKNOWN
    nothing_known = any(balance.as_of is None for balance in facts.balances.values())
    remarks = (
        (words.unknown_card_slip if slip else words.unknown_card, unknown),
        (words.balance_unknown, nothing_known and not unknown),
        (words.refused_card, not standing.earns),
        (words.awaiting_original, facts.awaiting_original),
        (words.not_worked_out, facts.not_worked_out and facts.member is not None),
        (words.excluded, facts.excluded),
        (words.offline_slip, slip and facts.offline),
        (words.offline, facts.offline and not slip and standing.earns),
    )
    return [line for remark, applies in remarks if applies for line in pen.says(remark)]


def _invitation(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    text = facts.texts.invitation
    if text is None:
        text = pen.words.invitation.format(programme=one_line(facts.programme))
    return pen.centred(printable(text), _SHOP_LINES_MAX)


def _footer(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    return pen.centred(printable(facts.texts.footer), _SHOP_LINES_MAX)


def _reference(facts: ReceiptFacts, pen: Pen) -> list[Block]:
    return pen.code(facts.reference) if facts.reference else []


_WRITTEN: Final[Mapping[ReceiptBlock, tuple[_Section, Writes]]] = {
    ReceiptBlock.GREETING: (_Section.HEAD, _greeting),
    ReceiptBlock.SURPRISE: (_Section.WON, receipt_ahead.surprise),
    ReceiptBlock.EARNED: (_Section.SALE, receipt_account.earned),
    ReceiptBlock.SPENT: (_Section.SALE, receipt_account.spent),
    ReceiptBlock.SAVINGS: (_Section.SALE, receipt_account.savings),
    ReceiptBlock.BALANCE: (_Section.ACCOUNT, receipt_account.balance),
    ReceiptBlock.PENDING: (_Section.ACCOUNT, receipt_account.pending),
    ReceiptBlock.EXPIRING: (_Section.AHEAD, receipt_account.expiring),
    ReceiptBlock.STAMPS: (_Section.AHEAD, receipt_ahead.stamps),
    ReceiptBlock.TIER: (_Section.AHEAD, receipt_ahead.tier),
    ReceiptBlock.CHALLENGES: (_Section.AHEAD, receipt_ahead.challenges),
    ReceiptBlock.REWARD: (_Section.AHEAD, receipt_ahead.reward),
    ReceiptBlock.VOUCHERS: (_Section.GIVEN, receipt_ahead.vouchers),
    ReceiptBlock.OFFERS: (_Section.TOLD, receipt_ahead.offers),
    ReceiptBlock.MESSAGES: (_Section.TOLD, receipt_ahead.messages),
    ReceiptBlock.QUESTION: (_Section.ASKED, receipt_ahead.question),
    ReceiptBlock.REMARKS: (_Section.REMARKS, _remarks),
    ReceiptBlock.FOOTER: (_Section.FOOT, _footer),
    ReceiptBlock.REFERENCE: (_Section.REFERENCE, _reference),
}

_ENDS: Final = frozenset({ReceiptBlock.FOOTER, ReceiptBlock.REFERENCE})
_FOR_ANYBODY: Final = _ENDS | {ReceiptBlock.GREETING, ReceiptBlock.SAVINGS}
"""What is printed for a customer without a card, with the invitation before the end."""
