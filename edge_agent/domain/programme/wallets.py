"""Stored value: a wallet or a gift card is a means of payment, not a discount, and lowers no tax and no points.

It is held in a unit whose smallest part is the currency's minor unit. Buying a top-up fills it, and what is paid with
its tender is taken from it. A gift card that belongs to nobody has an account of its own: who shows it sends it along
like a voucher, and it is filled and emptied in place of the member's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pydantic import Field

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding, taking, usable
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import LocalText, RuleId, Texts, UnitName, Word
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import Reading


class WalletRule(TableModel):
    """What is paid for the lines of `top_up` goes into `unit`, and what is paid with `tender` comes out of it."""

    id: RuleId = Field(description="Names the wallet.", examples=["wallet"])
    title: LocalText = Field(description="What it is called.", examples=["Tegoed"])
    unit: UnitName = Field(
        description="What it is held in; a unit with as many decimals as the currency.",
        examples=["euro"],
    )
    tender: Word = Field(description="The tender of the POS that it pays.", examples=["wallet"])
    top_up: Selection | None = Field(
        default=None,
        description="The articles that fill it by what is paid for them.",
        examples=[{"kinds": ["wallet-topup"]}],
    )


class _Purse(NamedTuple):
    """Where value is stored: a card that was shown, or (account None) what the member has."""

    account: str | None
    holdings: tuple[Holding, ...]


@dataclass(frozen=True)
class Wallets:
    """All stored value."""

    rules: tuple[WalletRule, ...]
    name: ClassVar[str] = "wallet"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """What is stored by this sale, and what of it was paid with what was stored.

        What was paid is taken even where less is known to be there: the tender was accepted, and another till or
        central may know of more. The outcome then says how much is missing, so that a quote can refuse it.
        """
        for rule in self.rules:
            found = [*self._filled(rule, situation, worked), *self._paid(rule, situation, worked)]
            if found:
                worked = worked.plus(found)
        return worked

    def _filled(self, rule: WalletRule, situation: Situation, worked: Worked) -> Iterator[Outcome]:
        if rule.top_up is None:
            return
        purse = next(self._purses(rule, situation, worked), None)
        entries = tuple(
            situation.earned(
                rule.unit, worked.net(line), rule.id, line.number, situation.life(rule.unit)
            )._replace(account=purse.account)
            for line in situation.sold
            if purse is not None and rule.top_up.takes(line) and worked.net(line) > 0
        )
        if entries:
            yield Outcome(rule.id, entries)

    def _paid(self, rule: WalletRule, situation: Situation, worked: Worked) -> Iterator[Outcome]:
        owed = sum(each.amount for each in situation.basket.tenders if each.type == rule.tender)
        purses = list(self._purses(rule, situation, worked))
        if owed <= 0:
            return
        if not purses:
            yield Outcome(rule.id, unmet=Unmet(Obstacle.NO_MEMBER))
            return
        entries: list[Entry] = []
        for purse in purses:
            there = max(0, usable(purse.holdings, rule.unit, situation.today))
            part = min(owed, there)
            owed -= part
            entries += self._taken(rule, purse, part, situation)
        if owed:
            entries += self._taken(rule, _Purse(purses[-1].account, ()), owed, situation)
        unmet = Unmet(Obstacle.NOT_ENOUGH, owed) if owed else None
        yield Outcome(rule.id, tuple(entries), unmet=unmet)

    def _purses(self, rule: WalletRule, situation: Situation, worked: Worked) -> Iterator[_Purse]:
        """The cards that were shown, then the member's own."""
        own = situation.facts.account
        for account, holding in situation.wanted.vouchers:
            if holding.unit == rule.unit and account != own:
                yield _Purse(account, (holding,))
        if own:
            yield _Purse(None, tuple(situation.held(rule.unit, worked)))

    def _taken(
        self, rule: WalletRule, purse: _Purse, quantity: int, situation: Situation
    ) -> Iterator[Entry]:
        consume = situation.units[rule.unit].consume
        for part in taking(purse.holdings, rule.unit, quantity, situation.today, consume):
            yield Entry(
                EntryKind.REDEEM,
                rule.unit,
                -part.quantity,
                rule.id,
                None,
                part.lot,
                part.expires_on,
                part.matures_on,
                part.day,
                purse.account,
            )

    def reasons(self) -> Mapping[str, Texts]:
        """Their titles."""
        return {rule.id: rule.title for rule in self.rules}

    def readings(self) -> Iterable[Reading]:
        """None: what is stored is a holding."""
        return ()

    def looks_at(self) -> Iterable[str]:
        """What is stored."""
        return (rule.unit for rule in self.rules)
