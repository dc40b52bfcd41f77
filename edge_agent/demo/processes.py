"""What runs: the folder and addresses of a demo, and its processes."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

STORE, TILL = "0412", "03"
COLUMNS = 42
START_S = 30.0
"""Two Python processes on a slow till machine; past this something is wrong and the logs say what."""


class DemoFailed(Exception):
    """A part did not start or did not answer; the message says where to look."""


@dataclass
class Place:
    """The folder and addresses of one demo."""

    data: Path
    port: int

    @property
    def agent(self) -> str:
        """The agent's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def central(self) -> str:
        """Central's address."""
        return f"http://127.0.0.1:{self.port + 10}"

    @property
    def agent_config(self) -> Path:
        """The agent's configuration."""
        return self.data / "agent.toml"

    @property
    def central_config(self) -> Path:
        """Central's configuration."""
        return self.data / "central.toml"

    @property
    def agent_data(self) -> Path:
        """The agent's data folder."""
        return self.data / "agent"

    def write_configs(self, scanner: Path, printer_port: int) -> None:
        """Write both configurations."""
        self.agent_data.mkdir(parents=True, exist_ok=True)
        (self.data / "central").mkdir(exist_ok=True)
        self.agent_config.write_text(
            f"""[terminal]
store = "{STORE}"
till = "{TILL}"
language = "nl-NL"
data = "{self.agent_data}"

[web]
listen = "127.0.0.1:{self.port}"

[central]
url = "{self.central}"

[[scanner]]
id = "hand"
kind = "serial"
port = "{scanner}"

[printer]
kind = "network"
host = "127.0.0.1"
port = {printer_port}
columns = {COLUMNS}

[[card]]
pattern = "29\\\\d{{11}}"
check = "ean13"
"""
        )
        self.central_config.write_text(
            f"""listen = "127.0.0.1:{self.port + 10}"
database = "sqlite:///{self.data / "central" / "central.db"}"
data = "{self.data / "central"}"
admin_token_file = "{self.data / "central" / "admin-token"}"
"""
        )


def installed(command: str) -> str:
    found = shutil.which(command, path=str(Path(sys.executable).parent))
    if found is None:
        raise DemoFailed(f"the command {command} is not installed beside {sys.executable}")
    return found


def run_installed(command: str, *arguments: str) -> str:
    """Run one of our commands and return what it printed. Raises DemoFailed."""
    done = subprocess.run(
        [installed(command), *arguments],
        capture_output=True,
        text=True,
        check=False,
        process_group=0,
    )
    if done.returncode != 0:
        raise DemoFailed(
            f"{command} {arguments[0]} ended with {done.returncode}: {done.stderr or done.stdout}"
        )
    return done.stdout


@dataclass
class Service:
    """One process of the demo; its output goes to a file."""

    name: str
    command: list[str]
    log: Path
    url: str
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises DemoFailed."""
        with self.log.open("ab") as log:
            # In a group of its own: Ctrl-C is for the demo, which ends what it started when it has counted.
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, process_group=0)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                requests.get(f"{self.url}/healthz", timeout=1).raise_for_status()
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        tail = self.log.read_text(errors="replace")[-1500:]
        raise DemoFailed(f"{self.name} did not start; {self.log} ends with:\n{tail}")

    def stop(self) -> None:
        """End it as the service manager would."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
