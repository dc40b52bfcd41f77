"""What can go wrong between a till and central, in one small tree.

Each kind says by itself what follows: whether the line counts as away or as refused, and how long
to wait (`policy.pause_s`). A message never holds a key, a card, a name or a body; `detail` is a
sentence for store IT.
"""

from typing import ClassVar


class CentralError(Exception):
    """The root. `code` is for machines and logs, `detail` for people."""

    code: ClassVar[str] = "central"
    refused: ClassVar[bool] = False
    """Central (or our own check) says no: somebody has to act, so trying again soon is of no use."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unreachable(CentralError):
    """No whole answer came; whether central took the request is unknown."""

    code = "unreachable"


class Busy(CentralError):
    """Central is there and cannot now (429, 5xx). `retry_after_s` is what it asked for, if it did."""

    code = "busy"

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ProtocolError(CentralError):
    """What answers does not speak the wire: another server, a captive portal, a proxy's page, a
    fault in central."""

    code = "protocol"


class Stalled(CentralError):
    """Central answered well and holds no more than before, though there was something to take."""

    code = "stalled"


class EpochGap(CentralError):
    """Central was put back to before the epoch began that this journal is in: of the one before it holds records only
    up to `holds`."""

    code = "epoch-gap"

    def __init__(self, holds: int) -> None:
        super().__init__(f"central holds records of the epoch before only up to {holds}")
        self.holds = holds


class PositionUnknown(CentralError):
    """Central does not know the position we asked from (410): its changes have to be read from the
    beginning."""

    code = "position-unknown"


class MembersFileRefused(CentralError):
    """The members file, or its manifest, is not what central made: broken on the way or on our disk,
    swapped, or of another version of this software. It is not used, and fetched again later."""

    code = "members-file-refused"
    refused = True


class MembersFileNotKept(CentralError):
    """The members file cannot be written here: mostly there is no room for it."""

    code = "members-file-not-kept"


class Stopped(CentralError):
    """We were told to stop; the request under way was cut. Not a fault."""

    code = "stopped"


class TooLarge(CentralError):
    """413: a batch that is halved, or one record that something on the way will not let through."""

    code = "too-large"
    refused = True


class Refused(CentralError):
    """401 or 403: the signature is not that of a terminal of central's, or not any more."""

    code = "refused"
    refused = True


class Conflict(CentralError):
    """409: central holds something under this terminal that contradicts what we sent; `seq` is the
    first record that differs, where it is one."""

    code = "conflict"
    refused = True

    def __init__(self, detail: str, seq: int | None = None) -> None:
        super().__init__(detail)
        self.seq = seq


class Folded(CentralError):
    """410: central took our record `seq` so long ago that it keeps it no more. Not a fault: it is settled.

    What is left of it and of those before it is a checkpoint: at `position` the chain's hash is `head`. Those that were
    sent from `seq` up to `same_upto` are the ones that it took, by their ids.
    """

    code = "folded"

    def __init__(
        self, detail: str, seq: int, position: int, head: bytes, same_upto: int = 0
    ) -> None:
        super().__init__(detail)
        self.seq = seq
        self.position = position
        self.head = head
        self.same_upto = same_upto


class Revoked(CentralError):
    """The terminal was revoked, or enrolled on another machine."""

    code = "revoked"
    refused = True


class Cloned(CentralError):
    """Central hears two machines as this terminal."""

    code = "cloned"
    refused = True


def quarantined(why: str) -> CentralError:
    """What follows from central's word on why it lays aside what this till sends."""
    if why == Cloned.code:
        return Cloned(
            "central hears two machines as this terminal: a disk was copied. What both record is kept and waits at "
            "central until one of them is enrolled as another till"
        )
    return Revoked(
        "this terminal was revoked, or enrolled on another machine; what it still sends waits at central until "
        "somebody there has looked"
    )


class HeadDiffers(CentralError):
    """At a seq that central names, its hash is not ours: a backup was put back, a disk was copied, or the
    journal was changed.

    Raised by the outbox. The push then begins a new epoch.
    """

    code = "head-differs"
    refused = True


class JournalDamaged(CentralError):
    """The next record to send cannot be read: the disk failed, or somebody changed it. Raised by the outbox."""

    code = "journal-damaged"
    refused = True


class OtherTerminal(CentralError):
    """The identity was made for another terminal than the one that is configured."""

    code = "other-terminal"
    refused = True


class IdentityUnusable(CentralError):
    """The identity file, or the address of central, is there and cannot be used."""

    code = "identity-unusable"
    refused = True


class EnrolmentRefused(CentralError):
    """Central did not accept the one-time code; the detail says why and what to do."""

    code = "enrolment-refused"
    refused = True
