"""10,000 records that waited for central, and a real central in its own process."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.compose import Agent, build_agent
from edge_agent.settings import load_settings
from edge_agent.web.bodies.baskets import SaleBody
from sync.identity import enrol, save_identity
from tests.bench.shop import SAMPLE_PROGRAMME, STORE, TILL, card, encoded, sale_body, write_config
from tests.bench.table import Row
from tests.central import Running, config_in, run_command, running_central

RECORDS, MEMBERS = 10_000, 1_000
LINES = 5
"""Of the baskets here: between a kiosk's two and a supermarket's ten; 20 lines are measured by the part `sale`."""

WAIT_S = 120.0
_LOOK_S = 0.01


def backlog_to_central(folder: Path) -> list[Row]:
    """From the start of the till's sync until central has received and posted all of them."""
    place = folder / "central"
    place.mkdir()
    _fill(place, folder / "members.csv")
    with running_central(place) as central:
        config = _enrolled(folder / "till", central)
        with _agent(config) as agent:
            agent.worker.start()
            _wait(lambda: agent.store.members.position() is not None)
        with _agent(config) as agent:
            _sell(agent)
            began_at = time.perf_counter()
            agent.worker.start()
            _wait(lambda: agent.store.ledger.received().seq == RECORDS)
            took_s = time.perf_counter() - began_at
        missing = RECORDS - _accepted(central)
    return [
        Row(
            "backlog",
            f"{RECORDS:,} waiting records ({LINES} lines each) to central and posted",
            took_s,
            5.0,
            failures=missing,
            details={"records_per_second": RECORDS / took_s},
        )
    ]


def _fill(place: Path, members_csv: Path) -> None:
    with members_csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["member_id", "card", "display_name", "points"])
        writer.writerows([f"M{n:05}", card(n), f"Klant {n}", n % 240] for n in range(MEMBERS))
    config = ["--config", str(config_in(place))]
    for command in (
        ("members", "import", str(members_csv)),
        ("programme", "publish", str(SAMPLE_PROGRAMME)),
    ):
        done = run_command(*command, *config)
        assert done.returncode == 0, done.stderr


def _enrolled(data: Path, central: Running) -> Path:
    config = write_config(data, central=central.url)
    made = central.admin("POST", "/terminals", json={"store": STORE, "till": TILL}).json()
    save_identity(data / "identity", enrol(central.url, made["code"], STORE, TILL))
    return config


@contextmanager
def _agent(config: Path) -> Iterator[Agent]:
    """The agent as `compose` builds it; its sync runs when it is told to."""
    agent = build_agent(load_settings(config))
    try:
        yield agent
    finally:
        agent.stop()


def _sell(agent: Agent) -> None:
    """Record what then waits."""
    for number in range(RECORDS):
        body = encoded(sale_body(number, card(number % MEMBERS), LINES))
        agent.till.sell(SaleBody.model_validate_json(body).to_sale())
    agent.store.ledger.tidy()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT_S:.0f} s for central in vain")
        time.sleep(_LOOK_S)


def _accepted(central: Running) -> int:
    totals = central.admin("GET", "/totals").json()
    return sum(each["records"] for each in totals["records"] if each["state"] == "accepted")
