"""Posting of everything that is held: lots with their lives, what is used, what is counted, and whose it is."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from edge_agent.domain.entries import Entry, EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.record import Record, RecordKind
from sync.central.central import Central
from sync.central.ledger import OVERDRAFT, holdings
from sync.central.risk import OFFLINE_RISK
from sync.central.tables import entries
from tests.central import AT, EXPIRES_ON, Till, earn, give_again, spend, take_back, visit
from tests.integration.central.looking import balance, everything, states, sums

CARD = "2912345678906"
OTHER_CARD = "2912345678913"
SOON = date(2026, 12, 31)


def held(central: Central, ref: str = "ref-1") -> list[Holding]:
    """What an account holds, as terminals are told."""
    with central.database.read() as connection:
        account = central.accounts.resolve(connection, ref) or ref
        return list(holdings(connection, [account]).get(account, ()))


def lots_taken(central: Central, record: Record) -> list[tuple[str, int]]:
    """From which lots a record took, and how much."""
    with central.database.read() as connection:
        rows = connection.execute(
            select(entries.c.lot, entries.c.quantity).where(
                entries.c.source == record.id, entries.c.kind != "earn"
            )
        )
        return [(row.lot, row.quantity) for row in rows]


def test_a_lot_keeps_its_whole_life(central: Central, till: Till) -> None:
    pending = Entry(
        EntryKind.EARN, "points", 7, "base", 1, None, EXPIRES_ON, date(2026, 12, 5), AT.date()
    )
    till.sale("ref-1", [pending, earn(2)], card=CARD)
    central.push(till.message())
    assert held(central) == [
        Holding("points", 2, EXPIRES_ON),
        Holding("points", 7, EXPIRES_ON, date(2026, 12, 5), AT.date()),
    ]


def test_like_lots_are_one_to_the_tills_and_vouchers_stay_apart(
    central: Central, till: Till
) -> None:
    voucher = Entry(EntryKind.EARN, "voucher/five", 500, "five", expires_on=SOON)
    first = till.sale("ref-1", [earn(2), voucher], card=CARD)
    second = till.sale("ref-1", [earn(3), voucher])
    central.push(till.message())
    vouchers = [Holding("voucher/five", 500, SOON, lot=each.id) for each in (first, second)]
    assert held(central) == [
        Holding("points", 5, EXPIRES_ON),
        *sorted(vouchers, key=lambda each: str(each.lot)),
    ]


def test_visits_of_one_day_are_one_row_and_days_are_kept_apart(
    central: Central, till: Till
) -> None:
    till.sale("ref-1", [visit()], card=CARD)
    till.sale("ref-1", [visit()])
    till.sale("ref-1", [visit(date(2026, 11, 20))])
    central.push(till.message())
    assert held(central) == [
        Holding("count/visits", 1, day=date(2026, 11, 20)),
        Holding("count/visits", 2, day=AT.date()),
    ]


def test_what_is_used_comes_from_the_lots_of_the_life_that_the_till_named(
    central: Central, till: Till
) -> None:
    first = till.sale("ref-1", [earn(5), earn(9, rule="bonus", expires_on=SOON)], card=CARD)
    used = till.act(RecordKind.REDEMPTION, {"redemption_id": "w-1"}, "ref-1", [spend(4)])
    central.push(till.message())
    assert states(central) == [(1, "accepted", None), (2, "accepted", None)]
    assert lots_taken(central, used) == [(first.id, -4)]
    assert held(central) == [Holding("points", 9, SOON), Holding("points", 1, EXPIRES_ON)]


def test_what_a_sale_gives_may_be_used_with_it(central: Central, till: Till) -> None:
    sale = till.sale("ref-1", [earn(5), spend(3)], card=CARD)
    central.push(till.message())
    assert lots_taken(central, sale) == [(sale.id, -3)]
    assert balance(central, "ref-1") == 2


def test_what_two_tills_used_offline_beyond_what_there_was_is_lost_by_the_house_and_listed(
    central: Central, till: Till, other_till: Till
) -> None:
    till.sale("ref-1", [earn(10)], card=CARD)
    central.push(till.message())
    till.act(RecordKind.REDEMPTION, {"redemption_id": "w-1"}, "ref-1", [spend(8)])
    too_much = other_till.act(RecordKind.REDEMPTION, {"redemption_id": "w-2"}, "ref-1", [spend(8)])
    central.push(till.message())
    central.push(other_till.message())
    assert (balance(central, "ref-1"), balance(central, OFFLINE_RISK)) == (0, -6)
    assert lots_taken(central, too_much)[1:] == [(OVERDRAFT, -6)]
    (listed,) = central.reports.overdrafts()
    assert (listed["terminal"], listed["unit"], listed["quantity"]) == ("0412/04", "points", -6)
    assert listed["record"] == too_much.id
    assert sums(central) == (-6, -6)


def test_a_voucher_is_taken_from_its_own_lot_alone(central: Central, till: Till) -> None:
    voucher = Entry(EntryKind.EARN, "voucher/five", 500, "five")
    first = till.sale("ref-1", [voucher], card=CARD)
    second = till.sale("ref-1", [voucher])
    paid = Entry(EntryKind.REDEEM, "voucher/five", -700, "five", lot=second.id)
    till.sale("ref-1", [paid])
    central.push(till.message())
    assert held(central) == [Holding("voucher/five", 500, lot=first.id)]
    assert balance(central, OFFLINE_RISK, "voucher/five") == -200


def test_an_entry_for_another_account_is_posted_there(central: Central, till: Till) -> None:
    till.sale("friend", [earn(1)], card=OTHER_CARD)
    thanks = earn(50, rule="referral")._replace(account="friend", line=None)
    till.sale("ref-1", [earn(5), thanks], card=CARD)
    central.push(till.message())
    assert (balance(central, "ref-1"), balance(central, "friend")) == (5, 51)


def attach(
    till: Till, sale: Record, *entries: Entry, ref: str = "ref-1", code: str = CARD
) -> Record:
    """A card for a sale that was made without one."""
    facts = {
        "programme": None,
        "attach": {"sale_id": json.loads(sale.body)["sale"]["sale_id"], "original": sale.id},
        "facts": {"account": ref, "standing": "unknown"},
        "basket": json.loads(sale.body)["basket"],
        "entries": [each.to_json() for each in entries],
    }
    return till.append(RecordKind.ATTACH, facts, {"card": {"code": code, "entry": "scanned"}})


def test_a_forgotten_card_gives_its_member_what_the_sale_would_have_given(
    central: Central, till: Till
) -> None:
    attach(till, till.sale(), earn(5))
    central.push(till.message())
    assert states(central) == [(1, "accepted", None), (2, "accepted", None)]
    assert balance(central, "ref-1") == 5


def test_goods_of_an_attached_sale_take_back_what_the_card_earned(
    central: Central, till: Till
) -> None:
    attached = attach(till, till.sale(), earn(5))
    till.give_back(attached.id, [take_back(attached, 2)], "ref-1")
    till.give_back(attached.id, [take_back(attached, 4)], "ref-1")
    central.push(till.message())
    assert states(central)[2:] == [(3, "accepted", None), (4, "rejected", "over-reversal")]
    assert balance(central, "ref-1") == 3


def test_a_sale_is_given_to_one_member_only(central: Central, till: Till) -> None:
    mine = till.sale("ref-1", [earn(5)], card=CARD)
    attach(till, mine, earn(5), ref="ref-2", code=OTHER_CARD)
    central.push(till.message())
    assert states(central) == [(1, "accepted", None), (2, "rejected", "already-attached")]
    assert (balance(central, "ref-1"), sums(central)) == (5, (5, 5))


def test_anothers_voucher_is_used_up_by_a_customer_without_a_card_and_comes_back_with_the_goods(
    central: Central, till: Till
) -> None:
    issued = till.sale("ref-1", [Entry(EntryKind.EARN, "voucher/five", 500, "five")], card=CARD)
    used = Entry(EntryKind.REDEEM, "voucher/five", -500, "five", lot=issued.id, account="ref-1")
    sale = till.sale(None, [used, visit()])
    given_again = used._replace(kind=EntryKind.REVERSE, quantity=500, lot=issued.id)
    attached = attach(till, sale, earn(2), ref="ref-2", code=OTHER_CARD)
    central.push(till.message())
    assert held(central) == []
    till.give_back(attached.id, [take_back(attached, 2), given_again], "ref-2")
    central.push(till.message(4))
    assert [each[1:] for each in states(central)] == [("accepted", None)] * 4
    assert held(central) == [Holding("voucher/five", 500, lot=issued.id)]
    assert balance(central, "ref-2") == 0


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (RecordKind.REDEMPTION, {"redemption_id": "a-1", "reward": "coffee"}),
        (RecordKind.ACTION, {"action_id": "a-1", "action": "check-in"}),
        (RecordKind.ANSWER, {"answer_id": "a-1", "question": "nps", "value": 9}),
        (RecordKind.MEMBER, {"member_id": "a-1"}),
    ],
)
def test_each_kind_counts_once_and_other_content_under_its_id_is_refused(
    central: Central, till: Till, kind: RecordKind, names: dict[str, Any]
) -> None:
    attached = {"card": {"code": CARD, "entry": "scanned"}}
    till.act(kind, names, "ref-1", [earn(5)], attached)
    central.push(till.message())
    again = Till(till.terminal)
    again.act(kind, names, "ref-2", [earn(5)], attached)
    other = {"question": "csat", "action": "survey", "consents": [{"purpose": "x", "version": "1"}]}
    again.act(kind, {**names, **other, "reward": "tea"}, "ref-1", [earn(7)], attached)
    central.push(again.message())
    assert states(central) == [
        (1, "accepted", None),
        (1, "duplicate", None),
        (2, "rejected", f"{kind.value}-differs"),
    ]
    assert balance(central, "ref-1") == 5


@pytest.mark.parametrize("kind", [RecordKind.REDEMPTION, RecordKind.ACTION, RecordKind.ANSWER])
@pytest.mark.parametrize("entry", [spend(-4), earn(1)._replace(kind=EntryKind.REVERSE)])
def test_only_a_return_takes_back_and_using_is_never_giving(
    central: Central, till: Till, kind: RecordKind, entry: Entry
) -> None:
    names = {
        "redemption_id": "a-1",
        "action_id": "a-1",
        "answer_id": "a-1",
        "action": "x",
        "question": "x",
        "value": 1,
    }
    till.act(kind, names, "ref-1", [entry], {"card": {"code": CARD, "entry": "scanned"}})
    central.push(till.message())
    assert states(central) == [(1, "rejected", "malformed")]


class TestReturns:
    """What a sale used goes back where it came from, and never more than it was."""

    def test_everything_comes_back_and_is_what_it_was(self, central: Central, till: Till) -> None:
        till.sale("ref-1", [earn(10), visit()], card=CARD)
        central.push(till.message())
        before = held(central)
        sale = till.sale("ref-1", [earn(3, rule="bonus"), visit(), spend(4)])
        back = [
            take_back(sale, 3, rule="bonus"),
            Entry(EntryKind.REVERSE, "count/visits", -1, "visits", None, sale.id, day=AT.date()),
            give_again(sale, 4),
        ]
        till.give_back(sale.id, back, "ref-1")
        central.push(till.message())
        assert [state for _, state, _ in states(central)] == ["accepted"] * 3
        assert held(central) == before

    def test_it_comes_back_in_parts_and_never_more(self, central: Central, till: Till) -> None:
        first = till.sale("ref-1", [earn(10)], card=CARD)
        sale = till.sale("ref-1", [spend(4)])
        returns = [till.give_back(sale.id, [give_again(sale, n)], "ref-1") for n in (1, 3, 1)]
        central.push(till.message())
        assert states(central)[2:] == [
            (3, "accepted", None),
            (4, "accepted", None),
            (5, "rejected", "over-reversal"),
        ]
        assert [lots_taken(central, each) for each in returns] == [
            [(first.id, 1)],
            [(first.id, 3)],
            [],
        ]
        assert balance(central, "ref-1") == 10

    def test_a_debt_is_repaid_first(self, central: Central, till: Till) -> None:
        till.sale("ref-1", [earn(3)], card=CARD)
        sale = till.sale("ref-1", [spend(5)])
        till.give_back(sale.id, [give_again(sale, 4)], "ref-1")
        central.push(till.message())
        assert held(central) == [Holding("points", 2, EXPIRES_ON)]

    def test_what_had_expired_comes_back_with_the_days_of_grace_that_the_till_gave(
        self, central: Central, till: Till
    ) -> None:
        till.sale("ref-1", [earn(5, expires_on=SOON)], card=CARD)
        sale = till.sale("ref-1", [spend(5, expires_on=SOON)])
        grace = date(2027, 1, 20)
        till.give_back(sale.id, [give_again(sale, 5, grace)], "ref-1")
        central.push(till.message())
        assert held(central) == [Holding("points", 5, grace)]

    def test_points_of_another_account_that_a_sale_gave_are_taken_back_there(
        self, central: Central, till: Till
    ) -> None:
        till.sale("friend", [earn(1)], card=OTHER_CARD)
        thanks = earn(50, rule="referral")._replace(account="friend", line=None)
        sale = till.sale("ref-1", [thanks], card=CARD)
        back = take_back(sale, 50, rule="referral")._replace(line=None)
        till.give_back(sale.id, [back], "ref-1")
        till.give_back(sale.id, [back._replace(account="friend")], "ref-1")
        central.push(till.message())
        assert states(central)[2:] == [(3, "rejected", "over-reversal"), (4, "accepted", None)]
        assert balance(central, "friend") == 1

    def test_what_a_till_takes_from_other_lots_is_taken_there_as_far_as_they_hold_it(
        self, central: Central, till: Till
    ) -> None:
        """Pending points may go first. 9 of the sale's 10 come back: 5 pending ones are there, so 4 are its own."""
        pending = earn(5, rule="bonus")._replace(matures_on=SOON)
        till.sale("ref-1", [pending], card=CARD)
        sale = till.sale("ref-1", [earn(10)])
        first = take_back(sale, 3)._replace(matures_on=SOON)
        rest = take_back(sale, 6)._replace(matures_on=SOON)
        till.give_back(sale.id, [first, rest], "ref-1")
        till.give_back(sale.id, [take_back(sale, 2)], "ref-1")
        central.push(till.message())
        assert states(central)[2:] == [(3, "accepted", None), (4, "rejected", "over-reversal")]
        assert held(central) == [Holding("points", 6, EXPIRES_ON)]

    def test_what_counts_for_a_period_comes_off_the_period_of_the_return(
        self, central: Central, till: Till
    ) -> None:
        sale = till.sale("ref-1", [visit(date(2026, 11, 1))], card=CARD)
        back = Entry(EntryKind.REVERSE, "count/visits", -1, "visits", None, sale.id, day=AT.date())
        till.give_back(sale.id, [back], "ref-1")
        till.give_back(sale.id, [back], "ref-1")
        central.push(till.message())
        assert states(central)[1:] == [(2, "accepted", None), (3, "rejected", "over-reversal")]
        assert held(central) == [
            Holding("count/visits", 1, day=date(2026, 11, 1)),
            Holding("count/visits", -1, day=AT.date()),
        ]

    def test_they_are_taken_back_after_the_account_was_joined_to_a_member(
        self, central: Central, till: Till
    ) -> None:
        sale = till.sale("ref-1", [earn(5), spend(2)], card=CARD)
        central.push(till.message())
        central.member_import.run(["card,member_id\n", f"{CARD},M1\n"])
        till.give_back(sale.id, [take_back(sale, 5), give_again(sale, 2)], "ref-1")
        central.push(till.message())
        assert states(central)[1] == (2, "accepted", None)
        assert held(central) == []


def test_what_a_till_counts_of_nobody_is_accepted_and_nobodys(central: Central, till: Till) -> None:
    sale = till.sale(None, [visit()])
    back = Entry(EntryKind.REVERSE, "count/visits", -1, "visits", None, sale.id, day=AT.date())
    till.give_back(sale.id, [back])
    till.sale(None, [earn(1)])
    central.push(till.message())
    assert states(central) == [
        (1, "accepted", None),
        (2, "accepted", None),
        (3, "rejected", "malformed"),
    ]
    assert sums(central) == (0, 0)


def test_posting_everything_again_has_no_effect(central: Central, till: Till) -> None:
    till.sale("ref-1", [earn(5), visit(), spend(9)], card=CARD)
    till.act(RecordKind.ACTION, {"action_id": "a", "action": "x"}, "ref-1", [earn(2)])
    central.push(till.message())
    before = everything(central)
    central.push(till.message())
    central.catch_up()
    assert everything(central) == before
