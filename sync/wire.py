"""The messages between a terminal and central, and their bytes. No I/O.

Messages are versioned and only ever added to: readers ignore what they do not know, and every field that came
after version 1 has a default, so an old till may always upload and an old central may always be asked.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from edge_agent.domain.entries import QUANTITY_MAX
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import Standing
from edge_agent.domain.members_file import Member
from edge_agent.domain.record import BODY_BYTES_MAX, Attachment, Record

WIRE_VERSION = 1

RECORDS_PER_PUSH_MAX = 500
"""About 1.5 MB of 20-line sales before gzip: a second on a 2 Mbit/s line, so a cut costs little to repeat."""

PUSH_BYTES_MAX = 4 * 1_048_576
"""Bound of one push, whichever of the two is reached first; one record is at most `BODY_BYTES_MAX`."""

POSITION_MAX = 2**53 - 1
"""What every reader of JSON keeps exact (RFC 8259, 6), and far below 64 bits, so that databases can count on from it:
of a thousand records a second it is the last after 285,000 years."""

MEMBERS_PER_PAGE_MAX = 5_000
"""About 1.5 MB of members a page."""

MEMBERS_FILE_BYTES_MAX = 4 * 1_073_741_824
"""A hundred million members; whoever says more wants to fill the disk."""

CODE_PATTERN = r"^[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}$"
"""A one-time code, without the letters and digits that are mistaken for each other on paper."""

ACT_ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
"""The ids that a POS makes for its acts."""

ACCOUNT_PATTERN = r"^[A-Za-z0-9._:-]{1,64}$"
"""The refs that accounts go by; tills make some of their own."""

SIGNATURE_TAG = "loyalty-wire"
"""What RFC 9421 calls the tag: a signature that the same key made for something else is not one of ours."""

SIGNATURE_AGE_MAX_S = 300
"""How far `created` may lie from central's clock. Longer than a queue before a slow central; what is sent again within
it does nothing, since records are known by their numbers, redemptions by their ids, and everything else only asks."""

_HEX_32_BYTES = r"^[0-9a-f]{64}$"
_HEX_64_BYTES = r"^[0-9a-f]{128}$"
_ID = r"^[0-9a-f]{32}$"

CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Unicode's control characters, and its two that separate lines and paragraphs. PostgreSQL keeps not every one."""

_NAME = f"^[^{CONTROLS}]+$"


def _of_this_calendar(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("moment", "is no time of this calendar in UTC") from error
    return moment


def _on_one_line(text: str) -> str:
    return re.sub(f"[{CONTROLS}]", " ", text)


Seq = Annotated[int, Field(ge=1, le=POSITION_MAX)]
"""The number of a record in its journal."""

Upto = Annotated[int, Field(ge=0, le=POSITION_MAX)]
"""Up to which record of a journal, or which change of central's; 0 before the first."""

Moment = Annotated[AwareDatetime, AfterValidator(_of_this_calendar)]
"""A time that there is in UTC too: the last hours of 9999 in the west, and the first ones of year 1 in the east, are
none."""

Told = Annotated[str, AfterValidator(_on_one_line)]
"""What a till says in words. A control character in it becomes a space: it is no reason not to answer a till."""


class Message(BaseModel):
    """The root of all messages: frozen, and tolerant of fields that are newer than this code."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordState(StrEnum):
    """What central made of a received record. `PARKED` waits for something and settles by itself or by an operator."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    PARKED = "parked"


class WireAttachment(Message):
    """Personal facts of a record; `salt` in hex, `content` the exact text that the body commits to."""

    salt: str = Field(pattern=r"^[0-9a-f]{32}$")
    content: str = Field(max_length=BODY_BYTES_MAX)


class WireRecord(Message):
    """One record as it travels: `body` is the exact text whose UTF-8 bytes are hashed; hashes and id in hex."""

    seq: Seq
    id: str = Field(pattern=_ID)
    previous: str = Field(pattern=_HEX_32_BYTES)
    hash: str = Field(pattern=_HEX_32_BYTES)
    body: str = Field(max_length=BODY_BYTES_MAX)
    attachment: WireAttachment | None = None

    @classmethod
    def of(cls, record: Record) -> "WireRecord":
        """The travelling form of a journal's record."""
        attachment = record.attachment
        return cls(
            seq=record.seq,
            id=record.id,
            previous=record.previous.hex(),
            hash=record.hash.hex(),
            body=record.body.decode(),
            attachment=None if attachment is None else wire_attachment(attachment),
        )


def wire_attachment(attachment: Attachment) -> WireAttachment:
    """The travelling form of an attachment."""
    return WireAttachment(salt=attachment.salt.hex(), content=attachment.content.decode())


class SignedPosition(Message):
    """How far central held a journal, and the hash (hex) there, with its signature (hex) of what
    `signing.head_statement` makes of it: what a till keeps of the last `RecordsAnswer`."""

    received: Seq
    head: str = Field(pattern=_HEX_32_BYTES)
    signature: str = Field(pattern=_HEX_64_BYTES)


class RecordsMessage(Message):
    """`POST /wire/v1/records`: records in order of seq, without gaps.

    An epoch that was begun because central held other records than the journal (a backup was put back) `follows` the
    one before it, and its own records begin after the last one that both agreed on. With `contests` a terminal whose
    epoch was closed by another one says that it is still at work: then two machines have its identity. `signed` is what
    central signed last of this epoch: one that holds less now was put back from a backup, and can tell by it.
    """

    terminal: str
    epoch: str = Field(pattern=_ID)
    records: tuple[WireRecord, ...] = Field(max_length=RECORDS_PER_PUSH_MAX)
    version: int = WIRE_VERSION
    begins_after: Upto = 0
    follows: str | None = Field(default=None, pattern=_ID)
    contests: str | None = Field(default=None, pattern=_ID)
    signed: SignedPosition | None = None


class StateOfRecord(Message):
    """The state of one record of this terminal; `code` says why it was rejected or parked."""

    seq: int
    state: RecordState
    code: str | None = None


class Checkpoint(Message):
    """What is left of the oldest records of a journal: `count` of them had their effect and were folded, the last of
    them `position`, where the chain's hash is `head`. `digest` is over what stays of them: `central.checkpoints`."""

    position: int = Field(ge=1)
    head: str = Field(pattern=_HEX_32_BYTES)
    count: int = Field(ge=1)
    digest: str = Field(pattern=_HEX_32_BYTES)
    at: str = Field(max_length=24)


class SignedCheckpoint(Checkpoint):
    """The same with central's signature (hex) of what `signing.checkpoint_statement` makes of it."""

    signature: str = Field(pattern=_HEX_64_BYTES)


class RecordsAnswer(Message):
    """What central holds now: everything up to `received`, whose hash is `head` (hex; None before the first record).

    `signature` is central's, in hex, over that position: see `signing.head_statement`.
    `closed_by` is the epoch that this terminal began since, where it did. `quarantined` says why what is sent is taken
    and waits for somebody to look: `revoked` or `cloned`. `holds_before` is up to where central holds the epoch that
    this one follows, where that is less than what it begins after: central was put back to before it began.
    """

    received: int
    head: str | None = None
    holds_before: int | None = None
    closed_by: str | None = None
    quarantined: str | None = None
    signature: str | None = Field(default=None, pattern=_HEX_64_BYTES)
    states: tuple[StateOfRecord, ...] = ()


class Lot(Message):
    """So much of one unit with one life; lots of like life are sent as one.

    It can be used from `matures_on` (None: at once) up to and including `expires_on` (None: for ever). `day` is that of
    a tally, or of an earning where the unit is used up oldest first; days that are long past are sent as one without a
    day. `lot` (the id of the record that gave it) is only sent for units that keep their lots apart.
    """

    unit: str
    quantity: int
    expires_on: date | None = None
    matures_on: date | None = None
    day: date | None = None
    lot: str | None = None


class MemberDelta(Message):
    """One account as central has posted it. It replaces whatever the till had under `ref`.

    `cards` are keyed hashes (HMAC-SHA256 with the key of the enrolment, first 16 bytes, hex); `joined` are refs that
    tills made for this account's cards before they knew it. `segments` and `attributes` are only those that the
    current programme asks about. `birthday` is month and day ("02-29"); the year of birth never leaves central.
    `consents` are the purposes that the member agreed to, each with the version of the text. `referred_by` is the ref
    of the account that brought this one in. Without `redeems_offline` only central may authorise a redemption.
    """

    ref: str
    standing: Standing = Standing.KNOWN
    cards: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    display_name: str = ""
    tier: str | None = None
    since: date | None = None
    language: str | None = None
    segments: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    birthday: str | None = Field(default=None, pattern=r"^[01]\d-[0-3]\d$")
    consents: dict[str, str] = {}
    referred_by: str | None = None
    redeems_offline: bool = True
    lots: tuple[Lot, ...] = ()

    @classmethod
    def of(cls, member: Member) -> "MemberDelta":
        """The travelling form of a member."""
        return cls(
            ref=member.ref,
            standing=member.standing,
            cards=tuple(key.hex() for key in member.cards),
            joined=member.joined,
            display_name=member.display_name,
            tier=member.tier,
            since=member.since,
            language=member.language,
            segments=tuple(sorted(member.segments)),
            attributes=dict(member.attributes),
            birthday=member.birthday,
            consents=dict(member.consents),
            referred_by=member.referred_by,
            redeems_offline=member.redeems_offline,
            lots=tuple(Lot(**each._asdict()) for each in member.lots),
        )

    def to_member(self) -> Member:
        """The inverse of `of`."""
        return Member(
            ref=self.ref,
            standing=self.standing,
            display_name=self.display_name,
            tier=self.tier,
            since=self.since,
            language=self.language,
            segments=frozenset(self.segments),
            attributes=self.attributes,
            birthday=self.birthday,
            consents=self.consents,
            referred_by=self.referred_by,
            redeems_offline=self.redeems_offline,
            lots=tuple(
                Holding(
                    each.unit,
                    each.quantity,
                    each.expires_on,
                    each.matures_on,
                    each.day,
                    each.lot,
                )
                for each in self.lots
            ),
            joined=self.joined,
            cards=tuple(bytes.fromhex(key) for key in self.cards),
        )


class MembersManifest(Message):
    """Which members file central has: `GET /wire/v1/members/{version}` gives it, packed by gzip.

    `version` is the change number that it holds everything up to, `format` that of `domain.members_file`, `as_of` the
    time of its snapshot, `members` how many accounts are in it. `packed_*` are of the file as it travels, the others of
    the SQLite file in it; digests are SHA-256 in hex. Later than `expires` (by central's clock) it is not to be used.
    """

    version: int = Field(ge=0)
    format: int
    as_of: datetime
    expires: datetime
    members: int = Field(ge=0)
    packed_sha256: str = Field(pattern=_HEX_32_BYTES)
    packed_bytes: int = Field(ge=1, le=MEMBERS_FILE_BYTES_MAX)
    sha256: str = Field(pattern=_HEX_32_BYTES)
    bytes: int = Field(ge=1, le=MEMBERS_FILE_BYTES_MAX)


class SignedManifest(Message):
    """`GET /wire/v1/members`: a `MembersManifest` as the exact text that central signed, and the Ed25519 signature in
    hex of what `signing.manifest_statement` makes of it."""

    manifest: str
    signature: str = Field(pattern=_HEX_64_BYTES)


class ProgrammeDelta(Message):
    """A published programme: `text` is the TOML file to the letter, `digest` the SHA-256 of its bytes in hex."""

    digest: str = Field(pattern=_HEX_32_BYTES)
    published_at: datetime
    text: str


REASON_CHARACTERS_MAX = 300
"""Of why a till refused a programme: the first mistake, in a query that every proxy lets through."""


class ProgrammeReport(Message):
    """What a till says of its programme with each `changes`: the digest of the version that applies there, and which
    published one it refused, and why."""

    programme: str | None = Field(default=None, pattern=_HEX_32_BYTES)
    refused: str | None = Field(default=None, pattern=_HEX_32_BYTES)
    reason: Told | None = Field(default=None, max_length=REASON_CHARACTERS_MAX)


NO_REPORT = ProgrammeReport()


class TillReport(ProgrammeReport):
    """What a till says of itself with each `changes`.

    At `time` by its own clock its journal ended at `last_seq`: whatever lapsed before that time and is not charged up
    to there never will be. `allowances_change` is that of the allowances that it has. `instance` is the one that
    `after` was told under: a central that was put back from a backup counts again, and 410 says that it does not hold.
    """

    time: Moment | None = None
    last_seq: Upto | None = None
    allowances_change: Upto = 0
    instance: str | None = Field(default=None, pattern=_ID)


ALLOWANCES_MAX = 500
"""Of one terminal: they are told whole, some 60 KB, whenever one of them changed."""


class Allowance(Message):
    """So much of one account's unit is set aside for this terminal alone, to be reserved until `until` by its clock."""

    account: str
    unit: str
    quantity: int
    until: AwareDatetime


class Changes(Message):
    """`GET /wire/v1/changes?after=N&epoch=E[&wait=SECONDS][&members_after=V]`: what changed after N, from one snapshot.

    The fields of `TillReport` may stand in the query too. `allowances` are all that this terminal has, None where they
    are still those of the change that it named; what of them is used up to `applied_seq` is taken off.
    The fields of `ProgrammeReport` may stand in the query too. `members_after` is the version of a members file that
    the terminal has: members that did not change since are left out.

    `applied_seq` is the highest seq of this terminal (in that epoch) up to which every record has a state, `parked`
    those up to there that wait for something; the members' lots hold the effect of exactly those that are accepted.
    Both hold for the last page only: a reader keeps the pages with `more` together and applies them as one. `head` is
    the hash (hex) of the last record that was received: of a journal without it central speaks of other records.
    `closed_by` is as in `RecordsAnswer`.
    """

    next: int
    instance: str | None = None
    more: bool = False
    as_of: datetime
    applied_seq: int = 0
    parked: tuple[int, ...] = ()
    received: int = 0
    head: str | None = Field(default=None, pattern=_HEX_32_BYTES)
    closed_by: str | None = None
    member_count: int = 0
    members: tuple[MemberDelta, ...] = ()
    programme: ProgrammeDelta | None = None
    states: tuple[StateOfRecord, ...] = ()
    allowances: tuple[Allowance, ...] | None = None
    allowances_change: int = 0


class AuthorisationCode(StrEnum):
    """Why central does not authorise a redemption."""

    NOT_ENOUGH = "not-enough"
    BLOCKED = "blocked"
    UNKNOWN_ACCOUNT = "unknown-account"
    TOO_MANY = "too-many"
    CLOCK_WRONG = "clock-wrong"


ASKED_MAX = 2**63 - 1
"""What a database's integer holds; nanoseconds since 1970 get there in 2262."""


class AuthorisationMessage(Message):
    """`POST /wire/v1/authorisations`: reserve `quantity` of a unit (smallest parts), or at least `least`.

    `until` is when the till will certainly not charge it any more, by its own clock. `unheld` is what the till has
    reserved or redeemed of the same account and unit without central and central has not posted yet. The same id again
    replaces what was reserved under it. `asked` counts up with everything that a till asks and releases, so that what
    comes late undoes nothing that was asked since; tills before it send none.
    """

    terminal: str
    redemption_id: str = Field(pattern=ACT_ID_PATTERN)
    account: str = Field(pattern=ACCOUNT_PATTERN)
    unit: str = Field(pattern=_NAME, max_length=128)
    quantity: int = Field(ge=1, le=QUANTITY_MAX)
    least: int = Field(ge=1, le=QUANTITY_MAX)
    until: Moment
    unheld: int = Field(default=0, ge=0, le=QUANTITY_MAX)
    asked: int | None = Field(default=None, ge=0, le=ASKED_MAX)
    version: int = WIRE_VERSION


class AuthorisationAnswer(Message):
    """So much is reserved; 0 where nothing is, and `code` says why. `spendable` is what could be."""

    redemption_id: str
    quantity: int
    code: AuthorisationCode | None = None
    spendable: int = 0


RELEASES_MAX = 100
"""Redemptions let go of at once; a till has a few open at a time."""


class ReleaseMessage(Message):
    """`POST /wire/v1/authorisations/releases`: redemptions that this till did not and will not charge, as far as they
    were asked for before `asked` (None: whenever)."""

    terminal: str
    redemption_ids: tuple[Annotated[str, Field(pattern=ACT_ID_PATTERN)], ...] = Field(
        max_length=RELEASES_MAX
    )
    asked: int | None = Field(default=None, ge=0, le=ASKED_MAX)
    version: int = WIRE_VERSION


class ReleaseAnswer(Message):
    """How many of them were reserved until now."""

    released: int


class EnrolmentMessage(Message):
    """`POST /wire/v1/enrolments`: the one-time code of `terminals add`, who asks, and the Ed25519 key (hex) that the
    terminal made. The request is signed with that key, so that nobody enrols a key that is not theirs."""

    code: str = Field(pattern=CODE_PATTERN)
    store: str
    till: str
    public_key: str = Field(pattern=_HEX_32_BYTES)


class EnrolmentAnswer(Message):
    """The key (hex) that cards are hashed with, and the Ed25519 key (hex) that central signs with."""

    terminal: str
    card_key: str = Field(pattern=_HEX_32_BYTES)
    central_key: str = Field(pattern=_HEX_32_BYTES)
