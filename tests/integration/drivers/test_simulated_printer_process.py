"""The simulated printer as a process of its own, for trying the agent by hand."""

import subprocess
import sys
from pathlib import Path

from drivers.build import PrinterSettings, build_printer
from drivers.document import printer_test
from drivers.ports import PrinterStatus
from tests.integration.drivers.support import wait_until


def test_it_listens_fails_on_request_and_saves_pictures(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drivers.simulated_printer_server", "--port", "0"]
    with subprocess.Popen(
        [*command, "--pictures", str(tmp_path / "receipts")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        printer = build_printer(PrinterSettings("network", host="127.0.0.1", port=port))

        def say(line: str) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        assert say("paper-out") == "now: paper-out"
        assert printer.status() == PrinterStatus("not-ready", "paper-out")
        assert say("-paper-out") == "now: fine"
        assert say("help").startswith("faults: paper-out ")
        assert printer.print(printer_test(48)).result == "printed"
        picture = tmp_path / "receipts" / "receipt-00001.png"
        wait_until(lambda: picture.exists() and picture.stat().st_size, "the picture")
        assert picture.read_bytes().startswith(b"\x89PNG")
        process.stdin.close()
        assert process.wait(5) == 0
