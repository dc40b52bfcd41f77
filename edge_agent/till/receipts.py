"""From an answer to the receipt's facts: the one way to paper, for the first print and for every copy."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from drivers.document import Document
from edge_agent.domain.balance import Balance, Expiring
from edge_agent.domain.entries import Entry
from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.rewards import next_reward
from edge_agent.till.directory import Account, Holdings
from edge_agent.till.parts import TillSettings
from edge_agent.till.receipt import (
    Change,
    MemberShown,
    NextReward,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    compose,
    plain_lines,
    sale_reference,
)
from edge_agent.till.receipt_texts import Language, UnitName

FRESH_FOR = timedelta(minutes=10)
"""Central's figures that are younger go on paper without their time; with a line they are seconds old."""


def entries_json(
    entries: Sequence[Entry], programme: Programme, language: str
) -> list[dict[str, Any]]:
    """Entries as the API shows them: with the reason in words."""
    return [{**entry.to_json(), "why": programme.reason(entry.rule, language)} for entry in entries]


def standing_json(
    account: Account | None, holdings: Holdings, programme: Programme, language: str
) -> dict[str, Any]:
    """What an answer says of the member's balance: per unit, what expires and what the next reward is."""
    return {
        "standing": None if account is None else account.standing.value,
        "balance": {unit: balance.to_json() for unit, balance in holdings.balance.items()},
        "expiring": [item.to_json() for item in holdings.expiring],
        "next_reward": _next_reward_json(holdings, programme, language),
    }


def _next_reward_json(
    holdings: Holdings, programme: Programme, language: str
) -> dict[str, Any] | None:
    for unit, balance in holdings.balance.items():
        reward = next_reward(programme.file.reward, unit, balance.shown)
        if reward is not None:
            return {
                "id": reward.id,
                "title": reward.title.for_language(language),
                "unit": unit,
                "have": balance.shown,
                "cost": reward.cost,
                "value": reward.value,
            }
    return None


class Receipts:
    """Lays out receipts for one till."""

    def __init__(self, settings: TillSettings) -> None:
        self._settings = settings

    def lines(self, result: Mapping[str, Any], programme: Programme, columns: int) -> list[str]:
        """The lines of `receipt.lines`."""
        return plain_lines(self._facts(result, programme), columns)

    def document(
        self, result: Mapping[str, Any], programme: Programme, columns: int, *, copy: bool = False
    ) -> Document | None:
        """What the printer prints; None where nothing is worth paper."""
        return compose(self._facts(result, programme, copy=copy), columns)

    def _facts(
        self, result: Mapping[str, Any], programme: Programme, *, copy: bool = False
    ) -> ReceiptFacts:
        language = self._settings.language
        at = datetime.fromisoformat(result["at"])
        kind = ReceiptKind(result["kind"])
        sale_id = result.get("sale_id", "")
        reward = result["next_reward"]
        expiring = result["expiring"][0] if result["expiring"] else None
        return ReceiptFacts(
            kind=kind,
            language=Language(language),
            programme=programme.file.name.for_language(language),
            terminal=f"{self._settings.store} / {self._settings.till}",
            at=at,
            time_zone=programme.timezone,
            sale_id=sale_id,
            member=_member_shown(result),
            changes=_changes(result["entries"], programme),
            balances={unit: _balance(each) for unit, each in result["balance"].items()},
            fresh=_is_fresh(result["balance"], at),
            expiring=None
            if expiring is None
            else Expiring(
                expiring["unit"], expiring["quantity"], date.fromisoformat(expiring["on"])
            ),
            next_reward=None
            if reward is None
            else NextReward(
                reward["title"], reward["unit"], reward["have"], reward["cost"], reward["value"]
            ),
            offline=result["offline"],
            excluded=bool(result.get("excluded")),
            awaiting_original=result.get("awaiting_original", False),
            training=result.get("training", False),
            copy=copy,
            reference=sale_reference(self._settings.store, self._settings.till, sale_id)
            if sale_id
            else "",
            unit_names=_unit_names(programme, language),
            texts=_texts(programme, language),
        )


def _member_shown(result: Mapping[str, Any]) -> MemberShown | None:
    if result["card"] is None:
        return None
    return MemberShown(card=result["card"], standing=Standing(result["standing"]))


def _changes(entries: Sequence[Mapping[str, Any]], programme: Programme) -> tuple[Change, ...]:
    """One change per unit and rule, summed over the basket's lines; base rates before bonuses."""
    sums: dict[tuple[bool, str, str, str], int] = {}
    for entry in entries:
        key = (programme.is_bonus(entry["rule"]), entry["unit"], entry["rule"], entry["why"])
        sums[key] = sums.get(key, 0) + entry["quantity"]
    ordered = sorted(sums.items(), key=lambda item: item[0][0])
    return tuple(Change(unit, quantity, why, bonus) for (bonus, unit, _, why), quantity in ordered)


def _balance(shown: Mapping[str, Any]) -> Balance:
    as_of = shown["as_of"]
    return Balance(
        shown["confirmed"],
        shown["unconfirmed"],
        shown["maturing"],
        shown["held"],
        None if as_of is None else datetime.fromisoformat(as_of),
    )


def _is_fresh(balance: Mapping[str, Mapping[str, Any]], at: datetime) -> bool:
    times = [each["as_of"] for each in balance.values()]
    return all(
        as_of is not None and at - datetime.fromisoformat(as_of) <= FRESH_FOR for as_of in times
    )


def _unit_names(programme: Programme, language: str) -> dict[str, UnitName]:
    return {
        unit: UnitName(
            table.name.one.for_language(language), table.name.many.for_language(language)
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
