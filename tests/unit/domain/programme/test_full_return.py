"""A full return restores everything: every counter and holding, whatever the programme gives, in whatever parts."""

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import event, given
from hypothesis import strategies as st

from edge_agent.domain.basket import Basket, ReturnedLine
from edge_agent.domain.entries import Entry
from edge_agent.domain.holdings import Holding, summed
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, evaluate
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Returned, Sold
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.situation import NOTHING, Redemption, Wanted
from edge_agent.domain.units import keeps_lots_apart
from tests.unit.domain.builders import basket, line
from tests.unit.domain.builders import programme as loaded
from tests.unit.domain.customers import Customer
from tests.unit.domain.whole import (
    DRAW,
    EARLIER,
    NOON,
    RECORD,
    baskets,
    members,
    rich_programmes,
    wishes,
)


def _in_lots(entries: Iterable[Entry]) -> list[Entry]:
    """The entries as the ledger has them: of lots that are kept apart with the record that gave them."""
    return [
        each._replace(lot=each.lot or RECORD if keeps_lots_apart(each.unit) else None)
        for each in entries
    ]


class Visit:
    """A customer who buys a basket and brings it back."""

    def __init__(
        self, rules: Programme, member: MemberFacts, bought: Basket, wanted: Wanted
    ) -> None:
        self.rules = rules
        self.customer = Customer(rules, member)
        facts = self.customer.facts(NOON)
        self.before = summed(self.customer.held)
        worked = evaluate(rules, facts, bought, NOON, wanted, DRAW)
        self.customer.record(_in_lots(worked.entries))
        recorded = Recorded(rules.digest, facts, bought, wanted, worked.entries, worked.reductions)
        self.paid = bought.total - sum(each.amount for each in worked.reductions)
        self.sold = Sold(RECORD, NOON, recorded)
        self.returned: list[Returned] = []
        self.refunded = 0

    def brings_back(self, *lines: ReturnedLine) -> None:
        """A return, recorded as the sale was."""
        facts = self.customer.facts(NOON)
        given = give_back(self.rules, self.sold, self.returned, lines, facts, NOON, DRAW)
        self.customer.record(_in_lots(given.entries))
        self.returned.append(Returned(lines, given.entries, given.settled))
        self.refunded += given.refund


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes, data=st.data())
def test_everything_is_as_if_nothing_had_been_sold(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted, data: st.DataObject
) -> None:
    visit = Visit(loaded(rules), member, bought, wanted)
    for entry in visit.sold.sale.entries:
        event(f"{entry.kind.value} {entry.unit.partition('.')[0]}")
    left = {each.number: each.quantity for each in bought.lines}
    for number in data.draw(st.permutations([*left, *left])):
        part = data.draw(st.sampled_from([left[number], min(left[number], Decimal("0.5"))]))
        if part > 0:
            left[number] -= part
            visit.brings_back(ReturnedLine(number, part))
    rest = [ReturnedLine(number, quantity) for number, quantity in left.items() if quantity]
    if rest:
        visit.brings_back(*rest)
    assert visit.customer.held == visit.before
    assert visit.refunded == visit.paid


@given(rules=rich_programmes, member=members, bought=baskets, wanted=wishes, data=st.data())
def test_no_return_takes_more_than_the_sale_gave_nor_gives_more_than_it_took(
    rules: str, member: MemberFacts, bought: Basket, wanted: Wanted, data: st.DataObject
) -> None:
    visit = Visit(loaded(rules), member, bought, wanted)
    for each in bought.lines:
        if data.draw(st.booleans()):
            visit.brings_back(ReturnedLine(each.number, each.quantity))
    moved: dict[tuple[object, ...], int] = {}
    for entry in visit.sold.sale.entries:
        key = (entry.account, entry.unit, entry.rule, entry.line, entry.quantity > 0)
        moved[key] = moved.get(key, 0) + entry.quantity
    for returned in visit.returned:
        for entry in returned.entries:
            key = (entry.account, entry.unit, entry.rule, entry.line, entry.quantity < 0)
            moved[key] += entry.quantity
    assert all(left >= 0 if given else left <= 0 for (*_, given), left in moved.items())


def test_what_an_exchange_was_paid_with_comes_back_before_what_gave_it() -> None:
    """A full card gives 30 points that pay for a voucher: undone first, it would find 29 of them and stop short."""
    rules = loaded(
        '[unit.stamps]\n[[earn]]\nid = "visit"\nunit = "stamps"\npoints = 2\neach = "sale"\n'
        '[[stamp]]\nid = "card"\ntitle = "x"\nsize = 5\nreward = [{ title = "x", gives = [{ quantity = 30 }] }]\n'
        '[[voucher]]\nid = "saver"\ntitle = "x"\nvalue = 500\nat_points = { points = 100 }\n'
    )
    member = MemberFacts("m", holdings=(Holding("points", 99), Holding("stamps", 3)))
    visit = Visit(rules, member, basket(line(1, 250, "bread")), NOTHING)
    visit.brings_back(ReturnedLine(1, Decimal(1)))
    assert visit.customer.held == visit.before


def test_a_voucher_that_was_used_says_nothing_of_when_the_next_one_was_issued() -> None:
    """The sale uses a voucher first, and the points of a full card pay for another one of that rule at its end."""
    rules = loaded(
        '[unit.stamps]\n[[earn]]\nid = "visit"\nunit = "stamps"\npoints = 2\neach = "sale"\n'
        '[[stamp]]\nid = "card"\ntitle = "x"\nsize = 5\nreward = [{ title = "x", gives = [{ quantity = 30 }] }]\n'
        '[[voucher]]\nid = "saver"\ntitle = "x"\nvalue = 200\nautomatic = true\nat_points = { points = 100 }\n'
    )
    held = (
        Holding("points", 99),
        Holding("stamps", 3),
        Holding("voucher/saver", 200, lot=EARLIER),
    )
    member = MemberFacts("m", holdings=held)
    visit = Visit(rules, member, basket(line(1, 250, "bread")), NOTHING)
    visit.brings_back(ReturnedLine(1, Decimal(1)))
    assert visit.customer.held == visit.before


def test_what_was_exchanged_by_choice_is_no_longer_there_for_what_the_kept_goods_give() -> None:
    """With the 50 points that went for miles the kept goods would still pay for both vouchers; then 30 were let go."""
    rules = loaded(
        '[unit.stamps]\n[unit.miles]\n[[earn]]\nid = "piece"\nunit = "stamps"\npoints = 1\neach = "piece"\n'
        '[[stamp]]\nid = "card"\ntitle = "x"\nsize = 3\nreward = [{ title = "x", gives = [{ quantity = 30 }] }]\n'
        '[[voucher]]\nid = "saver"\ntitle = "x"\nvalue = 500\nat_points = { points = 100 }\n'
        '[[reward]]\nid = "miles"\ntitle = "x"\nsort = "conversion"\ncost = 50\n'
        'gives = [{ unit = "miles", quantity = 20 }]\n'
    )
    member = MemberFacts("m", holdings=(Holding("points", 220),))
    bought = basket(*(line(number, 100, "bread") for number in (1, 2, 3)))
    visit = Visit(rules, member, bought, Wanted((Redemption("miles", None),)))
    for number in (1, 2, 3):
        visit.brings_back(ReturnedLine(number, Decimal(1)))
    assert visit.customer.held == visit.before
