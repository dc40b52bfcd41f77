"""waitress in this process: bound first, started and stopped by whoever composes the agent.

waitress has no graceful end of its own: here it takes no new connection, ends the event streams, lets answers
go out, and closes what is left.
"""

import logging
import socket
import threading
import time
from typing import Any

import structlog
from flask import Flask
from pydantic_core import to_json
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from edge_agent.web.body import BODY_BYTES_MAX
from edge_agent.web.events import EventHub
from edge_agent.web.problems import PROBLEM_TYPE, document

THREADS_FOR_CALLS = 8
"""Beside one thread per event stream: a till has one POS and one or two pages, and a call takes milliseconds."""

BODY_SWALLOWED_BYTES_MAX = 8 * BODY_BYTES_MAX
"""Up to here a body that is too large is read and answered with a problem; beyond it the connection is cut,
because a client that is still sending would not read an answer anyway."""

HEADERS_BYTES_MAX = 16 * 1024
"""What Apache and nginx allow, roughly; our own pages send less than one KB."""

CONNECTIONS_MAX = 100
"""Browsers open six connections, a POS one or two; the rest is for clients that forget to close."""

UNSENT_BYTES_MAX = 1024 * 1024
"""Per connection, before the thread that writes has to wait: ten sales of 500 lines."""

IDLE_S = 60
"""A connection without a request is closed after this."""

STALLED_S = 20.0
"""A client that takes nothing of what waits for it is cut off after this: it holds a thread."""

STOP_S = 0.8
"""Everything has to be over within a second of `stop`."""

_BACKLOG = 128
_LOOK_S = 0.01


def listening_socket(listen: str) -> socket.socket:
    """Bind host:port (port 0 takes a free one); raises OSError when it is taken."""
    host, _, port = listen.rpartition(":")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((bare, int(port)))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise OSError(f"web.listen: cannot listen on {listen}: {error.strerror}") from error
    return bound


def address_of(bound: socket.socket) -> str:
    """host:port of a bound socket, as it stands in a `Host`."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class WebServer:
    """Serves `app` on a bound socket from threads of its own."""

    def __init__(
        self, app: Flask, bound: socket.socket, events: EventHub, *, stalled_s: float = STALLED_S
    ) -> None:
        self._events = events
        self._app = app
        self._bound = bound
        self._stalled_s = stalled_s
        self._server: _Server | None = None
        self._loop: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the server's loop runs; for the watchdog."""
        return self._loop is not None and self._loop.is_alive()

    def start(self) -> None:
        """Begin to answer; returns at once."""
        dispatcher = _Threads(self._events.streams_max + THREADS_FOR_CALLS)
        self._server = _Server(self._app, self._bound, dispatcher, self._stalled_s)
        self._loop = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._loop.start()

    def stop(self) -> None:
        """End the streams, let running calls answer, close everything; within a second."""
        server, loop = self._server, self._loop
        if server is None or loop is None:
            self._bound.close()
            return
        deadline = time.monotonic() + STOP_S
        server.accepting = False
        self._events.close()
        while server.busy() and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        server.end()
        loop.join(max(0.1, deadline - time.monotonic()))
        left = max(0.1, deadline - time.monotonic())
        server.task_dispatcher.shutdown(timeout=left)  # type: ignore[arg-type]  # any number of seconds does
        self._bound.close()
        if not (server.task_dispatcher.threads or loop.is_alive()):
            server.close()
        self._server = self._loop = None


class _Threads(ThreadedTaskDispatcher):
    """As many threads as were ever busy at once, up to a bound.

    waitress starts all of them and hands out calls in turn, so that each would open the ledger and the members file for
    itself: several MB for one POS, and every sale on a connection that has nothing in its cache.
    """

    def __init__(self, count_max: int) -> None:
        super().__init__()
        self._count_max = count_max

    def add_task(self, task: Any) -> None:
        with self.lock:
            idle = len(self.threads) - self.active_count
            is_ending = self.stop_count > 0
            if len(self.queue) >= idle and len(self.threads) < self._count_max and not is_ending:
                number = len(self.threads)
                self.start_new_thread(self.handler_thread, number)
                self.threads.add(number)
                self.active_count += 1
                self.queue.append(task)
                return
        super().add_task(task)


class _ProblemTask(ErrorTask):
    """What waitress refuses before the app sees it (no HTTP, headers or body too long), as a problem.

    Its own answer would be plain text, and may quote what was sent.
    """

    def execute(self) -> None:
        status = self.request.error.code  # type: ignore[attr-defined]  # a parser, not an Error
        code = "too-large" if status in {413, 431} else "internal" if status == 500 else "malformed"
        body = to_json(document(code, status, "The HTTP request cannot be read.", retryable=False))
        self.status = f"{status} {self.request.error.reason}"  # type: ignore[attr-defined]
        headers: Any = self.response_headers
        headers += [
            ("Content-Type", PROBLEM_TYPE),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _NoPaths(logging.Filter):
    """waitress logs the path of a request that failed or lost its client: leave it out."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        before, found, _path = message.partition("while serving ")
        if found:
            record.msg, record.args = f"{before}while serving a request", ()
        return True


class _Channel(HTTPChannel):
    error_task_class = _ProblemTask
    logger = logging.getLogger("edge_agent.web.connection")


class _Server(TcpWSGIServer):
    channel_class = _Channel
    active_channels: Any

    def __init__(
        self,
        app: Flask,
        bound: socket.socket,
        dispatcher: ThreadedTaskDispatcher,
        stalled_s: float,
    ) -> None:
        self._stalled_s = stalled_s
        settings: dict[str, Any] = {
            "asyncore_use_poll": True,
            "backlog": _BACKLOG,
            "channel_request_lookahead": 1,
            "channel_timeout": IDLE_S,
            "cleanup_interval": 1,
            "connection_limit": CONNECTIONS_MAX,
            "ident": "",
            "log_socket_errors": False,
            "max_request_body_size": BODY_SWALLOWED_BYTES_MAX,
            "max_request_header_size": HEADERS_BYTES_MAX,
            "outbuf_high_watermark": UNSENT_BYTES_MAX,
            "sockets": [bound],
        }
        logger = _Channel.logger
        if not any(isinstance(each, _NoPaths) for each in logger.filters):
            logger.addFilter(_NoPaths())
        super().__init__(
            app,
            {},
            _sock=bound,
            dispatcher=dispatcher,
            adj=Adjustments(**settings),
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
            bind_socket=False,
        )

    def maintenance(self, now: float) -> None:
        """Also cut off whoever has taken nothing for a while of what waits for them."""
        super().maintenance(now)  # type: ignore[arg-type]  # it is a time in seconds
        for channel in list(self.active_channels.values()):
            if channel.total_outbufs_len and channel.last_activity < now - self._stalled_s:
                structlog.get_logger("edge_agent.web").warning("client stalled, cut off")
                channel.handle_close()  # `will_close` waits until it can be written to

    def busy(self) -> bool:
        """Whether an answer is being made or sent."""
        return any(
            channel.requests or channel.total_outbufs_len
            for channel in list(self.active_channels.values())
        )

    def end(self) -> None:
        """Close every connection and end the loop, in its own thread.

        The trigger stays open: a thread that is late writes to its file descriptor, which might be a file of
        somebody else by then. `close` it when no thread is left.
        """
        trigger: Any = self.trigger
        trigger.pull_trigger(self._end)

    def _end(self) -> None:
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.del_channel()
        trigger: Any = self.trigger
        trigger.del_channel()
