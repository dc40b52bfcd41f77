"""A real central in a process of its own, and tills as `compose` builds them, each on a line that can break."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edge_agent.compose import Agent, build_agent
from edge_agent.demo.goods import card
from edge_agent.domain.basket import PresentedCard
from edge_agent.settings import load_settings
from sync.identity import enrol, save_identity
from tests.central import Running, running_central
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import wait_until
from tests.tills import PROGRAMME, scanned

STORE = "0412"
MEMBERS = 12
POINTS = 310
"""Every member begins with so many: one reward of 250 and one of 60, and not two of 250."""

LIMITS = """[redemption.offline]
points_per_redemption = 250
points_per_member = 250
points_per_outage = 500
"""


@dataclass
class Counter:
    """A till and the line that it reaches central by."""

    agent: Agent
    line: FaultProxy

    def points(self, member: int) -> int:
        """What the till knows a member to have that central posted."""
        found = self.agent.till.identify(shown(member)).balance
        return 0 if found is None else found["points"].confirmed

    def all_posted(self) -> None:
        """Wait until central has posted everything, and the till knows."""
        store = self.agent.store
        wait_until(
            lambda: (
                (position := store.members.position()) is not None
                and position.applied_seq == store.ledger.head.seq
            ),
            "everything posted",
        )


def shown(member: int) -> PresentedCard:
    """A member's card before the scanner."""
    return scanned(card(member))


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With the sample programme and some members; each test has members of its own."""
    with furnished(tmp_path_factory.mktemp("central")) as running:
        yield running


@contextmanager
def furnished(folder: Path, more_rules: str = "") -> Iterator[Running]:
    """A central with a programme, the sample with more rules, and members."""
    with running_central(folder) as running:
        running.publish(PROGRAMME.read_text(encoding="utf-8") + more_rules)
        rows = "".join(f"{card(n)},M{n},{POINTS}\n" for n in range(MEMBERS))
        imported = running.admin(
            "POST", "/members/import", data=f"card,member_id,points\n{rows}".encode()
        )
        assert imported.ok, imported.text
        yield running


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


Opening = Callable[[str], Counter]


@pytest.fixture
def open_till(central: Running, tmp_path: Path) -> Iterator[Opening]:
    """Opens tills by their names; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda till: stack.enter_context(counter(central, tmp_path / till, till))


@contextmanager
def counter(
    central: Running,
    folder: Path,
    till: str,
    *,
    store: str = STORE,
    port: int = 0,
    channel: str = "store",
) -> Iterator[Counter]:
    """A till that is enrolled, runs and knows the members."""
    data = folder / "data"
    data.mkdir(parents=True)
    with FaultProxy(urlsplit(central.url).port or 0) as line:
        config = folder / "agent.toml"
        config.write_text(
            f'[terminal]\nstore = "{store}"\ntill = "{till}"\nchannel = "{channel}"\nlanguage = "en"\ndata = "{data}"\n'
            f'[web]\nlisten = "127.0.0.1:{port}"\n[central]\nurl = "{line.url}"\ntimeout_ms = 5000\n'
            f'[[card]]\npattern = "29\\\\d{{11}}"\ncheck = "ean13"\n{LIMITS}'
        )
        made = central.admin("POST", "/terminals", json={"store": store, "till": till}).json()
        save_identity(data / "identity", enrol(line.url, made["code"], store, till))
        agent = build_agent(load_settings(config))
        agent.start()
        try:
            opened = Counter(agent, line)
            wait_until(lambda: agent.store.members.position() is not None, "members at the till")
            yield opened
        finally:
            agent.stop()
