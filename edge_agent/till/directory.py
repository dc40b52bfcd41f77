"""Finding the account behind a card, and what it has."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge_agent.domain.allowance import Allowance
from edge_agent.domain.balance import Balance, Expiring, balances, expiring
from edge_agent.domain.cards import card_key, tombstone
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.members_file import MembersPosition
from edge_agent.domain.programme import Programme
from edge_agent.domain.units import is_tally
from edge_agent.ledger.acts import Lookups
from edge_agent.ledger.derived import NOTHING_APPLIED, Applied
from edge_agent.ledger.members import Found, MembersFile
from edge_agent.till.account import Account, unknown_account
from edge_agent.till.facts import member_facts


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account has at one time, and what is known of its member.

    `balance` is of the programme's own units, `spendable` of every unit that there is anything of, in smallest parts.
    What expires is told soonest first. `facts` are all that may be shown to the member, not only what rules look at.
    """

    balance: dict[str, Balance]
    expiring: tuple[Expiring, ...]
    spendable: Mapping[str, int] = field(default_factory=dict)
    facts: MemberFacts = NOBODY


STRANGERS_MAX = 1_000
"""Cards that were shown and not recorded yet: as many as there can be quotes. Beyond it the oldest is forgotten."""


class Strangers:
    """The refs that cards would get which nobody has recorded yet, so that a quote and its sale are of one account.

    In memory only: what is never recorded leaves no trace.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refs: OrderedDict[str, str] = OrderedDict()

    def ref(self, code: str) -> str:
        """The ref for a card; made at random the first time."""
        with self._lock:
            ref = self._refs.pop(code, None) or secrets.token_hex(16)
            self._refs[code] = ref
            while len(self._refs) > STRANGERS_MAX:
                self._refs.popitem(last=False)
        return ref


class Directory:
    """The members file and the cards that only this till knows, as one.

    `key` gives what cards are hashed with; without one (not enrolled yet) no member is known and every well-formed
    card earns as an unknown one.
    """

    def __init__(
        self,
        members: MembersFile,
        key: Callable[[], bytes | None],
        is_own_epoch: Callable[[str], bool],
    ) -> None:
        self._members = members
        self._key = key
        self._is_own_epoch = is_own_epoch
        self._strangers = Strangers()

    def presented(self, code: str, lookups: Lookups) -> Account:
        """The account of a normalised card, also of one that nobody has shown here yet."""
        return self.by_card(code, lookups) or unknown_account(self._strangers.ref(code))

    def by_card(self, code: str, lookups: Lookups) -> Account | None:
        """The account of a normalised card; None for one that nobody has shown here yet."""
        found = self._found(code)
        ref = lookups.provisional_account(code)
        if found is not None:
            return self._account(found, ref)
        return None if ref is None else self.by_ref(ref)

    def _found(self, code: str) -> Found | None:
        """The member with this card, or who had it before being erased."""
        secret = self._key()
        if secret is None:
            return None
        key = card_key(secret, code)
        return self._members.by_card(key) or self._members.by_card(tombstone(key))

    def by_ref(self, ref: str) -> Account:
        """The account with this ref, or that this ref was joined to."""
        applied = (
            self.applied()
        )  # first: whoever is not in a later file had nothing accepted before it either
        found = self._members.by_ref(ref)
        return unknown_account(ref, applied) if found is None else self._account(found)

    def _account(self, found: Found, own_ref: str | None = None) -> Account:
        member, position = found.member, found.position
        return Account(member.ref, member, self._applied(position), position.as_of, own_ref)

    def allowance(self, account: Account, unit: str) -> tuple[Allowance, Applied] | None:
        """What central set aside of an account's unit for this till, less what the records that it had posted by then
        used of it."""
        found = self._members.allowance(account.ref, unit)
        return None if found is None else (found[0], self._applied(found[1]))

    def position(self) -> MembersPosition | None:
        """Where the members file stands."""
        return self._members.position()

    def applied(self) -> Applied:
        """Which records of this database central has posted, as far as we know."""
        return self._applied(self._members.position())

    def _applied(self, position: MembersPosition | None) -> Applied:
        # What central applied of another database's records says nothing about this one's.
        if position is None or not self._is_own_epoch(position.epoch):
            return NOTHING_APPLIED
        return Applied(position.applied_seq, position.parked)

    def holdings(
        self, account: Account, lookups: Lookups, programme: Programme, at: datetime
    ) -> Holdings:
        """What the account has at `at`: central's figures and this till's own, told apart."""
        own = lookups.unposted(account.refs, account.applied)
        posted, alive = _alive(account, own, programme, at)
        found = _balances(account, lookups, programme, at, posted, alive)
        return Holdings(
            {unit: found[unit] for unit in programme.units},
            tuple(expiring(posted, alive, programme.local_date(at))),
            {unit: each.spendable for unit, each in found.items()},
            member_facts(programme, account, lookups, at, everything=True, own=own),
        )

    def spendable(
        self, account: Account, lookups: Lookups, programme: Programme, unit: str, at: datetime
    ) -> int:
        """How much of a unit, also a derived one, could be redeemed at `at`, in smallest parts."""
        found = self.balances(account, lookups, programme, at)
        return found[unit].spendable if unit in found else 0

    def balances(
        self, account: Account, lookups: Lookups, programme: Programme, at: datetime
    ) -> dict[str, Balance]:
        """The balance of each of the programme's units and of every other that the account has anything of."""
        own = lookups.unposted(account.refs, account.applied)
        posted, alive = _alive(account, own, programme, at)
        return _balances(account, lookups, programme, at, posted, alive)


def _balances(
    account: Account,
    lookups: Lookups,
    programme: Programme,
    at: datetime,
    posted: Sequence[Holding],
    own: Sequence[Holding],
) -> dict[str, Balance]:
    """The balance of each unit that there is anything of, from what is alive."""
    held = (each.unit for each in (*posted, *own) if not is_tally(each.unit))
    units = dict.fromkeys((*programme.units, *held))
    reserved = _reserved(account, lookups, at)
    counts = programme.file.redeem.unconfirmed
    found = balances(units, posted, own, programme.local_date(at), account.as_of)
    return {
        unit: replace(each, reserved=reserved.get(unit, 0), unconfirmed_counts=counts)
        for unit, each in found.items()
    }


def _alive(
    account: Account, own: Sequence[Holding], programme: Programme, at: datetime
) -> tuple[Sequence[Holding], Sequence[Holding]]:
    """Central's holdings and this till's own changes, with the life that the member's activity leaves them."""
    today = programme.local_date(at)
    known = programme.activity.known((*account.posted, *own), today)
    activity = programme.activity
    return activity.alive(account.posted, known, today), activity.alive(own, known, today)


def _reserved(account: Account, lookups: Lookups, at: datetime) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in lookups.reserved(at, account.refs):
        sums[each.unit] = sums.get(each.unit, 0) + each.quantity
    return sums
