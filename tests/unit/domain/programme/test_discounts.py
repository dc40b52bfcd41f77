"""Taking money off: worked examples that can be checked by hand, and what holds for every basket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket
from edge_agent.domain.money import net_of_tax
from edge_agent.domain.programme import ProgrammeInvalid
from edge_agent.domain.programme.situation import FreeUnits
from tests.unit.domain.builders import basket, baskets, line
from tests.unit.domain.programme.reducing import offer, piece, rules, total_off, worked

ON_A = 'when = { skus = ["A"] }'
THREE_ALIKE = basket(piece(1, "A", 1, 5000), piece(2, "B", 1, 5000), piece(3, "C", 1, 5000))
MIXED = basket(piece(1, "A", 2, 1000), piece(2, "B", 3, 400), piece(3, "C", 1, 250))


@pytest.mark.parametrize(
    ("off", "more", "bought", "expected"),
    [
        ("percent = 10", "", MIXED, 345),  # of 20.00 + 12.00 + 2.50
        ("percent = 10", ON_A, MIXED, 200),
        ('percent = "12.5"', "", MIXED, 431),  # 431.25
        ('percent = "12.5"\nrounding = "ceil"'.replace("\n", ", "), "", MIXED, 432),
        ('percent = 33, stage = "line"', "", MIXED, 660 + 396 + 83),  # 82.5 is rounded up
        ("percent = 33", "", MIXED, 1139),  # 1138.5 too, but in one place
        ("percent = 50, up_to = 500", "", MIXED, 500),
        ("amount = 1000", "", THREE_ALIKE, 1000),
        ("amount = 24900", "", basket(piece(1, "A", 1, 2500)), 2500),  # never below zero
        ("amount = 24900", "", basket(piece(1, "A", 17, 2500)), 24900),
        ("amount = 100, each = true", ON_A, MIXED, 200),
        ("price = 750", ON_A, MIXED, 500),
        ("price = 1200", ON_A, MIXED, 0),  # nothing gets dearer
        ("prices = { A = 900, B = 300 }", "", MIXED, 200 + 300),
        ("percent = 90, units = 1", "", basket(piece(1, "A", 6, 319)), 287),  # 287.1
        ("percent = 10, units = 1", "", basket(piece(1, "A", 1, 100), piece(2, "B", 1, 510)), 10),
        ('percent = 10, units = 1, choose = "dearest"', "", MIXED, 100),
        ("percent = 100, units = 4", "", MIXED, 250 + 3 * 400),
        ("percent = 50, every = 2", "", MIXED, 125 + 200 + 200),  # the three cheapest of six
        ("percent = 100, every = 4", 'when = { skus = ["B"] }', MIXED, 0),  # three are not four
        ("percent = 100, every = 3, units = 2", "", MIXED, 250 + 3 * 400),  # four of six
        ("bundle = 500, every = 3", 'when = { skus = ["B"] }', MIXED, 1200 - 500),
        ("bundle = 900, every = 2", 'when = { skus = ["B"] }', MIXED, 0),  # dearer than 8.00
        ("percent = 20", "", basket(piece(1, "A", "0.482", 1000)), 96),  # weighed: 4.82
        ("percent = 100, units = 1", "", basket(piece(1, "A", "1.5", 1000)), 1500),  # one unit
    ],
)
def test_worked_examples(off: str, more: str, bought: Basket, expected: int) -> None:
    assert total_off(worked(rules(offer("deal", off, more)), bought)) == expected


def test_shares_add_up_and_the_odd_cent_goes_somewhere() -> None:
    off = worked(rules(offer("deal", "amount = 1000")), THREE_ALIKE).off()
    assert sorted(off.values()) == [333, 333, 334]


@pytest.mark.parametrize(
    ("off", "expected"),
    [("percent = 50", 5750), ("amount = 5000", 5000), ("amount = 20000", 11500)],
)
def test_a_bottle_deposit_is_never_discounted(off: str, expected: int) -> None:
    bought = basket(line(1, 12_500, levy=1000, tax_rate="15"))
    assert total_off(worked(rules(offer("deal", off)), bought)) == expected


@pytest.mark.parametrize(
    ("off", "price", "expected"),
    [
        ("amount = 1000", 1000, 500),
        ("amount = 1000", 2000, 1000),
        ("percent = 10", 2000, 150),
        ("percent = 100", 2000, 1500),
    ],
)
def test_a_reduction_by_hand_lowers_what_may_be_discounted(
    off: str, price: int, expected: int
) -> None:
    no_points = '[[exclude]]\nid = "by-hand"\nskus = ["manual"]\nforbids = "points"\nwhy = "x"\n'
    bought = basket(piece(1, "A", 1, price), line(2, -500, sku="manual"))
    found = worked(rules(no_points + offer("deal", off)), bought)
    assert found.off() == {1: expected}


def test_a_deposit_that_is_paid_back_is_no_reduction_by_hand() -> None:
    empties = '[[exclude]]\nid = "deposit"\nkinds = ["deposit"]\nwhy = "x"\n'
    bought = basket(piece(1, "A", 1, 1000), line(2, -500, kind="deposit"))
    assert total_off(worked(rules(empties + offer("deal", "percent = 10")), bought)) == 100


def test_a_line_at_zero_takes_no_part() -> None:
    bought = basket(piece(1, "A", 1, 10_000), line(2, 0, sku="A", discount=10_000))
    assert worked(rules(offer("deal", "percent = 10", ON_A)), bought).off() == {1: 1000}
    cheapest = worked(rules(offer("deal", "percent = 100, units = 1")), bought)
    assert cheapest.off() == {1: 10_000}


def test_cheapest_is_what_one_unit_costs_and_not_the_line() -> None:
    bought = basket(piece(1, "A", 2, 250), piece(2, "B", 1, 300), piece(3, "C", 4, 280))
    cheapest, dearest = (
        worked(rules(offer("deal", f'percent = 100, units = 3, choose = "{choose}"')), bought)
        for choose in ("cheapest", "dearest")
    )
    assert cheapest.off() == {1: 500, 3: 280}
    assert dearest.off() == {2: 300, 3: 560}


def test_cheapest_may_be_meant_before_tax() -> None:
    bought = basket(
        piece(1, "A", 1, 1090, tax_rate="9"), piece(2, "B", 1, 1100, tax_rate="21")
    )  # before tax 10.00 and 9.09
    paid = worked(rules(offer("deal", "percent = 100, units = 1")), bought)
    before = worked(
        rules(offer("deal", 'percent = 100, units = 1, choose_tax = "excluded"')), bought
    )
    assert (paid.off(), before.off()) == ({1: 1090}, {2: 1100})


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("amount = 1000", 1000),
        ('amount = 1000, tax = "excluded"', 1150),
        ("percent = 20, up_to = 20000", 20_000),
        ('percent = 20, up_to = 20000, tax = "excluded"', 23_000),
    ],
)
def test_amounts_may_be_meant_without_tax(off: str, expected: int) -> None:
    bought = basket(piece(1, "A", 8, 36_800, tax_rate="15"))
    assert total_off(worked(rules(offer("deal", off)), bought)) == expected


def test_a_cap_with_tax_leaves_the_tax_exact() -> None:
    """Eight cabinets of 320.00 and 15 % tax, ten drawers of 25.00: 200.00 off with tax is 173.91 without."""
    bought = basket(piece(1, "cab", 8, 36_800, tax_rate="15"), piece(2, "drawer", 10, 2500))
    deal = offer("deal", "percent = 20, up_to = 20000", 'when = { skus = ["cab"] }')
    found = worked(rules(deal), bought)
    net = sum(
        net_of_tax(each.amount - found.off().get(each.number, 0), each.tax_rate)
        for each in bought.lines
    )
    assert (bought.total - total_off(found), net) == (299_400, 263_609)


@pytest.mark.parametrize(("bought", "free"), [(75, 25), (6, 2), (2, 0)])
def test_free_units_to_add_are_one_for_every_three_paid(bought: int, free: int) -> None:
    deal = offer(
        "deal", 'free = { sku = "cab", buy = 3, added = true }', 'when = { skus = ["cab"] }'
    )
    found = worked(rules(deal), basket(piece(1, "cab", bought, 32_000)))
    assert found.free_units() == ((FreeUnits("cab", free),) if free else ())
    assert found.off() == {}


@pytest.mark.parametrize(
    ("cola", "mugs", "expected"),
    [(5, 1, 0), (6, 1, 300), (12, 1, 300), (12, 3, 600), (6, 0, 0)],
)
def test_free_units_that_are_in_the_basket_become_free_there(
    cola: int, mugs: int, expected: int
) -> None:
    deal = offer("deal", 'free = { sku = "mug", buy = 6 }', 'when = { skus = ["cola"] }')
    bought = [piece(1, "cola", cola, 100), *([piece(2, "mug", mugs, 300)] if mugs else [])]
    assert total_off(worked(rules(deal), basket(*bought))) == expected


offs = st.sampled_from(
    (
        "percent = 100",
        'percent = "33.3"',
        'percent = 7, stage = "line"',
        "amount = 777",
        "amount = 100000",
        "amount = 3, each = true",
        "price = 100",
        "percent = 50, every = 2",
        "percent = 100, units = 3",
        "bundle = 100, every = 3",
        'amount = 500, tax = "excluded"',
        "percent = 80, up_to = 500",
        'free = { sku = "b" }',
    )
)
SMOKE = '[[exclude]]\nid = "smoke"\ncategories = ["tobacco"]\nwhy = "x"\n'


@given(bought=baskets, chosen=st.lists(offs, min_size=1, max_size=3), levy=st.integers(0, 300))
def test_no_line_is_reduced_below_its_levy_and_nothing_excluded_is_reduced(
    bought: Basket, chosen: list[str], levy: int
) -> None:
    with_levies = Basket(
        tuple(line(each.number, each.amount + levy, *each.categories, sku=each.sku,
                   quantity=each.quantity, levy=levy) for each in bought.lines),
        bought.total + levy * len(bought.lines),
        "EUR",
    )  # fmt: skip
    deals = "".join(offer(f"deal-{number}", off) for number, off in enumerate(chosen))
    found = worked(rules(SMOKE + deals), with_levies)
    for each in with_levies.lines:
        off = found.off().get(each.number, 0)
        assert 0 <= off <= each.amount - levy
        assert not off or "tobacco" not in each.categories
    assert all(type(each.amount) is int and each.amount > 0 for each in found.reductions)


@given(bought=baskets, off=offs, seed=st.randoms())
def test_the_order_at_the_scanner_changes_no_total(bought: Basket, off: str, seed: object) -> None:
    lines = list(bought.lines)
    seed.shuffle(lines)  # type: ignore[attr-defined]
    deal = rules(offer("deal", off))
    assert (
        worked(deal, bought).reductions
        == worked(deal, Basket(tuple(lines), bought.total, "EUR")).reductions
    )


@given(amounts=st.lists(st.integers(1, 5_000), min_size=1, max_size=8), off=st.integers(1, 9_000))
def test_an_amount_is_given_in_full_or_down_to_nothing(amounts: list[int], off: int) -> None:
    bought = basket(*(line(number, amount) for number, amount in enumerate(amounts, 1)))
    found = worked(rules(offer("deal", f"amount = {off}")), bought)
    assert total_off(found) == min(off, bought.total)


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ("percent = 10, amount = 5", "give one of percent, amount"),
        ("up_to = 5", "give one of percent, amount"),
        ("bundle = 500", "bundle needs every"),
        ("bundle = 500, every = 3, units = 1", "bundle needs every"),
        ("percent = 5, each = true", "each goes with amount"),
        ("percent = 101", "must be at most 100"),
    ],
)
def test_an_effect_that_makes_no_sense_is_refused(off: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid, match=said):
        rules(offer("deal", off))
