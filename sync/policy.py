"""The numbers of the till's end of sync, each with its reason. Pure: no clock, no I/O, randomness
passed in."""

from collections.abc import Callable
from dataclasses import dataclass

from sync.errors import Busy, CentralError
from sync.wire import PUSH_BYTES_MAX, RECORDS_PER_PUSH_MAX

BACKOFF_FIRST_S = 0.5
"""A cut line or a restarted central is mostly back within a second."""

BACKOFF_MAX_S = 60.0
"""A thousand tills that wait up to a minute ask a returning central some thirty times a second."""

REFUSED_PAUSE_S = 300.0
"""Somebody has to act first: five minutes is soon enough afterwards, and too seldom to look like an
attack."""

REFUSED_JITTER = 0.2
"""Spreads the tills of a shop whose tokens were revoked together."""

NOT_ENROLLED_LOOK_S = 5.0
"""How often the identity file is looked for: whoever enrols a running till sees it connect while
they watch."""

AFTER_DEFECT_S = 10.0
"""Pause after an error that nobody foresaw, so that a defect of ours is logged and does not spin."""

PUSH_EVERY_S = 30.0
"""A push without having been woken: for records of before the start, and a wake that got lost."""

LONG_POLL_S = 25
"""Seconds that central may keep a question for changes; below the 30 s after which some shops'
routers forget a silent connection, and below the 60 s of common reverse proxies."""

PULL_EVERY_MIN_S = 1.0
"""Between the starts of two pulls, so that a central that does not wait is not asked in a circle."""

PULL_PER_MEMBER_S = 0.005
"""The same for every member that the pull brought: twenty times what telling one takes. A till that uploads a backlog,
or a chain at its busiest, would else be told of the same thousand members every second."""

PULL_EVERY_MAX_S = 5.0
"""However many they were: what changed elsewhere is here within seconds."""

PAGE_ATTEMPTS_MAX = 5
"""Tries for one page in the middle of a pull; the pages before it are kept only until the pull
ends."""

PAGE_PAUSE_MAX_S = 5.0
"""Longest wait between two tries of one page: a members file half built is worth little patience."""

CONNECT_TIMEOUT_S = 10.0
"""For the TCP and TLS handshakes, and for handing a request body to the kernel (urllib3 uses one
number for both); long enough for a mobile link that wakes up."""

READ_TIMEOUT_S = 30.0
"""Longest silence while an answer is awaited: central takes 500 records in a second or two; a
loaded one in ten."""

REQUEST_TOTAL_S = 120.0
"""A whole exchange, from the first byte sent to the last received. The read timeout begins anew
with every byte, so that a server that dribbles would hold a worker for ever; this does not. A 1.5
MB page takes 48 s at 256 kbit/s."""

LOOP_BOUND_S = 400.0
"""After so long without a beat a loop hangs. Above the longest exchange with its long poll (145 s)
after names were looked up at three silent servers twice (30 s) and several addresses tried in vain.
A central that is away must never restart the agent."""

STOP_WITHIN_S = 0.4
"""How long `stop` waits for its threads. Sockets are cut, so they end in milliseconds; one that is
inside the resolver or a TCP handshake cannot be woken and is left behind, where it can touch
nothing any more."""

SMALL_ANSWER_BYTES_MAX = 65_536
"""An enrolment's answer, and what is read of an error's."""

RECORDS_ANSWER_BYTES_MAX = 1_048_576
"""500 states are some 40 KB; central may send states of earlier records along."""

CHANGES_BYTES_MAX = 16 * 1_048_576
"""5,000 members are about 1.5 MB, the programme at most one more; ten times that is not central."""

MEMBERS_PART_BYTES = 524_288
"""Of the members file in one answer: a cut costs no more than that, and at 40 kbit/s it still comes
within `REQUEST_TOTAL_S`."""

PAGES_PER_PULL_MAX = 10_000
"""50 million members; more pages than that means that central turns in a circle."""

AUTHORISE_LATE_S = 2.0
"""Beyond the deadline of a redemption its exchange may go on, with nobody waiting: for a slow name look-up and TLS
handshake, so that the next one finds a connection."""

AUTHORISE_FAILURES_MAX = 3
"""Answers that do not come in time before nobody is made to wait for one: three customers, a second in all."""

AUTHORISE_PROBE_EVERY_S = 10.0
"""How often it is then tried whether central answers in time again; six small requests a minute of each till."""

AUTHORISE_WAITING_MAX = 4
"""Questions that wait for the one before; a till has one customer at a time, and some pages open."""

AUTHORISE_IDLE_S = 30.0
"""Longest sleep of the thread that asks, so that its heart is heard."""

GZIP_FROM_BYTES = 1_400
"""A request that fits one packet gains nothing by being smaller."""

RECORD_BYTES_PER_PUSH = PUSH_BYTES_MAX // 2
"""Of bodies and attachments, before they become JSON strings: quotes and backslashes are escaped,
which at most doubles them, so that a message stays below `PUSH_BYTES_MAX`. One record of the
largest size still fits."""


@dataclass(slots=True)
class Window:
    """How many records go into one push: halved when one fails, doubled when one is taken.

    A line that breaks after some seconds, a proxy with a small limit and a record that central
    cannot digest are all got past this way: what stands before the trouble arrives.
    """

    records: int = RECORDS_PER_PUSH_MAX

    def shrink(self, sent: int) -> None:
        """After a push of `sent` records failed."""
        self.records = max(1, min(self.records, sent) // 2)

    def grow(self) -> None:
        """After a push was taken."""
        self.records = min(RECORDS_PER_PUSH_MAX, self.records * 2)


def pull_every_s(members: int) -> float:
    """Seconds between the start of a pull that brought changes of so many members and that of the next."""
    return min(PULL_EVERY_MAX_S, max(PULL_EVERY_MIN_S, members * PULL_PER_MEMBER_S))


def backoff_s(attempt: int, uniform: Callable[[float, float], float]) -> float:
    """Exponential backoff with full jitter: evenly between 0 and 0.5 s, 1 s, 2 s ... 60 s for
    attempt 1, 2, 3 ...

    Full jitter spreads the tills that lost central at the same moment best (Brooker, "Exponential
    Backoff And Jitter", 2015).
    """
    doublings = min(attempt - 1, 30)  # far above the maximum, far below what a float can hold
    return uniform(0.0, min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**doublings))


def pause_s(
    error: BaseException | None, attempt: int, uniform: Callable[[float, float], float]
) -> float:
    """Seconds to wait after `error` ended the attempt with that number (from 1)."""
    if isinstance(error, CentralError) and error.refused:
        spread = REFUSED_PAUSE_S * REFUSED_JITTER
        return uniform(REFUSED_PAUSE_S - spread, REFUSED_PAUSE_S + spread)
    pause = backoff_s(attempt, uniform)
    if isinstance(error, Busy) and error.retry_after_s is not None:
        return min(pause + max(0.0, error.retry_after_s), REFUSED_PAUSE_S)
    return pause
