"""Central in the simulator: the real one on real files, behind the real WSGI app, and what head office does by hand."""

import resource
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask

from sync.central.app import create_app
from sync.central.central import Central
from tests.central import settings_in
from tests.simulator.network import Answer

Clock = Callable[[], datetime]


class Office:
    """Central's process: it can be started again, and its disk can fail."""

    def __init__(self, folder: Path, clock: Clock, allowance_points: int) -> None:
        folder.mkdir(parents=True)
        self._settings = settings_in(folder, allowance_points=allowance_points)
        self._clock = clock
        self.disk_fails = False
        """Whether the next request meets a disk that takes nothing."""
        self.central, self._app = self._started()

    def _started(self) -> tuple[Central, Flask]:
        central = Central(self._settings, self._clock)
        return central, create_app(self._settings, central)

    def restart(self) -> None:
        """End and begin again, as after a crash: what was not in the database is gone."""
        self.central.close()
        self.central, self._app = self._started()
        self.central.catch_up()

    def close(self) -> None:
        """Close its files."""
        self.central.close()

    def serve(self, request: requests.PreparedRequest) -> Answer:
        """One request through the app that the server serves."""
        fails, self.disk_fails = self.disk_fails, False
        with broken_disk() if fails else _sound():
            return self._served(request)

    def _served(self, request: requests.PreparedRequest) -> Answer:
        status, headers = 500, {}

        def start_response(
            line: str, sent: list[tuple[str, str]], _: Any = None, /
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), dict(sent)
            return _written_at_once

        # Answers out of a file have to be closed, as PEP 3333 says.
        parts: Any = self._app(_environ(request), start_response)
        with closing(parts):
            body = b"".join(parts)
        return Answer(status, headers, body)


def _written_at_once(_: bytes) -> object:
    raise NotImplementedError("the app answers with an iterable")


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    """A request as a WSGI server hands it on."""
    url = urlsplit(str(request.url))
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()
    }
    return {
        **headers,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_HOST": url.netloc,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(raw),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


@contextmanager
def broken_disk() -> Iterator[None]:
    """No file can grow: the kernel refuses the write, as a failing disk does, and SQLite says an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _sound() -> Iterator[None]:
    yield
