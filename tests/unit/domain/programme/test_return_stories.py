"""Returns of what real programmes give, step by step: points, vouchers, gift cards, stamps, tiers, memberships."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from edge_agent.domain.basket import Line, ReturnedLine
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.giving_back import GivenBack, give_back
from edge_agent.domain.programme.kept import Refund, Returned, Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING, PresentedVoucher, Redemption, Wanted
from edge_agent.domain.units import keeps_lots_apart
from tests.unit.domain.builders import BASE, basket, line, programme
from tests.unit.domain.customers import Customer, at


class Buyer(Customer):
    """A customer whose sales have records, so that goods can come back."""

    def __init__(self, rules: Programme, *held: Holding) -> None:
        super().__init__(rules, MemberFacts("7f0c", since=date(2024, 1, 1), holdings=held))
        self.returns: dict[str, list[Returned]] = {}

    def sold(self, when: datetime, *lines: Line, wanted: Wanted = NOTHING) -> Sold:
        """A sale, recorded."""
        facts, bought = self.facts(when), basket(*lines)
        worked = evaluate(self.programme, facts, bought, when, wanted)
        digest = self.programme.digest
        recorded = Recorded(digest, facts, bought, wanted, worked.entries, worked.reductions)
        sale = Sold(f"{len(self.returns):032x}", when, recorded)
        self.returns[sale.record] = []
        self._keep(sale, worked.entries)
        return sale

    def brings_back(self, sale: Sold, when: datetime, *numbers: int) -> GivenBack:
        """These lines of a sale come back, each one piece of it."""
        lines = tuple(ReturnedLine(number, Decimal(1)) for number in numbers)
        before = self.returns[sale.record]
        given = give_back(self.programme, sale, before, lines, self.facts(when), when)
        before.append(Returned(lines, given.entries, given.settled))
        self._keep(sale, given.entries)
        return given

    def holds(self, unit: str) -> int:
        """How much of a unit the customer has."""
        return sum(each.quantity for each in summed(self.held) if each.unit == unit)

    def _keep(self, sale: Sold, entries: tuple[Entry, ...]) -> None:
        self.record(
            each._replace(lot=each.lot or sale.record if keeps_lots_apart(each.unit) else None)
            for each in entries
        )


# --- Vouchers that depend on the sale's amount ----------------------------------------------------------------------

PER_FIFTY = """
[[earn]]
id = "base"
points = 0.01
per = 1000000
[[voucher]]
id = "kc"
title = "tegoed"
value = 1000
per_sale = { per = 5000 }
[returns]
issued = "deduct-from-refund"
"""
FIFTH, EIGHTH, TENTH = (at(f"2024-03-{day} 10:00") for day in ("05", "08", "10"))


def test_a_voucher_is_worth_what_the_kept_goods_justify() -> None:
    """100.00 gave 20.00; 70.00 is kept, which justifies one step of 10.00. All of the 30.00 is paid back."""
    buyer = Buyer(programme(PER_FIFTY))
    sale = buyer.sold(FIFTH, line(1, 7000), line(2, 3000))
    assert buyer.holds("voucher/kc") == 2000
    assert buyer.brings_back(sale, TENTH, 2).refund == 3000
    assert buyer.holds("voucher/kc") == 1000


def test_what_was_used_of_it_beyond_that_comes_off_the_refund() -> None:
    """The same, but the 20.00 was used: 10.00 comes off the 30.00."""
    buyer = Buyer(programme(PER_FIFTY))
    sale = buyer.sold(FIFTH, line(1, 7000), line(2, 3000))
    (voucher,) = (each for each in buyer.held if each.unit == "voucher/kc")
    shown = Wanted(vouchers=(PresentedVoucher("7f0c", voucher),))
    used = buyer.sold(EIGHTH, line(1, 4000), wanted=shown)
    assert [(each.amount, each.rule) for each in used.sale.reductions] == [(2000, "kc")]
    assert buyer.brings_back(sale, TENTH, 2).refunds == (Refund(2, 2000, 1000),)
    assert buyer.holds("voucher/kc") == 0


def test_another_voucher_of_the_kind_is_not_taken_in_its_place() -> None:
    """The voucher of the sale was used; one of 10.00 that an earlier sale gave stays."""
    buyer = Buyer(programme(PER_FIFTY), Holding("voucher/kc", 1000, lot="e" * 32))
    sale = buyer.sold(FIFTH, line(1, 7000), line(2, 3000))
    voucher = next(each for each in buyer.held if each.lot == sale.record)
    buyer.sold(EIGHTH, line(1, 4000), wanted=Wanted(vouchers=(PresentedVoucher("7f0c", voucher),)))
    assert buyer.brings_back(sale, TENTH, 2).refund == 2000
    assert buyer.holds("voucher/kc") == 1000


def test_a_sale_may_use_one_voucher_and_bring_another_of_its_kind() -> None:
    """What was issued is kept, as declared; what was used comes back all the same."""
    kept = PER_FIFTY.replace("deduct-from-refund", "kept").replace(
        "[[voucher]]", "[[voucher]]\nautomatic = true"
    )
    buyer = Buyer(programme(kept), Holding("voucher/kc", 1000, lot="e" * 32))
    sale = buyer.sold(FIFTH, line(1, 7000))
    assert buyer.holds("voucher/kc") == 1000
    buyer.brings_back(sale, TENTH, 1)
    assert buyer.holds("voucher/kc") == 2000


def test_a_voucher_that_was_used_comes_back_with_the_goods_it_was_used_on() -> None:
    buyer = Buyer(programme(PER_FIFTY))
    buyer.sold(FIFTH, line(1, 7000), line(2, 3000))
    (voucher,) = (each for each in buyer.held if each.unit == "voucher/kc")
    shown = Wanted(vouchers=(PresentedVoucher("7f0c", voucher),))
    used = buyer.sold(EIGHTH, line(1, 4000), wanted=shown)
    assert buyer.brings_back(used, TENTH, 1).refund == 2000
    assert buyer.holds("voucher/kc") == 2000


# --- Vouchers at so many points -------------------------------------------------------------------------------------

AT_HUNDRED = (
    BASE
    + """
[[voucher]]
id = "r"
title = "bon"
value = 500
at_points = { points = 100 }
"""
)


@pytest.mark.parametrize(
    ("issued", "balance", "voucher", "later"),
    [("kept", -100, 500, 20), ("take-back", 0, 0, 20)],
)
def test_a_voucher_for_points_is_kept_or_taken_back(
    issued: str, balance: int, voucher: int, later: int
) -> None:
    """100.00 gave 100 points, which became a voucher. What is owed is earned back first by the next 120.00."""
    buyer = Buyer(programme(AT_HUNDRED + f'[returns]\nissued = "{issued}"\n'))
    sale = buyer.sold(at("2024-01-01 10:00"), line(1, 10_000))
    assert (buyer.holds("points"), buyer.holds("voucher/r")) == (0, 500)
    buyer.brings_back(sale, at("2024-01-05 10:00"), 1)
    assert (buyer.holds("points"), buyer.holds("voucher/r")) == (balance, voucher)
    buyer.sold(at("2024-01-10 10:00"), line(1, 12_000))
    assert buyer.holds("points") == later


def test_a_gift_card_that_is_brought_back_is_worth_nothing_any_more() -> None:
    gift = (
        '[[voucher]]\nid = "gift"\ntitle = "cadeaukaart"\nrest = "kept"\n'
        'bought = { lines = { kinds = ["gift_card"] } }\n'
    )
    buyer = Buyer(programme(BASE + gift))
    sale = buyer.sold(FIFTH, line(1, 5000, kind="gift_card"))
    assert buyer.holds("voucher/gift") == 5000
    assert buyer.brings_back(sale, EIGHTH, 1).refund == 5000
    assert buyer.holds("voucher/gift") == 0


# --- Points for a reward --------------------------------------------------------------------------------------------


def test_a_full_return_restores_the_balance_of_before_the_sale() -> None:
    """Of 200 points 150 paid for 10 % off, and 70 were earned: 120. Afterwards it is 200 again."""
    rules = programme(
        '[[earn]]\nid = "pen"\npoints = 70\neach = "piece"\n'
        '[[reward]]\nid = "r"\ntitle = "x"\ncost = 150\noff = { percent = 10 }\n'
        '[returns]\nreverse = "amount"\n'
    )
    buyer = Buyer(rules, Holding("points", 200))
    sale = buyer.sold(FIFTH, line(1, 10_000), wanted=Wanted((Redemption("r"),)))
    assert buyer.holds("points") == 120
    assert buyer.brings_back(sale, EIGHTH, 1).refund == 9000
    assert buyer.holds("points") == 200


def test_what_was_exchanged_hangs_on_all_of_the_sale() -> None:
    """50 points became 20 miles at the till; one of two articles comes back, and then the other."""
    rules = programme(
        BASE + '[unit.miles]\nname = { one = "mile", many = "miles" }\n'
        '[[reward]]\nid = "fly"\ntitle = "x"\nsort = "conversion"\ncost = 50\n'
        'gives = [{ unit = "miles", quantity = 20 }]\n'
    )
    buyer = Buyer(rules, Holding("points", 50))
    sale = buyer.sold(FIFTH, line(1, 100), line(2, 100), wanted=Wanted((Redemption("fly"),)))
    assert (buyer.holds("points"), buyer.holds("miles")) == (2, 20)
    buyer.brings_back(sale, EIGHTH, 1)
    assert (buyer.holds("points"), buyer.holds("miles")) == (1, 20)
    buyer.brings_back(sale, EIGHTH, 2)
    assert (buyer.holds("points"), buyer.holds("miles")) == (50, 0)


def test_what_was_kept_is_worth_what_was_paid_for_it() -> None:
    """Two of 10.00 at half the price earned 10; one that is kept cost 5.00 and is worth 5."""
    half = '[[offer]]\nid = "half"\ntitle = "x"\noff = { percent = 50 }\n'
    buyer = Buyer(programme(BASE + half + '[returns]\nreverse = "kept"\n'))
    sale = buyer.sold(FIFTH, line(1, 1000), line(2, 1000))
    assert buyer.holds("points") == 10
    assert buyer.brings_back(sale, EIGHTH, 1).refund == 500
    assert buyer.holds("points") == 5


def test_points_of_a_challenge_go_where_it_is_not_completed_without_the_goods() -> None:
    """Two pieces complete it for 50; one that is kept earns 3 and does not, whatever its line earned."""
    two = '[[challenge]]\nid = "two"\ntitle = "x"\ncounts = "pieces"\ntarget = 2\ngives = [{ quantity = 50 }]\n'
    buyer = Buyer(programme(BASE + two))
    sale = buyer.sold(FIFTH, line(1, 300), line(2, 300))
    assert buyer.holds("points") == 56
    buyer.brings_back(sale, EIGHTH, 1)
    assert buyer.holds("points") == 3


# --- Stamps, tiers, memberships -------------------------------------------------------------------------------------

CARD = """
[unit.stamps]
[[earn]]
id = "drink"
unit = "stamps"
points = 1
each = "piece"
[[stamp]]
id = "card"
title = "Koffiekaart"
size = 5
reward = [{ title = "Koffie", gives = [{ reward = "coffee" }] }]
[[reward]]
id = "coffee"
title = "Koffie"
off = { percent = 100 }
"""


def test_a_card_that_is_not_full_without_the_returned_goods_is_as_it_was() -> None:
    """4 stamps and 2 make a full card of 5 and one over. Without one of the two it is full still; without both, not."""
    buyer = Buyer(programme(CARD), Holding("stamps", 4))
    sale = buyer.sold(FIFTH, line(1, 300), line(2, 300))
    assert (buyer.holds("stamps"), buyer.holds("reward/coffee")) == (1, 1)
    buyer.brings_back(sale, EIGHTH, 1)
    assert (buyer.holds("stamps"), buyer.holds("reward/coffee")) == (0, 1)
    buyer.brings_back(sale, EIGHTH, 2)
    assert (buyer.holds("stamps"), buyer.holds("reward/coffee")) == (4, 0)


def test_stamps_of_a_reward_that_was_collected_since_are_not_given_back() -> None:
    buyer = Buyer(programme(CARD), Holding("stamps", 4))
    sale = buyer.sold(FIFTH, line(1, 300))
    buyer.sold(FIFTH, line(1, 250, quantity=Decimal("0.5")), wanted=Wanted((Redemption("coffee"),)))
    assert buyer.holds("reward/coffee") == 0
    buyer.brings_back(sale, EIGHTH, 1)
    assert (buyer.holds("stamps"), buyer.holds("reward/coffee")) == (-1, 0)


VIB = (
    BASE
    + """
[tiers]
measure = "spend"
over = "year"
counts = "this-sale"
valid = { years = 1, rounded = "end-of-year" }
level = [
    { id = "insider", name = "Insider", at_least = 0 },
    { id = "vib", name = "VIB", at_least = 35000 },
    { id = "rouge", name = "Rouge", at_least = 100000 },
]
"""
)


@pytest.mark.parametrize(("tiers", "tier"), [("take-back", "insider"), ("kept", "vib")])
def test_a_tier_goes_with_what_it_was_reached_by_unless_it_is_kept(tiers: str, tier: str) -> None:
    """300.00 and 60.00 reached VIB at 350.00; without the 60.00 it is 300.00."""
    buyer = Buyer(programme(VIB + f'[returns]\ntiers = "{tiers}"\n'))
    sale = buyer.sold(at("2024-01-20 10:00"), line(1, 30_000), line(2, 6_000))
    day = at("2024-02-01 10:00")
    assert buyer.programme.present(buyer.facts(day), day.date()).tier == "vib"
    given = buyer.brings_back(sale, day, 2)
    assert sum(each.quantity for each in given.entries if each.unit == "points") == -60
    assert buyer.holds("count/tier-spend") == 30_000
    assert buyer.programme.present(buyer.facts(day), day.date()).tier == tier


def test_a_membership_ends_with_the_article_it_was_bought_as_and_with_no_other() -> None:
    plus = '[[membership]]\nid = "plus"\ntitle = "Plus"\nskus = ["plus"]\nmonths = 12\n'
    buyer = Buyer(programme(BASE + plus))
    fee = replace(line(2, 2900), sku="plus")
    sale = buyer.sold(FIFTH, line(1, 3000), fee)
    buyer.brings_back(sale, EIGHTH, 1)
    assert buyer.holds("membership/plus") == 1
    buyer.brings_back(sale, EIGHTH, 2)
    assert buyer.holds("membership/plus") == 0
