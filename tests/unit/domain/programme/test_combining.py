"""How offers, codes and rewards act together: what comes first, what excludes what, and on what each works."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, Line
from edge_agent.domain.programme import ProgrammeInvalid, evaluate
from edge_agent.domain.programme.situation import Redemption, Wanted
from tests.unit.domain.builders import A_SATURDAY, basket, baskets
from tests.unit.domain.programme.reducing import (
    codes,
    member,
    offer,
    piece,
    points,
    redeeming,
    reward,
    rules,
    total_off,
    why_not,
    worked,
)


def by_code(rule: str, off: str, more: str = "") -> str:
    return offer(rule, off, f'how = "code"\ncodes = ["{rule}"]\n{more}')


FURNITURE = basket(
    piece(1, "chair", 1, 11_500, tax_rate="15"),
    piece(2, "bin", 1, 10_000),
    piece(3, "A", 1, 10_000),
)  # 315.00


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (("p10",), 28_350),
        (("p10", "c288"), 0),
        (("c288",), 2650),
        (("c288", "p10"), 2385),
    ],
)
def test_as_given_the_order_decides(given: tuple[str, ...], left: int) -> None:
    deals = by_code("p10", "percent = 10") + by_code("c288", "amount = 28850")
    found = worked(rules(deals, combine='order = "given"'), FURNITURE, codes(*given))
    assert FURNITURE.total - total_off(found) == left


@pytest.mark.parametrize("combine", ["", 'percentages_of = "before"\nminimums_of = "before"'])
def test_nothing_of_a_basket_is_kept_once_it_is_worked_out(combine: str) -> None:
    """A till works for months: what it remembers of each sale would fill its memory."""
    deals = offer("p20", "percent = 20", "when = { minimum_spend = 100 }")
    deal = rules(deals, combine=combine)

    def lines_alive() -> int:
        gc.collect()
        return sum(isinstance(each, Line) for each in gc.get_objects())

    before = lines_alive()
    for number in range(3):
        assert total_off(worked(deal, basket(piece(1, f"x{number}", 1, 10_000)))) == 2000
    assert lines_alive() == before


@pytest.mark.parametrize(
    ("order", "left"),
    [("listed", 7000), ("amounts-first", 7200), ("percentages-first", 7000), ("given", 7200)],
)
def test_twenty_percent_and_ten_euro_off_a_hundred(order: str, left: int) -> None:
    deals = by_code("p20", "percent = 20") + by_code("kc", "amount = 1000")
    bought = basket(piece(1, "x", 1, 10_000))
    found = worked(rules(deals, combine=f'order = "{order}"'), bought, codes("kc", "p20"))
    assert bought.total - total_off(found) == left


def test_each_works_on_what_the_ones_before_left() -> None:
    """Five lines at four tax regimes: 10 % of everything, then 20 % of what is left of the cabinets."""
    bought = basket(
        piece(1, "cab", 4, 11_500, tax_rate="15"),
        piece(2, "chair", 3, 10_000, tax_rate="10"),
        piece(3, "bin", 5, 10_000),
        piece(4, "multi", 1, 41_111),  # two taxes on one line: sent with both added
        piece(5, "drawer", 2, 11_500, tax_rate="15"),
    )
    p10 = offer("p10", "percent = 10")
    p20 = offer("p20", "percent = 20", 'when = { skus = ["cab"] }')
    assert bought.total - total_off(worked(rules(p10), bought)) == 171_100
    assert bought.total - total_off(worked(rules(p10 + p20), bought)) == 162_820


@pytest.mark.parametrize(
    ("given", "left"),
    [(("a100",), 1200), (("a100", "ab5"), 700), (("ab5",), 1800), (("ab5", "a100"), 939)],
)
def test_an_amount_is_spread_in_proportion_and_so_the_order_matters(
    given: tuple[str, ...], left: int
) -> None:
    bought = basket(piece(1, "A", 1, 1100, tax_rate="10"), piece(2, "B", 1, 1200, tax_rate="20"))
    deals = by_code("a100", "percent = 100", 'when = { skus = ["A"] }')
    deals += by_code("ab5", "amount = 500", 'when = { skus = ["A", "B"] }')
    found = worked(rules(deals, combine='order = "given"'), bought, codes(*given))
    assert bought.total - total_off(found) == left


@pytest.mark.parametrize(
    ("percentages_of", "left"),
    [("left", 10_000 - 5000 - 2500), ("before", 10_000 - 5000 - 5000)],
)
def test_percentages_may_be_of_the_price_before(percentages_of: str, left: int) -> None:
    deals = offer("a", "percent = 50") + offer("b", "percent = 50")
    bought = basket(piece(1, "x", 1, 10_000))
    found = worked(rules(deals, combine=f'percentages_of = "{percentages_of}"'), bought)
    assert bought.total - total_off(found) == left


MINIMUM = "when = { minimum_sale = 10000 }"


@pytest.mark.parametrize(
    ("chairs", "given", "left", "obstacles"),
    [
        (10, ("promo",), 6500, {}),
        (10, ("promo", "coupon"), 6500, {"coupon": "too-little"}),  # 65.00 is less than 100.00
        (15, ("promo", "coupon"), 4750, {}),
        (5, ("promo", "coupon"), 8250, {"promo": "too-little", "coupon": "too-little"}),
    ],
)
def test_minimums_are_measured_on_what_is_left_to_pay(
    chairs: int, given: tuple[str, ...], left: int, obstacles: dict[str, str]
) -> None:
    deals = by_code("promo", "amount = 10000", MINIMUM)
    deals += by_code("coupon", "amount = 10000", MINIMUM)
    bought = basket(piece(1, "chair", chairs, 1650))
    found = worked(rules(deals), bought, codes(*given))
    assert (bought.total - total_off(found), why_not(found)) == (left, obstacles)


def test_minimums_may_be_measured_on_the_price_before() -> None:
    deals = by_code("promo", "amount = 10000", MINIMUM)
    deals += by_code("coupon", "amount = 5000", MINIMUM)
    bought = basket(piece(1, "chair", 10, 1650))
    found = worked(rules(deals, combine='minimums_of = "before"'), bought, codes("promo", "coupon"))
    assert total_off(found) == 15_000


@pytest.mark.parametrize(("pieces", "left"), [(1, 10_000), (3, 28_500), (5, 45_000)])
def test_only_the_best_offer(pieces: int, left: int) -> None:
    deals = offer("p5", "percent = 5", "when = { minimum_quantity = 2 }")
    deals += offer("p10", "percent = 10", "when = { minimum_quantity = 4 }")
    bought = basket(piece(1, "A", pieces, 10_000))
    assert bought.total - total_off(worked(rules(deals, combine='offers = "best"'), bought)) == left


def test_only_the_first_offer_that_gives_something() -> None:
    deals = offer("dear", "percent = 50", "when = { minimum_sale = 99999 }")
    deals += offer("first", "percent = 5") + offer("second", "percent = 10")
    bought = basket(piece(1, "A", 1, 10_000))
    found = worked(rules(deals, combine='offers = "first"'), bought)
    assert {each.rule for each in found.reductions} == {"first"}


effects = st.sampled_from(
    (
        "percent = 10",
        "amount = 300",
        "percent = 60, units = 1",
        "price = 50",
        "percent = 50, every = 2",
    )
)


@given(bought=baskets, offs=st.lists(effects, min_size=1, max_size=4))
def test_the_best_offer_is_never_worse_than_any_single_one(bought: Basket, offs: list[str]) -> None:
    deals = [offer(f"deal-{number}", off) for number, off in enumerate(offs)]
    best = total_off(worked(rules("".join(deals), combine='offers = "best"'), bought))
    assert best == max(total_off(worked(rules(deal), bought)) for deal in deals)


@given(bought=baskets, offs=st.lists(effects, min_size=1, max_size=4))
def test_all_offers_take_at_least_what_the_best_one_takes(bought: Basket, offs: list[str]) -> None:
    deals = "".join(offer(f"deal-{number}", off) for number, off in enumerate(offs))
    every, best = (total_off(worked(rules(deals, combine=f'offers = "{several}"'), bought))
                   for several in ("all", "best"))  # fmt: skip
    assert best <= every <= bought.total


def test_an_offer_that_acts_alone_comes_together_with_nothing() -> None:
    bought = basket(piece(1, "A", 1, 10_000))
    first = offer("solo", "percent = 50", "alone = true") + offer("other", "percent = 10")
    assert worked(rules(first), bought).off() == {1: 5000}
    later = offer("other", "percent = 10") + offer("solo", "percent = 50", "alone = true")
    assert worked(rules(later), bought).off() == {1: 1000}


@pytest.mark.parametrize(
    ("combine", "wins", "others"),
    [
        ('offers = "best"', "big", {"small": "better-one", "none": "no-line"}),
        ('offers = "first"', "small", {"big": "better-one", "none": "no-line"}),
    ],
)
def test_why_the_others_gave_nothing_is_said_where_it_is_asked(
    combine: str, wins: str, others: dict[str, str]
) -> None:
    deals = offer("none", "percent = 50", 'when = { skus = ["gone"] }')
    deals += offer("small", "percent = 10") + offer("big", "percent = 20")
    rule = rules(deals, combine=combine)
    explained = evaluate(rule, member(), FURNITURE, A_SATURDAY, explains=True)
    said = {offer: why for offer, why in why_not(explained).items() if offer != "base"}
    assert said == others
    assert {each.rule for each in explained.reductions} == {wins}
    plain = worked(rule, FURNITURE)
    assert why_not(plain) == {}
    assert plain.reductions == explained.reductions


def test_only_what_takes_something_off_keeps_an_offer_that_acts_alone_away() -> None:
    nothing = offer("other", "percent = 10", 'when = { skus = ["gone"] }')
    solo = offer("solo", "percent = 50", "alone = true")
    found = evaluate(rules(nothing + solo), member(), FURNITURE, A_SATURDAY, explains=True)
    assert total_off(found) == FURNITURE.total // 2
    second = rules(offer("other", "percent = 10") + solo)
    explained = evaluate(second, member(), FURNITURE, A_SATURDAY, explains=True)
    assert why_not(explained)["solo"] == "not-together"


def test_a_reward_of_this_very_sale_does_not_come_after_an_offer_that_acts_alone() -> None:
    deals = offer("solo", "percent = 50", "alone = true")
    deals += reward("r", "cost = 5\noff = { amount = 100 }\nsame_sale = true")
    found = worked(
        rules(deals),
        basket(piece(1, "A", 1, 10_000)),
        redeeming(Redemption("r")),
        member(points(9)),
    )
    assert why_not(found) == {"r": "not-together"}
    assert found.off() == {1: 5000}


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ('["offer", "voucher", "reward"]', (10_000 - 1000) - 1000),
        ('["reward", "voucher", "offer"]', (10_000 - 1000) - 900),
    ],
)
def test_which_kind_comes_first_is_declared(kinds: str, left: int) -> None:
    deals = offer("p10", "percent = 10") + reward("ten", "cost = 5\noff = { amount = 1000 }")
    bought = basket(piece(1, "A", 1, 10_000))
    found = worked(
        rules(deals, combine=f"kinds = {kinds}"),
        bought,
        redeeming(Redemption("ten")),
        member(points(5)),
    )
    assert bought.total - total_off(found) == left


def test_one_reward_a_sale_means_that_two_are_refused() -> None:
    deals = reward("a", "cost = 5\noff = { amount = 100 }")
    bought = basket(piece(1, "A", 1, 10_000))
    one = rules(deals, combine="rewards_per_sale = 1")
    twice = Wanted(redemptions=(Redemption("a"), Redemption("a")))
    assert total_off(worked(one, bought, redeeming(Redemption("a")), member(points(50)))) == 100
    found = worked(one, bought, twice, member(points(50)))
    assert (total_off(found), why_not(found)) == (0, {"a": "too-many"})


def test_of_the_cheapest_unit_and_then_a_percentage() -> None:
    bought = basket(piece(1, "stand", 6, 319))
    deals = offer("cheap", 'percent = 90, units = 1, choose_tax = "excluded"')
    deals += by_code("glob", "percent = 10")
    assert bought.total - total_off(worked(rules(deals), bought, codes("glob"))) == 1464
    assert bought.total - total_off(worked(rules(deals), bought)) == 1627
    glob = rules(by_code("glob", "percent = 10"))
    assert bought.total - total_off(worked(glob, bought, codes("glob"))) == 1723


def test_each_kind_is_named_once() -> None:
    with pytest.raises(ProgrammeInvalid, match="names each of offer, voucher, reward once"):
        rules("", combine='kinds = ["offer", "offer", "reward"]')
