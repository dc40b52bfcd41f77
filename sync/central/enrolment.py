"""Somebody who enrolled at a till becomes a member, and the same person never a second one.

A till knows its own cards and those that it was told of; whether somebody is a member already only central can tell.
The same card is the same person. So is the same e-mail address or phone number, unless a fact that both sides have
says otherwise: a name or a birthday that differs. Two confirmed members are never joined by themselves, since nobody
can tell their points apart again.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from edge_agent.domain.member import Standing
from sync.central.accounts import new_ref
from sync.central.batch import Batch, Received
from sync.central.bodies import Act, ConsentGiven, parked
from sync.central.database import hold
from sync.central.ledger import stored_day
from sync.central.personal import Personal, Profile
from sync.central.tables import accounts, consents
from sync.central.times import stored


def enrol(batch: Batch, received: Received, act: Act, personal: Personal) -> str:
    """The account of whoever enrolled: confirmed, with profile and consents. Raises `Unpostable`."""
    enrolled, ref = act.enrolled, act.account
    if enrolled is None or ref is None:
        raise ValueError("this is no enrolment")
    batch.flush()
    account = _of_card(batch, ref, personal.card, act.at)
    if batch.is_forgotten(account):
        return account
    for other in _same_person(batch.connection, account, personal.profile):
        account = _one_of_both(batch, account, other)
    _confirm(batch, account, act, personal.profile)
    note_consents(batch.connection, account, enrolled.consents, stored(act.at), received.record_id)
    batch.touch(account)
    return account


def _of_card(batch: Batch, ref: str, card: str | None, at: datetime) -> str:
    """The account of the ref and of the card, which are one from now on.

    That of somebody who was erased stays so where it was on its way already when they were. Who enrols after that is
    somebody new, who may even have the same card.
    """
    account = batch.account_of(ref)
    if account is None and card is not None:
        owner = batch.last_owner_of(card)
        if batch.is_before_forgotten(owner, at):
            return batch.settle_ref(ref, card)
    if account is not None and batch.is_before_forgotten(account, at):
        return account
    if batch.is_forgotten(account):
        ref, account = new_ref(), None
    owner = None if card is None else batch.owner_of(card)
    if card is None:
        return account or batch.open_account(ref)
    if account is None:
        return batch.settle_ref(ref, card)
    if owner is None:
        batch.add_card(account, card)
        return account
    if owner != account and not {account, owner} & _provisional(batch.connection, account, owner):
        raise parked("card-taken")
    return _one_of_both(batch, account, owner)


def _one_of_both(batch: Batch, account: str, other: str) -> str:
    """Join the one that is provisional to the other; two confirmed members stay as they are."""
    other = batch.account_of(other) or other
    provisional = _provisional(batch.connection, account, other)
    if other == account or not provisional:
        return account
    if account in provisional:
        batch.join(account, other)
        return other
    batch.join(other, account)
    return account


def _provisional(connection: Connection, *refs: str) -> set[str]:
    """Which of these accounts nobody has confirmed yet; they are held."""
    unconfirmed = (
        select(accounts.c.ref)
        .where(accounts.c.ref.in_(refs), accounts.c.provisional)
        .order_by(accounts.c.ref)
    )
    return {row.ref for row in hold(connection, unconfirmed)}


def _same_person(connection: Connection, account: str, profile: Profile) -> Iterator[str]:
    """Other accounts of whoever has this address or number, the confirmed ones first."""
    ways = [
        column == value
        for column, value in (
            (accounts.c.email, profile.email),
            (accounts.c.phone, profile.phone),
        )
        if value is not None
    ]
    if not ways:
        return
    rows = connection.execute(
        select(accounts)
        .where(or_(*ways), accounts.c.standing != Standing.ERASED.value)
        .order_by(accounts.c.provisional, accounts.c.created_at, accounts.c.ref)
    ).all()
    for row in rows:
        other = row.joined_into or row.ref
        birthday = stored_day(profile.birthday)
        if other != account and not contradicts(row, profile.display_name, birthday):
            yield other


def contradicts(row: Any, name: str | None, birthday: str | None) -> bool:
    """Whether a fact that both have says that they are two people."""
    named = (row.display_name.casefold(), (name or "").casefold())
    born = (row.birthday, birthday)
    return any(mine and theirs and mine != theirs for mine, theirs in (named, born))


def _confirm(batch: Batch, account: str, act: Act, profile: Profile) -> None:
    """Make a member of an account. What a confirmed member said before is not replaced by what was typed at a till."""
    connection = batch.connection
    was = connection.execute(select(accounts).where(accounts.c.ref == account)).one()
    enrolled = act.enrolled
    told = {
        "display_name": profile.display_name,
        "email": profile.email,
        "phone": profile.phone,
        "birthday": stored_day(profile.birthday),
        "language": profile.language,
        "since": act.at.date().isoformat(),
        "member_id": None if enrolled is None else _free_id(connection, enrolled.member_id),
        "referred_by": None
        if enrolled is None
        else _referrer(batch, enrolled.referred_by, account),
    }
    new = {
        name: value
        for name, value in told.items()
        if value and (was.provisional or not getattr(was, name))
    }
    before = json.loads(was.attributes)
    given = dict(profile.attributes)
    attributes = before | given if was.provisional else given | before
    standing = Standing.KNOWN if was.standing == Standing.UNKNOWN else Standing(was.standing)
    connection.execute(
        update(accounts)
        .where(accounts.c.ref == account)
        .values(
            provisional=False,
            standing=standing.value,
            attributes=json.dumps(attributes, ensure_ascii=False, sort_keys=True),
            **new,
        )
    )


def _free_id(connection: Connection, member_id: str) -> str | None:
    """The id that a till proposed, unless somebody has it; the ref is an id too."""
    taken = connection.scalar(select(accounts.c.ref).where(accounts.c.member_id == member_id))
    return None if taken else member_id


def _referrer(batch: Batch, ref: str | None, account: str) -> str | None:
    """The account that brought this one in; nobody brings in themselves."""
    referrer = None if ref is None else batch.account_of(ref)
    return None if referrer == account else referrer


def note_consents(
    connection: Connection, account: str, given: Sequence[ConsentGiven], at: str, source: str
) -> None:
    """Keep what somebody agreed to or took back; what was there before stays as the history."""
    rows = {
        each.purpose: {
            "account": account,
            "purpose": each.purpose,
            "version": each.version,
            "given": each.given,
            "at": at,
            "source": source,
        }
        for each in given
    }
    if rows:
        connection.execute(insert(consents), list(rows.values()))
