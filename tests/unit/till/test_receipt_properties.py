"""Any facts on any width: never over the edge, no number lost, nothing that is no text."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from drivers.document import Text
from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.domain.programme.receipt import ReceiptBlock
from edge_agent.till.receipt import COLUMNS_MAX, COLUMNS_MIN, compose
from edge_agent.till.receipt_account import balance_units, dated
from edge_agent.till.receipt_facts import (
    Change,
    Dated,
    MemberShown,
    NextReward,
    QuestionShown,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    Refund,
    Running,
    Saving,
    StampCard,
    TierShown,
    VoucherShown,
    Won,
)
from edge_agent.till.receipt_layout import on_paper
from edge_agent.till.receipt_texts import Formats, Language, UnitName
from tests.unit.till.sample_receipts import everything, plain_lines, sale

T = TypeVar("T")

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LARGEST = 2**63 - 1
SOME_DAY = datetime(2026, 11, 21, 2, 33, tzinfo=UTC)
"""03:33 in Amsterdam."""

names = st.text(max_size=120)
quantities = st.integers(-LARGEST, LARGEST)
units = st.sampled_from(["points", "coffee", "x" * 70])
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
balances = st.builds(
    Balance,
    quantities,
    quantities,
    st.integers(0, LARGEST),
    st.integers(0, LARGEST),
    as_of=st.none() | times,
)
members = st.builds(
    MemberShown,
    card=st.just("*********8906") | st.just("****"),
    standing=st.sampled_from(Standing),
)
days = st.dates(date(2000, 1, 1))
cents = st.integers(0, 10**9)
codes = st.just("") | st.just("V1-" + "-".join(["ABC12"] * 25))
running = st.builds(Running, names, st.none() | days)


def many(of: SearchStrategy[T], most: int = 3) -> SearchStrategy[tuple[T, ...]]:
    return st.lists(of, max_size=most).map(tuple)


all_facts = st.builds(
    ReceiptFacts,
    kind=st.sampled_from(ReceiptKind),
    language=st.sampled_from(Language),
    programme=names,
    terminal=names,
    at=times,
    time_zone=st.just(AMSTERDAM),
    sale_id=st.from_regex(r"[A-Za-z0-9._-]{0,64}", fullmatch=True),
    member=members,
    layout=st.permutations(list(ReceiptBlock)).map(tuple),
    changes=many(st.builds(Change, units, quantities, names, st.booleans()), 6),
    spent=many(st.builds(Change, units, quantities, names)),
    taken=many(names),
    restored=many(names),
    savings=many(st.builds(Saving, names, cents)),
    refund=st.none() | st.builds(Refund, cents, cents),
    pending=many(st.builds(Dated, units, st.integers(1, LARGEST), days), 6),
    stamps=many(st.builds(StampCard, names, units, st.integers(-5, 2_000), st.integers(1, 1_000), names)),
    tier=st.none() | st.builds(TierShown, names, st.booleans(), names),
    memberships=many(running),
    challenges=many(names),
    ready=many(names),
    kept=many(names),
    vouchers=many(
        st.builds(VoucherShown, names, st.none() | cents, st.integers(1, 99), st.none() | days, st.none() | days, codes)
    ),
    offers=many(running),
    question=st.none() | st.builds(QuestionShown, names, st.just("") | st.just("https://zuiver.example/" + "a" * 90)),
    surprises=many(st.builds(Won, names, names)),
    messages=many(names),
    balances=st.dictionaries(units, balances, max_size=3),
    fresh=st.booleans(),
    expiring=many(st.builds(Dated, units, st.integers(1, LARGEST), days, st.booleans())),
    next_reward=st.none()
    | st.builds(NextReward, names, units, quantities, st.integers(0, LARGEST), st.none() | st.integers(0, 10**9)),
    offline=st.booleans(),
    excluded=st.booleans(),
    awaiting_original=st.booleans(),
    not_worked_out=st.booleans(),
    training=st.booleans(),
    copy=st.booleans(),
    reference=st.just("") | st.just("sale:0412/03/1"),
    unit_names=st.dictionaries(units, st.builds(UnitName, names, names), max_size=3),
    texts=st.builds(ReceiptTexts, names, names, st.none() | names),
)  # fmt: skip
widths = st.integers(COLUMNS_MIN, COLUMNS_MAX)


@given(all_facts, widths)
@settings(deadline=None)
def test_no_line_passes_the_edge_or_holds_anything_but_text(
    facts: ReceiptFacts, columns: int
) -> None:
    for line in plain_lines(facts, columns):
        assert len(line) <= columns
        assert line.isprintable()
        assert line == line.rstrip()
        assert len(line.encode("cp858")) == len(line)
    document = compose(facts, columns)
    assert document is not None
    assert all(len(block.text) <= columns for block in document.blocks if isinstance(block, Text))


@given(all_facts, widths)
@settings(deadline=None)
def test_no_number_is_lost(facts: ReceiptFacts, columns: int) -> None:
    formats = Formats(facts.language, AMSTERDAM)
    paper = re.sub(r"\s", "", "".join(plain_lines(facts, columns)))
    for number in promised_numbers(facts):
        assert re.sub(r"\s", "", on_paper(formats.number(number))) in paper
    assert re.sub(r"\s", "", formats.moment(facts.at)) in paper
    assert facts.sale_id in paper


@given(all_facts, widths)
@settings(deadline=None)
def test_a_balance_of_centrals_has_the_time_that_it_is_from(
    facts: ReceiptFacts, columns: int
) -> None:
    known_at = [each.as_of for each in facts.balances.values() if each.as_of]
    if known_at:
        paper = re.sub(r"\s", "", "".join(plain_lines(replace(facts, at=SOME_DAY), columns)))
        assert f"{min(known_at).astimezone(AMSTERDAM):%H:%M}" in paper.replace("03:33", "", 1)


def promised_numbers(facts: ReceiptFacts) -> list[int]:
    """Every number of a unit that these facts have to bring onto the paper."""
    numbers = [*of_changes(facts.spent), *of_balances(facts), *of_days(facts)]
    told = not (facts.awaiting_original or facts.not_worked_out)
    if facts.kind is not ReceiptKind.SLIP and told:
        numbers += of_changes(facts.changes)
    for card in facts.stamps:
        numbers += [card.have, card.need]
    reward = facts.next_reward
    if reward is not None and reward.missing:
        numbers.append(reward.missing)
        if all(card.unit != reward.unit for card in facts.stamps):
            numbers += [reward.have, reward.cost]
    return numbers


def of_changes(changes: tuple[Change, ...]) -> list[int]:
    totals: dict[str, int] = {}
    for change in changes:
        totals[change.unit] = totals.get(change.unit, 0) + change.quantity
    return [*totals.values(), *(each.quantity for each in changes if each.why and each.quantity)]


def of_balances(facts: ReceiptFacts) -> list[int]:
    numbers: list[int] = []
    for unit in balance_units(facts):
        balance = facts.balances[unit]
        if balance.as_of is None:
            numbers.append(balance.unconfirmed)
        else:
            undated = balance.maturing - dated(facts, unit, balance)
            extras = (balance.unconfirmed, undated, balance.held)
            numbers += [balance.shown, *(extra for extra in extras if extra)]
    return numbers


def of_days(facts: ReceiptFacts) -> list[int]:
    """Of up to three days each one; of more, the first two and the sum of the rest."""
    numbers: list[int] = []
    for unit in {each.unit for each in facts.pending}:
        waits = [each.quantity for each in facts.pending if each.unit == unit]
        numbers += waits if len(waits) <= 3 else [*waits[:2], sum(waits[2:])]
    soon = [each for each in facts.expiring if each.soon] or facts.expiring[:1]
    return [*numbers, *(each.quantity for each in soon)]


def test_no_amount_is_lost() -> None:
    """Euro amounts, told once by example: how they are written is tested with the languages."""
    facts = replace(
        sale(Language.NL),
        savings=(Saving("kaas", 125), Saving("5 euro korting", 500)),
        vouchers=(VoucherShown("verjaardagsbon", 1_000),),
    )
    paper = "\n".join(plain_lines(facts, 24))
    assert all(amount in paper for amount in ("€ 6,25", "€ 1,25", "€ 5,00", "€ 10"))


@given(st.permutations(list(ReceiptBlock)), st.sets(st.sampled_from(ReceiptBlock)))
def test_blocks_stand_in_the_order_of_the_file_and_those_left_out_do_not(
    order: list[ReceiptBlock], left_out: set[ReceiptBlock]
) -> None:
    layout = tuple(block for block in order if block not in left_out)
    lines = plain_lines(replace(everything(Language.NL), layout=layout), 48)
    found = {block: place_of(text, lines) for block, text in FIRST_WORDS.items()}
    assert {block for block, place in found.items() if place is not None} == {
        block for block in FIRST_WORDS if block in layout
    }
    shown = [block for block in layout if block in FIRST_WORDS]
    assert sorted(shown, key=lambda block: found[block] or 0) == shown


FIRST_WORDS = {
    ReceiptBlock.SURPRISE: "Zomergeluk",
    ReceiptBlock.EARNED: "Gespaard op deze bon",
    ReceiptBlock.SPENT: "Ingewisseld",
    ReceiptBlock.SAVINGS: "Uw voordeel",
    ReceiptBlock.BALANCE: "Uw saldo",
    ReceiptBlock.PENDING: "Vrij vanaf",
    ReceiptBlock.EXPIRING: "Vervalt na",
    ReceiptBlock.STAMPS: "Koffiekaart",
    ReceiptBlock.TIER: "Uw niveau",
    ReceiptBlock.CHALLENGES: "Vijf keer verse vis",
    ReceiptBlock.REWARD: "Voor u klaar",
    ReceiptBlock.VOUCHERS: "Voor u: verjaardagsbon",
    ReceiptBlock.OFFERS: "Voor u: 20 % korting op kaas",
    ReceiptBlock.MESSAGES: "Vanaf maandag",
    ReceiptBlock.QUESTION: "Hoe was",
    ReceiptBlock.REMARKS: "Offline geboekt",
    ReceiptBlock.FOOTER: "Vragen over uw punten",
}


def place_of(text: str, lines: list[str]) -> int | None:
    return next((at for at, line in enumerate(lines) if line.strip().startswith(text)), None)
