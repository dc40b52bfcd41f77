"""A durable sale of 20 lines: in process beside the raw disk, and over HTTP beside a bare handler."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.web.bodies.baskets import SaleBody
from edge_agent.web.events import STREAMS_MAX
from edge_agent.web.server import THREADS_FOR_CALLS
from tests.bench.measure import Action, every, in_turns, median, spread
from tests.bench.processes import agent_process, bare_process, running
from tests.bench.shop import (
    agent_in_process,
    card,
    encoded,
    enrol_offline,
    put_members,
    sale_body,
    write_config,
)
from tests.bench.table import Row

MEMBERS = 1_000
TURNS, WARM_UP = 2_000, 300
HTTP_TURNS, HTTP_WARM_UP = 1_500, 300
RAW_BYTES = 4_096


def sale_in_process(folder: Path) -> list[Row]:
    """`Till.sell` on the parts that `compose` builds, against an append of 4 KB and an fdatasync."""
    config = write_config(folder / "till")
    enrol_offline(folder / "till")
    sales = [
        SaleBody.model_validate_json(encoded(sale_body(n, card(n % MEMBERS)))).to_sale()
        for n in range(TURNS + WARM_UP)
    ]
    with agent_in_process(config, MEMBERS) as agent, raw_append(folder / "raw") as append:
        assert agent.till.identify(sales[0].card).known  # type: ignore[arg-type]  # every sale has one
        tidy = every(1.0, agent.store.ledger.tidy)
        ours, theirs = in_turns(lambda n: agent.till.sell(sales[n]), append, TURNS, WARM_UP, tidy)
        assert agent.store.ledger.head.seq == TURNS + WARM_UP
    return [
        Row(
            "sale",
            "durable sale of 20 lines in the process, p50",
            median(ours),
            3.0,
            baseline=median(theirs),
            baseline_is="4 KB append + fdatasync",
            relative=True,
            details={"measured": spread(ours), "baseline": spread(theirs)},
        )
    ]


@contextmanager
def raw_append(path: Path) -> Iterator[Action]:
    """What the disk can do: 4 KB at the end of a file, and the fdatasync that a commit needs."""
    block = secrets.token_bytes(RAW_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append(_turn: int) -> None:
        os.write(descriptor, block)
        os.fdatasync(descriptor)

    try:
        yield append
    finally:
        os.close(descriptor)


def sale_over_http(folder: Path) -> list[Row]:
    """`POST /v1/sales` at the agent's process, against a bare Flask handler on waitress with as many threads."""
    config = write_config(folder / "till-http")
    enrol_offline(folder / "till-http")
    with agent_in_process(config, 0) as agent, agent.store.members.update() as update:
        put_members(update, MEMBERS, agent.store.ledger.epoch)
    bodies = [encoded(sale_body(n, card(n % MEMBERS))) for n in range(HTTP_TURNS + HTTP_WARM_UP)]
    threads = STREAMS_MAX + THREADS_FOR_CALLS
    with running(agent_process(config)) as ours_at, running(bare_process(folder, threads)) as bare:
        till, other = ours_at.connection(), bare.connection()
        ours, theirs = in_turns(
            lambda n: till.post("/v1/sales", bodies[n]),
            lambda n: other.post("/sales", bodies[n]),
            HTTP_TURNS,
            HTTP_WARM_UP,
        )
        assert till.status()["journal"]["seq"] == HTTP_TURNS + HTTP_WARM_UP
    return [
        Row(
            "http",
            "the same over HTTP, one client, p50",
            median(ours),
            2.0,
            baseline=median(theirs),
            baseline_is="bare Flask, one row",
            relative=True,
            details={"measured": spread(ours), "baseline": spread(theirs)},
        )
    ]
