"""Working out every award again from the record's own facts, by the programme that the record names.

The rules are pure: the same facts give the same entries on every machine. What differs was not worked out by them, and
is rejected, whoever wrote it. Whether the facts are true is not asked here. What chance decided follows from a key
that central has too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from edge_agent.domain.basket import STORE_CHANNEL
from edge_agent.domain.draws import Draw, draw_from, draw_key
from edge_agent.domain.entries import Entry
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.acts import UnknownAction, UnknownQuestion, act_on, answered
from edge_agent.domain.programme.giving_back import NOTHING_GIVEN_BACK, GivenBack, give_back
from edge_agent.domain.programme.kept import OverReturned, Returned, Sold
from edge_agent.domain.programme.questions import NotAnAnswer
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import Act as Deed
from edge_agent.domain.record import RecordKind
from sync.central.bodies import Act, Unpostable, parked, rejected
from sync.central.differing import Difference, Known, differences
from sync.central.facts import facts_on
from sync.central.redeemed_again import UNLIKE, check_redeemed, worth_otherwise
from sync.central.worked_from import Back, Bought, Member

_BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, ValidationError)
"""What reading facts of the wrong form brings up."""


_T = TypeVar("_T")


class Original(NamedTuple):
    """The bodies that a return goes by: of the sale, and of a card that was attached to it later."""

    sale: Mapping[str, Any]
    attached: Mapping[str, Any] | None = None

    @property
    def sold(self) -> Sold:
        """The sale as the rules see it."""
        sold = Sold.from_body(self.sale)
        return sold if self.attached is None else sold.with_card(self.attached)


class _Came(NamedTuple):
    """What an act came to: entries, what is off the lines, notes."""

    entries: tuple[Entry, ...]
    off: tuple[Any, ...] = ()
    notes: Mapping[str, str] = {}

    @classmethod
    def of(cls, found: Evaluation) -> "_Came":
        return cls(found.entries, found.reductions, found.notes())


@dataclass(frozen=True, slots=True)
class _Asked:
    """An act to work out again: by which programme, at which store and till."""

    act: Act
    programme: Programme
    store: str
    till: str
    draws: bytes

    @property
    def said(self) -> Mapping[str, Any]:
        return self.act.said

    def draw(self, sale_id: str) -> Draw:
        return draw_from(self.draws, self.store, self.till, sale_id)


class Programmes(Protocol):
    """Where programmes are found."""

    def of(self, connection: Connection, digest: str) -> Programme | None:
        """The programme with that digest; None where it was not published here."""
        ...


class WorkingAgain:
    """Works acts out again; raises `Unpostable` where they are not what they come to."""

    def __init__(self, programmes: Programmes, card_key: bytes) -> None:
        self._programmes = programmes
        self._draws = draw_key(card_key)
        self._log = structlog.get_logger("central.working_again")

    def award(self, connection: Connection, terminal: str, act: Act) -> None:
        """Check what an act gives, uses and takes off. What gives nothing back or away needs no programme."""
        if act.redeemed and (act.kind not in _CHARGING or act.programme is None):
            raise rejected(UNLIKE)
        again = _AGAIN.get(act.kind)
        if again is None or _moves_nothing(act):
            return
        asked = self._asked(connection, terminal, act, act.programme)
        self._check(terminal, act, lambda: again(asked))

    def differences(self, connection: Connection, act: Act, known: Known) -> Sequence[Difference]:
        """The facts of an award that has been checked and that central knows otherwise."""
        digest = act.programme
        programme = None if digest is None else self._programmes.of(connection, digest)
        if programme is None:
            return ()
        found = differences(act, programme, known)
        if act.redeemed:
            wanted = Recorded.from_body(act.said, act.entries).wanted
            found += worth_otherwise(act, programme, wanted)
        return found

    def attaching(self, act: Act, sale: Mapping[str, Any]) -> None:
        """Check that a card was attached to the basket that was sold, and not to another one."""
        if _moves_nothing(act):
            return
        said, at = act.said, sale.get("quoted_at") or sale.get("at")
        same = all(
            said.get(name) == sale.get(name) for name in ("basket", "reductions", "programme")
        )
        if not same or act.at != datetime.fromisoformat(str(at)):
            raise rejected(UNLIKE)

    def giving_back(
        self,
        connection: Connection,
        terminal: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
    ) -> None:
        """Check what a return or a void takes and gives back, after the earlier ones that it names (their bodies)."""
        digest = act.programme or _text(original.sale.get("programme"))
        if digest is None and _moves_nothing(act):
            return
        asked = self._asked(connection, terminal, act, digest)
        self._check(terminal, act, lambda: _given_back(asked, original, before))

    def coming_back(
        self,
        connection: Connection,
        sold_at: str,
        act: Act,
        original: Original,
        before: Sequence[Mapping[str, Any]],
        known: Known | None,
    ) -> GivenBack:
        """Work out a return whose till did not know the sale, which `sold_at` made, after the posted ones `before`.

        The buyer is as central knows them now. What would come off the refund is let go: that was paid back.
        """
        digest = _text((original.attached or original.sale).get("programme"))
        if digest is None:
            return NOTHING_GIVEN_BACK
        asked = self._asked(connection, sold_at, act, digest)
        return self._check(sold_at, act, lambda: _coming_back(asked, original, before, known))

    def _asked(self, connection: Connection, terminal: str, act: Act, digest: str | None) -> _Asked:
        programme = None if digest is None else self._programmes.of(connection, digest)
        if programme is None:
            raise parked("unknown-programme")
        store, _, till = terminal.partition("/")
        return _Asked(act, programme, store, till, self._draws)

    def _check(self, terminal: str, act: Act, again: Callable[[], _T]) -> _T:
        try:
            return again()
        except Unpostable:
            raise
        except Exception as error:
            # The till's rules came to something: ours fail by a mistake of ours, which an upgrade may take away.
            self._log.exception("rules failed", terminal=terminal, kind=act.kind.value)
            raise parked("not-worked-out") from error


def _moves_nothing(act: Act) -> bool:
    """Whether an act of no programme gives, uses and takes off nothing."""
    return act.programme is None and not act.entries and not act.said.get("reductions")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _same(recorded: _Came, came: _Came) -> None:
    if recorded.notes != came.notes:
        raise rejected(UNLIKE)
    _same_in_any_order(recorded.entries, came.entries)
    _same_in_any_order(recorded.off, came.off)


def _same_in_any_order(recorded: Sequence[Any], came: Sequence[Any]) -> None:
    """A till of another version may have its rules in another order, and what they come to."""
    if recorded != came and sorted(recorded, key=repr) != sorted(came, key=repr):
        raise rejected(UNLIKE)


def _bought_again(asked: _Asked) -> None:
    """A sale, an attached card or a redemption. A card that is attached later draws nothing by chance, nor does a sale
    that is as it was quoted because the rules failed on it."""
    act, said = asked.act, asked.said
    try:
        _BOUGHT.validate_python(said)
        recorded = Recorded.from_body(said, act.entries)
    except _BROKEN as error:
        raise rejected("malformed") from error
    if recorded.basket.store not in {"", asked.store}:
        raise rejected(UNLIKE)
    draws = act.kind is RecordKind.SALE and said.get("undrawn") is not True
    found = recorded.again(asked.programme, act.at, asked.draw(act.act_id) if draws else None)
    off = () if act.kind is RecordKind.ATTACH else recorded.reductions
    _same(_Came(recorded.entries, off, recorded.notes), _Came.of(found))
    check_redeemed(act, asked.programme, recorded.wanted, found.outcomes)


def _who(asked: _Asked) -> MemberFacts:
    said = asked.said
    try:
        _MEMBER.validate_python(said)
        facts = said["facts"]
        if facts is None:
            return MemberFacts("", figures=said.get("figures", {}))
        return MemberFacts.from_json(facts)
    except _BROKEN as error:
        raise rejected("malformed") from error


def _acted_again(asked: _Asked) -> None:
    named = asked.said["action"]
    deed = Deed(named["action"], named.get("times", 1))
    channel = named.get("channel", STORE_CHANNEL)
    try:
        found = act_on(
            asked.programme, _who(asked), deed, asked.act.at, store=asked.store, channel=channel
        )
    except (UnknownAction, ValueError) as error:
        raise rejected(UNLIKE) from error
    _same(_recorded(asked), _Came.of(found))


def _answered_again(asked: _Asked) -> None:
    named = asked.act.answer
    if named is None:
        raise rejected("malformed")
    try:
        found = answered(
            asked.programme,
            _who(asked),
            named.question,
            named.value,
            asked.act.at,
            store=asked.store,
            channel=named.channel,
        )
    except (UnknownQuestion, NotAnAnswer) as error:
        raise rejected(UNLIKE) from error
    _same(_recorded(asked), _Came.of(found.evaluation))


def _enrolled_again(asked: _Asked) -> None:
    named = asked.act.enrolled
    if named is None:
        raise rejected("malformed")
    member = replace(_who(asked), referred_by=named.referred_by)
    found = act_on(
        asked.programme,
        member,
        Deed(ENROLMENT),
        asked.act.at,
        store=asked.store,
        channel=named.channel,
    )
    _same(_recorded(asked), _Came.of(found))


def _recorded(asked: _Asked) -> _Came:
    return _Came(asked.act.entries, notes=asked.said.get("notes", {}))


def _given_back(asked: _Asked, original: Original, before: Sequence[Mapping[str, Any]]) -> None:
    member = NOBODY if asked.said["facts"] is None else _who(asked)
    now = _coming(asked)
    found = _comes_back(asked, original, before, now, member)
    _same_in_any_order(now.entries, found.entries)
    _same_in_any_order(now.settled, found.settled)


def _coming_back(
    asked: _Asked, original: Original, before: Sequence[Mapping[str, Any]], known: Known | None
) -> GivenBack:
    member = NOBODY
    if known is not None:
        today = asked.programme.local_date(asked.act.at)
        held = [each for each in known.held if not each.lapsed_on(today)]
        facts = facts_on(known.row, held, asked.programme, today)
        member = asked.programme.present(facts, today)
    return _comes_back(asked, original, before, _coming(asked), member)


def _coming(asked: _Asked) -> Returned:
    try:
        _BACK.validate_python(asked.said[asked.act.kind.value])
        return Returned.from_body(asked.said)
    except _BROKEN as error:
        raise rejected("malformed") from error


def _comes_back(
    asked: _Asked,
    original: Original,
    before: Sequence[Mapping[str, Any]],
    now: Returned,
    member: MemberFacts,
) -> GivenBack:
    try:
        sold = original.sold
        earlier = [Returned.from_body(each) for each in before]
    except _BROKEN as error:
        raise rejected("malformed") from error
    draw = asked.draw(str(original.sale["sale"]["sale_id"]))
    try:
        return give_back(asked.programme, sold, earlier, now.lines, member, asked.act.at, draw)
    except (OverReturned, KeyError) as error:
        raise rejected("over-return") from error


_BOUGHT = TypeAdapter(Bought)
_MEMBER = TypeAdapter(Member)
_BACK = TypeAdapter(Back)

_AGAIN: Mapping[RecordKind, Callable[[_Asked], None]] = {
    RecordKind.SALE: _bought_again,
    RecordKind.ATTACH: _bought_again,
    RecordKind.REDEMPTION: _bought_again,
    RecordKind.ACTION: _acted_again,
    RecordKind.ANSWER: _answered_again,
    RecordKind.MEMBER: _enrolled_again,
}
"""How each kind of award is worked out. Returns and voids need their sale, and consents give nothing."""

_CHARGING = frozenset({RecordKind.SALE, RecordKind.REDEMPTION})
"""What charges redemptions, by the rules of a programme; nothing else may name any."""
