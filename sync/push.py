"""One push: everything after the received position, in bounded batches, until nothing waits.

What counts is only what central says that it holds. It may be less than we sent (a suffix it did
not take), less than we thought (it came back from a backup) or more (an answer that was lost); so
the position is always taken from the answer, after comparing its head with our own chain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.domain.record import HASH_BYTES, Record
from sync.errors import CentralError, ProtocolError, Stalled, Stopped, TooLarge
from sync.policy import RECORD_BYTES_PER_PUSH, Window
from sync.ports import Central, Outbox
from sync.wire import RecordsAnswer, RecordsMessage, WireRecord


@dataclass(frozen=True, slots=True)
class PushResult:
    """How a push went.

    `moved` counts the records that the position went past; `fault` is what ended it early.
    """

    moved: int
    received: int
    fault: CentralError | None = None


def push(
    central: Central,
    outbox: Outbox,
    window: Window,
    *,
    ask_first: bool = False,
    moved_on: Callable[[int], None] = lambda _moved: None,
) -> PushResult:
    """Send what waits. Never raises a `CentralError`: what came of it before the fault stands in
    the result.

    `ask_first` asks central for its position with a message without records before any is sent:
    after heads differed, and when central seems to hold less than we think. `moved_on` hears the
    count so far after each batch.
    """
    moved = 0
    after = outbox.received()
    # After a fault the outbox is not touched any more: if we were stopped, it may be closed by now.
    try:
        if ask_first:
            after = _settle(outbox, central.send(_message(outbox, ())))
        while (taken := _exchange(central, outbox, after, window)) is not None:
            if taken <= after:
                asked_after, after = after, taken
                raise Stalled(f"central holds {taken}, and took nothing after {asked_after}")
            moved += taken - after
            after = taken
            moved_on(moved)
    except CentralError as fault:
        return PushResult(moved, after, fault)
    return PushResult(moved, after)


def _exchange(central: Central, outbox: Outbox, after: int, window: Window) -> int | None:
    """Send one batch and mark what central then holds.

    Returns that position, or None when nothing waits.
    """
    while waiting := outbox.waiting(after, window.records, RECORD_BYTES_PER_PUSH):
        try:
            answer = central.send(_message(outbox, waiting))
        except TooLarge as error:
            _halve(window, waiting, error)
        except Stopped:
            raise
        except CentralError:
            window.shrink(len(waiting))
            raise
        else:
            window.grow()
            return _settle(outbox, answer)
    return None


def _message(outbox: Outbox, waiting: Sequence[Record]) -> RecordsMessage:
    records = tuple(WireRecord.of(record) for record in waiting)
    return RecordsMessage(terminal=outbox.terminal, epoch=outbox.epoch, records=records)


def _halve(window: Window, waiting: Sequence[Record], error: TooLarge) -> None:
    """Go on with half of it, or give up where it is one record already."""
    if len(waiting) == 1:
        seq = waiting[0].seq
        raise TooLarge(f"record {seq} is too large for central or a proxy before it") from error
    window.shrink(len(waiting))


def _settle(outbox: Outbox, answer: RecordsAnswer) -> int:
    """Mark what central holds. Raises HeadDiffers, and then nothing is marked.

    The answer's states are not kept: the pull tells them too, in order and with the position that they belong to. One
    that is handled late would bring back a state that a pull has settled meanwhile.
    """
    outbox.mark_received(answer.received, _head(answer))
    return answer.received


def _head(answer: RecordsAnswer) -> bytes | None:
    if answer.received < 0:
        raise ProtocolError("central's answer has a negative position")
    if answer.received == 0:
        return None
    try:
        head = bytes.fromhex(answer.head or "")
    except ValueError:
        head = b""
    if len(head) != HASH_BYTES:
        raise ProtocolError("central's answer names a position without its hash")
    return head
