"""kill -9 of agent and central at random moments under load, and the comparison of every book afterwards."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.ledger.ledger import LEDGER_FILE
from tests.support.load import Load, Log
from tests.support.shop import Shop
from tests.support.write_lock import is_held, wait_until_held

LIVES_S = (0.0, 0.4)
"""How long an agent lives before it is killed again."""

CENTRAL_EVERY = 5
"""Every fifth kill is central's, every tenth strikes both at once."""

AIMED_EVERY = 2
"""Every second kill of the agent waits for a transaction to begin; the others come at any moment."""

AIM_S = 1.0
"""Longer than the threads of the load pause; without a call in this time the kill comes all the same."""

WITHIN_SHARE_MIN = 0.3
"""So many of the agent's kills at least have to hit between the BEGIN of an act and its answer."""

POSTED_S = 120.0


@dataclass
class Crashes:
    """How a run went, in numbers."""

    kills: int = 0
    agent_kills: int = 0
    central_kills: int = 0
    under_way: int = 0
    """Kills of the agent while at least one call waited for its answer."""

    within_transaction: set[int] = field(default_factory=set)
    """The kills that came between BEGIN and COMMIT, while a call waited for its answer."""

    seconds: float = 0.0
    ready_s: float = 0.0

    def within_share(self, log: Log) -> float:
        """The share of the agent's kills that hit between the BEGIN of an act and its answer.

        Before COMMIT the kernel said that the write lock was held when the agent stood still; after it, the act of a
        call that broke was on disk.
        """
        return len(self.within_transaction | log.after_commit) / max(1, self.agent_kills)

    def summary(self, log: Log) -> str:
        """For people."""
        acknowledged = sum(act.result is not None for act in log.acts)
        kinds = Counter(act.kind for act in log.acts if act.result is not None)
        waiting = self.under_way / max(1, self.agent_kills)
        return (
            f"{self.kills} kills in {self.seconds:.0f} s ({60 * self.kills / self.seconds:.0f} a minute):"
            f" {self.agent_kills} of the agent, {self.central_kills} of central;"
            f" {waiting:.0%} of the agent's hit a call between request and answer, {self.within_share(log):.0%} between"
            f" BEGIN and answer; {log.broken} calls broke, {log.found_recorded} of them were on disk already.\n"
            f"{acknowledged} acknowledged acts ({dict(kinds)}), {log.repeats} repeats with the same answer;"
            f" ready again after {self.ready_s / max(1, self.agent_kills):.2f} s on average."
        )


def run_crashes(
    shop: Shop,
    load: Load,
    kills: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Crashes:
    """Kill `kills` times while `load` is at work; agent and central run again at the end."""
    chance = random.Random(seed)
    crashes = Crashes()
    began_s = time.monotonic()
    for number in range(1, kills + 1):
        time.sleep(chance.uniform(*LIVES_S))
        load.log.kill = number
        central_too = number % CENTRAL_EVERY == 0
        if central_too:
            crashes.central_kills += 1
            shop.central.kill()
        if not central_too or number % (2 * CENTRAL_EVERY) == 0:
            crashes.agent_kills += 1
            _kill_agent(shop, load.log, crashes)
            shop.agent.start()
            crashes.ready_s += shop.agent.ready_s
        if central_too:
            shop.central.start()
        crashes.kills += 1
        progress(number)
        assert not load.log.wrong, load.log.wrong[:5]
    crashes.seconds = time.monotonic() - began_s
    return crashes


def _kill_agent(shop: Shop, log: Log, crashes: Crashes) -> None:
    ledger = shop.data / LEDGER_FILE
    if crashes.agent_kills % AIMED_EVERY == 0:
        wait_until_held(ledger, AIM_S)
    shop.agent.freeze()
    if log.under_way > 0:
        crashes.under_way += 1
        if is_held(ledger):
            crashes.within_transaction.add(log.kill)
    shop.agent.kill()


def compare_books(shop: Shop, log: Log, before: Mapping[str, Any]) -> None:
    """Client's log, journal and central must say the same. `before` are central's totals before the load."""
    assert not log.wrong, log.wrong[:5]
    assert all(act.settled for act in log.acts), "something was never answered"
    code, verification = shop.verified()
    assert (code, verification["whole"]) == (0, True), verification
    journal = shop.journal()
    _compare_with_journal(log, journal)
    _compare_with_central(shop, journal, before)


def _compare_with_journal(log: Log, journal: list[dict[str, Any]]) -> None:
    """Every acknowledged act is there once, as it was answered, and nothing else is."""
    id_keys = {"sale": "sale_id", "return": "return_id", "void": "void_id"}
    recorded: dict[tuple[str, str], dict[str, Any]] = {}
    for record in journal:
        kind = record["kind"]
        key = (kind, record["body"][kind][id_keys[kind]])
        assert key not in recorded, f"{key} is there twice"
        recorded[key] = record
    acknowledged = {(act.kind, act.id): act for act in log.acts if act.result is not None}
    assert recorded.keys() == acknowledged.keys()
    for key, act in acknowledged.items():
        record, result = recorded[key], act.result
        assert result is not None
        assert (record["id"], record["seq"]) == (result["record"], result["seq"]), key
        shown = [(entry["unit"], entry["quantity"]) for entry in result["entries"]]
        kept = [(entry["unit"], entry["quantity"]) for entry in record["body"]["entries"]]
        assert shown == kept, key


def _compare_with_central(
    shop: Shop, journal: list[dict[str, Any]], before: Mapping[str, Any]
) -> None:
    """Central holds the same chain, accepted all of it, and its entries add up to the till's."""
    shop.wait_until_posted(POSTED_S)
    hashes = {record["seq"]: bytes.fromhex(record["hash"]) for record in journal}
    assert shop.at_central_by_hand() == hashes
    assert shop.faults_at_central() == []
    totals = shop.totals()
    assert {each["state"] for each in totals["records"]} <= {"accepted"}, totals["records"]
    refused = shop.admin("GET", "/refused")
    assert refused == {"records": [], "not_taken": []}, refused
    at_till: Counter[tuple[str, str]] = Counter()
    count_at_till: Counter[tuple[str, str]] = Counter()
    for record in journal:
        for entry in record["body"]["entries"]:
            at_till[entry["unit"], entry["kind"]] += entry["quantity"]
            count_at_till[entry["unit"], entry["kind"]] += 1
    assert _sums(totals, "quantity") - _sums(before, "quantity") == at_till
    assert _sums(totals, "entries") - _sums(before, "entries") == count_at_till
    net = sum(at_till.values())
    assert totals["balances"]["points"] == before["balances"]["points"] + net


def _sums(totals: Mapping[str, Any], what: str) -> "_Sums":
    return _Sums({(each["unit"], each["kind"]): each[what] for each in totals["entries"]})


class _Sums(dict[tuple[str, str], int]):
    """Sums per unit and kind; a difference leaves out what is the same, negative sums stay."""

    def __sub__(self, other: "_Sums") -> dict[tuple[str, str], int]:
        found = {key: value - other.get(key, 0) for key, value in self.items()}
        return {key: value for key, value in found.items() if value}
