"""The ledger in partitions by account: central's code is the same, and every statement of posting names the account."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, select, text

from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.database import Database
from sync.central.members import CardReplacement
from sync.central.mending import OperatorsWord
from sync.central.tables import lots
from tests.central import Till, earn, settings_in, spend, take_back
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import states, sums
from tests.support.postgres import Server

pytestmark = pytest.mark.not_on_sqlite

PARTITIONS = (Path(__file__).parents[3] / "config" / "postgresql-partitions.sql").read_bytes()
_NAMES_THE_ACCOUNT = re.compile(
    r"INSERT INTO (entries|lots) \(account,|(entries|lots)\.account (=|IN)"
)


@pytest.fixture
def partitioned(postgres: Server, tmp_path: Path, clock: SteppingClock) -> Iterator[Central]:
    """A central whose ledger was spread as the shipped file does it."""
    url = postgres.make()
    Database(url).close()
    with psycopg.connect(url) as connection:
        connection.execute(PARTITIONS)
    (tmp_path / "partitioned").mkdir()
    made = Central(settings_in(tmp_path / "partitioned", database=url), clock, OperatorsWord())
    made.terminals.add("0412", "03")
    yield made
    made.close()
    postgres.drop(url)


def card(number: int) -> str:
    return f"29{number:011}"


def a_day(central: Central, till: Till) -> None:
    """Some of everything that posting moves entries for, pushed at once."""
    sales = [till.sale(f"ref-{n}", [earn(10)], card=card(n)) for n in range(12)]
    for number, sale in enumerate(sales):
        till.sale(f"ref-{number}", [earn(1), spend(4 + number)], card=card(number))
        till.give_back(sale.id, [take_back(sale, 3)], f"ref-{number}")
    till.act(RecordKind.REDEMPTION, {"redemption_id": "w-1"}, "ref-1", [spend(2)])
    till.act(RecordKind.MEMBER, {"member_id": "m-1"}, "ref-2", [earn(5)], {"profile": {}})
    central.push(till.message())


def held(central: Central) -> list[tuple[Any, ...]]:
    with central.database.read() as connection:
        query = select(lots).order_by(*lots.primary_key)
        return [tuple(row) for row in connection.execute(query)]


def test_the_same_records_come_to_the_same(central: Central, partitioned: Central) -> None:
    till = Till("0412/03")
    a_day(central, till)
    partitioned.push(till.message())
    assert states(central) == states(partitioned)
    assert held(central) == held(partitioned)
    assert sums(central) == sums(partitioned)
    with partitioned.database.read() as connection:
        spread = connection.scalar(text("SELECT count(DISTINCT tableoid) FROM entries"))
    assert spread > 3


def test_every_statement_of_posting_on_the_ledger_names_the_account(partitioned: Central) -> None:
    till = Till("0412/03")
    with statements() as said:
        a_day(partitioned, till)
        change = CardReplacement(code=card(1))  # joins what a till met to somebody
        partitioned.members.replace_card("m-1", change)
        till.give_back(till.records[1].id, [take_back(till.records[1], 1)], "ref-1")
        partitioned.push(till.message())
    ledger = {each for each in said if re.search(r"\b(entries|lots)\b", each)}
    assert len(ledger) > 5
    assert [each for each in ledger if not _NAMES_THE_ACCOUNT.search(each)] == []
    assert {state for _, state, _ in states(partitioned)} == {"accepted"}


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is said to databases meanwhile."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)
