"""Which records without effect are a member's, or tell of them. They are of no account, and are searched for.

What is known of a member is compared in the forms that the rest of central compares it in: cards by their keyed hashes,
also those that were replaced, addresses and numbers as they are normalised.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from edge_agent.domain.cards import normalised
from sync.central.accounts import BURIED, Accounts
from sync.central.bodies import facts_in
from sync.central.enrolment import contradicts
from sync.central.personal import normalised_email, normalised_phone
from sync.central.tables import accounts, attachments, cards, former_cards, records
from sync.central.times import stored
from sync.wire import RecordState

_REF = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Telling:
    """Such a record. `theirs`: it is the member's own; else it only holds something that is also theirs."""

    row: Any
    theirs: bool

    @property
    def ref(self) -> str | None:
        """The ref that the till knew them by, where it is the member's own record."""
        ref = _account_in(self.row.body)
        return ref if self.theirs and ref is not None and _REF.fullmatch(ref) else None


def telling(connection: Connection, known: Accounts, refs: Collection[str]) -> list[Telling]:
    """The records without effect of an account by all its refs, and those that tell of it.

    A till may have made refs of its own that nobody else knows: what goes by those is found too.
    """
    sought = _Sought(connection, known, refs)
    left = list(connection.execute(_WITHOUT_EFFECT))
    found: list[Telling] = []
    while new := [each for row in left if (each := sought.look_at(row)) is not None]:
        found += new
        rows = {each.row.row for each in new}
        left = [row for row in left if row.row not in rows]
        own = {each.ref for each in new if each.ref is not None}
        sought.refs |= own - known.resolve_all(connection, own).keys()
    return found


class _Sought:
    """What is known of one member."""

    def __init__(self, connection: Connection, known: Accounts, refs: Collection[str]) -> None:
        self.refs = set(refs)
        self._connection = connection
        self._accounts = known
        self._people = connection.execute(select(accounts).where(accounts.c.ref.in_(refs))).all()
        self._said = {each for row in self._people for each in (row.email, row.phone) if each}
        self._keys, self._codes = _cards_of(connection, refs)

    def look_at(self, row: Any) -> Telling | None:
        """Whether a record is theirs or tells of them; None where it is neither."""
        if any(f'"{ref}"'.encode() in row.body for ref in self.refs):
            own = _account_in(row.body)
            if own is None or own in self.refs:  # else somebody else's, who used a reward of theirs
                return Telling(row, theirs=True)
        if row.content is None:
            return None
        content = facts_in(row.content)
        card = content.get("card")
        code = card.get("code") if isinstance(card, dict) else None
        if isinstance(code, str) and self._had(normalised(code), row):
            return Telling(row, theirs=True)
        profile = content.get("profile")
        if isinstance(profile, dict) and self._is_them(profile):
            return Telling(row, theirs=True)
        tells = any(each.encode() in row.content for each in self._said | self._codes) or any(
            self._is_said(text) or self._had(normalised(text), row) for text in _texts(content)
        )
        return Telling(row, theirs=False) if tells else None

    def _had(self, code: str, row: Any) -> bool:
        """Whether the card was theirs when the record was made, or was theirs last."""
        keys = {self._accounts.card_key(code), self._accounts.buried_key(code)}
        if not keys & self._keys.keys():
            return False
        until = max(self._keys[key] for key in keys & self._keys.keys())
        if _made_at(row.body) < until:
            return True
        owner = self._accounts.of_card(self._connection, code)
        return owner is None or owner in self.refs

    def _is_them(self, profile: Mapping[str, Any]) -> bool:
        """Whether a profile has an address or number of theirs, and no other name or birthday."""
        name, birthday = (_text(profile.get(each)) for each in ("display_name", "birthday"))
        return any(
            not contradicts(person, name, birthday)
            and any(self._is_said(profile.get(name)) for name in ("email", "phone"))
            for person in self._people
        )

    def _is_said(self, text: Any) -> bool:
        if not isinstance(text, str):
            return False
        return bool(
            self._said & {_or_none(normalised_email, text), _or_none(normalised_phone, text)}
        )


_STILL = "~"
"""Later than any time."""


def _cards_of(connection: Connection, refs: Collection[str]) -> tuple[dict[str, str], set[str]]:
    """By the keys of all cards that an account ever had until when; and the codes of those that it has."""
    until: dict[str, str] = {}
    codes: set[str] = set()
    for row in connection.execute(select(former_cards).where(former_cards.c.account.in_(refs))):
        until[row.key] = row.until
    for row in connection.execute(select(cards).where(cards.c.account.in_(refs))):
        until[row.key] = row.added_at if row.code == BURIED else _STILL
        codes.update({row.code} - {BURIED})
    return until, codes


def _made_at(body: bytes) -> str:
    """When a record says that it was made, as it is stored; "" where it does not say."""
    at = facts_in(body).get("at")
    try:
        return stored(datetime.fromisoformat(at)) if isinstance(at, str) else ""
    except (ValueError, OverflowError):
        return ""


def _account_in(body: bytes) -> str | None:
    """The account that a record says it is of."""
    facts = facts_in(body).get("facts")
    return _text(facts.get("account")) if isinstance(facts, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    """Every text in it, however deep."""
    left: list[Any] = [content]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _or_none(normal: Callable[[str], str | None], text: str) -> str | None:
    try:
        return normal(text)
    except ValueError:
        return None


_WITHOUT_EFFECT = (
    select(records.c.row, records.c.body, attachments.c.content)
    .select_from(records.outerjoin(attachments, attachments.c.record == records.c.row))
    .where(
        records.c.state.in_(
            [RecordState.PARKED.value, RecordState.REJECTED.value, RecordState.DUPLICATE.value]
        )
    )
    .order_by(records.c.row)
)
