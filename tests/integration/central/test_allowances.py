"""Allowances: set aside for the terminal where a member shops, used by its records, given back by its position."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.record import Record, RecordKind
from sync.central.by_hand import Adjustment
from sync.central.central import Central
from sync.central.holds import held
from sync.central.mending import OperatorsWord
from sync.wire import AuthorisationMessage, Changes, TillReport
from tests.central import AT, Till, settings_in, spend
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import balance, enrol_anew
from tests.tills import PROGRAMME

CARD = "2912345678906"
LIFE = timedelta(days=14)


@pytest.fixture
def central(database: str, tmp_path: Path, clock: SteppingClock) -> Iterator[Central]:
    """Gives a third of what is free and at most 120 points; M1 has 300."""
    made = Central(
        settings_in(tmp_path, allowance_points=120, allowance_percent=33), clock, OperatorsWord()
    )
    made.terminals.add("0412", "03")
    made.terminals.add("0412", "04")
    made.programmes.publish(PROGRAMME.read_text(encoding="utf-8"), "sample")
    made.member_import.run(["card,member_id,points\n", f"{CARD},M1,300\n"])
    yield made
    made.close()


def ref(central: Central) -> str:
    return str(central.members.of_card(CARD)["ref"])


def told(central: Central, terminal: str = "0412/03", known: int = 0) -> Changes:
    return central.feed.changes(terminal, None, 0, 0, known)


def allowed(central: Central, terminal: str = "0412/03") -> list[tuple[int, str]]:
    found = told(central, terminal).allowances or ()
    assert {each.account for each in found} <= {ref(central)}
    return [(each.quantity, each.until.isoformat()) for each in found]


def set_aside(central: Central) -> int:
    with central.database.read() as connection:
        return held(connection, ref(central)).get("points", 0)


def redeemed(till: Till, central: Central, quantity: int, by: str = "allowance") -> Record:
    key = f"R{len(till.records)}"
    facts: Mapping[str, Any] = {
        "programme": None,
        "redemption": {"redemption_id": key},
        "facts": {"account": ref(central), "standing": "known"},
        "entries": [spend(quantity, expires_on=None).to_json()],
        "redeemed": [
            {"id": key, "reward": "coffee", "authorised_by": by, "unit": "points", "quantity": quantity}
        ],
    }  # fmt: skip
    return till.append(RecordKind.REDEMPTION, facts)


def shops(central: Central, till: Till) -> None:
    till.sale(ref(central))
    central.push(till.message())


def ask(central: Central, quantity: int, terminal: str = "0412/04") -> int:
    return central.authorising.authorise(
        AuthorisationMessage(
            terminal=terminal, redemption_id="A1", account=ref(central), unit="points",
            quantity=quantity, least=quantity, until=AT,
        )
    ).quantity  # fmt: skip


def test_a_share_of_what_is_free_is_set_aside_where_the_member_shops(
    central: Central, till: Till, other_till: Till
) -> None:
    assert allowed(central) == []
    shops(central, till)
    assert allowed(central) == [(99, (AT + LIFE).isoformat())]
    assert allowed(central, "0412/04") == []
    shops(central, till)
    assert allowed(central) == [(99, (AT + LIFE).isoformat())]
    shops(central, other_till)
    assert allowed(central, "0412/04") == [(66, (AT + LIFE).isoformat())]
    assert set_aside(central) == 165
    assert ask(central, 136) == 0
    assert ask(central, 135) == 135


def test_it_is_never_more_than_the_cap(central: Central, till: Till) -> None:
    central.member_import.run(["card,member_id,points\n", "2912345678913,M2,9000\n"])
    till.sale(str(central.members.of_card("2912345678913")["ref"]))
    central.push(till.message())
    assert [each.quantity for each in told(central).allowances or ()] == [120]


def test_without_the_setting_nobody_has_any(tmp_path: Path, till: Till) -> None:
    plain = Central(settings_in(tmp_path / "plain"))
    plain.terminals.add("0412", "03")
    plain.programmes.publish(PROGRAMME.read_text(encoding="utf-8"), "sample")
    plain.member_import.run(["card,member_id,points\n", f"{CARD},M1,300\n"])
    shops(plain, till)
    assert told(plain).allowances is None
    plain.close()


def test_what_is_redeemed_out_of_it_is_taken_off_and_off_nobody_elses(
    central: Central, till: Till, other_till: Till
) -> None:
    shops(central, till)
    shops(central, other_till)
    redeemed(till, central, 90)
    # The rest of the balance is redeemed by authorisation and by a till that had leave of nobody.
    assert ask(central, 135) == 135
    central.push(other_till.message())
    redeemed(other_till, central, 60)
    central.push(other_till.message())
    central.push(till.message())
    assert central.reports.overdrafts() == []
    assert balance(central, "M1") == 150
    assert [quantity for quantity, _ in allowed(central)] == [9]


def test_a_terminal_is_told_only_when_something_is_other_than_before(
    central: Central, till: Till
) -> None:
    shops(central, till)
    first = told(central)
    assert first.allowances
    again = told(central, known=first.allowances_change)
    assert (again.allowances, again.allowances_change) == (None, first.allowances_change)
    redeemed(till, central, 99)
    central.push(till.message())
    # All of it is used, and a third of the 201 that are left is set aside.
    changed = told(central, known=first.allowances_change)
    assert [each.quantity for each in changed.allowances or ()] == [66]


def test_it_ends_only_by_the_terminals_own_word_or_with_the_terminal(
    central: Central, till: Till, clock: SteppingClock
) -> None:
    shops(central, till)
    clock.now += 10 * LIFE
    central.keep_up()
    assert set_aside(central) == 99
    note = central.authorising.note_position
    known = told(central).allowances_change
    assert note("0412/03", till.epoch, TillReport(time=AT + LIFE, last_seq=1)) == 0
    late = TillReport(time=AT + LIFE + timedelta(seconds=1), last_seq=1)
    assert note("0412/03", till.epoch, late) == 1
    assert set_aside(central) == 0
    assert told(central, known=known).allowances == ()
    shops(central, till)
    assert set_aside(central) == 99
    central.terminals.revoke("0412", "03")
    assert set_aside(central) == 0
    shops(central, till)
    assert set_aside(central) == 0


def test_what_the_old_machine_holds_is_not_given_to_its_successor(
    central: Central, till: Till
) -> None:
    shops(central, till)
    known = told(central)
    assert known.allowances
    enrol_anew(central)
    assert set_aside(central) == 0
    assert told(central, known=known.allowances_change).allowances == ()
    shops(central, Till("0412/03"))
    assert set_aside(central) > 0


def test_who_overdrew_gets_none(central: Central, till: Till, other_till: Till) -> None:
    redeemed(other_till, central, 301, "limit")
    central.push(other_till.message())
    central.by_hand.adjust("M1", Adjustment(adjustment_id="g", quantity=900, reason="a gift"))
    shops(central, till)
    assert allowed(central) == []
