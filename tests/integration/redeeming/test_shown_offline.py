"""With central away a till shows what it will grant: what it offers can be reserved, and nothing else."""

from typing import Any

from edge_agent.demo.goods import card
from edge_agent.errors import Refused
from edge_agent.till.redeem import Wish
from tests.central import Running
from tests.integration.redeeming.conftest import POINTS, Counter, Opening, shown
from tests.support.fault_proxy import Fault
from tests.support.waiting import wait_until
from tests.tills import milk, sale


def seen(till: Counter, member: int) -> tuple[int, dict[str, Any]]:
    """What may be spent, and the rewards by their ids."""
    view = till.agent.till.identify(shown(member)).to_json()
    return view["balance"]["points"]["spendable"], {each["id"]: each for each in view["rewards"]}


def asked(till: Counter, member: int, redemption_id: str, reward: str) -> str | None:
    """Why it is refused; None where it is reserved."""
    try:
        till.agent.till.reserve(Wish(redemption_id, shown(member), reward))
    except Refused as refused:
        return refused.detail
    return None


def test_what_is_shown_without_central_is_what_can_be_reserved(
    central: Running, open_till: Opening
) -> None:
    till = open_till("41")
    wait_until(lambda: not till.agent.till._parts.line.offline, "a line")
    assert seen(till, 0)[0] == POINTS
    till.line.breaks(Fault("refuse"))
    wait_until(lambda: till.agent.till._parts.line.offline, "the line is seen to be down")
    # As much as the limits of one redemption and one member are: 250.
    spendable, rewards = seen(till, 0)
    assert (spendable, rewards["five-euro"]["available"]) == (250, True)
    assert asked(till, 0, "R1", "five-euro") is None
    sold = till.agent.till.sell(sale("s", milk(amount=700), card=card(0), redemptions=("R1",)))
    assert sold.result["balance"]["points"]["spendable"] == 0

    spendable, rewards = seen(till, 0)
    assert (spendable, rewards["coffee"]["available"]) == (0, False)
    said = "to be redeemed without central: 0 points more for this customer"
    assert rewards["coffee"]["why_not"] == said == asked(till, 0, "R2", "coffee")

    till.line.breaks(None)
    wait_until(lambda: not till.agent.till._parts.line.offline, "the line is back")
    till.all_posted()
    spendable, rewards = seen(till, 0)
    assert (spendable, rewards["coffee"]["available"]) == (POINTS - 250 + 7, True)
    assert asked(till, 0, "R3", "coffee") is None
