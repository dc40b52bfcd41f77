"""A redemption that central authorises: from the till's question to its reservation on disk, over real sockets."""

from functools import partial
from pathlib import Path

from edge_agent.compose import build_agent
from edge_agent.domain.redeemed import AuthorisedBy
from edge_agent.settings import load_settings
from edge_agent.till.redeem import Wish
from edge_agent.till.till import Till
from sync.identity import enrol, save_identity
from tests.bench.measure import percentile, seconds_of, spread
from tests.bench.shop import SAMPLE_PROGRAMME, STORE, TILL, card, write_config
from tests.bench.table import Row
from tests.central import running_central
from tests.support.waiting import wait_until
from tests.tills import scanned

TURNS, MEMBERS = 300, 300
POINTS = 1_000
REWARD = "five-euro"
LIMIT_S = 0.3
"""What a customer is made to wait for at most (`central.timeout_ms`); then the till goes on without central."""


def _reserve(till: Till, wish: Wish, _turn: int) -> None:
    till.reserve(wish)


def authorised_by_central(folder: Path) -> list[Row]:
    """The agent as `compose` builds it, and a central in its own process on the same disk; one question at a time."""
    with running_central(folder / "central") as central:
        central.publish(SAMPLE_PROGRAMME.read_text(encoding="utf-8"))
        rows = "".join(f"{card(n)},M{n:05},{POINTS}\n" for n in range(MEMBERS))
        central.admin("POST", "/members/import", data=f"card,member_id,points\n{rows}".encode())
        config = write_config(folder / "till", central=central.url)
        made = central.admin("POST", "/terminals", json={"store": STORE, "till": TILL}).json()
        identity = enrol(central.url, made["code"], STORE, TILL)
        save_identity(folder / "till" / "identity", identity)
        agent = build_agent(load_settings(config))
        agent.start()
        try:
            wait_until(lambda: agent.store.members.position() is not None, "members at the till")
            took_s, others = [], 0
            for number in range(TURNS):
                wish = Wish(f"R{number}", scanned(card(number % MEMBERS)), REWARD)
                took_s.append(seconds_of(partial(_reserve, agent.till, wish)))
                answered = agent.till.reserve(wish).result["authorised_by"]
                others += answered != AuthorisedBy.CENTRAL.value
        finally:
            agent.stop()
    return [
        Row(
            "authorise",
            "a redemption authorised by central and reserved, p99",
            percentile(took_s, 99),
            LIMIT_S,
            details=spread(took_s) | {"without_central": others},
        )
    ]
