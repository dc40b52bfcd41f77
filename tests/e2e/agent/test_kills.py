"""kill -9 at random moments under load: what was acknowledged is there once, at the till and at central.

`make proof KILLS=300` does the same for longer.
"""

import pytest

from tests.support.crashes import WITHIN_SHARE_MIN, compare_books, run_crashes
from tests.support.load import Load
from tests.support.shop import Shop

KILLS = 15
SEED = 20261121


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_was_acknowledged_survives_every_kill_once(
    shop_without_printer: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = shop_without_printer
    before = shop.totals()
    with Load(shop, SEED) as load:
        crashes = run_crashes(shop, load, KILLS, SEED)
    load.finish()
    compare_books(shop, load.log, before)
    assert crashes.within_share(load.log) >= WITHIN_SHARE_MIN, "too few kills hit an act under way"
    with capsys.disabled():
        print(f"\n{crashes.summary(load.log)}")
