"""From an answer to paper: the one way, for the first print and for every copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from drivers.document import Document
from edge_agent.domain.balance import Balance, Expiring
from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.units import is_tally
from edge_agent.till.account import Account
from edge_agent.till.directory import Holdings
from edge_agent.till.parts import TillSettings
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import (
    MemberShown,
    NextReward,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    changes_of,
    next_reward,
    sale_reference,
)
from edge_agent.till.receipt_layout import plain
from edge_agent.till.receipt_texts import Language, UnitName
from edge_agent.till.rewards import reward_views
from edge_agent.till.views import RewardView

FRESH_FOR = timedelta(minutes=10)
"""Central's figures that are younger go on paper without their time; with a line they are seconds old."""


def entries_json(
    entries: Sequence[Entry], programme: Programme, language: str
) -> list[dict[str, Any]]:
    """Entries as the API shows them: with the reason in words, and bonuses told from the base.

    What is only counted is left out, and what another member gets is not this one's business.
    """
    own = [each for each in entries if each.account is None and not is_tally(each.unit)]
    said = {
        rule: {"why": programme.reason(rule, language), "bonus": programme.is_bonus(rule)}
        for rule in {entry.rule for entry in own}
    }
    return [
        entry.to_json()
        | {"quantity": programme.shown(entry.unit, entry.quantity)}
        | said[entry.rule]
        for entry in own
    ]


def balance_json(balance: Balance, programme: Programme, unit: str) -> dict[str, Any]:
    """A balance as the API shows it: decimals as text where the unit has them."""
    return {
        name: programme.shown(unit, value) if isinstance(value, int) else value
        for name, value in balance.to_json().items()
    }


def standing_json(
    account: Account | None,
    holdings: Holdings | None,
    programme: Programme,
    at: datetime,
    language: str,
) -> dict[str, Any]:
    """What an answer says of the member's balance: per unit, what expires, the rewards and which one is next.

    Without `holdings` nothing of it is to be shown.
    """
    standing = None if account is None else account.standing.value
    if holdings is None:
        return {
            "standing": standing,
            "balance": None,
            "expiring": [],
            "rewards": [],
            "next_reward": None,
        }
    rewards: tuple[RewardView, ...] = ()
    if not holdings.facts.anonymous:
        facts = programme.present(holdings.facts, programme.local_date(at))
        rewards = reward_views(programme, facts, holdings.spendable, at, language)
    reward = next_reward(rewards, holdings.balance)
    return {
        "standing": standing,
        "balance": {
            unit: balance_json(balance, programme, unit)
            for unit, balance in holdings.balance.items()
        },
        "expiring": [
            item.to_json() | {"quantity": programme.shown(item.unit, item.quantity)}
            for item in holdings.expiring
            if item.unit in programme.units
        ],
        "rewards": [each.to_json() for each in rewards],
        "next_reward": None
        if reward is None
        else reward.to_json()
        | {
            "have": programme.shown(reward.unit, reward.have),
            "cost": programme.shown(reward.unit, reward.cost),
        },
    }


@dataclass(frozen=True, slots=True)
class Paper:
    """A receipt for a printer and for a POS that prints itself; no document where nothing is worth paper."""

    document: Document | None
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one version of the programme says on every receipt, in the till's language."""

    programme: str
    unit_names: dict[str, UnitName]
    texts: ReceiptTexts


class Receipts:
    """Lays out receipts for one till."""

    def __init__(self, settings: TillSettings) -> None:
        self._settings = settings
        self._said: dict[
            str, _Said
        ] = {}  # by digest: no more of them than the shelf has programmes

    def _said_by(self, programme: Programme) -> _Said:
        said = self._said.get(programme.digest)
        if said is None:
            language = self._settings.language
            said = _Said(
                programme.file.name.for_language(language),
                _unit_names(programme, language),
                _texts(programme, language),
            )
            self._said[programme.digest] = said
        return said

    def paper(
        self, result: Mapping[str, Any], programme: Programme, columns: int, *, copy: bool = False
    ) -> Paper:
        """The receipt of an answer."""
        document = compose(self._facts(result, programme, copy=copy), columns)
        return Paper(document, [] if document is None else plain(document, columns))

    def _facts(
        self, result: Mapping[str, Any], programme: Programme, *, copy: bool = False
    ) -> ReceiptFacts:
        said = self._said_by(programme)
        at = datetime.fromisoformat(result["at"])
        kind = ReceiptKind(result["kind"])
        sale_id = result.get("sale_id", "")
        reward = result["next_reward"]
        balance = result["balance"] or {}
        expiring = result["expiring"][0] if result["expiring"] else None
        return ReceiptFacts(
            kind=kind,
            language=Language(self._settings.language),
            programme=said.programme,
            terminal=f"{self._settings.store} / {self._settings.till}",
            at=at,
            time_zone=programme.timezone,
            sale_id=sale_id,
            member=_member_shown(result),
            changes=changes_of(
                [_in_parts(each, programme) for each in _earned(result["entries"], programme)],
                programme.is_bonus,
            ),
            balances={unit: _balance(each, programme, unit) for unit, each in balance.items()},
            fresh=_is_fresh(balance, at),
            expiring=None
            if expiring is None
            else Expiring(
                expiring["unit"],
                programme.parts_of(expiring["unit"], expiring["quantity"]),
                date.fromisoformat(expiring["on"]),
            ),
            next_reward=None if reward is None else _next_reward(reward, programme),
            offline=result["offline"],
            excluded=bool(result.get("excluded")),
            awaiting_original=result.get("awaiting_original", False),
            training=result.get("training", False),
            copy=copy,
            reference=sale_reference(self._settings.store, self._settings.till, sale_id)
            if sale_id
            else "",
            unit_names=said.unit_names,
            texts=said.texts,
        )


def _member_shown(result: Mapping[str, Any]) -> MemberShown | None:
    if result["card"] is None:
        return None
    return MemberShown(card=result["card"], standing=Standing(result["standing"]))


def _earned(entries: Sequence[Mapping[str, Any]], programme: Programme) -> list[Mapping[str, Any]]:
    """What was given or taken back of the programme's own units; what was used up is no part of what was earned."""
    return [
        each
        for each in entries
        if each["unit"] in programme.units and each["kind"] != EntryKind.REDEEM.value
    ]


def _in_parts(entry: Mapping[str, Any], programme: Programme) -> Mapping[str, Any]:
    return {**entry, "quantity": programme.parts_of(entry["unit"], entry["quantity"])}


def _next_reward(shown: Mapping[str, Any], programme: Programme) -> NextReward:
    counted = {name: programme.parts_of(shown["unit"], shown[name]) for name in ("have", "cost")}
    return NextReward(**{**shown, **counted})


def _balance(shown: Mapping[str, Any], programme: Programme, unit: str) -> Balance:
    def parts(name: str) -> int:
        return programme.parts_of(unit, shown[name])

    as_of = shown["as_of"]
    return Balance(
        confirmed=parts("confirmed"),
        unconfirmed=parts("unconfirmed"),
        maturing=parts("maturing"),
        held=parts("held"),
        reserved=parts("reserved"),
        as_of=None if as_of is None else datetime.fromisoformat(as_of),
    )


def _is_fresh(balance: Mapping[str, Mapping[str, Any]], at: datetime) -> bool:
    times = [each["as_of"] for each in balance.values()]
    return all(
        as_of is not None and at - datetime.fromisoformat(as_of) <= FRESH_FOR for as_of in times
    )


def _unit_names(programme: Programme, language: str) -> dict[str, UnitName]:
    return {
        unit: UnitName(
            table.name.one.for_language(language),
            table.name.many.for_language(language),
            table.decimals,
        )
        for unit, table in programme.file.unit.items()
    }


def _texts(programme: Programme, language: str) -> ReceiptTexts:
    texts = programme.file.receipt
    return ReceiptTexts(
        greeting="" if texts.greeting is None else texts.greeting.for_language(language),
        footer="" if texts.footer is None else texts.footer.for_language(language),
        invitation=None if texts.invitation is None else texts.invitation.for_language(language),
    )
