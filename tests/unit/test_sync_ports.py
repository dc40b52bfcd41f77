"""What central sends of a member is what a till looks up: every field of the wire has its place."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge_agent.clock import Clock
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member
from edge_agent.ledger.members import MembersFile
from edge_agent.sync_ports import MembersStore
from sync.ports import MembersAsOf
from sync.wire import Lot, MemberDelta

KEY = "01" * 16
ANNEKE = MemberDelta(
    ref="a" * 32,
    standing=Standing.KNOWN,
    cards=(KEY,),
    joined=("b" * 32,),
    display_name="Anneke",
    tier="gold",
    since=date(2020, 2, 29),
    language="nl",
    segments=("student",),
    attributes={"city": "Arnhem"},
    birthday="02-29",
    consents={"offers": "2026-01"},
    referred_by="c" * 32,
    lots=(
        Lot(
            unit="points",
            quantity=12,
            expires_on=date(2027, 11, 30),
            matures_on=date(2026, 12, 5),
            day=date(2026, 11, 21),
        ),
        Lot(unit="voucher/welcome", quantity=500, lot="d" * 32),
    ),
)


@pytest.fixture
def members(tmp_path: Path) -> Iterator[MembersFile]:
    opened = MembersFile(tmp_path / "members")
    yield opened
    opened.close()


def test_a_member_of_the_wire_is_found_with_everything_that_was_sent(members: MembersFile) -> None:
    sent = MemberDelta.model_validate_json(ANNEKE.model_dump_json(exclude_none=True))
    with MembersStore(members, Clock(None)).update() as update:
        update.put([sent])
        update.commit(MembersAsOf(1, "e" * 32, 0, datetime(2026, 11, 21, tzinfo=UTC), 1))
    found = members.by_card(bytes.fromhex(KEY))
    assert found is not None
    assert found.member == Member(
        ref="a" * 32,
        standing=Standing.KNOWN,
        display_name="Anneke",
        tier="gold",
        since=date(2020, 2, 29),
        language="nl",
        segments=frozenset({"student"}),
        attributes={"city": "Arnhem"},
        birthday="02-29",
        consents={"offers": "2026-01"},
        referred_by="c" * 32,
        lots=(
            Holding("points", 12, date(2027, 11, 30), date(2026, 12, 5), date(2026, 11, 21)),
            Holding("voucher/welcome", 500, lot="d" * 32),
        ),
        joined=("b" * 32,),
        cards=(bytes.fromhex(KEY),),
    )


def test_an_older_central_that_sends_none_of_it_is_understood() -> None:
    old = '{"ref": "x", "lots": [{"unit": "points", "quantity": 3, "expires_on": "2027-11-30"}]}'
    delta = MemberDelta.model_validate_json(old)
    assert (delta.segments, delta.attributes, delta.birthday) == ((), {}, None)
    assert delta.lots == (Lot(unit="points", quantity=3, expires_on=date(2027, 11, 30)),)


def test_a_year_of_birth_is_no_birthday_of_the_wire() -> None:
    with pytest.raises(ValueError, match="birthday"):
        MemberDelta(ref="x", birthday="1988-02-29")
