"""One push: everything after the received position, in bounded batches, until nothing waits.

What counts is only what central says that it holds. It may be less than we sent (a suffix it did
not take), less than we thought (it came back from a backup) or more (an answer that was lost); so
the position is always taken from the answer, after comparing its head with our own chain.

Where the chains differ, this journal was put back from a backup or copied. It then goes on in a new epoch, which
begins after the last record that both have; what central had not seen is sent in that. So it does where central was put
back to before the present epoch began, and lacks records of the one before. Who finds its epoch closed
though its chain is as central has it says so: then there are two machines. See docs/decisions/epochs.md.

What central took long ago it keeps no more, and so cannot compare: it answers with the checkpoint that this became. It
holds it for sure, so that the position that it names is where to go on; see docs/decisions/checkpoints.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.domain.record import HASH_BYTES, Record
from sync.errors import (
    CentralError,
    Conflict,
    EpochGap,
    Folded,
    HeadDiffers,
    ProtocolError,
    Stalled,
    Stopped,
    TooLarge,
    quarantined,
)
from sync.policy import RECORD_BYTES_PER_PUSH, Window
from sync.ports import Central, Outbox
from sync.wire import RecordsAnswer, RecordsMessage, WireRecord


@dataclass(frozen=True, slots=True)
class PushResult:
    """How a push went.

    `moved` counts the records that the position went past; `fault` is what ended it early, or that what was sent is
    laid aside.
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
    turn = _Turn(central, outbox, window, moved_on, outbox.received())
    # After a fault the outbox is not touched any more: if we were stopped, it may be closed by now.
    try:
        agreed = turn.try_all(ask_first=ask_first)
        if agreed is not None:
            outbox.begin_epoch(agreed)
            turn.after = outbox.received()
            turn.send_all(ask_first=True)
        outbox.note_standing(turn.standing)
    except CentralError as fault:
        return PushResult(turn.moved, turn.after, fault)
    aside = None if turn.standing is None else quarantined(turn.standing)
    return PushResult(turn.moved, turn.after, aside)


@dataclass(slots=True)
class _Turn:
    """One push under way: up to where central holds the journal, how many records that moved, and why central lays
    them aside, if it does."""

    central: Central
    outbox: Outbox
    window: Window
    moved_on: Callable[[int], None]
    after: int
    moved: int = 0
    standing: str | None = None

    def try_all(self, *, ask_first: bool) -> int | None:
        """Send what waits; where that takes a new epoch, after which record that begins. Raises `CentralError`."""
        try:
            try:
                self.send_all(ask_first=ask_first)
            except Folded:
                self.send_all(ask_first=True)
        except (HeadDiffers, Conflict):
            return self.agreed()
        except EpochGap as gap:
            return gap.holds
        return None

    def send_all(self, *, ask_first: bool) -> None:
        """Send what waits; raises `CentralError`."""
        if ask_first:
            self.after = self._settle(self.central.send(self._message(())))
        while (sent := self._send(self.after)) is not None:
            _, answer = sent
            taken = self._settle(answer)
            if taken <= self.after:
                asked_after, self.after = self.after, taken
                raise Stalled(f"central holds {taken}, and took nothing after {asked_after}")
            self.moved += taken - self.after
            self.after = taken
            self.moved_on(self.moved)

    def agreed(self) -> int:
        """The last of our records that central holds as we do.

        It is asked by sending ours again: central counts what it has, and names the first that differs. What it keeps
        no more is the same if we have the record at its checkpoint, or else as far as it knows the ids.
        """
        held = self.central.send(self._message(())).received
        after = self.outbox.received()
        if held <= after:
            after = self.outbox.begins_after
        while True:
            try:
                sent = self._send(after)
            except Folded as folded:
                if self.outbox.holds(folded.position, folded.head):
                    after = folded.position
                elif folded.same_upto >= folded.seq:
                    after = folded.same_upto
                else:
                    return folded.seq - 1
            except Conflict as conflict:
                if conflict.seq is None:
                    raise
                return conflict.seq - 1
            else:
                if sent is None:
                    return after
                after = sent[0][-1].seq

    def _send(self, after: int) -> tuple[Sequence[Record], RecordsAnswer] | None:
        """Send one batch of what follows; None when nothing does."""
        outbox, window = self.outbox, self.window
        while waiting := outbox.waiting(after, window.records, RECORD_BYTES_PER_PUSH):
            try:
                answer = self.central.send(self._message(waiting))
            except TooLarge as error:
                _halve(window, waiting, error)
            except Stopped:
                raise
            except CentralError:
                window.shrink(len(waiting))
                raise
            else:
                window.grow()
                return waiting, answer
        return None

    def _message(self, waiting: Sequence[Record], contests: str | None = None) -> RecordsMessage:
        outbox = self.outbox
        return RecordsMessage(
            terminal=outbox.terminal,
            epoch=outbox.epoch,
            records=tuple(WireRecord.of(record) for record in waiting),
            begins_after=outbox.begins_after,
            follows=outbox.follows,
            contests=contests,
            signed=outbox.signed(),
        )

    def _settle(self, answer: RecordsAnswer) -> int:
        """Mark what central holds. Raises HeadDiffers, and then nothing is marked; and EpochGap.

        The answer's states are not kept: the pull tells them too, in order and with the position that they belong to.
        One that is handled late would bring back a state that a pull has settled meanwhile.
        """
        signature = None if answer.signature is None else bytes.fromhex(answer.signature)
        self.outbox.mark_received(answer.received, _head(answer), signature)
        self.standing = answer.quarantined
        if answer.closed_by is not None and answer.quarantined is None:
            # Our chain is as central has it, and another epoch was begun as this terminal: somewhere else.
            contested = self.central.send(self._message((), answer.closed_by))
            self.standing = contested.quarantined
        elif answer.holds_before is not None and answer.quarantined is None:
            raise EpochGap(answer.holds_before)
        return answer.received


def _halve(window: Window, waiting: Sequence[Record], error: TooLarge) -> None:
    """Go on with half of it, or give up where it is one record already."""
    if len(waiting) == 1:
        seq = waiting[0].seq
        raise TooLarge(f"record {seq} is too large for central or a proxy before it") from error
    window.shrink(len(waiting))


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
