"""A till on a real ledger and members file in a folder, for tests."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from drivers.document import Document
from edge_agent.clock import Clock
from edge_agent.domain.balance import Balance
from edge_agent.domain.basket import Basket, EntryMode, Line, PresentedCard, ReturnedLine, Sale
from edge_agent.domain.cards import CardCheck, CardPattern, card_key
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.members import MembersFile
from edge_agent.till.authority import Authority, NoAuthority
from edge_agent.till.directory import Directory
from edge_agent.till.parts import Parts, TillSettings
from edge_agent.till.shelf import ProgrammeShelf
from edge_agent.till.till import Till
from tests.support.worked_again import worked_again

PROGRAMME = Path(__file__).parent.parent / "config" / "programme.example.toml"
KEY = b"k" * 32
JAN = "2912345678906"
JAN_REF = "a" * 32
STRANGER = "2900000000001"
RECORDS_LOOKED_AT_MAX = 10_000
AT = datetime(2026, 11, 18, 13, 3, 11, tzinfo=UTC)
"""A Wednesday afternoon: no bonus of the sample programme runs by the clock."""


class SetClock:
    """A system clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Heard:
    """Keeps what the till published."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        self.events.append((kind, data))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


@dataclass
class Tray:
    """Takes print jobs, or refuses them as a full queue does; `columns` None is a till without a printer."""

    columns: int | None = 42
    full: bool = False
    jobs: list[tuple[str, Document]] = field(default_factory=list)

    def submit(self, job_id: str, document: Document) -> bool:
        if self.full:
            return False
        self.jobs.append((job_id, document))
        return True


@dataclass
class Wire:
    """The line to central, up or down."""

    offline: bool = False


@dataclass
class Silent(NoAuthority):
    """A central that says nothing, and is known to be away while the line is down."""

    wire: Wire

    @property
    def away(self) -> bool:
        return self.wire.offline


@dataclass
class Shop:
    """A till and everything around it."""

    data: Path
    ledger: Ledger
    members: MembersFile
    shelf: ProgrammeShelf
    directory: Directory
    system: SetClock
    clock: Clock
    heard: Heard
    tray: Tray
    wire: Wire
    till: Till
    is_closed: bool = False

    def confirm(
        self,
        *members: Member,
        applied_seq: int = 0,
        parked: tuple[int, ...] = (),
        epoch: str | None = None,
        as_of: datetime | None = None,
    ) -> None:
        """Central sent these members, with everything up to `applied_seq` posted but for what it parked."""
        with self.members.update() as update:
            update.put(members)
            update.commit(
                MembersPosition(
                    1,
                    epoch or self.ledger.epoch,
                    applied_seq,
                    as_of or self.system.at,
                    len(members),
                    parked=parked,
                )
            )

    def close(self) -> None:
        """Close its files; whatever was recorded has to be what central would work out too."""
        unlike = [] if self.is_closed else self.worked_again()
        for record in [] if self.is_closed else self.ledger.records(0, RECORDS_LOOKED_AT_MAX):
            json.loads(record.body, parse_float=_no_float)
        self.is_closed = True
        self.members.close()
        self.ledger.close()
        assert not unlike, f"central would refuse {unlike}"

    def worked_again(self) -> list[tuple[int, str]]:
        """The records that central would refuse as awards of the programmes that this till has."""
        return worked_again(
            self.ledger.terminal,
            self.ledger.epoch,
            self.ledger.records(0, RECORDS_LOOKED_AT_MAX),
            self.shelf.by_digest,
            KEY,
        )


def _no_float(text: str) -> None:
    raise AssertionError(f"{text}: no binary float touches money, points or quantities")


def open_shop(
    data: Path,
    *,
    columns: int | None = 42,
    language: str = "nl",
    at: datetime = AT,
    programme: Path = PROGRAMME,
    authority: Authority | None = None,
    till: str = "03",
    channel: str = "store",
) -> Shop:
    """Open (again) a till in `data`, with a programme, without one with the sample; and with a central to ask about
    redemptions, without one with none."""
    system = SetClock(at)
    ledger = Ledger.open(data, f"0412/{till}", at)
    clock = Clock(ledger.last_clock(), system)
    members = MembersFile(data / "members")
    shelf = ProgrammeShelf(ledger)
    shelf.offer(programme.read_text(encoding="utf-8"), programme.name, at)
    heard, tray, wire = Heard(), Tray(columns), Wire()
    patterns = (CardPattern(re.compile(r"29\d{11}"), CardCheck.EAN13),)
    directory = Directory(members, lambda: KEY, ledger.is_own_epoch)
    parts = Parts(
        settings=TillSettings("0412", till, language, patterns, channel=channel),
        ledger=ledger,
        directory=directory,
        shelf=shelf,
        clock=clock,
        events=heard,
        printing=tray,
        line=wire,
        card_key=lambda: KEY,
        authority=authority or Silent(wire),
    )
    return Shop(
        data, ledger, members, shelf, directory, system, clock, heard, tray, wire, Till(parts)
    )


def jan(
    points: int = 118,
    *,
    joined: Sequence[str] = (),
    standing: Standing = Standing.KNOWN,
    name: str = "Jan B.",
) -> Member:
    """A member with one card and one lot."""
    lots = (Holding("points", points, date(2027, 3, 31)),) if points else ()
    return Member(
        JAN_REF, standing, name, lots=lots, joined=tuple(joined), cards=(card_key(KEY, JAN),)
    )


def milk(number: int = 1, quantity: str = "2", amount: int = 258, **more: Any) -> Line:
    """Milk earns by the base rate: a point per whole euro."""
    return Line(
        number, "8710400011118", Decimal(quantity), amount, name="Halfvolle melk 1L", **more
    )


def tobacco(number: int, amount: int = 1120) -> Line:
    """Tobacco earns nothing."""
    return Line(
        number, "8710400066668", Decimal(1), amount, name="Sigaretten", categories=("tobacco",)
    )


def scanned(code: str) -> PresentedCard:
    """A card before the scanner."""
    return PresentedCard(code, EntryMode.SCANNED)


def sale(
    sale_id: str = "0412-03-20261118-000173", *lines: Line, card: str | None = JAN, **more: Any
) -> Sale:
    """A sale of these lines (two cartons of milk without any) to the holder of `card`."""
    bought = lines or (milk(),)
    return Sale(
        sale_id,
        more.pop("at", AT),
        Basket(bought, sum(line.amount for line in bought), "EUR"),
        card=None if card is None else scanned(card),
        **more,
    )


def back(number: int, quantity: str) -> ReturnedLine:
    """So much of a line comes back."""
    return ReturnedLine(number, Decimal(quantity))


def points(shop: Shop, code: str = JAN) -> Balance:
    """What the holder of a scanned card has."""
    shown = shop.till.identify(scanned(code)).balance
    assert shown is not None
    return shown["points"]


DAY = timedelta(days=1)
