"""What members do without buying: an action that is reported, an answer, an enrolment, a change of consents."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
import uuid_utils

from edge_agent.domain.basket import STORE_CHANNEL, PresentedCard
from edge_agent.domain.cards import masked
from edge_agent.domain.member import NOBODY, MemberFacts
from edge_agent.domain.programme import Evaluation, Programme
from edge_agent.domain.programme.actions import DROPPED, ENROLMENT
from edge_agent.domain.programme.acts import (
    UnknownAction,
    UnknownQuestion,
    act_on,
    answered,
    check_act,
    checked_answer,
)
from edge_agent.domain.programme.consents import Consent, wrong_consents
from edge_agent.domain.programme.evaluation import NOTHING_WORKED_OUT
from edge_agent.domain.programme.questions import NotAnAnswer
from edge_agent.domain.programme.situation import Act as Deed
from edge_agent.domain.record import RecordKind
from edge_agent.errors import (
    ActDiffers,
    ActionDiffers,
    AnswerDiffers,
    ConsentDiffers,
    FieldError,
    Invalid,
    MemberDiffers,
    Refused,
    UnknownSale,
)
from edge_agent.ledger.acts import Act, Lookups, StoredAct, is_repeat
from edge_agent.till.account import Account, unknown_account
from edge_agent.till.cards import check_form
from edge_agent.till.parts import Parts
from edge_agent.till.present import Holder, as_sent
from edge_agent.till.refusals import Refusal
from edge_agent.till.shown import entries_json, standing_json
from edge_agent.till.unworked import said_of, worked_or
from edge_agent.till.views import Answer
from edge_agent.till.working_out import Customer, earned, facts_of, spent


@dataclass(frozen=True, slots=True)
class Reported:
    """An action of the programme that a member did, so many times; or `activate/ID` of an offer or challenge.

    `channel` is where they did, as in a sale: "" for the till's own.
    """

    act_id: str
    card: Holder
    action: str
    times: int = 1
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer to one of the programme's questions: by whoever holds the card, or bought with `sale_id`.

    Without either it is kept and gives nothing. `text` is what they wrote or said besides, and stays personal.
    `channel` as in a sale.
    """

    act_id: str
    question: str
    value: int | str
    card: Holder | None = None
    sale_id: str | None = None
    text: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Somebody who becomes a member. `profile` are personal facts; `channel` as in a sale."""

    act_id: str
    card: Holder | None
    profile: Mapping[str, Any]
    consents: tuple[Consent, ...] = ()
    referred_by: PresentedCard | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Consenting:
    """A member agrees to something, or takes it back."""

    act_id: str
    card: Holder
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class _Doing:
    """One act while it is worked out: who, when, in which channel, by which programme, with which facts.

    `failed` is how the rules failed on it, where it is recorded without them.
    """

    customer: Customer
    programme: Programme
    at: datetime
    channel: str
    facts: MemberFacts
    lookups: Lookups
    failed: str | None = None

    def come_to(self, deed: Deed, store: str) -> Evaluation:
        """What the rules give for it; nothing where they failed. Raises UnknownAction."""
        check_act(self.programme, deed)
        if self.failed is not None:
            return NOTHING_WORKED_OUT
        return act_on(self.programme, self.facts, deed, self.at, store=store, channel=self.channel)


@dataclass(frozen=True, slots=True)
class _Done:
    """What an act came to: what the record says of it besides entries and facts, and what stays personal."""

    said: Mapping[str, Any]
    evaluation: Evaluation
    personal: Mapping[str, Any] = field(default_factory=dict)


def report(parts: Parts, wanted: Reported) -> Answer:
    """Record an action once and answer what it gave.

    What goes beyond a limit and is dropped is recorded, with nothing given. Raises ActDiffers, Invalid (no such
    action), Refused (a limit of the programme, with the reason), NoProgramme, DiskFull or LedgerUnavailable; then
    nothing was recorded.
    """
    sent = [as_sent(wanted.card), wanted.action, wanted.times, wanted.channel]

    def work(doing: _Doing) -> _Done:
        if wanted.action == ENROLMENT:
            raise Invalid("no such action", [FieldError("action", "comes with enrolling alone")])
        try:
            evaluation = doing.come_to(Deed(wanted.action, wanted.times), parts.settings.store)
        except UnknownAction as error:
            raise Invalid("no such action", [FieldError("action", str(error))]) from error
        stopped = (each for each in evaluation.outcomes if each.note != DROPPED)
        unmet = next((each.unmet for each in stopped if each.unmet is not None), None)
        if unmet is not None and not evaluation.entries:
            currency = doing.programme.file.currency
            raise Refused(unmet.in_words(parts.settings.language, currency))
        said = {"action_id": wanted.act_id, "action": wanted.action, "times": wanted.times}
        return _Done(said, evaluation)

    return _once(
        parts, RecordKind.ACTION, wanted.act_id, sent, wanted.card, work, channel=wanted.channel
    )


def give_answer(parts: Parts, wanted: Answering) -> Answer:
    """Record an answer once; one that somebody has to look at opens a case at central.

    Raises ActDiffers, Invalid (no such question, or no answer to it), UnknownSale, NoProgramme, DiskFull or
    LedgerUnavailable.
    """
    card, channel = as_sent(wanted.card), wanted.channel
    sent = [card, wanted.question, wanted.value, wanted.sale_id, wanted.text, channel]

    def work(doing: _Doing) -> _Done:
        try:
            found = checked_answer(doing.programme, wanted.question, wanted.value)
            if doing.failed is None:
                found = answered(
                    doing.programme,
                    doing.facts,
                    wanted.question,
                    wanted.value,
                    doing.at,
                    store=parts.settings.store,
                    channel=doing.channel,
                )
        except UnknownQuestion as error:
            raise Invalid("no such question", [FieldError("question", str(error))]) from error
        except NotAnAnswer as error:
            raise Invalid("no such answer", [FieldError("value", str(error))]) from error
        said: dict[str, Any] = {
            "answer_id": wanted.act_id,
            "question": found.question,
            "value": found.value,
        }
        personal = {} if wanted.text is None else {"text": wanted.text}
        return _Done(
            said | ({"case": True} if found.opens_case else {}), found.evaluation, personal
        )

    return _once(
        parts,
        RecordKind.ANSWER,
        wanted.act_id,
        sent,
        wanted.card,
        work,
        sale_id=wanted.sale_id,
        channel=wanted.channel,
    )


def enrol(parts: Parts, wanted: Enrolling) -> Answer:
    """Enrol somebody once, provisional until central confirms; what enrolment gives is given at once.

    Raises ActDiffers, Refused (the card is a member's already, or of somebody who enrolled here), Invalid (a referrer
    without an account, consents that are not the programme's), NoProgramme, DiskFull or LedgerUnavailable.
    """
    consents = [each.to_json() for each in wanted.consents]
    card, referrer = as_sent(wanted.card), as_sent(wanted.referred_by)
    sent = [card, dict(wanted.profile), consents, referrer, wanted.channel]

    def work(doing: _Doing) -> _Done:
        account = doing.customer.account
        if account is not None and _is_somebodys(account, doing.lookups):
            raise Refused(Refusal.MEMBER_ALREADY.in_words(parts.settings.language))
        _check_consents(doing.programme, wanted.consents, joining=True)
        referred_by = _referrer(parts, wanted, doing)
        joining = replace(doing, facts=replace(doing.facts, referred_by=referred_by))
        evaluation = joining.come_to(Deed(ENROLMENT), parts.settings.store)
        said: dict[str, Any] = {"member_id": wanted.act_id, "consents": consents}
        if referred_by is not None:
            said["referred_by"] = referred_by
        return _Done(said, evaluation, {"profile": dict(wanted.profile)})

    return _once(
        parts,
        RecordKind.MEMBER,
        wanted.act_id,
        sent,
        wanted.card,
        work,
        needs_account=True,
        channel=wanted.channel,
    )


def _is_somebodys(account: Account, lookups: Lookups) -> bool:
    """Whether central told of its member, or somebody enrolled with it here and central has not confirmed it yet."""
    return account.member is not None or lookups.has_acted(RecordKind.MEMBER, account.refs)


def change_consents(parts: Parts, wanted: Consenting) -> Answer:
    """Record once what a member agrees to from now on, or takes back.

    Raises ActDiffers, Refused (a typed number, which proves nothing), Invalid (consents that are not the programme's),
    NoProgramme, DiskFull or LedgerUnavailable.
    """
    consents = [each.to_json() for each in wanted.consents]

    def work(doing: _Doing) -> _Done:
        card = doing.customer.card
        if card is not None and card.is_typed:
            raise Refused(Refusal.TYPED_AGREES_TO_NOTHING.in_words(parts.settings.language))
        _check_consents(doing.programme, wanted.consents)
        return _Done({"consent_id": wanted.act_id, "consents": consents}, NOTHING_WORKED_OUT)

    sent = [as_sent(wanted.card), consents]
    return _once(parts, RecordKind.CONSENT, wanted.act_id, sent, wanted.card, work)


def _check_consents(
    programme: Programme, consents: Sequence[Consent], *, joining: bool = False
) -> None:
    wrong = [
        FieldError("consents" if place is None else f"consents.{place}.{field}", message)
        for place, field, message in wrong_consents(
            programme.file.consent, consents, joining=joining
        )
    ]
    if wrong:
        raise Invalid("the consents are not those that the programme asks for", wrong)


def enrolment(parts: Parts) -> dict[str, Any]:
    """What somebody who enrols is asked to agree to, in every language. Raises NoProgramme."""
    programme = parts.shelf.at(parts.clock.now())
    return {"consents": [each.model_dump(mode="json") for each in programme.file.consent]}


def _referrer(parts: Parts, wanted: Enrolling, doing: _Doing) -> str | None:
    if wanted.referred_by is None:
        return None
    known = parts.directory.by_card(wanted.referred_by.code, doing.lookups)
    if known is None or known.ref == doing.facts.account:
        wrong = FieldError("referred_by", "is the card of nobody who could have referred them")
        raise Invalid("no such referrer", [wrong])
    return known.ref


_DIFFERS: Mapping[RecordKind, type[ActDiffers]] = {
    RecordKind.ACTION: ActionDiffers,
    RecordKind.ANSWER: AnswerDiffers,
    RecordKind.MEMBER: MemberDiffers,
    RecordKind.CONSENT: ConsentDiffers,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """An act as it was asked for: its id, what tells a repeat from another act under it, and whose it is said to be."""

    kind: RecordKind
    act_id: str
    mark: bytes
    holder: Holder | None
    sale_id: str | None
    needs_account: bool
    channel: str


def _once(
    parts: Parts,
    kind: RecordKind,
    act_id: str,
    sent: list[Any],
    holder: Holder | None,
    work: Callable[[_Doing], _Done],
    *,
    needs_account: bool = False,
    sale_id: str | None = None,
    channel: str = "",
) -> Answer:
    """Record an act under its id: the first time worked out, and ever after answered the same.

    One that the rules fail on, by a mistake of ours, is recorded without them.
    """
    mark = parts.ledger.fingerprint(orjson.dumps(sent))
    asked = _Asked(kind, act_id, mark, holder, sale_id, needs_account, channel)
    return worked_or(
        lambda: _recorded(parts, asked, work),
        lambda failure: _recorded(parts, asked, work, failure),
    )


def _recorded(
    parts: Parts, asked: _Asked, work: Callable[[_Doing], _Done], failed: str | None = None
) -> Answer:
    kind, act_id = asked.kind, asked.act_id
    with parts.ledger.act() as act:
        known = act.stored_act(kind, act_id)
        if known is not None:
            if not is_repeat(known.fingerprint, asked.mark):
                raise _DIFFERS[kind](
                    f"{kind.value} {act_id} was recorded before, with other content"
                )
            return Answer(json.loads(known.result), first=False, text=known.result)
        doing = _begin(parts, act, asked, failed)
        result = _record(parts, act, kind, doing, work(doing))
        text = orjson.dumps(result).decode()
        account = doing.facts.account or None
        act.keep_act(StoredAct(kind, act_id, result["seq"], account, asked.mark, text))
    parts.events.publish("act", {"kind": kind.value, "result": result})
    return Answer(result, first=True, text=text)


def _begin(parts: Parts, lookups: Lookups, asked: _Asked, failed: str | None) -> _Doing:
    now = parts.clock.now()
    programme = parts.shelf.at(now)
    card = None if asked.holder is None else parts.who(asked.holder, now)
    check_form(parts, card)
    account = None if card is None else parts.directory.presented(card.code, lookups)
    if asked.sale_id is not None:
        account = _buyer(parts, lookups, asked.sale_id)
    if account is None and asked.needs_account:
        account = unknown_account(secrets.token_hex(16))
    customer = Customer(card, account)
    if failed is not None:
        facts = NOBODY if account is None else account.facts
    else:
        facts = facts_of(customer, programme, lookups, now)
    channel = parts.settings.channel_of(asked.channel)
    return _Doing(customer, programme, now, channel, facts, lookups, failed)


def _buyer(parts: Parts, lookups: Lookups, sale_id: str) -> Account | None:
    """Who bought with that sale, None for one without a card. Raises UnknownSale."""
    sale = lookups.sale(sale_id)
    if sale is None:
        raise UnknownSale(f"this till has no sale {sale_id}")
    account = lookups.buyer_of(sale)
    return None if account is None else parts.directory.by_ref(account)


def _record(parts: Parts, act: Act, kind: RecordKind, doing: _Doing, done: _Done) -> dict[str, Any]:
    card, account = doing.customer
    if card is not None and account is not None and account.member is None:
        act.open_provisional_account(card.code, account.ref)
    at, clock = parts.clock.reading_for(doing.at)
    programme, entries = doing.programme, done.evaluation.entries
    notes = done.evaluation.notes()
    record_id = str(uuid_utils.uuid7().hex)
    said, failed = dict(done.said), doing.failed
    if kind is RecordKind.CONSENT:
        failed = None  # consents give nothing: there was nothing to work out
    elif doing.channel != STORE_CHANNEL:
        said["channel"] = doing.channel
    personal = dict(done.personal)
    if (kept := doing.customer.recorded_card) is not None:
        personal["card"] = kept.to_json()
    record = act.append(
        kind,
        record_id,
        at,
        clock,
        {
            kind.value: said,
            "programme": programme.digest,
            "facts": None if doing.facts.anonymous else doing.facts.to_json(),
            **({"notes": notes} if notes else {}),
            **({} if failed is None else {"not_worked_out": failed}),
        },
        personal,
        entries,
    )
    shows = card is None or programme.shows_balance(card.entry)
    holdings = None
    if account is not None and shows and doing.failed is None:
        holdings = parts.directory.holdings(account, act, programme, at)
    language = parts.settings.language
    return {
        **done.said,
        "kind": kind.value,
        "record": record_id,
        "seq": record.seq,
        "at": at.isoformat(),
        "programme": programme.digest,
        "card": None if card is None else masked(card.code),
        "entries": entries_json(entries, programme, language),
        "earned": {} if failed else earned(entries, programme),
        "spent": {} if failed else spent(entries, programme),
        **standing_json(parts, act, account, holdings, programme, at, doing.channel),
        **said_of(parts, failed),
    }
