"""A till's ledger, the members that it knows, and what central does for them meanwhile."""

import shutil
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, summed, usable
from edge_agent.domain.member import MemberFacts, birthday_windows
from edge_agent.domain.members_file import Member
from edge_agent.domain.programme import Evaluation, Programme, load_programme
from edge_agent.domain.programme.kept import Returned, Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.upkeep import caught_up, follow, keep_up
from edge_agent.domain.record import ClockReading, RecordKind
from edge_agent.domain.tallies import figures
from edge_agent.domain.units import keeps_lots_apart
from edge_agent.ledger.derived import NOTHING_APPLIED
from edge_agent.ledger.ledger import Ledger
from edge_agent.till.account import Account
from edge_agent.till.facts import member_facts, till_facts
from tests.peers.mapping import Draft

_TERMINAL = "peers/1"


@dataclass
class Known:
    """A member: what central knows of it. `posted` is what central gave and took without a till."""

    ref: str
    since: date | None = None
    birthday: str | None = None
    tier: str | None = None
    referred_by: str | None = None
    segments: frozenset[str] = frozenset()
    attributes: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    posted: list[Holding] = field(default_factory=list)
    kept_up_to: date = date.min


class PeerShop:
    """One case's programme over a real ledger in a folder of its own, which goes when the case is done."""

    def __init__(self, draft: Draft, begins: datetime) -> None:
        self.draft = draft
        self.programme: Programme = load_programme(draft.text(), "peer.toml")
        self._folder = Path(tempfile.mkdtemp(prefix="peer-"))
        self.ledger = Ledger.open(self._folder, _TERMINAL, begins)
        self.day = self.programme.local_date(begins)
        self.members: dict[str, Known] = {}
        self.due: dict[str, list[Entry]] = {}
        """What central's daily job gave and took at the beginning of this step, by member."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.ledger.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def member(self, name: str) -> Known:
        """The member of that name; known from now on."""
        fresh = Known(uuid.uuid5(uuid.NAMESPACE_OID, name).hex, kept_up_to=self.day)
        return self.members.setdefault(name, fresh)

    def name_of(self, ref: str) -> str:
        """Whose account it is."""
        return next(name for name, each in self.members.items() if each.ref == ref)

    def today(self, at: datetime) -> date:
        """The day in the programme's time zone."""
        return self.programme.local_date(at)

    def holdings(self, name: str) -> tuple[Holding, ...]:
        """Everything that the member has, tallies among it."""
        return summed(self.movements(name))

    def movements(self, name: str) -> list[Holding]:
        """Everything that was given to the member and taken, by central and at the till."""
        known = self.member(name)
        return [*known.posted, *self.ledger.lookups().unposted((known.ref,), NOTHING_APPLIED)]

    def usable(self, name: str, unit: str, at: datetime) -> int:
        """What the member can use now, in smallest parts."""
        return usable(self.facts(name, at).holdings, unit, self.today(at))

    def facts(self, name: str | None, at: datetime) -> MemberFacts:
        """What the rules and the screen may know."""
        lookups = self.ledger.lookups()
        if name is None:
            return till_facts(self.programme, lookups, at)
        known = self.member(name)
        member = Member(
            known.ref,
            tier=known.tier,
            since=known.since,
            birthday=known.birthday,
            referred_by=known.referred_by,
            segments=known.segments,
            attributes=known.attributes,
            language=known.language,
            lots=tuple(known.posted),
        )
        account = Account(known.ref, member, NOTHING_APPLIED, at)
        return member_facts(self.programme, account, lookups, at, everything=True)

    def central_facts(self, name: str, at: datetime) -> MemberFacts:
        """What central's jobs work from: all that the member has, and the figures that chores ask for."""
        known, today = self.member(name), self.today(at)
        held = self.holdings(name)
        asked = dict.fromkeys((*self.programme.chore_readings, *self.programme.readings))
        return MemberFacts(
            known.ref,
            tier=known.tier,
            since=known.since,
            birthday=birthday_windows(known.birthday, today),
            holdings=held,
            figures=figures(asked, held, today, known.since),
            referred_by=known.referred_by,
            segments=known.segments,
            attributes=known.attributes,
            language=known.language,
        )

    def keep_up(self, at: datetime) -> None:
        """Central's daily job for everybody, up to the day of this step."""
        today = self.day = self.today(at)
        self.due = {}
        for name, known in self.members.items():
            after = known.kept_up_to
            facts = self.central_facts(name, at)
            for _day, done in caught_up(self.programme, facts, known.birthday, after, today):
                self.post(name, done.entries)
                self.due.setdefault(name, []).extend(done.entries)
            known.kept_up_to = today

    def statement(self, name: str, at: datetime) -> None:
        """Central's statement for a member, in a month that has one: what its first day would have brought."""
        facts = self.central_facts(name, at)
        done = keep_up(self.programme, facts, self.today(at).replace(day=1))
        self.post(name, done.entries)
        self.due.setdefault(name, []).extend(done.entries)

    def post(self, name: str, entries: Iterable[Entry]) -> None:
        """Central books entries that no till made."""
        for entry in entries:
            whose = name if entry.account is None else self.name_of(entry.account)
            lot = entry.holding
            if keeps_lots_apart(lot.unit) and lot.lot is None:
                lot = lot._replace(lot=uuid.uuid4().hex)
            self.member(whose).posted.append(lot)

    def adjusted(self, name: str, lot: Holding, at: datetime, *, followed: bool) -> Sequence[Entry]:
        """Central gives a lot by hand; what follows from it comes with it where that is wanted."""
        given = Entry(
            EntryKind.EARN,
            lot.unit,
            lot.quantity,
            "by-hand",
            None,
            lot.lot,
            lot.expires_on,
            lot.matures_on,
            lot.day,
        )
        done: tuple[Entry, ...] = (given,)
        if followed:
            done += follow(self.programme, self.facts(name, at), (given,), at).entries
        self.post(name, done)
        return done

    def record(
        self,
        kind: RecordKind,
        at: datetime,
        entries: Sequence[Entry],
        facts: dict[str, Any],
    ) -> str:
        """Write a record; its id."""
        record_id = uuid.uuid4().hex
        clock = ClockReading(at, "peers", 0)
        with self.ledger.act() as act:
            act.append(kind, record_id, at, clock, facts, {}, entries)
        return record_id

    def record_sale(self, recorded: Recorded, at: datetime) -> Sold:
        """Write a sale, and read it back as returns do."""
        named = {"sale": {"sale_id": uuid.uuid4().hex}, **recorded.to_json()}
        self.record(RecordKind.SALE, at, recorded.entries, named)
        return Sold.from_body(self.ledger.lookups().body(self.ledger.head.seq))

    def record_return(
        self, sold: Sold, returned: Returned, facts: MemberFacts, at: datetime
    ) -> Returned:
        """Write a return, and read it back."""
        said = {
            "return_id": uuid.uuid4().hex,
            "sale_id": sold.record,
            "original": sold.record,
            "lines": [
                {"line": each.number, "quantity": str(each.quantity)} for each in returned.lines
            ],
            "settled": [each.to_json() for each in returned.settled],
        }
        named = {"facts": None if facts.anonymous else facts.to_json(), "return": said}
        self.record(RecordKind.RETURN, at, returned.entries, named)
        return Returned.from_body(self.ledger.lookups().body(self.ledger.head.seq))

    def recorded(self, facts: MemberFacts, evaluation: Evaluation, recorded: Recorded) -> Recorded:
        """What a record holds of an evaluation."""
        return replace(
            recorded,
            programme=self.programme.digest,
            facts=facts,
            entries=evaluation.entries,
            reductions=evaluation.reductions,
            notes=evaluation.notes(),
        )
