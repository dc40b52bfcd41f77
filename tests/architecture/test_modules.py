"""Importing a module creates nothing, and the domain touches nothing outside itself."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("edge_agent", "drivers", "sync")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.parent.name != "migrations"
    or path.name != "env.py"  # alembic runs that; nobody imports it
)

IMPURE = {
    "asyncio", "os", "pathlib", "random", "requests", "secrets", "shutil", "socket", "sqlite3", "subprocess",
    "tempfile", "threading", "time", "urllib", "uuid", "uuid_utils",
}  # fmt: skip
"""What would let the domain see or change anything that it was not given."""

_IMPORT_ALL = """
import importlib, json, os, sys, threading
before = set(os.listdir("/proc/self/fd"))
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
sockets = [
    fd for fd in set(os.listdir("/proc/self/fd")) - before
    if os.path.exists(f"/proc/self/fd/{fd}") and "socket" in os.readlink(f"/proc/self/fd/{fd}")
]
apps = [
    f"{name}.{key}" for name in json.loads(sys.argv[1]) for key, value in vars(sys.modules[name]).items()
    if type(value).__name__ in {"Flask", "Session", "Engine", "Connection", "Thread", "Till", "Ledger"}
]
print(json.dumps({"threads": threading.active_count(), "sockets": sockets, "apps": apps}))
"""


def test_importing_every_module_creates_no_thread_socket_or_app() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, json.dumps(MODULES)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {"threads": 1, "sockets": [], "apps": []}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "edge_agent" / "domain").rglob("*.py")), ids=lambda path: path.stem
)
def test_the_domain_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported.discard("urllib.parse")  # quotes text; nothing is fetched
    assert {name.split(".")[0] for name in imported} & IMPURE == set()
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls & {"open", "print", "datetime.now", "date.today", "float"} == set()


def test_no_module_keeps_state_behind_global() -> None:
    found = [
        str(path)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Global)
    ]
    assert found == []


def test_every_message_of_the_wire_can_be_added_to() -> None:
    from sync import wire

    messages = [
        value
        for value in vars(wire).values()
        if isinstance(value, type) and issubclass(value, wire.Message) and value is not wire.Message
    ]
    assert len(messages) >= 10
    for message in messages:
        assert message.model_config["extra"] == "ignore", message
