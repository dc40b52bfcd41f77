"""Central put together: database, keys, intake, posting and all that reads from it."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry

from sync.central import instances, keys
from sync.central.accounts import Accounts
from sync.central.allowances import AllowancePlan, Allowances
from sync.central.authorising import Authorising
from sync.central.by_hand import ByHand
from sync.central.changes import Feed
from sync.central.checkpoints import Checkpoints
from sync.central.database import SCRUB_AGAIN_WAITS_MS, Database, Left, file_of
from sync.central.deciding import Checks
from sync.central.effects import Effects
from sync.central.feedback import Feedback
from sync.central.folding import Folding
from sync.central.gate import Gate
from sync.central.intake import Intake, Taken
from sync.central.member_import import MemberImport
from sync.central.members import Members
from sync.central.members_files import MembersFiles
from sync.central.mending import Mending
from sync.central.metrics import Metrics
from sync.central.posting import Posting
from sync.central.privacy import Privacy
from sync.central.programmes import Programmes, Published
from sync.central.redeemed import RedeemedReport
from sync.central.reports import Reports
from sync.central.settings import Settings
from sync.central.terminals import Terminals, TillKeys
from sync.central.times import Clock, utc_now
from sync.central.upkeep import Upkeep
from sync.central.verifying import Verifier
from sync.central.words import Words
from sync.central.working_again import WorkingAgain
from sync.signing import head_statement
from sync.wire import RecordsMessage, RecordState


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push."""

    taken: Taken
    posted: dict[RecordState, int]


class Central:
    """Everything that central does, without HTTP. Close it when done."""

    def __init__(
        self, settings: Settings, clock: Clock = utc_now, checks: Checks | None = None
    ) -> None:
        """`checks` say whether awards are what they ought to be: by default the rules, asked again."""
        file = file_of(settings.database)
        if file is not None:
            keys.make_folder_of(file)
        card_key = keys.card_key(settings.data)
        self.admin_token = keys.admin_token(settings.admin_token_file)
        self.database = Database(settings.database)
        self.accounts = Accounts(card_key)
        self._signing_key = keys.signing_key(settings.data)
        till_keys = TillKeys(card_key, self._signing_key.public_key().public_bytes_raw())
        self.terminals = Terminals(
            self.database, till_keys, clock, timedelta(hours=settings.code_lives_hours)
        )
        self.intake = Intake(self.database, clock, till_keys.central_key)
        self.programmes = Programmes(self.database, clock)
        checks = checks or WorkingAgain(self.programmes, card_key)
        self.posting = Posting(self.database, self.accounts, checks, clock)
        self.authorising = Authorising(self.database, self.accounts, self.programmes, clock)
        plan = AllowancePlan(
            settings.allowance_points, settings.allowance_percent, settings.allowance_days
        )
        self.allowances = Allowances(self.database, self.programmes, plan, clock)
        self.upkeep = Upkeep(self.database, self.programmes, clock)
        self.folding = Folding(
            self.database, clock, settings.fold_after_months, self._signing_key.sign
        )
        self.checkpoints = Checkpoints(self.database, till_keys.central_key)
        self.verifier = Verifier(self.database, self.checkpoints)
        self.words = Words(self.database, self.programmes)
        self.members = Members(self.database, self.accounts, self.words, clock)
        self.mending = Mending(self.database, self.posting, self.accounts, self.members, clock)
        self.by_hand = ByHand(self.database, self.members, self.programmes, clock)
        self.member_import = MemberImport(self.database, self.accounts, self.programmes, clock)
        self.reports = Reports(self.database, self.words)
        self.effects = Effects(self.database, card_key)
        self.redeemed = RedeemedReport(self.database)
        self.feedback = Feedback(self.database, clock)
        self.feed = Feed(self.database, self.programmes, clock)
        self.members_files = MembersFiles(
            self.database,
            self.programmes,
            clock,
            settings.data / "members",
            keys.signing_key(settings.data),
            timedelta(hours=settings.members_file_hours),
        )
        self.privacy = Privacy(
            self.database,
            self.accounts,
            self.members,
            self.members_files,
            clock,
            timedelta(days=settings.tombstone_days),
        )
        self.metrics = Metrics(CollectorRegistry(), self.feed)
        self.gate = Gate(self.database, self.terminals, clock)
        self._log = structlog.get_logger("central")

    def push(self, message: RecordsMessage, *, ended: bool = False) -> Pushed:
        """Take what continues the chain and post it, so that the answer already holds the states.

        What comes with a key that `ended`, or from a terminal in quarantine, is only taken.
        """
        taken = self.intake.take(message, ended=ended)
        posted: dict[RecordState, int] = {}
        if taken.fresh or taken.repeats:  # who took a repeat may have died before it was posted
            posted = dict(self.posting.post_waiting(message.terminal, message.epoch))
        if taken.fresh:
            first = taken.received - taken.fresh + 1
            self.allowances.give(message.terminal, message.epoch, first, taken.received)
        if taken.fresh or posted:
            self.feed.notify()
        self.metrics.pushed(taken, posted)
        self._log.info(
            "push",
            terminal=message.terminal,
            epoch=message.epoch,
            received=taken.received,
            fresh=taken.fresh,
            repeats=taken.repeats,
            stopped_by=taken.stopped_by,
            quarantined=taken.quarantined,
            **posted,
        )
        return Pushed(taken, posted)

    def countersign(self, message: RecordsMessage, received: int, head: str | None) -> str:
        """Central's signature (hex) of how far it holds the journal of a message."""
        statement = head_statement(message.terminal, message.epoch, received, head)
        return self._signing_key.sign(statement).hex()

    def release(self, store: str, till: str) -> dict[RecordState, int]:
        """End a terminal's quarantine and post what was laid aside for it."""
        posted = self.posting.post_released(self.terminals.release(store, till))
        self.feed.notify()
        return posted

    def publish(self, text: str, name: str) -> Published:
        """Make a programme the current one, and post what waited for it. Raises `ProgrammeInvalid`."""
        published = self.programmes.publish(text, name)
        if published.is_new:
            self.posting.post_again(["unknown-programme"])
        self.feed.notify()
        return published

    def begin(self) -> None:
        """Note that central starts."""
        instances.begin(self.database)

    def catch_up(self) -> None:
        """Post what a crash left between intake and posting, and what this version may understand at last."""
        self._post_left_over(again=True)

    def keep_up(self) -> None:
        """Do what is due: what another process left when it died; what lapses, tiers, birthdays; what was erased, or
        received, long ago."""
        self._post_left_over(again=False)
        with self.database.alone("keeping up") as mine:
            written = self.upkeep.run() if mine else 0
            folded = self.folding.keep_up() if mine else 0
            if mine and self.privacy.sweep_tombstones():
                self.feed.notify()
        self.members_files.sweep()  # another machine may have erased somebody
        self.database.scrub()
        if written:
            self._log.info("kept up", entries=written)
            self.feed.notify()
        if folded:
            self._log.info("folded", records=folded)

    def scrub_again(self) -> None:
        """Try once more to empty SQLite's log, where somebody read it the last time."""
        if self.database.left is Left.LOG:
            self.database.scrub(SCRUB_AGAIN_WAITS_MS)

    def _post_left_over(self, *, again: bool) -> None:
        with self.database.alone("catching up") as mine:
            if not mine:
                return
            left = self.posting.post_waiting() + self.posting.settle()
            if again:
                left += self.posting.post_again()
        if left:
            self._log.info("posted what was left over", **dict(left))
            self.feed.notify()

    def close(self) -> None:
        """Let waiting terminals go and close the database."""
        self.feed.stop()
        self.members_files.stop()
        self.database.close()
