"""The hub: what readers get, miss and are told."""

import threading
import time
from collections.abc import Callable

import pytest

from edge_agent.web.events import BYTES_KEPT_MAX, EventHub
from edge_agent.web.problems import StreamsFull

DEADLINE_S = 20


def never() -> bool:
    return False


def test_an_event_has_an_id_a_kind_and_its_data() -> None:
    hub = EventHub()
    frames = hub.subscribe().frames(never)
    next(frames)
    hub.publish("sale", {"kind": "sale", "text": "a\nb é"})
    expected = f'id: {hub.epoch}-1\nevent: sale\ndata: {{"kind":"sale","text":"a\\nb é"}}\n\n'
    assert next(frames) == expected.encode()


def test_a_kind_that_the_contract_does_not_have_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such kind"):
        EventHub().publish("gossip", {})


def test_a_new_reader_gets_an_id_to_come_back_with_and_no_past() -> None:
    hub = EventHub()
    hub.publish("sync", {"n": 1})
    frames = hub.subscribe().frames(never)
    assert f"id: {hub.epoch}-1\n\n".encode() in next(frames)
    hub.publish("sync", {"n": 2})
    assert next(frames).startswith(f"id: {hub.epoch}-2\n".encode())


def test_a_reader_that_comes_back_gets_what_it_missed_in_order() -> None:
    hub = EventHub()
    for n in range(1, 6):
        hub.publish("scan", {"n": n})
    frames = hub.subscribe(f"{hub.epoch}-2").frames(never)
    next(frames)
    missed = next(frames).decode()
    assert [part.split("\n")[0] for part in missed.split("\n\n")[:-1]] == [
        f"id: {hub.epoch}-{n}" for n in (3, 4, 5)
    ]


@pytest.mark.parametrize(
    "last",
    ["{epoch}-0", "{epoch}-7", "00000000-3", "{epoch}-", "", "4111111111111111", "{epoch}-3 ", "é"],
)
def test_a_reader_whose_past_is_not_here_is_told_so(last: str) -> None:
    hub = EventHub(kept_max=3)
    for n in range(6):
        hub.publish("scan", {"n": n})
    greeting = next(hub.subscribe(last.format(epoch=hub.epoch)).frames(never)).decode()
    assert "event: reset\ndata: {}\n\n" in greeting
    assert f"id: {hub.epoch}-6\n" in greeting


def test_the_oldest_that_is_kept_can_still_be_resumed_from() -> None:
    hub = EventHub(kept_max=3)
    for n in range(6):
        hub.publish("scan", {"n": n})
    frames = hub.subscribe(f"{hub.epoch}-3").frames(never)
    assert b"reset" not in next(frames)
    assert next(frames).count(b"event: scan") == 3


def test_what_is_kept_is_bounded_in_bytes_too() -> None:
    hub = EventHub()
    for _ in range(10):
        hub.publish("sale", {"text": "x" * (BYTES_KEPT_MAX // 4)})
    frames = hub.subscribe(f"{hub.epoch}-7").frames(never)
    next(frames)
    assert len(next(frames)) <= BYTES_KEPT_MAX
    assert b"reset" in next(hub.subscribe(f"{hub.epoch}-5").frames(never))


def test_the_cap_holds_and_a_place_is_given_back_once() -> None:
    hub = EventHub(streams_max=2)
    first = hub.subscribe()
    hub.subscribe()
    with pytest.raises(StreamsFull, match="2 event streams"):
        hub.subscribe()
    first.close()
    first.close()
    assert hub.streams == 1
    hub.subscribe()


def test_silence_is_filled_with_comments() -> None:
    hub = EventHub(heartbeat_s=0.01)
    frames = hub.subscribe().frames(never)
    next(frames)
    assert next(frames) == b": still here\n\n"
    assert next(frames) == b": still here\n\n"


def test_a_reader_that_is_too_slow_is_dropped_and_told_when_it_comes_back() -> None:
    hub = EventHub(kept_max=3)
    place = hub.subscribe()
    frames = place.frames(never)
    next(frames)
    for n in range(5):
        hub.publish("scan", {"n": n})
    assert list(frames) == []
    assert hub.dropped == 1
    assert b"reset" in next(hub.subscribe(f"{hub.epoch}-0").frames(never))


def test_a_reader_that_is_gone_frees_its_place_soon() -> None:
    hub = EventHub()
    frames = hub.subscribe().frames(lambda: True)
    next(frames)
    assert list(frames) == []


def test_closing_ends_waiting_readers_at_once_and_lets_no_new_one_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.web.events.LOOK_S", 3600.0)
    hub = EventHub(heartbeat_s=3600)
    frames = hub.subscribe().frames(never)
    next(frames)
    left: list[bytes] = []
    reader = threading.Thread(target=lambda: left.extend(frames), daemon=True)
    reader.start()
    reader.join(0.05)  # it waits by now, most probably; either way it has to end
    hub.close()
    reader.join(DEADLINE_S)
    assert not reader.is_alive()
    with pytest.raises(StreamsFull, match="stopping"):
        hub.subscribe()


def test_many_publishers_lose_nothing_for_a_reader_that_keeps_up() -> None:
    hub = EventHub(kept_max=10_000)
    frames = hub.subscribe().frames(never)
    next(frames)

    def publish() -> None:
        for n in range(500):
            hub.publish("scan", {"n": n})

    publishers = [threading.Thread(target=publish) for _ in range(4)]
    for each in publishers:
        each.start()
    seen = b""
    give_up_at = time.monotonic() + DEADLINE_S
    while seen.count(b"event: scan") < 2000 and time.monotonic() < give_up_at:
        seen += next(frames)
    ids = [int(line.rpartition(b"-")[2]) for line in seen.split(b"\n") if line.startswith(b"id:")]
    assert ids == list(range(1, 2001))


def test_publishing_does_not_wait_for_readers() -> None:
    hub = EventHub(kept_max=10)
    held: list[Callable[[], object]] = []
    for _ in range(hub.streams_max):
        frames = hub.subscribe().frames(never)
        next(frames)
        held.append(frames.__next__)  # nobody reads on
    for n in range(1000):
        hub.publish("scan", {"n": n})
    assert hub.streams == hub.streams_max
