"""Giving back: returned lines and voided sales take back exactly what they earned."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import uuid_utils

from edge_agent.domain.basket import PresentedCard, ReturnedLine
from edge_agent.domain.entries import total_per_unit
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.giving_back import NOTHING_GIVEN_BACK, GivenBack
from edge_agent.domain.programme.giving_back import give_back as work_out
from edge_agent.domain.programme.kept import Back, Returned, Sold, refunds
from edge_agent.domain.record import ClockReading, RecordKind, canonical
from edge_agent.errors import (
    FieldError,
    Invalid,
    OverReturn,
    Refused,
    ReturnDiffers,
    UnknownSale,
)
from edge_agent.ledger.acts import Act, Lookups, StoredGiveback, StoredSale, is_repeat
from edge_agent.till.account import Account
from edge_agent.till.directory import Holdings
from edge_agent.till.facts import member_facts
from edge_agent.till.parts import Parts
from edge_agent.till.receipt_facts import read_reference, sale_reference
from edge_agent.till.receipts import NO_PAPER, Paper, Receipts
from edge_agent.till.refusals import Refusal
from edge_agent.till.sell import print_paper
from edge_agent.till.shown import entries_json, standing_json
from edge_agent.till.unworked import said_of, worked_or
from edge_agent.till.views import Answer, PrintState
from edge_agent.till.working_out import NO_HOLDINGS, of_own_units

_ID_KEYS = {RecordKind.RETURN: "return_id", RecordKind.VOID: "void_id"}


@dataclass(frozen=True, slots=True)
class GiveBack:
    """What is asked for. `lines` is None for a void: everything that is left.

    `card` is whose the goods are said to be, where one is shown. `original` is what the POS says of a sale that was
    made elsewhere: its proof stays out of the record's body.
    """

    kind: RecordKind
    act_id: str
    sale_id: str
    lines: tuple[ReturnedLine, ...] | None
    original: Mapping[str, Any] | None = None
    card: PresentedCard | None = None

    @property
    def content(self) -> bytes:
        """What tells a repeat from another act under the same id."""
        lines = (
            None
            if self.lines is None
            else [[each.number, str(each.quantity)] for each in self.lines]
        )
        content = {"sale": self.sale_id, "lines": lines, "original": self.original}
        if self.card is not None:
            content["card"] = self.card.code
        return canonical(content)


@dataclass(frozen=True, slots=True)
class _Original:
    """A sale of this till, the programme it was made under, and what came back of it before.

    `answered` is the JSON text of the answer that said what it earned: its own, or that to the card attached later.
    `earlier` are the ids of the records of `returned`.
    """

    stored: StoredSale
    answered: str
    programme: Programme
    sold: Sold
    returned: tuple[Returned, ...]
    earlier: tuple[str, ...]
    voided: bool

    @property
    def buyer(self) -> str | None:
        """The account that it earned for."""
        return self.sold.sale.facts.account or None

    @property
    def back(self) -> Back:
        """What came back before."""
        return Back.after(self.sold, [each.lines for each in self.returned])


def give_back(parts: Parts, receipts: Receipts, wanted: GiveBack) -> Answer:
    """Record a return or void once and answer it.

    One that the rules fail on, by a mistake of ours, is recorded without them: what is paid back is said, what it takes
    back is left to central. Raises ReturnDiffers, OverReturn, Invalid (a line that the sale has not), Refused (the card
    is not the buyer's), UnknownSale (a void of a sale that this till does not know), DiskFull or LedgerUnavailable;
    then nothing was recorded.
    """
    return worked_or(
        lambda: _once(parts, receipts, wanted),
        lambda failure: _once(parts, receipts, wanted, failure),
    )


def _once(parts: Parts, receipts: Receipts, wanted: GiveBack, failed: str | None = None) -> Answer:
    mark = parts.ledger.fingerprint(wanted.content)
    with parts.ledger.act() as act:
        known = act.giveback(wanted.kind, wanted.act_id)
        if known is not None:
            return _repeat(known, mark)
        original = _original(parts, act, wanted.sale_id)
        if original is None:
            if wanted.kind is RecordKind.VOID:
                raise UnknownSale(f"this till has no sale {wanted.sale_id}")
            result, paper = _record_awaiting(parts, receipts, act, wanted, failed)
        else:
            _check_buyer(parts, act, wanted, original)
            result, paper = _record(parts, receipts, act, wanted, original, failed)
        act.keep_giveback(
            StoredGiveback(
                wanted.kind,
                wanted.act_id,
                wanted.sale_id,
                result["seq"],
                mark,
                json.dumps(result, separators=(",", ":"), ensure_ascii=False),
            )
        )
    parts.events.publish("sale", {"kind": wanted.kind.value, "result": result})
    if original is not None and original.stored.print != PrintState.NONE.value:
        # Whoever had the sale printed here wants the proof of its return on paper too.
        print_paper(parts, f"{wanted.kind.value}:{wanted.act_id}", paper)
    return Answer(result, first=True, awaiting_original=original is None)


def _repeat(known: StoredGiveback, mark: bytes) -> Answer:
    if not is_repeat(known.fingerprint, mark):
        raise ReturnDiffers(
            f"{known.kind} {known.act_id} was recorded before with other content; that one stands"
        )
    result = json.loads(known.result)
    return Answer(result, first=False, awaiting_original=result["awaiting_original"])


def _original(parts: Parts, lookups: Lookups, sale_id: str) -> _Original | None:
    stored = lookups.sale(sale_id)
    if stored is None:
        return None
    sold = Sold.from_body(lookups.body(stored.seq))
    attached = lookups.stored_act(RecordKind.ATTACH, sale_id)
    if attached is not None:
        sold = sold.with_card(lookups.body(attached.seq))
    earlier = lookups.givebacks_of(sale_id)
    bodies = [lookups.body(each.seq) for each in earlier]
    return _Original(
        stored,
        stored.result if attached is None else attached.result,
        parts.shelf.by_digest(sold.sale.programme) or parts.shelf.at(parts.clock.now()),
        sold,
        tuple(map(Returned.from_body, bodies)),
        tuple(body["id"] for body in bodies),
        any(each.kind is RecordKind.VOID for each in earlier),
    )


def _check_buyer(parts: Parts, lookups: Lookups, wanted: GiveBack, original: _Original) -> None:
    """Refuse a card that is not the buyer's; whoever bought without one can bring goods back with any."""
    buyer = original.buyer
    if wanted.card is None or buyer is None:
        return
    shown = parts.directory.by_card(wanted.card.code, lookups)
    if shown is None or buyer not in shown.refs:
        raise Refused(Refusal.OTHER_CARD.in_words(parts.settings.language))


def _asked(wanted: GiveBack, original: _Original, language: str) -> list[ReturnedLine]:
    """The lines that come back now, each once, checked against what is left of them."""
    back = original.back
    left = {line.number: back.left(line) for line in original.sold.sale.basket.lines}
    if original.voided:
        left = dict.fromkeys(left, Decimal(0))
    if wanted.lines is None:
        asked = [ReturnedLine(number, quantity) for number, quantity in left.items() if quantity]
        if not asked:
            raise OverReturn(Refusal.NOTHING_LEFT.in_words(language, sale=wanted.sale_id))
        return asked
    summed: dict[int, Decimal] = {}
    unknown: list[FieldError] = []
    over: list[FieldError] = []
    for index, line in enumerate(wanted.lines):
        if line.number not in left:
            unknown.append(FieldError(f"lines.{index}.line", "is not a line of that sale"))
            continue
        summed[line.number] = summed.get(line.number, Decimal(0)) + line.quantity
        if summed[line.number] > left[line.number]:
            over.append(
                FieldError(f"lines.{index}.quantity", f"at most {left[line.number]} can come back")
            )
    if unknown:
        raise Invalid("the sale has no such line", unknown)
    if over:
        raise OverReturn(Refusal.MORE_THAN_LEFT.in_words(language), over)
    return [ReturnedLine(number, quantity) for number, quantity in summed.items()]


def _record(
    parts: Parts,
    receipts: Receipts,
    act: Act,
    wanted: GiveBack,
    original: _Original,
    failed: str | None,
) -> tuple[dict[str, Any], Paper]:
    asked = _asked(wanted, original, parts.settings.language)
    at, clock = parts.clock.reading_for(parts.clock.now())
    programme = original.programme
    ref = original.buyer
    account = None if ref is None else parts.directory.by_ref(ref)
    if failed is not None:
        facts = None if account is None else account.facts
        given = _only_paid_back(original, asked)
    else:
        facts = None if account is None else _facts(programme, account, act, at, original)
        draw = parts.draw(wanted.sale_id)
        before, member = original.returned, facts or NOBODY
        given = work_out(programme, original.sold, before, asked, member, at, draw)
    result = _append(parts, act, wanted, (at, clock), original, asked, facts, given, failed)
    sold = json.loads(original.answered)
    holdings: Holdings | None = NO_HOLDINGS
    if sold["balance"] is None or failed is not None:
        holdings = None  # as on the sale's own receipt, or not to be worked out
    elif account is not None:
        holdings = parts.directory.holdings(account, act, programme, at)
    channel, language = parts.settings.channel, parts.settings.language
    taken = [entry for entry in given.entries if entry.quantity < 0]
    restored = [
        entry._replace(quantity=-entry.quantity) for entry in given.entries if entry.quantity > 0
    ]
    result |= {
        "card": sold["card"],
        "programme": programme.digest,
        "entries": entries_json(given.entries, programme, language),
        "earned": {} if failed else of_own_units(programme, total_per_unit(taken)),
        "spent": {} if failed else of_own_units(programme, total_per_unit(restored)),
        "refund": _refund_json(given),
        **standing_json(parts, act, account, holdings, programme, at, channel),
        **said_of(parts, failed),
    }
    paper = NO_PAPER if failed else receipts.paper(result, programme, parts.columns)
    result["receipt"] = {"lines": paper.lines}
    return result, paper


def _facts(
    programme: Programme, account: Account, lookups: Lookups, at: datetime, original: _Original
) -> MemberFacts:
    """What the member has of everything that the sale gave or took: all that the return is worked out from."""
    units = {entry.unit for entry in original.sold.sale.entries}
    facts = member_facts(programme, account, lookups, at, everything=True)
    counted = {reading.key for reading in programme.readings if reading.unit in units}
    return MemberFacts(
        facts.account,
        facts.standing,
        facts.tier,
        facts.since,
        holdings=tuple(each for each in facts.holdings if each.unit in units),
        figures={key: figure for key, figure in facts.figures.items() if key in counted},
    )


def _only_paid_back(original: _Original, asked: Sequence[ReturnedLine]) -> GivenBack:
    """What is paid back of the lines, with nothing taken back, given back or deducted."""
    lines = [each.lines for each in original.returned]
    back = Back.after(original.sold, [*lines, asked])
    return GivenBack((), (), tuple(refunds(original.back, back)))


def _refund_json(given: GivenBack) -> dict[str, Any]:
    """What is to be paid back, in minor units; what was deducted is off the amounts already."""
    return {
        "amount": given.refund,
        "deducted": sum(each.deducted for each in given.refunds),
        "lines": [each._asdict() for each in given.refunds],
    }


def _record_awaiting(
    parts: Parts, receipts: Receipts, act: Act, wanted: GiveBack, failed: str | None
) -> tuple[dict[str, Any], Paper]:
    """A return of a sale that this till does not know: central finds the sale and works out the points.

    No rules are asked; where something else `failed`, that was the receipt.
    """
    _check_receipt(wanted)
    reading = parts.clock.reading_for(parts.clock.now())
    result = _append(
        parts, act, wanted, reading, None, list(wanted.lines or ()), None, NOTHING_GIVEN_BACK
    )
    programme = parts.shelf.at(parts.clock.now())
    channel = parts.settings.channel
    result |= {
        "card": None,
        "programme": programme.digest,
        "entries": [],
        "earned": {},
        "spent": {},
        "refund": None,
        **standing_json(parts, act, None, NO_HOLDINGS, programme, reading[0], channel),
        "awaiting_original": True,
    }
    paper = NO_PAPER if failed else receipts.paper(result, programme, parts.columns)
    result["receipt"] = {"lines": paper.lines}
    return result, paper


def _check_receipt(wanted: GiveBack) -> None:
    receipt = read_reference(str((wanted.original or {}).get("proof", "")))
    if receipt is not None and receipt[2] != wanted.sale_id:
        error = FieldError("original.proof", "is on the receipt of another sale")
        raise Invalid("the receipt is of another sale", [error])


def _append(
    parts: Parts,
    act: Act,
    wanted: GiveBack,
    reading: tuple[datetime, ClockReading],
    original: _Original | None,
    asked: Sequence[ReturnedLine],
    facts: MemberFacts | None,
    given: GivenBack,
    failed: str | None = None,
) -> dict[str, Any]:
    at, clock = reading
    lines = [{"line": line.number, "quantity": str(line.quantity)} for line in asked]
    told = dict(wanted.original or {})
    proof = told.pop("proof", None)
    said: dict[str, Any] = {
        _ID_KEYS[wanted.kind]: wanted.act_id,
        "sale_id": wanted.sale_id,
        "original": None if original is None else original.sold.record,
        "lines": lines,
    }
    if original is not None and original.earlier:
        said["after"] = list(original.earlier)
    if given.settled:
        said["settled"] = [entry.to_json() for entry in given.settled]
    if told:
        said["told"] = told
    if original is None and (receipt := read_reference(str(proof))) is not None:
        said["sold_at"] = "/".join(receipt[:2])
    record_id = str(uuid_utils.uuid7().hex)
    record = act.append(
        wanted.kind,
        record_id,
        at,
        clock,
        {
            "programme": None if original is None else original.programme.digest,
            "facts": None if facts is None else facts.to_json(),
            wanted.kind.value: said,
            **({} if failed is None else {"not_worked_out": failed}),
        },
        {} if proof is None else {"proof": proof},
        given.entries,
    )
    return {
        "sale_id": wanted.sale_id,
        _ID_KEYS[wanted.kind]: wanted.act_id,
        "record": record_id,
        "seq": record.seq,
        "kind": wanted.kind.value,
        "at": at.isoformat(),
        "lines": lines,
        "discount": 0,
        "reference": sale_reference(parts.settings.store, parts.settings.till, wanted.sale_id),
        "offline": parts.line.offline,
        "awaiting_original": False,
    }
