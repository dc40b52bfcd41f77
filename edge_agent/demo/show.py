"""What the command does: a number of sales and the figures, or customers until somebody ends it."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from drivers.simulated_printer import SimulatedPrinter
from drivers.simulated_printer_server import PrinterServer
from drivers.simulated_scanner import PtyScanner
from edge_agent.demo.processes import COLUMNS, Place, Service, installed
from edge_agent.demo.shop import Demo, Members
from edge_agent.demo.told import points_told, told

RECEIPTS_BEHIND_MAX = 8
"""A cashier waits for the receipt; the demo lets this many customers stand at the end of the till."""

CUSTOMER_EVERY_S = 8.0


def run_demo(
    port: int, data: Path | None, sales: int | None, *, as_json: bool, stop: threading.Event
) -> int:
    """Run the demo; with `sales` until they are done, else until `stop`. Returns the exit code."""
    began_at = time.monotonic()
    say: Callable[[str], None] = (lambda _: None) if as_json else click.echo
    with ExitStack() as stack:
        folder = data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-agent-demo-"))
        )
        demo = _set_up(stack, Place(folder.absolute(), port), say)
        demo.prepare()
        members = Members(demo.place.agent, demo.headers)
        if sales is None:
            return _show(demo, members, stop, as_json=as_json)
        seen: set[str] = set()
        for number in range(sales):
            if stop.is_set():
                break
            _tell_the_first(demo, demo.customer(number, members), seen)
            demo.wait_for(
                "the printer",
                lambda: demo.printer.printed_count >= demo.counts.receipts - RECEIPTS_BEHIND_MAX,
            )
        demo.settle()
        demo.save_pictures()
        summary = demo.summary(began_at)
        click.echo(json.dumps(summary))
        right = summary["posted"] == summary["accepted"] == summary["printed"] == sales
        return 0 if right and summary["chain"] == "whole" else 1


def _tell_the_first(demo: Demo, result: dict[str, Any], seen: set[str]) -> None:
    """Of each kind of thing that a sale can tell, the first one."""
    for kind, line in told(result):
        if kind not in seen:
            seen.add(kind)
            demo.say(f"the first {kind}: {result['sale_id']}  {line}")


def _set_up(stack: ExitStack, place: Place, say: Callable[[str], None]) -> Demo:
    place.data.mkdir(parents=True, exist_ok=True)
    scanner = stack.enter_context(PtyScanner(place.data / "scanner"))
    printer = SimulatedPrinter(COLUMNS)
    server = stack.enter_context(PrinterServer(printer))
    place.write_configs(scanner.link, server.port)
    central = Service(
        "central",
        [installed("loyalty-central"), "run", "--config", str(place.central_config)],
        place.data / "central.log",
        place.central,
    )
    agent = Service(
        "the agent",
        [installed("edge-agent"), "run", "--config", str(place.agent_config)],
        place.data / "agent.log",
        place.agent,
    )
    stack.callback(central.stop)
    stack.callback(agent.stop)
    return Demo(place, scanner, printer, central, agent, say)


def _show(demo: Demo, members: Members, stop: threading.Event, *, as_json: bool) -> int:
    """Customers come and go; in between the line to central is cut and comes back."""
    place = demo.place
    if as_json:
        token_file = str(place.agent_data / "token")
        click.echo(
            json.dumps({"agent": place.agent, "central": place.central, "token_file": token_file})
        )
    demo.say(f"""
The till's page      {place.agent}/
For store IT         {place.agent}/it
Central              {place.central}/   (admin token: {place.data / "central" / "admin-token"})
The POS's token      {place.agent_data / "token"}
Receipts as pictures {place.data / "receipts"}

Open the till's page beside this window. Ctrl-C ends everything.
""")
    for number, before in enumerate(_script(demo)):
        before()
        result = demo.customer(number, members)
        demo.wait_for("the receipt", lambda: demo.printer.printed_count >= demo.counts.receipts)
        demo.save_pictures()
        demo.say(f"{result['sale_id']}  {result['card']}  {points_told(result)}")
        for _, line in told(result):
            demo.say(f"    {line}")
        if number == 0:
            demo.say(
                "\n"
                + "\n".join(f"    | {line:<{COLUMNS}} |" for line in result["receipt"]["lines"])
                + "\n"
            )
        if stop.wait(CUSTOMER_EVERY_S if number > 1 else 2):
            break
    demo.say("Ending.")
    return 0


def _script(demo: Demo) -> Iterator[Callable[[], None]]:
    """What happens before each customer."""

    def nothing() -> None:
        return

    def cut() -> None:
        demo.say("\n--- central is switched off; nothing changes at the till ---")
        demo.central.stop()

    def restore() -> None:
        waiting = demo.status()["outbox"]["records"]
        demo.say(f"--- central is switched on again; {waiting} records wait ---")
        demo.central.start()
        demo.wait_for("central", lambda: demo.status()["outbox"]["records"] == 0)
        demo.say("--- every record is at central, once ---\n")

    yield from (nothing, nothing, nothing, cut, nothing, restore)
    while True:
        yield nothing
