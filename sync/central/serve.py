"""Central as a server: waitress, the hourly work, and an end within two seconds."""

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog
from waitress.server import create_server

from sync.central.app import REQUEST_BYTES_MAX, create_app
from sync.central.central import Central
from sync.central.changes import WAITERS_MAX
from sync.central.channel import PASSED_ON_MAX
from sync.central.database import try_later
from sync.central.settings import Settings

WORKER_THREADS = 8
"""For what does not wait; SQLite has one writer, so more would only queue."""

CONNECTIONS_MAX = 1_000
KEEP_UP_EVERY_S = 3_600
SCRUB_EVERY_S = 2.0
"""Until nothing of what was erased is left in the log; a try takes a millisecond, or a tenth of a second at most."""

END_WITHIN_S = 0.8
"""For requests that are running when the end comes; a posting batch takes a tenth of it."""

FLUSH_WITHIN_S = 0.3


class CannotListen(Exception):
    """The address is taken or not ours."""


class Server:
    """Central on a socket. `start` returns when it answers; `stop` when it has ended."""

    def __init__(self, settings: Settings, central: Central | None = None) -> None:
        self._central = central if central is not None else Central(settings)
        self._socket = _bound(settings)
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{port}"
        self._ended = threading.Event()
        self._log = structlog.get_logger("central")
        self._map: dict[int, Any] = {}
        self._waitress: Any = create_server(  # its stubs do not know the trigger
            create_app(settings, self._central),
            map=self._map,
            sockets=[self._socket],
            threads=WORKER_THREADS + WAITERS_MAX + PASSED_ON_MAX,
            connection_limit=CONNECTIONS_MAX,
            max_request_body_size=REQUEST_BYTES_MAX,
            channel_timeout=60,
            ident=None,
        )
        self._threads = [
            threading.Thread(target=self._waitress.run, name="http", daemon=True),
            threading.Thread(target=self._keep_house, name="house", daemon=True),
        ]

    def start(self) -> None:
        """Post what was left over, then answer, whatever that brought up but that the database is away or busy."""
        self._central.begin()
        try:
            self._central.catch_up()
        except Exception as error:
            if try_later(error):
                raise
            self._log.exception("could not post what was left over; next try in an hour")
        for thread in self._threads:
            thread.start()
        self._log.info("listening", url=self.url)

    def stop(self) -> None:
        """Let waiting terminals go, finish what runs, close everything."""
        self._ended.set()
        self._central.feed.stop()
        self._waitress.task_dispatcher.shutdown(timeout=END_WITHIN_S)
        self._flush()
        self._close_sockets()
        for thread in self._threads:
            thread.join(FLUSH_WITHIN_S)
        self._central.close()
        self._log.info("ended")

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _flush(self) -> None:
        """Give finished answers a moment to leave their buffers."""
        deadline = time.monotonic() + FLUSH_WITHIN_S
        while time.monotonic() < deadline and any(
            getattr(channel, "total_outbufs_len", 0) for channel in list(self._map.values())
        ):
            time.sleep(0.01)

    def _close_sockets(self) -> None:
        """Waitress ends its loop when its map is empty; the loop's own thread has to empty it."""
        trigger = self._waitress.trigger
        trigger.pull_trigger(lambda: _close_all(self._map))

    def _keep_house(self) -> None:
        """Do what is due, now and every hour: a day begins in its own time zone, and a return may have to be mended.

        Between these see that of what was erased nothing stays in the log.
        """
        due = time.monotonic()
        while True:
            try:
                if time.monotonic() >= due:
                    due += KEEP_UP_EVERY_S
                    self._central.keep_up()
                self._central.scrub_again()
            except Exception:  # noqa: BLE001 - the supervisor's loop: nobody else begins this thread again
                self._log.exception("could not keep accounts up; next try in an hour")
            if self._ended.wait(SCRUB_EVERY_S):
                return


def serve(
    settings: Settings,
    stop: threading.Event,
    ready: Callable[[str], object] = lambda _url: None,
) -> None:
    """Run central until `stop` is set; `ready` gets the address as soon as it answers."""
    with Server(settings) as server:
        ready(server.url)
        stop.wait()


def _bound(settings: Settings) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotListen(f"cannot listen on {settings.listen}: {error}") from error
    return listener


def _close_all(channels: dict[int, Any]) -> None:
    for channel in list(channels.values()):
        channel.close()
    channels.clear()
