"""A scripted agent: the real pages on waitress, and those calls of the contract that they use.

It decides nothing: answers are canned, events are what a test says. Session, event stream, problems
and connections that break are real.
"""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Response, request
from waitress import wasyncore
from waitress.server import create_server

from edge_agent.web.pages import pages_blueprint
from tests.e2e.page import samples

Json = dict[str, Any]

DEADLINE_S: Final = 30.0


@dataclass
class ScriptedAgent:
    """Answers by script; `say` tells every open page something."""

    language: str = "nl-NL"
    sale_shown_s: float = 600.0
    member_shown_s: float = 600.0
    notice_shown_s: float = 600.0
    poll_s: float = 600.0
    status: Json = field(default_factory=samples.status)
    devices: list[Json] = field(default_factory=samples.devices)
    members: dict[str, Json] = field(default_factory=dict)
    """Code -> member view of identify; other codes are refused with `identify_problem`."""
    identify_problem: str = "invalid"
    print_problem: str | None = None
    print_state: str = "queued"
    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    """Every POST as (path, session cookie, body)."""

    act_problem: tuple[Json, int] | None = None
    """What redemptions, actions, answers and enrolment codes are refused with."""
    act_result: Json = field(default_factory=dict)
    """What the results of actions, answers and enrolments say besides."""
    rewards: tuple[Json, ...] = (samples.COFFEE, samples.OWN_CHOICE, samples.COOKING)
    """Those that can be reserved."""

    hold_answers: threading.Event | None = None
    """Identify and reserving answer when this is set; at once without it."""
    session: str = "a-session"
    """What the guard takes; a new one makes the pages' sessions invalid."""

    port: int = 0
    _server: Any = None
    """Of waitress; its stubs know too little of it."""
    _thread: threading.Thread | None = None
    _streams: list["queue.Queue[str | None]"] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seq: int = 0
    _reserved: dict[str, Json] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before after a stop."""
        server: Any = create_server(
            self._app(), map={}, host="127.0.0.1", port=self.port, threads=12
        )
        self.port = int(server.effective_port)
        self._server = server
        self._thread = threading.Thread(target=server.run, name="scripted-agent", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Break every connection and listen no more, as a killed process does."""
        assert self._thread is not None
        server = self._server

        def close_sockets() -> None:
            for channel in list(server.active_channels.values()):
                channel.handle_close()
            wasyncore.dispatcher.close(server)

        # In the server's own thread, since its sockets are not ours. Its trigger goes last: threads
        # that still serve a stream pull it once more.
        server.trigger.pull_trigger(close_sockets)
        with self._lock:
            for stream in self._streams:
                stream.put(None)
        server.task_dispatcher.shutdown()
        with contextlib.suppress(
            OSError
        ):  # It may act on an earlier pull and be closed before ours.
            server.trigger.pull_trigger(server.trigger.close)
        self._thread.join(timeout=DEADLINE_S)
        assert not self._thread.is_alive(), "the scripted agent did not stop"

    def say(self, event: str, data: Json) -> None:
        """Send an event to every open page; waits for the first one to listen."""
        wait_until(lambda: bool(self._streams), "a page to listen")
        with self._lock:
            self._seq += 1
            text = f"id: e1-{self._seq}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
            for stream in self._streams:
                stream.put(text)

    def device(self, device_id: str, **changes: object) -> None:
        """Change a device and say so."""
        [device] = [device for device in self.devices if device["id"] == device_id]
        device.update(changes)
        self.say("device", device)

    def sync(self, **changes: object) -> None:
        """Change the status and say so."""
        self.status.update(changes)
        self.say("sync", dict(changes))

    def all_is_well(self) -> None:
        """Put status and devices back, and have every page ask for them."""
        self.status = samples.status()
        self.devices = samples.devices()
        self.say("reset", {})

    def bodies(self, path: str) -> list[Json]:
        """Return the bodies posted to `path` so far."""
        return [body for called, _, body in self.calls if called == path]

    def posted(self, path: str) -> list[Json]:
        """Wait until something has been posted to `path` and return the bodies."""
        wait_until(lambda: bool(self.bodies(path)), f"a call of {path}")
        return self.bodies(path)

    def _events(self) -> Iterator[str]:
        stream: queue.Queue[str | None] = queue.Queue(maxsize=1000)
        with self._lock:
            self._streams.append(stream)
        try:
            yield ": here\n\n"
            while True:
                try:
                    text = stream.get(timeout=1)
                except queue.Empty:
                    text = ": still here\n\n"  # Only writing finds out that a page is gone.
                if text is None:
                    return
                yield text
        finally:
            with self._lock:
                if stream in self._streams:
                    self._streams.remove(stream)

    def _app(self) -> Flask:
        app = Flask("scripted_agent", static_folder=None)
        app.register_blueprint(
            pages_blueprint(
                store="0412",
                till="03",
                language=self.language,
                admit=self._admit,
                sale_shown_s=self.sale_shown_s,
                member_shown_s=self.member_shown_s,
                notice_shown_s=self.notice_shown_s,
                poll_s=self.poll_s,
            )
        )
        app.before_request(self._require_session)
        app.get("/v1/status", endpoint="status")(lambda: self.status)
        app.get("/v1/devices", endpoint="devices")(lambda: self.devices)
        app.get("/v1/events", endpoint="events")(
            lambda: Response(self._events(), mimetype="text/event-stream")
        )
        app.post("/v1/identify")(self._identify)
        app.post("/v1/present/clear")(lambda: self._note() | {"present": False})
        app.post("/v1/redemptions")(self._reserve)
        app.post("/v1/redemptions/<redemption_id>/cancel")(self._cancel)
        app.get("/v1/enrolment", endpoint="enrolment")(lambda: {"consents": list(samples.CONSENTS)})
        for path in ("/v1/answers", "/v1/actions", "/v1/members", "/v1/terminal"):
            app.add_url_rule(path, endpoint=path, view_func=self._record, methods=["POST"])
        app.post("/v1/terminal/codes")(self._show_code)
        for path in ("/v1/receipts/<_>/print", "/v1/slips", "/v1/devices/<_>/test"):
            app.add_url_rule(path, endpoint=path, view_func=self._print, methods=["POST"])
        return app

    def _admit(self, answer: Response) -> Response:
        """Stand in for the guard: the page comes with the session."""
        answer.set_cookie("session", self.session, httponly=True, samesite="Strict")
        return answer

    def _require_session(self) -> tuple[Json, int] | None:
        """Refuse calls without the page's session, as the guard does."""
        if request.path.startswith("/v1") and request.cookies.get("session") != self.session:
            return problem("unauthorised", 401)
        return None

    def _note(self) -> Json:
        body: Json = request.get_json()
        self.calls.append((request.path, request.cookies.get("session", ""), body))
        return body

    def _identify(self) -> tuple[Json, int] | Json:
        view = self.members.get(self._note()["code"])
        if self.hold_answers is not None:
            self.hold_answers.wait(DEADLINE_S)
        return view if view is not None else problem(self.identify_problem, 422)

    def _reserve(self) -> tuple[Json, int]:
        wish = self._note()
        if self.hold_answers is not None:
            self.hold_answers.wait(DEADLINE_S)
        if self.act_problem is not None:
            return self.act_problem
        [reward] = [each for each in self.rewards if each["id"] == wish["reward"]]
        points = int(wish["points"]) if "points" in wish else None
        found = samples.reserved(reward, wish["redemption_id"], points)
        self._reserved[found["redemption_id"]] = found
        return found, 201

    def _cancel(self, redemption_id: str) -> Json:
        self._note()
        return self._reserved.pop(redemption_id) | {"state": "cancelled"}

    def _record(self) -> tuple[Json, int]:
        self._note()
        return self.act_problem or ({"result": {"earned": {}, **self.act_result}}, 201)

    def _show_code(self) -> tuple[Json, int] | Json:
        asked = self._note()
        printed = self.print_state if asked["print"] else "none"
        return self.act_problem or samples.CODE_SHOWN | {"print": printed}

    def _print(self, _: str = "") -> tuple[Json, int]:
        self._note()
        if self.print_problem is not None:
            return problem(self.print_problem, 409)
        if request.path.endswith("/test"):
            scanner = "hand" in request.path
            return {"test": "scan" if scanner else "print", "queued": not scanner}, 200
        return {"print": self.print_state}, 200


def problem(code: str, status: int, detail: str = "") -> tuple[Json, int]:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return body, status


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for `condition` until the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
