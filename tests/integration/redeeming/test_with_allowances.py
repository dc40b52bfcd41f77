"""A central that sets points aside where members shop: they are redeemed there without a line, and nowhere else."""

from collections.abc import Iterator

import pytest

from edge_agent.demo.goods import card
from edge_agent.errors import Refused
from edge_agent.till.redeem import Wish
from tests.central import Running
from tests.integration.redeeming.conftest import POINTS, Counter, Opening, furnished, shown
from tests.support.fault_proxy import Fault
from tests.support.waiting import wait_until
from tests.tills import milk, sale

COST = 250


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Sets aside as many points as one reward costs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOYALTY_CENTRAL_ALLOWANCE_POINTS", str(COST))
        environment.setenv("LOYALTY_CENTRAL_ALLOWANCE_PERCENT", "100")
        with furnished(tmp_path_factory.mktemp("central")) as running:
            yield running


def reserve(till: Counter, member: int, redemption_id: str) -> str:
    wish = Wish(redemption_id, shown(member), "five-euro")
    return str(till.agent.till.reserve(wish).result["authorised_by"])


def test_a_till_without_a_line_redeems_what_was_set_aside_for_it_and_nobody_overdraws(
    central: Running, open_till: Opening
) -> None:
    here, elsewhere = open_till("01"), open_till("02")
    here.agent.till.sell(sale("s", milk(amount=100), card=card(1)))
    here.all_posted()
    ref = central.admin("GET", "/members/M1").json()["ref"]
    wait_until(
        lambda: here.agent.store.members.allowance(ref, "points") is not None, "an allowance"
    )
    here.line.breaks(Fault("refuse"))
    assert reserve(here, 1, "R1") == "allowance"
    here.agent.till.commit("R1")
    with pytest.raises(Refused, match="central has 61 points left"):
        reserve(elsewhere, 1, "R1")
    here.line.breaks(None)
    here.all_posted()
    member = central.admin("GET", "/members/M1").json()
    assert member["balance"]["points"] == POINTS + 1 - COST
    assert member["redeems_offline"]
    (summed,) = central.admin("GET", "/redeemed").json()["redeemed"]
    assert (summed["authorised_by"], summed["value"]) == ("allowance", 500)
