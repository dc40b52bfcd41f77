# ruff: noqa: E501  (a table: one rule a row)
"""A unit with a decimal is stored in tenths: whatever a rule gives, takes, caps or asks is ten times as many."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from edge_agent.domain.basket import ReturnedLine, Tender
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Evaluation, Programme, evaluate
from edge_agent.domain.programme.actions import ENROLMENT
from edge_agent.domain.programme.acts import act_on
from edge_agent.domain.programme.giving_back import give_back
from edge_agent.domain.programme.kept import Sold
from edge_agent.domain.programme.outlook import outlook
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.programme.redeeming import rewards_for
from edge_agent.domain.programme.situation import Act, Redemption, Wanted
from edge_agent.domain.programme.upkeep import keep_up
from tests.unit.domain.builders import A_SATURDAY, BASE, basket, line, programme
from tests.unit.domain.customers import Customer
from tests.unit.domain.whole import DRAW

IN_TENTHS = "[unit.points]\ndecimals = 1\n"
BOUGHT = replace(
    basket(
        line(1, 1200, "bread", quantity=Decimal(3)),
        line(2, 700, measure=Decimal(4)),
        line(3, 100, "partner"),
    ),
    tenders=(Tender("card", 2000),),
)
HELD = 600
GIVES = "gives = [{ quantity = 7 }]"

TIER = '[tiers]\nmeasure = "spend"\nlevel = [{ id = "g", name = "x", at_least = 0 }]'

EARN = {
    "an amount": "points = 2\nper = 100",
    "an amount for a tier": f"tier_points = {{ g = 9 }}\npoints = 2\nper = 100\n{TIER}",
    "bands": "bands = [{ from_amount = 0, to_amount = 500, points = 1 }, { from_amount = 500, points = 7 }]",
    "pieces": 'points = 2\neach = "piece"',
    "so many pieces": 'points = 2\neach = "piece"\npieces = 5',
    "a measure": "points = 2\nper_measure = 1",
    "lines": 'points = 2\neach = "line"',
    "the sale": 'points = 6\neach = "sale"',
    "steps": "points = 1\nper = 100\nstep = 500",
    "at least": "points = 1\nper = 2000\nat_least = 5",
    "a month": 'points = 1\nper = 100\nperiod = "month"',
    "line by line": 'points = 1\nper = 100\nstage = "line"',
}
MORE = {
    "a factor": '[[bonus]]\nid = "b"\nmultiply = 3\nwhy = "x"\n',
    "a number": '[[bonus]]\nid = "b"\nadd = 6\nwhy = "x"\n',
    "a number a line": '[[bonus]]\nid = "b"\nadd = 6\neach = "line"\nwhy = "x"\n',
    "a cap": '[[cap]]\nid = "c"\nmost = 5\nper = "day"\nwhy = "x"\n',
    "a cap by shares": '[[cap]]\nid = "c"\nmost = 10\ntrims = "shares"\nwhy = "x"\n',
    "a partner": '[[partner]]\nid = "p"\nname = "x"\nwhen = { categories = ["partner"] }\npoints = 4\nper = 100\n',
    "a challenge": f'[[challenge]]\nid = "c"\ntitle = "x"\n{GIVES}\n',
    "an action": f'[[action]]\nid = "enrolment"\ntitle = "x"\nhappens = "enrolment"\n{GIVES}\n',
    "a sale's action": f'[[action]]\nid = "a"\ntitle = "x"\nhappens = "sale"\nlimits = [{{ times = 1 }}]\n{GIVES}\n',
    "a surprise": '[[surprise]]\nid = "s"\ntitle = "x"\none_in = 1\nprizes = [{ id = "p", title = "x", quantity = 7 }]\n',
    "a voucher for points": '[[voucher]]\nid = "v"\ntitle = "x"\nvalue = 500\nat_points = { points = 250 }\n',
    "a voucher for progress": '[[voucher]]\nid = "v"\ntitle = "x"\nvalue = 500\nat_points = { points = 10, counts = "progress" }\n',
    "a statement": '[[voucher]]\nid = "v"\ntitle = "x"\nat_statement = { months = [11], step = 25, value = 25, minimum = 600 }\n',
    "a statement for more": '[[voucher]]\nid = "v"\ntitle = "x"\nat_statement = { months = [11], step = 25, value = 25, minimum = 601 }\n',
    "a stamp card": f'[[stamp]]\nid = "s"\ntitle = "x"\nunit = "points"\nsize = 100\nreward = [{{ title = "x", {GIVES} }}]\n',
    "a tier by points": '[tiers]\nmeasure = "points"\nlevel = [{ id = "g", name = "x", at_least = 20 }, { id = "h", name = "x", at_least = 21 }]\n',
    "a tier by what is there": '[tiers]\nmeasure = "active"\nlevel = [{ id = "g", name = "x", at_least = 620 }, { id = "h", name = "x", at_least = 621 }]\n',
    "inactivity": "[unit.points.inactivity]\nmonths = 12\n",
    "a reward": '[[reward]]\nid = "r"\ntitle = "x"\ncost = 40\noff = { amount = 100 }\n',
    "a reward that costs by the amount": '[[reward]]\nid = "r"\ntitle = "x"\ncost_per = 2\noff = { percent = 5 }\n',
    "a step": '[[reward]]\nid = "r"\ntitle = "x"\nspend = { step = 10, value = 100, maximum = 50 }\n',
    "a minimum that is there": '[[reward]]\nid = "r"\ntitle = "x"\nspend = { step = 10, value = 5, minimum = 600 }\n',
    "a minimum that is not": '[[reward]]\nid = "r"\ntitle = "x"\nspend = { step = 10, value = 5, minimum = 601 }\n',
    "a table": '[[reward]]\nid = "r"\ntitle = "x"\nspend = { table = [{ points = 100, value = 300 }, { points = 50, value = 100 }] }\n',
    "a floor": '[returns]\npolicy = "within-balance"\nfloor = 590\n',
    "what points are worth": '[returns]\npolicy = "within-balance"\nfloor = 610\nshortfall = "deduct-from-refund"\npoint_value = { points = 3 }\n',
}  # fmt: skip
CASES = {
    **{f"earns by {name}": f'[[earn]]\nid = "e"\n{keys}\n' for name, keys in EARN.items()},
    **{name: BASE + text for name, text in MORE.items()},
}


def moved(found: Evaluation, times: int) -> Counter[tuple[str, str, str]]:
    """What each rule moved of what: `times` to a whole one of the unit and of the tallies that count it."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for each in found.entries:
        sums[each.kind.value, each.unit, each.rule] += each.quantity
    of_points = {"points", "count/cap.c", "count/towards.v", "count/tier-points"}
    return Counter({key: sums[key] // times if key[1] in of_points else sums[key] for key in sums})


def told(rules: Programme, times: int) -> list[object]:
    """Everything that comes of it: a sale, a return of it, joining, a morning, and what is shown."""
    held = (Holding("points", HELD * times),)
    customer = Customer(rules, MemberFacts("7f0c", since=date(2025, 1, 1), holdings=held))
    facts = customer.facts(A_SATURDAY)
    wanted = Wanted((Redemption("r"),))
    sale = evaluate(rules, facts, BOUGHT, A_SATURDAY, wanted, DRAW, explains=True)
    joined = act_on(rules, facts, Act(ENROLMENT), A_SATURDAY)
    morning = keep_up(rules, facts, date(2026, 11, 1))
    customer.record(sale.entries)
    recorded = Recorded(rules.digest, facts, BOUGHT, wanted, sale.entries, sale.reductions)
    sold = Sold("5" * 32, A_SATURDAY, recorded)
    back = tuple(ReturnedLine(each.number, each.quantity) for each in BOUGHT.lines)
    given = give_back(rules, sold, (), back, customer.facts(A_SATURDAY), A_SATURDAY, DRAW)
    reversed_points = sum(
        each.quantity
        for each in given.entries
        if each.unit == "points" and each.kind is EntryKind.REVERSE
    )
    progress = [
        (each.rule, *(number / (times if each.unit else 1) for number in (each.have, each.need)))
        for each in outlook(rules, facts, A_SATURDAY).progress
    ]
    shown = [
        (each.id, each.cost / times, each.usable / times, each.worth, each.unmet is None)
        for each in rewards_for(
            rules.file.reward, facts, A_SATURDAY, rules.file.unit, "0412", "store"
        )
    ]
    return [
        *(moved(each, times) for each in (sale, joined, morning)),
        sale.off(),
        [(each.rule, each.unmet is None) for each in sale.outcomes],
        (reversed_points / times, given.refund),
        *(progress, shown),
    ]


@pytest.mark.parametrize("rules", CASES.values(), ids=CASES)
def test_in_tenths_everything_is_as_in_whole_ones(rules: str) -> None:
    assert told(programme(IN_TENTHS + rules), 10) == told(programme(rules), 1)
