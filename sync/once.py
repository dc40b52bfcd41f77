"""One push and one pull now, with progress: what `edge-agent sync` does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sync.errors import OtherTerminal
from sync.policy import Window
from sync.ports import Central, MemberStore, Outbox, ProgrammeStore
from sync.pull import Pull, PullResult
from sync.push import push

Progress = Callable[[Literal["records", "members"], int, int], None]
"""Hears what moves, how much of it so far, and of how much (0: not known yet)."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Records that central took, the position it holds, and what was pulled."""

    records: int
    received: int
    pulled: PullResult


def sync_once(
    central: Central,
    outbox: Outbox,
    members: MemberStore,
    programmes: ProgrammeStore,
    progress: Progress = lambda _what, _done, _total: None,
) -> SyncResult:
    """Push what waits, then pull; raises the first `CentralError` as it is, without trying again.

    What was pushed before an error stays pushed. Somebody watches, so waiting is theirs to decide.
    """
    if central.terminal != outbox.terminal:
        raise OtherTerminal(
            f"the identity is for {central.terminal}, and this is {outbox.terminal}"
        )
    total = outbox.last_seq() - outbox.received()
    progress("records", 0, total)
    pushed = push(
        central,
        outbox,
        Window(),
        ask_first=True,
        moved_on=lambda moved: progress("records", moved, max(total, moved)),
    )
    if pushed.fault is not None:
        raise pushed.fault
    pull = Pull(
        central,
        outbox,
        members,
        programmes,
        page_came=lambda done, count: progress("members", done, count),
    )
    return SyncResult(pushed.moved, pushed.received, pull.run())
