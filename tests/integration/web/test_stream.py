"""The event stream over real sockets: resume, reset, cap, heartbeat, slow readers, the end."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.web.events import STREAMS_MAX
from edge_agent.web.server import THREADS_FOR_CALLS
from tests.integration.web.agent import TOKEN, Agent, a_sale, an_agent, until
from tests.integration.web.real_till import KNOWN
from tests.integration.web.test_calls import code_of

DEADLINE_S = 20


class Stream:
    """A reader with a socket of its own; `text` is what has come so far."""

    def __init__(self, agent: Agent, last_event_id: str | None = None) -> None:
        host, _, port = agent.address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), DEADLINE_S)
        self.text = ""
        extra = "" if last_event_id is None else f"Last-Event-ID: {last_event_id}\r\n"
        self.socket.sendall(
            f"GET /v1/events HTTP/1.1\r\nHost: {agent.address}\r\n"
            f"Authorization: Bearer {TOKEN}\r\n{extra}\r\n".encode()
        )

    def read_until(self, wanted: str) -> str:
        while wanted not in self.text:
            received = self.socket.recv(65536)
            assert received, f"the stream ended before {wanted!r}: {self.text[-200:]}"
            self.text += received.decode()
        return self.text

    def ended(self) -> bool:
        """Read to the end of the stream."""
        while received := self.socket.recv(65536):
            self.text += received.decode()
        return self.text.endswith("0\r\n\r\n")

    def close(self) -> None:
        self.socket.close()


@contextmanager
def streaming(agent: Agent, last_event_id: str | None = None) -> Iterator[Stream]:
    stream = Stream(agent, last_event_id)
    try:
        stream.read_until("retry: ")
        yield stream
    finally:
        stream.close()


def test_what_happens_at_the_till_arrives(agent: Agent) -> None:
    with streaming(agent) as stream:
        assert "Content-Type: text/event-stream" in stream.text
        agent.post("/v1/identify", {"code": KNOWN, "entry": "scanned"})
        agent.post("/v1/sales", a_sale())
        text = stream.read_until("event: sale")
        assert text.index("event: member") < text.index("event: sale")
        assert KNOWN not in text


def test_a_reader_that_comes_back_resumes(agent: Agent) -> None:
    with streaming(agent) as stream:
        agent.events.publish("sync", {"n": 1})
        text = stream.read_until('{"n":1}')
        last_id = re.findall(r"id: (\S+)\nevent: sync", text)[-1]
    agent.events.publish("sync", {"n": 2})
    with streaming(agent, last_id) as stream:
        text = stream.read_until('{"n":2}')
        assert "reset" not in text
        assert '{"n":1}' not in text


def test_a_reader_of_an_agent_before_is_reset(agent: Agent) -> None:
    agent.events.publish("sync", {"n": 1})
    with streaming(agent, "0123abcd-17") as stream:
        text = stream.read_until("reset")
        assert re.search(rf"id: {agent.events.epoch}-\d+\nevent: reset\ndata: {{}}\n", text)
        assert "event: sync" not in text


def test_at_the_cap_there_is_a_problem_and_calls_go_on(agent: Agent) -> None:
    streams = [Stream(agent) for _ in range(STREAMS_MAX)]
    try:
        until(lambda: agent.events.streams == STREAMS_MAX, "all are open")
        refused = agent.get("/v1/events")
        assert (refused.status_code, code_of(refused)) == (503, "streams-full")
        assert refused.json()["retryable"]
        for _ in range(THREADS_FOR_CALLS):
            assert agent.get("/v1/status").status_code == 200
        streams.pop().close()
        until(lambda: agent.events.streams < STREAMS_MAX, "the place of the one that left is free")
        with streaming(agent):
            pass
    finally:
        for each in streams:
            each.close()


def test_a_reader_that_leaves_frees_its_place_though_nothing_happens(tmp_path: Path) -> None:
    with an_agent(tmp_path, heartbeat_s=3600) as agent:
        with streaming(agent):
            assert agent.events.streams == 1
        until(lambda: agent.events.streams == 0, "its place is free")


def test_asking_for_the_head_alone_takes_no_place(agent: Agent) -> None:
    assert agent.call("HEAD", "/v1/events").status_code == 200
    assert agent.events.streams == 0


def test_silence_is_filled(tmp_path: Path) -> None:
    with an_agent(tmp_path, heartbeat_s=0.05) as agent, streaming(agent) as stream:
        stream.read_until(": still here\n\n")


def test_a_reader_that_takes_nothing_is_cut_off_and_holds_nobody_up(tmp_path: Path) -> None:
    with an_agent(tmp_path, stalled_s=0.5) as agent:
        stalled = Stream(agent)
        until(lambda: agent.events.streams == 1, "it is open")
        with streaming(agent) as other:
            give_up_at = time.monotonic() + DEADLINE_S
            n = 0
            while agent.events.streams == 2 and time.monotonic() < give_up_at:
                n += 1
                agent.events.publish("sale", {"n": n, "text": "x" * 300_000})
                other.read_until(f'{{"n":{n},')
                other.text = ""
            assert agent.events.streams == 1, "only the one that reads is left"
        stalled.close()


def test_streams_end_and_the_server_stops_within_a_second(tmp_path: Path) -> None:
    with an_agent(tmp_path) as agent:
        streams = [Stream(agent) for _ in range(3)]
        for each in streams:
            each.read_until("retry: ")
        stalled = Stream(agent)
        until(lambda: agent.events.streams == 4, "all are open")
        for _ in range(40):
            agent.events.publish("sale", {"text": "x" * 300_000})
        began_at = time.monotonic()
        agent.server.stop()
        took_s = time.monotonic() - began_at
        assert took_s < 1.5, "a second is promised; the machine may be busy"
        for each in streams:
            until(each.ended, "it has ended")
            each.close()
        stalled.close()
        with pytest.raises(ConnectionRefusedError):
            Stream(agent)


def test_an_answer_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    with an_agent(tmp_path) as agent:
        connection = Stream(agent)
        connection.read_until("retry: ")
        assert agent.post("/v1/sales", a_sale()).status_code == 201
        agent.server.stop()
        assert connection.ended()
        assert not agent.server.alive
        connection.close()
        agent.server.stop()


def test_there_are_as_many_threads_as_were_ever_busy_at_once(agent: Agent) -> None:
    before = threading.active_count()
    for _ in range(20):
        assert agent.get("/v1/status").status_code == 200
    # The one that answered may not be idle again when the next call comes.
    assert threading.active_count() <= before + 2
    streams = [Stream(agent) for _ in range(STREAMS_MAX)]
    until(lambda: agent.events.streams == STREAMS_MAX, "each has a thread")
    assert threading.active_count() <= before + STREAMS_MAX + 2
    for each in streams:
        each.close()
