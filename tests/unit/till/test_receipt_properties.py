"""Any facts on any width: never over the edge, no number lost, nothing that is no text."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.document import Text
from edge_agent.domain.balance import Balance, Expiring
from edge_agent.domain.member import Standing
from edge_agent.till.receipt import COLUMNS_MAX, COLUMNS_MIN, compose
from edge_agent.till.receipt_facts import (
    Change,
    MemberShown,
    NextReward,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
)
from edge_agent.till.receipt_layout import on_paper
from edge_agent.till.receipt_texts import Formats, Language, UnitName
from tests.unit.till.sample_receipts import plain_lines

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LARGEST = 2**63 - 1

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
    name=names,
    standing=st.sampled_from(Standing),
)
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
    changes=st.lists(
        st.builds(Change, units, quantities, names, st.booleans()), max_size=6
    ).map(tuple),
    balances=st.dictionaries(units, balances, max_size=3),
    fresh=st.booleans(),
    expiring=st.none()
    | st.builds(Expiring, units, st.integers(1, LARGEST), st.dates(date(2000, 1, 1))),
    next_reward=st.none()
    | st.builds(NextReward, names, units, quantities, st.integers(0, LARGEST), st.none() | st.integers(0, 10**9)),
    offline=st.booleans(),
    excluded=st.booleans(),
    awaiting_original=st.booleans(),
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


def promised_numbers(facts: ReceiptFacts) -> list[int]:
    """Every number that these facts have to bring onto the paper."""
    numbers: list[int] = []
    if facts.kind is not ReceiptKind.SLIP and not facts.awaiting_original:
        totals: dict[str, int] = {}
        for change in facts.changes:
            totals[change.unit] = totals.get(change.unit, 0) + change.quantity
        numbers += totals.values()
        numbers += [c.quantity for c in facts.changes if c.why and c.quantity]
    for balance in facts.balances.values():
        if balance.as_of is None:
            numbers.append(balance.unconfirmed)
        else:
            extras = (balance.unconfirmed, balance.maturing, balance.held)
            numbers += [balance.shown, *(extra for extra in extras if extra)]
    if facts.expiring is not None:
        numbers.append(facts.expiring.quantity)
    reward = facts.next_reward
    if reward is not None and reward.missing:
        numbers += [reward.missing, reward.have, reward.cost]
    return numbers
