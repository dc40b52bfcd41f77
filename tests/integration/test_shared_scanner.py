"""Agent and POS share one scanner: the whole agent as a process, a scanner and a POS on real ptys."""

import functools
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from drivers.ports import DeviceError
from drivers.serial_scanner import open_port
from drivers.simulated_scanner import PtyScanner
from edge_agent.checking import check_settings
from edge_agent.settings import SettingsInvalid, load_settings
from tests.integration.drivers.support import wait_until
from tests.support.process import installed, start
from tests.support.warm import Started

MEMBER = b"2912345678906\r\n"
MILK = b"]E08710400011118\r\n"
CHEESE = b"]E08710400022220\r\n"
CARD = b"4111111111111111\r\n"
START_S = 60.0
PROGRAMME = Path(__file__).parents[2] / "config" / "programme.example.toml"


@dataclass
class Counter:
    """A till: the scanner on its cable, the agent, and the path at which the POS finds its port."""

    folder: Path
    hardware: PtyScanner
    agent: subprocess.Popen[bytes] | Started | None = None
    address: str = ""

    @property
    def link(self) -> Path:
        return self.folder / "run" / "pos-scanner"

    @property
    def config(self) -> Path:
        return self.folder / "agent.toml"

    def configure(self) -> None:
        self.link.parent.mkdir()
        self.config.write_text(
            '[terminal]\nstore = "0412"\ntill = "03"\n'
            f'data = "{self.folder}/data"\n'
            '[web]\nlisten = "127.0.0.1:0"\n'
            f'[programme]\nfile = "{PROGRAMME}"\n'
            f'[[scanner]]\nid = "hand"\nport = "{self.hardware.link}"\n'
            f'share = "pty:{self.link}"\n'
            '[[card]]\npattern = "29\\\\d{11}"\ncheck = "ean13"\n'
        )

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            before = (self.folder / "log").stat().st_size
            command = [installed("edge-agent"), "run", "--config", str(self.config)]
            self.agent = start(command, log.fileno(), log.fileno())
        wait_until(lambda: self._found_address(before), "the agent answers", START_S)
        wait_until(lambda: self.scanner()["state"] == "ok", "it has the scanner", START_S)

    def _found_address(self, before: int) -> bool:
        for line in self.log()[before:].splitlines():
            with suppress(ValueError, KeyError, TypeError):
                self.address = json.loads(line)["address"]
                return True
        assert self.agent is not None
        assert self.agent.poll() is None, self.log()
        return False

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def get(self, path: str) -> requests.Response:
        token = (self.folder / "data" / "token").read_text().strip()
        return requests.get(
            f"http://{self.address}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def scanner(self) -> dict[str, str]:
        (device,) = [each for each in self.get("/v1/devices").json() if each["id"] == "hand"]
        return dict(device)

    def end(self, by: signal.Signals) -> int:
        assert self.agent is not None
        self.agent.send_signal(by)
        try:
            return self.agent.wait(20)
        finally:
            self.agent = None


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with PtyScanner(tmp_path / "usb-Honeywell_1900-if00") as hardware:
        made = Counter(tmp_path, hardware)
        made.configure()
        try:
            made.start()
            yield made
        finally:
            if made.agent is not None:
                made.end(signal.SIGTERM)


def open_pos(counter: Counter) -> int:
    wait_until(counter.link.exists, "the POS's port")
    return os.open(counter.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def read(pos: int, length: int, deadline_s: float = 10.0) -> bytes:
    data = b""
    until_s = time.monotonic() + deadline_s
    while len(data) < length and (left_s := until_s - time.monotonic()) > 0:
        if select.select([pos], [], [], left_s)[0]:
            data += os.read(pos, 4_096)
    return data


def has_moved(link: Path, before: Path) -> bool:
    return link.readlink() != before


def sharing(counter: Counter) -> str:
    return counter.get("/readyz").text


def test_products_reach_the_pos_exactly_and_members_do_not(counter: Counter) -> None:
    pos = open_pos(counter)
    counter.hardware.send(MILK + MILK + MEMBER + CARD)
    for byte in CHEESE:
        counter.hardware.send(bytes((byte,)))
    wanted = MILK + MILK + CARD + CHEESE
    assert read(pos, len(wanted)) == wanted
    assert "4111" not in counter.log()
    assert "8710400" not in counter.log()
    os.close(pos)


def test_a_pos_that_comes_late_or_again_gets_only_what_is_scanned_then(counter: Counter) -> None:
    counter.hardware.send(MILK)
    wait_until(lambda: "1 scans did not reach the POS" in sharing(counter), "it is told")
    for product in (MILK, CHEESE):
        pos = open_pos(counter)
        counter.hardware.send(product)
        assert read(pos, len(product)) == product
        os.close(pos)
        wait_until(
            functools.partial(has_moved, counter.link, counter.link.readlink()), "a fresh port"
        )
    assert "did not reach" not in sharing(counter)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_agent_ends_the_pos_may_take_the_scanner_itself(
    counter: Counter, by: signal.Signals
) -> None:
    path = str(counter.hardware.link)
    with pytest.raises(DeviceError) as caught:
        open_port(path, 9_600)
    assert caught.value.reason == "busy"
    code = counter.end(by)
    assert code == (0 if by is signal.SIGTERM else -signal.SIGKILL)
    assert counter.link.is_symlink() == (by is signal.SIGKILL)
    with open_port(path, 9_600) as port:
        counter.hardware.send(MEMBER + MILK)
        port.timeout = 10
        assert port.read(len(MEMBER + MILK)) == MEMBER + MILK


def test_after_kill_9_a_new_agent_shares_again(counter: Counter) -> None:
    pos = open_pos(counter)
    counter.hardware.send(MILK)
    assert read(pos, len(MILK)) == MILK
    counter.end(signal.SIGKILL)
    os.close(pos)
    counter.start()
    wait_until(lambda: "sharing" in sharing(counter), "it shares")
    pos = open_pos(counter)
    counter.hardware.send(MEMBER + CHEESE)
    assert read(pos, len(CHEESE)) == CHEESE
    os.close(pos)


def check(config: Path) -> list[str]:
    found = check_settings(load_settings(config))
    return [f"{level:<5}  {text}" for level, text in found if "share" in text]


def test_check_says_whether_the_port_can_be_made(tmp_path: Path) -> None:
    counter = Counter(tmp_path, PtyScanner(tmp_path / "usb-x"))
    counter.configure()
    (line,) = check(counter.config)
    assert line == f"fine   scanner hand: share: the POS gets other scans at {counter.link}"
    counter.link.write_text("")
    (line,) = check(counter.config)
    assert line.startswith(f"wrong  scanner hand: share: {counter.link} is there already")
    counter.link.unlink()
    counter.link.parent.rmdir()
    (line,) = check(counter.config)
    assert line == f"wrong  scanner hand: share: the folder {counter.link.parent} is not there"
    text = counter.config.read_text().replace(str(counter.link), "/run/not-there/pos-scanner")
    counter.config.write_text(text)
    (line,) = check(counter.config)
    assert line.startswith("note   scanner hand: share: /run/not-there is made by the service")


def test_two_scanners_cannot_share_one_port(tmp_path: Path) -> None:
    counter = Counter(tmp_path, PtyScanner(tmp_path / "usb-x"))
    counter.configure()
    text = counter.config.read_text()
    second = text[text.index("[[scanner]]") : text.index("[[card]]")].replace('"hand"', '"desk"')
    counter.config.write_text(text + second)
    with pytest.raises(SettingsInvalid, match="every scanner needs a share of its own"):
        load_settings(counter.config)
