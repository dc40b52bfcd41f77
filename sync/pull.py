"""One pull: members, states of our records and the programme, as central has them from one change
number on.

The first pull, and one that central has no changes from, begins with the members file and goes on
with what changed since. Pages are put where nobody sees them until the last one has come, and then
become visible together with the position that they lead to. States and programme are kept before
that: were we to stop in between, they would come again, and never be missed. What is shown of a
balance goes by the position alone, which holds the parked records of the same snapshot.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from edge_agent.domain.member import Standing
from sync import members_file
from sync.errors import MembersFileRefused, PositionUnknown, ProtocolError, Stalled
from sync.policy import PAGES_PER_PULL_MAX
from sync.ports import (
    Central,
    MembersAsOf,
    MemberStore,
    MemberUpdate,
    Outbox,
    ProgrammeStore,
)
from sync.wire import Changes, MembersManifest, ProgrammeDelta


@dataclass(frozen=True, slots=True)
class PullResult:
    """How a pull went. `received` is what central says it holds of us; `programme` the digest of a
    new one that was kept."""

    members: int
    position: MembersAsOf
    received: int
    fresh: bool = False
    programme: str | None = None
    programme_refused: str | None = None
    """Why a published programme was not kept; the last good one stays."""
    closed: bool = False
    """Whether another epoch of this terminal was begun: the push has to see to that."""


T = TypeVar("T")


class Again(Protocol):
    """Tries a call again for as long as there is hope; `tenacity.Retrying` is one."""

    def __call__(self, call: Callable[[], T], /) -> T: ...


def no_patience(call: Callable[[], T], /) -> T:
    """Tries once."""
    return call()


@dataclass(frozen=True, slots=True)
class Pull:
    """The parts that a pull works on.

    `again` is asked to fetch every part of a file and every page but the first, since to repeat one
    is cheaper than all before it. `page_came` hears the members so far, and how many central has.
    """

    central: Central
    outbox: Outbox
    members: MemberStore
    programmes: ProgrammeStore
    again: Again = no_patience
    page_came: Callable[[int, int], None] = lambda _members, _total: None

    def run(self, wait_s: int = 0) -> PullResult:
        """Pull until there is no more; raises `CentralError` with nothing of the members visible.

        `wait_s` is how long central may keep the first question while nothing is new. Where the file stands for
        another epoch, everything is fetched anew: a backup was put back, and the file with it.
        """
        at = self.members.position()
        if at is not None and at.epoch == self.outbox.epoch:
            try:
                page = self._page(at.after, wait_s, instance=at.instance)
                with self.members.update() as update:
                    return self._pages(page, at.after, update)
            except PositionUnknown:
                pass
        try:
            return self._whole()
        except PositionUnknown as error:
            raise ProtocolError("central does not know the beginning of its own changes") from error

    def _whole(self) -> PullResult:
        """Fetch the members file, and then everything else from the beginning, with what changed of
        the members since. Only then is any of it seen: the file is the same for all terminals, and
        knows of no position of ours."""
        manifest = self.central.manifest()
        base = members_file.fetch(
            manifest,
            self.members.incoming,
            lambda start: self.again(lambda: self.central.members_part(manifest, start)),
            lambda came: self.page_came(
                manifest.members * came // manifest.packed_bytes, manifest.members
            ),
        )
        with self.members.update(base) as update:
            page = self.again(lambda: self._page(0, 0, manifest.version))
            result = self._pages(page, 0, update, manifest)
        members_file.forget(self.members.incoming)
        return replace(result, members=manifest.members + result.members, fresh=True)

    def _pages(
        self,
        page: Changes,
        after: int,
        update: MemberUpdate,
        manifest: MembersManifest | None = None,
    ) -> PullResult:
        members_after = 0 if manifest is None else manifest.version
        put = 0
        kept, refused = None, None
        erased: list[str] = []
        for _ in range(PAGES_PER_PULL_MAX):
            update.put(page.members)
            put += len(page.members)
            erased += _erased(page)
            if manifest is None:
                self.page_came(put, page.member_count)
            if page.states:
                self.outbox.keep_states(page.states)
            if page.programme is not None:
                refused = self._offer(page.programme)
                kept = page.programme.digest if refused is None else kept
            if not page.more:
                if manifest is not None and page.as_of > manifest.expires:
                    raise MembersFileRefused("the members file is older than its manifest allows")
                position = self._position(page)
                if page.allowances is not None:
                    update.put_allowances(page.allowances)
                gone = erased if manifest is None else update.erased()
                # Before the position moves, since they are not told of again; and after it, since until then somebody
                # may have bought something.
                self._forget(gone)
                update.commit(position)
                self._forget(gone)
                closed = page.closed_by is not None
                return PullResult(put, position, page.received, False, kept, refused, closed)
            after, instance = page.next, page.instance
            page = self.again(
                lambda after=after, instance=instance: self._page(  # type: ignore[misc]
                    after, 0, members_after, instance
                )
            )
        raise ProtocolError(f"central had more than {PAGES_PER_PULL_MAX} pages")

    def _page(
        self, after: int, wait_s: int, members_after: int = 0, instance: str | None = None
    ) -> Changes:
        # The time before the position: what is recorded in between is told of too soon, and not too late.
        report = self.programmes.report()
        if report.time is not None:
            self.outbox.lapse(report.time)
        known = None if members_after else self.members.position()
        report = report.model_copy(
            update={
                "last_seq": self.outbox.last_seq(),
                "instance": instance,
                "allowances_change": 0 if known is None else known.allowances_change,
            }
        )
        page = self.central.changes(after, self.outbox.epoch, wait_s, report, members_after)
        had = after if page.more else max(after, members_after)
        if page.next < had:
            raise PositionUnknown(f"central's changes end at {page.next}, and we had {had}")
        if page.more and page.next == after:
            raise ProtocolError(f"central has more after {after} and does not lead on")
        self._check_ours(page)
        return page

    def _check_ours(self, page: Changes) -> None:
        """Raises Stalled where what central says of our records is not of this journal: the push has to see to that."""
        if page.received < self.outbox.begins_after:
            # A push began this epoch just now and has not told central yet: what it applied is not known.
            raise Stalled("central does not know of this journal's new epoch yet")
        if page.head is not None and not self.outbox.holds(page.received, bytes.fromhex(page.head)):
            # Put back from a backup or copied, and not found out yet: states and position are those of other records.
            raise Stalled(f"central holds another record {page.received} of this terminal")

    def _position(self, page: Changes) -> MembersAsOf:
        return MembersAsOf(
            after=page.next,
            epoch=self.outbox.epoch,
            applied_seq=page.applied_seq,
            as_of=page.as_of,
            member_count=page.member_count,
            parked=page.parked,
            allowances_change=page.allowances_change,
            instance=page.instance,
        )

    def _forget(self, refs: Sequence[str]) -> None:
        if refs:
            self.outbox.forget(refs)

    def _offer(self, programme: ProgrammeDelta) -> str | None:
        if hashlib.sha256(programme.text.encode()).hexdigest() != programme.digest:
            return "its text is not what its digest says"
        return self.programmes.offer(programme)


def _erased(page: Changes) -> list[str]:
    """All refs of those in a page who were erased."""
    gone = (each for each in page.members if each.standing is Standing.ERASED)
    return [ref for each in gone for ref in (each.ref, *each.joined)]
