"""The world of one run: twelve tills in three shops, their central, and what lies between."""

import json
import logging
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import requests
import structlog
from stdnum import ean

from edge_agent.domain.entries import Entry
from edge_agent.domain.programme import load_programme
from edge_agent.domain.redeemed import AuthorisedBy
from edge_agent.ledger.reservations import ReservationState
from edge_agent.settings import OfflineTable
from edge_agent.till import shelf
from sync.identity import enrol
from tests.simulator.books import Books, Noted, demand
from tests.simulator.chance import seeded_ids
from tests.simulator.network import CENTRAL_URL, Answer, Network
from tests.simulator.office import Office
from tests.simulator.terminal import Image, Terminal

BEGAN = datetime(2026, 11, 18, 13, 3, 11, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STORES, TILLS_PER_STORE = 3, 4
TERMINALS = STORES * TILLS_PER_STORE
MEMBERS, STRANGERS = 300, 60
OPENING_POINTS_MAX = 1_200
PROGRAMME = Path(__file__).parents[2] / "config" / "programmes" / "supermarket.toml"
TIMEZONE = ZoneInfo("Europe/Amsterdam")
ALLOWANCE_POINTS = 300
"""What central sets aside for a member at a till in every other world; in the rest there are limits alone."""

LETS_GO = ("/wire/v1/authorisations", "/wire/v1/changes")
"""The requests by which central may end what it keeps for a redemption: after each it is looked whether it still may be
charged somewhere."""

LAST_RESERVED = 5
"""Of those that a till may still charge: of the older ones most have lapsed."""

LIMITS = OfflineTable()
RECORDS_AT_ONCE = 100_000
"""More than any till of a world writes."""


def card_code(number: int) -> str:
    """A well-formed card."""
    bare = f"29{number:010d}"
    return bare + str(ean.calc_check_digit(bare))


@dataclass
class TrueTime:
    """What time it is, whatever any clock says."""

    now: datetime = BEGAN


class World:
    """Everything there is."""

    def __init__(
        self, folder: Path, time: TrueTime, luck: random.Random, allowance_points: int
    ) -> None:
        self.folder = folder
        self.time = time
        self.central_offset = timedelta()
        self.refused: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self.members = [card_code(number) for number in range(MEMBERS)]
        self.strangers = [card_code(1_000 + number) for number in range(STRANGERS)]
        self.cards = [*self.members, *self.strangers[: STRANGERS // 2]]
        self.published = 0
        self._loose: set[str] = set()
        """Redemptions that central may have let go of, though the till has not: it was put back, or is no till now."""
        self._images: dict[str, Image] = {}
        self._named = 0
        self.office = Office(
            folder / "central", lambda: time.now + self.central_offset, allowance_points
        )
        self.network = Network(self._serve)
        self._open_shop(luck)
        self.books = Books(folder / "central" / "central.db")
        self.books.read()
        self.books.at_risk_max = TERMINALS * LIMITS.points_per_member
        names = [
            f"{store:04d}/{till:02d}"
            for store in range(1, STORES + 1)
            for till in range(1, TILLS_PER_STORE + 1)
        ]
        self.terminals: list[Terminal] = []
        with self.network.connected():
            self.terminals = [self._new_terminal(name) for name in names]
            for terminal in self.terminals:
                terminal.pull()
            self.network.settle()

    def close(self) -> None:
        """End every process."""
        for terminal in self.terminals:
            terminal.close()
        self.books.close()
        self.office.close()

    def name(self, prefix: str) -> str:
        """An id that no act had before."""
        self._named += 1
        return f"{prefix}-{self._named}"

    def _open_shop(self, luck: random.Random) -> None:
        self.publish(1)
        lines = ["card,member_id,display_name,points,birthday\n"]
        for number, code in enumerate(self.members):
            points = luck.choice((0, 240, luck.randrange(OPENING_POINTS_MAX)))
            born = date(1980, 1, 1) + timedelta(days=luck.randrange(365))
            lines.append(f"{code},M{number},Member {number},{points},{born}\n")
        self.office.central.member_import.run(lines)

    def publish(self, version: int) -> None:
        """Publish a version of the programme; every other one gives twice as much for coffee."""
        text = PROGRAMME.read_text(encoding="utf-8").replace(
            "version = 1\n", f"version = {version}\n"
        )
        if version % 2 == 0:
            text = text.replace('unit = "stamps"\npoints = 1\n', 'unit = "stamps"\npoints = 2\n')
        self.office.central.programmes.publish(text, PROGRAMME.name)
        self.published = version

    def _new_terminal(self, name: str) -> Terminal:
        made = Terminal(name, self.folder / name, self.network, lambda: self.time.now, BEGAN)
        self.enrol(made)
        return made

    def enrol(self, terminal: Terminal) -> None:
        """Exchange a new code at a till; its clone, if it has one, is enrolled no more."""
        store, _, till = terminal.name.partition("/")
        code = self.office.central.terminals.add(store, till).code
        self._loosen(terminal.name)
        terminal.enrolled(enrol(CENTRAL_URL, code, store, till))

    def revoke(self, terminal: Terminal) -> None:
        """Shut a till out: nothing is set aside for it any more."""
        self._loosen(terminal.name)
        self.office.central.terminals.revoke(*terminal.name.split("/"))

    def _loosen(self, name: str) -> None:
        for each in self.terminals:
            if each.name == name:
                self._loose.update(each.memory.reserved)

    def _has_copy(self, name: str) -> bool:
        return sum(each.name == name for each in self.terminals) > 1

    def keep_image(self, terminal: Terminal) -> None:
        """Keep an image of a till's disk, in place of the last one."""
        old = self._images.get(terminal.key)
        if old is not None:
            shutil.rmtree(old.folder)
        folder = self.folder / self.name("image")
        self._images[terminal.key] = terminal.take_image(folder)

    def restore(self, terminal: Terminal) -> bool:
        """Put a till back to its image; False where there is none."""
        image = self._images.get(terminal.key)
        if image is None:
            return False
        terminal.go_back_to(image)
        self._loosen(terminal.name)
        self.books.at_risk_max += (
            LIMITS.points_per_member
        )  # it has forgotten what it redeemed since
        return True

    def clone(self, terminal: Terminal) -> Terminal | None:
        """Let another machine run on a copy of a till's disk; None where one does already."""
        if self._has_copy(terminal.name):
            return None
        self._loosen(terminal.name)
        folder = self.folder / self.name("clone")
        image = terminal.take_image(folder)
        made = Terminal(
            f"{terminal.name}#{self._named}",
            folder,
            self.network,
            lambda: self.time.now,
            BEGAN,
            image.memory,
        )
        self.terminals.append(made)
        self.books.at_risk_max += LIMITS.points_per_member
        return made

    def reconcile(self) -> None:
        """Head office looks: of two machines with one identity the copy is taken away; nobody is shut out any more."""
        for terminal in [each for each in self.terminals if each.is_copy]:
            self.terminals.remove(terminal)
            terminal.close()
        for terminal in self.terminals:
            self.enrol(terminal)
            self.office.central.release(*terminal.name.split("/"))
        self.books.read()

    def _serve(self, request: requests.PreparedRequest) -> Answer:
        """Central's end of the line, and after it what the books make of it."""
        answer = self.office.serve(request)
        self.books.read()
        if any(path in str(request.url) for path in LETS_GO):
            for terminal in self.terminals:
                for redemption_id in terminal.memory.reserved[-LAST_RESERVED:]:
                    self.check_set_aside(terminal, redemption_id)
        if "/wire/v1/changes?" in str(request.url) and answer.status == 200:
            return Answer(answer.status, answer.headers, answer.body, self.books.seen())
        return answer

    def restart(self, terminal: Terminal) -> None:
        """A till's process ends and begins again; what it had not acknowledged may be there or not."""
        terminal.restart()
        self.note_all(terminal)

    def acknowledged(self, terminal: Terminal, result: Mapping[str, Any]) -> None:
        """A till answered that something is recorded: it is in the journal, and the balances are right."""
        chain = terminal.memory.chain
        self.note_all(terminal)
        demand(
            bool(chain) and chain[-1].record == result["record"] and chain[-1].seq == result["seq"],
            f"{terminal.key} acknowledged {result['record']}, which is not the last of its journal",
        )
        self._check_limits(terminal, chain[-1])

    def note_all(self, terminal: Terminal) -> None:
        """Enter what is new in a till's journal."""
        chain = terminal.memory.chain
        if chain and chain[-1].epoch != terminal.store.ledger.epoch:
            del chain[terminal.outbox.begins_after :]
        for record in terminal.store.ledger.records(len(chain), RECORDS_AT_ONCE):
            demand(record.seq == len(chain) + 1, f"{terminal.key} skips to {record.seq}")
            noted = Noted.of(record, json.loads(record.body))
            terminal.memory.note(noted)
            self.books.note(noted)

    def check_shown(
        self, terminal: Terminal, code: str, balance: Mapping[str, Any], at: datetime
    ) -> None:
        """What a till shows of a card is what central had at its last pull, and its own acts since."""
        account = terminal.directory.by_card(code, terminal.store.ledger.lookups())
        if account is None:
            return
        today = at.astimezone(TIMEZONE).date().isoformat()
        seen = terminal.memory.seen
        posted = seen.balances.get(seen.account(account.ref), {})
        refs = frozenset(account.refs)
        own = [
            entry
            for noted in terminal.memory.own.values()
            for holder, entry in noted.moved(noted.account)
            if holder in refs
        ]
        for unit, shown in balance.items():
            confirmed = sum(
                quantity
                for (of, expires_on, _), quantity in posted.items()
                if of == unit and (not expires_on or expires_on >= today)
            )
            unconfirmed = sum(
                entry.quantity for entry in own if entry.unit == unit and not _lapsed(entry, today)
            )
            found = (shown["confirmed"], shown["unconfirmed"])
            demand(
                found == (confirmed, unconfirmed),
                f"{terminal.key} shows {found} {unit} of {code}, not {(confirmed, unconfirmed)}",
            )
        self.checked["balances shown"] += 1

    def check_set_aside(self, terminal: Terminal, redemption_id: str) -> None:
        """What central authorised, and this till may still charge, central keeps for it."""
        reserved = terminal.store.ledger.lookups().redemption(redemption_id)
        if (
            reserved is None
            or reserved.authorised_by is not AuthorisedBy.CENTRAL
            or reserved.state_at(terminal.store.clock.now()) is not ReservationState.RESERVED
            or redemption_id in self._loose
            or self._has_copy(terminal.name)
        ):
            return
        kept = self.books.kept_for(terminal.name, redemption_id)
        demand(
            kept >= reserved.quantity,
            f"{terminal.key} has {reserved.quantity} for {redemption_id} by central's word, which keeps {kept}",
        )
        self.checked["authorised and kept"] += 1

    def _check_limits(self, terminal: Terminal, noted: Noted) -> None:
        """What this till redeemed and central has not posted stays within its limits."""
        if noted.on_credit == 0:
            return
        own = terminal.memory.own.values()
        of_all = sum(each.on_credit for each in own)
        of_member = sum(each.on_credit for each in own if each.account == noted.account)
        demand(
            of_all <= LIMITS.points_per_outage,
            f"{terminal.key} redeemed {of_all} points on its own word, not posted yet",
        )
        demand(
            of_member <= LIMITS.points_per_member,
            f"{terminal.key} redeemed {of_member} of {noted.account} on its own word, not posted yet",
        )
        self.checked["redemptions within limits"] += 1


def _lapsed(entry: Entry, today: str) -> bool:
    return entry.expires_on is not None and entry.expires_on.isoformat() < today


@contextmanager
def open_world(folder: Path, seed: int) -> Iterator[World]:
    """A fresh world in an empty folder."""
    time = TrueTime()
    logs = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    # A programme is the same for every till; reading it is most of starting one.
    read_once = patch.object(shelf, "load_programme", lru_cache(load_programme))
    with seeded_ids(seed, lambda: time.now), read_once:
        allowance_points = ALLOWANCE_POINTS if seed % 2 else 0
        world = World(folder, time, random.Random(seed), allowance_points)
        try:
            with world.network.connected():
                yield world
        finally:
            world.close()
            structlog.configure(**logs)
