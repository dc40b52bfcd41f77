"""An HTTP session whose connection can be cut by another thread.

A thread that waits in `recv` is not woken by closing the socket under it, but it is by shutting the
connection down. So every connection leaves a duplicate of its socket here: `shutdown` on the
duplicate ends whatever the other thread does with the original, a TLS handshake and a long poll
included, without touching an object that it uses.
"""

import contextlib
import socket
import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Grip:
    """Holds on to the one connection of a session, for cutting it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end: socket.socket | None = None
        self._number = 0
        self._cut = False
        self._hung_up = False

    @property
    def cut(self) -> bool:
        """Whether the line was cut for good."""
        return self._cut

    def hold(self, connection: socket.socket) -> int:
        """Take the connection that was just made, and return its number for `hung_up`.

        It does not live long if the line was cut meanwhile.
        """
        with self._lock:
            self._release()
            self._end = connection.dup()
            self._number += 1
            self._hung_up = False
            if self._cut:
                self._shut()
            return self._number

    def hung_up(self, number: int) -> None:
        """A connection was closed; an answer may still be read from it (`Connection: close`)."""
        if number == self._number:  # an earlier one may be closed late, by the garbage collector
            self._hung_up = True

    def settle(self) -> None:
        """An exchange is over: let go of a connection that was closed, so that the other end sees
        it closed too."""
        with self._lock:
            if self._hung_up:
                self._release()

    def let_go(self) -> None:
        """End the connection now; urllib3 closes its side whenever a pool is collected."""
        with self._lock:
            self._shut()
            self._release()

    def shut(self) -> None:
        """End the exchange under way."""
        with self._lock:
            self._shut()

    def cut_for_good(self) -> None:
        """End the exchange under way and any later one."""
        with self._lock:
            self._cut = True
            self._shut()

    def _shut(self) -> None:
        if self._end is not None:
            with contextlib.suppress(OSError):  # not connected any more
                self._end.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._end is not None:
            self._end.close()
            self._end = None


def gripped_session(grip: Grip) -> requests.Session:
    """A session for one thread that leaves its connection with `grip`.

    The environment's proxies, netrc and CA bundle are not used: a till reaches central as its
    configuration says. Nothing is tried again here; that is the worker's to decide.
    """
    session = requests.Session()
    session.trust_env = False
    adapter = _GrippedAdapter(grip)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _GrippedAdapter(HTTPAdapter):
    def __init__(self, grip: Grip) -> None:
        self._grip = grip
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._grip)


def _pools(grip: Grip) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        number = 0

        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            self.number = grip.hold(connection)
            return connection

        def close(self) -> None:
            grip.hung_up(self.number)
            super().close()

    class Secure(HTTPSConnection):
        number = 0

        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            self.number = grip.hold(connection)
            return connection

        def close(self) -> None:
            grip.hung_up(self.number)
            super().close()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
