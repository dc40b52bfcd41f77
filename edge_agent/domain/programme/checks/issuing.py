"""What is asked for and nothing gives, and what is given without an end or a bound."""

from collections.abc import Iterator

from edge_agent.domain.programme.actions import Happens
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.gifts import Gift
from edge_agent.domain.programme.limits import Whose
from edge_agent.domain.programme.offers import How
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import tables
from edge_agent.domain.programme.tiers import MeasuredBy
from edge_agent.domain.programme.vouchers import VoucherRule
from edge_agent.domain.toml_source import Path
from edge_agent.domain.units import Derived, derived


def issuing(file: ProgrammeFile) -> Iterator[Mistake]:
    """What rules ask for can be had, and what they give ends some time and is bounded."""
    given = _given(file)
    yield from _asked_for(file, given)
    yield from _unknown_points(file)
    yield from _without_end(file, given)
    yield from _without_bound(file)


def _given(file: ProgrammeFile) -> frozenset[str]:
    """The units that some rule gives, derived ones too."""
    units = [rule.unit for rule in file.earn]
    units += [bonus.unit for bonus in file.bonus if bonus.add is not None]
    units += [partner.unit for partner in file.partner]
    units += [wallet.unit for wallet in file.wallet if wallet.top_up is not None]
    units += [table.held_as for _, table in tables(file) if isinstance(table, Gift)]
    return frozenset(units)


def _asked_for(file: ProgrammeFile, given: frozenset[str]) -> Iterator[Mistake]:
    for path, unit in _needs(file):
        if unit not in given:
            yield Mistake(path, "never-given", f"no rule of this file gives any {unit}")
    for index, voucher in enumerate(file.voucher):
        if not _issues_itself(voucher) and derived(Derived.VOUCHER, voucher.id) not in given:
            message = "nothing issues it; say per_sale, at_points, at_statement or bought, or give it away in a rule"
            yield Mistake(("voucher", index), "never-given", message)


def _needs(file: ProgrammeFile) -> Iterator[tuple[Path, str]]:
    """What rewards are paid in, cards are filled with, and tiers and vouchers are counted in."""
    for index, reward in enumerate(file.reward):
        yield ("reward", index), reward.paid_in
    for index, card in enumerate(file.stamp):
        yield ("stamp", index), card.unit
    if file.tiers is not None and file.tiers.measure in {MeasuredBy.POINTS, MeasuredBy.ACTIVE}:
        yield ("tiers", "unit"), file.tiers.unit
    for index, voucher in enumerate(file.voucher):
        for key in ("at_points", "at_statement"):
            issued = getattr(voucher, key)
            if issued is not None:
                yield ("voucher", index, key), issued.unit


def _issues_itself(voucher: VoucherRule) -> bool:
    ways = (voucher.per_sale, voucher.at_points, voucher.at_statement, voucher.bought)
    return any(each is not None for each in ways)


def _unknown_points(file: ProgrammeFile) -> Iterator[Mistake]:
    for path, table in tables(file):
        if isinstance(table, Gift) and "/" not in table.held_as and table.held_as not in file.unit:
            message = f"gives {table.held_as}, and there is no [unit.{table.held_as}]"
            yield Mistake(path, "unknown-name", message)


def _without_end(file: ProgrammeFile, given: frozenset[str]) -> Iterator[Mistake]:
    for index, voucher in enumerate(file.voucher):
        if voucher.expiry is None and voucher.bought is None:
            yield Mistake(("voucher", index), "no-validity", "is valid for ever; give it an expiry")
    for index, reward in enumerate(file.reward):
        issued = reward.is_issued and reward.paid_in in given
        if issued and reward.expiry is None and not _every_gift_ends(file, reward.paid_in):
            message = "can be collected for ever once it is given; give it an expiry"
            yield Mistake(("reward", index), "no-validity", message)


def _every_gift_ends(file: ProgrammeFile, unit: str) -> bool:
    gifts = (table for _, table in tables(file) if isinstance(table, Gift))
    return all(each.expiry is not None for each in gifts if each.held_as == unit)


def _without_bound(file: ProgrammeFile) -> Iterator[Mistake]:
    for index, surprise in enumerate(file.surprise):
        if not surprise.budgets:
            message = "can win as often as luck has it; give it budgets"
            yield Mistake(("surprise", index), "no-budget", message)
        by_worth = any(budget.worth is not None for budget in surprise.budgets)
        for number, prize in enumerate(surprise.prizes):
            if by_worth and not prize.worth:
                message = "has no worth, so it never uses up the budget by worth"
                yield Mistake(("surprise", index, "prizes", number), "no-budget", message)
    for index, action in enumerate(file.action):
        if action.happens is Happens.REPORTED and not action.limits:
            message = "can be done again and again for points; give it limits"
            yield Mistake(("action", index), "no-limit", message)
    for index, offer in enumerate(file.offer):
        limited = any(limit.of is not Whose.SALE for limit in offer.limits)
        if offer.how is How.CODE and offer.codes is not None and not limited:
            message = "whoever knows the code can use it in every sale; give it limits"
            yield Mistake(("offer", index, "codes"), "no-limit", message)
