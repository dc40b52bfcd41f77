"""How the agent begins and ends: refusals that say why, and an end in time with nothing lost."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from edge_agent.demo.goods import card
from tests.support.pos import Events, sale
from tests.support.process import installed, run_installed
from tests.support.shop import STORE, TILL, Plan, Shop, open_shop
from tests.support.waiting import wait_until

RELOADED_S_MAX = 60.0
"""Far below the five minutes after which a till that was refused asks again by itself."""

END_S_MAX = 4.0
"""The promise is 2 s; twice that, because other tests share the machine. A long poll lasts 25 s."""


def test_a_second_agent_on_the_same_data_folder_says_so_and_ends(shop: Shop) -> None:
    elsewhere = {"EDGE_AGENT_WEB__LISTEN": "127.0.0.1:0"}
    done = run_installed("edge-agent", "run", "--config", shop.agent_config, environment=elsewhere)
    assert done.returncode == 3
    assert f"another agent runs on the data folder {shop.data}" in done.stderr
    assert shop.pos.sell(sale("S-1", card(1))).status == 201


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        open_shop(
            tmp_path,
            Plan(printer=False, listen=f"127.0.0.1:{taken.getsockname()[1]}"),
            started=False,
        ) as shop,
    ):
        shop.agent.spawn()
        assert shop.agent.wait() == 3
        said = shop.agent.output()
        assert "Address already in use" in said
        assert f"127.0.0.1:{taken.getsockname()[1]}" in said
        assert "Traceback" not in said


def test_a_wrong_configuration_is_told_whole_with_file_and_line(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        """[terminal]
store = "04 12"
languag = "nl-NL"

[web]
listen = "nowhere"

[central]
url = "loyalty.example"
timeout_ms = 1

[[scanner]]
id = "hand"
kind = "serial"

[printer]
kind = "network"
columns = 7
"""
    )
    for command in ("run", "check"):
        done = run_installed("edge-agent", command, "--config", config)
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        for line, key in (
            (2, "terminal.store"),
            (1, "terminal.till"),
            (3, "terminal.languag"),
            (6, "web.listen"),
            (9, "central.url"),
            (10, "central.timeout_ms"),
            (12, "scanner.0.port"),
            (16, "printer.host"),
            (18, "printer.columns"),
            (1, "card"),
        ):
            assert f"{config}:{line}: {key}: " in said, f"{line} {key} in:\n{said}"
        assert "Traceback" not in said


def test_a_ledger_of_another_till_is_refused(shop: Shop) -> None:
    shop.agent.stop()
    shop.agent_config.write_text(
        shop.agent_config.read_text().replace('till = "03"', 'till = "04"')
    )
    shop.agent.spawn()
    assert shop.agent.wait() == 1
    assert "0412/03" in shop.agent.output()


def test_sigterm_ends_everything_in_time_and_loses_nothing(shop: Shop) -> None:
    """With event streams open, a long poll at central, and a receipt in a printer that has no paper left."""
    streams = [Events(shop.pos) for _ in range(3)]
    wait_until(lambda: shop.pos.status()["central"]["state"] == "connected", "the long poll")
    shop.printer.schedule_fault("paper-out", 4)
    answer = shop.pos.sell(sale("S-1", card(1), print=True))
    wait_until(lambda: shop.printer.faults, "the receipt is in the printer")
    shop.central.stop()
    waiting = shop.pos.sell(sale("S-2", card(2), print=True))
    began_s = time.monotonic()
    shop.agent.terminate()
    assert shop.agent.wait() == 0
    took_s = time.monotonic() - began_s
    assert took_s < END_S_MAX
    wait_until(lambda: all(stream.ended for stream in streams), "the streams end")
    for stream in streams:
        stream.close()
    assert shop.verified()[1]["records"] == 2
    shop.printer.clear_faults()
    shop.central.start()
    shop.start_agent()
    shop.wait_until_posted()
    assert [record["seq"] for record in shop.records_at_central()] == [1, 2]
    for sold, body in ((answer, sale("S-1")), (waiting, sale("S-2"))):
        assert shop.pos.call("GET", f"/v1/sales/{body['sale_id']}").body["result"] == sold.result
    # Of the first the printer had a part: nobody can say whether it will come out. The second never left.
    assert shop.pos.now("S-1")["print"] == "unknown"
    assert shop.pos.now("S-2")["print"] in {"failed", "unknown"}


def test_central_ends_in_time_with_a_till_in_a_long_poll(shop: Shop) -> None:
    wait_until(lambda: shop.pos.status()["central"]["state"] == "connected", "the long poll")
    began_s = time.monotonic()
    shop.central.terminate()
    assert shop.central.wait() == 0
    assert time.monotonic() - began_s < END_S_MAX


def test_sighup_asks_central_at_once_with_the_identity_that_there_is_now(shop: Shop) -> None:
    """What `systemctl reload` sends, after a till that central refused was enrolled by the command."""

    def line() -> str:
        return str(shop.pos.status()["central"]["state"])

    wait_until(lambda: line() == "connected", "the line")
    shop.admin("DELETE", f"/terminals/{STORE}/{TILL}")
    wait_until(lambda: line() == "refused", "the refusal", RELOADED_S_MAX)
    code = shop.admin("POST", "/terminals", json={"store": STORE, "till": TILL})["code"]
    enrolled = run_installed("edge-agent", "enrol", "--config", shop.agent_config, "--code", code)
    assert enrolled.returncode == 0, enrolled.stderr
    os.kill(shop.agent.pid, signal.SIGHUP)
    wait_until(lambda: line() == "connected", "the line again", RELOADED_S_MAX)
    assert shop.agent.starts == 1
    assert shop.pos.sell(sale("S-1", card(1))).status == 201


def _port_with_one_ten_above() -> int:
    """What the demo takes: one for the agent and, ten above, one for central."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 10)).close()
            except OSError:
                continue
            return port


def test_a_demo_that_is_interrupted_counts_and_ends_what_it_started(tmp_path: Path) -> None:
    """A terminal's Ctrl-C goes to all that run in it."""
    port = str(_port_with_one_ten_above())
    demo = subprocess.Popen(
        [installed("edge-agent"), "demo", "--sales", "100000", "--port", port, "--data", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        assert demo.stdout is not None
        while not demo.stdout.readline().startswith("the first "):  # of what a sale can tell
            assert demo.poll() is None
        os.killpg(demo.pid, signal.SIGINT)
        out, said = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.communicate()
    assert "Traceback" not in said
    summary = json.loads(out.splitlines()[-1])
    assert summary["posted"] == summary["accepted"] == summary["printed"]
    assert summary["chain"] == "whole"
    assert demo.returncode == 1, "it did fewer than were asked for"
