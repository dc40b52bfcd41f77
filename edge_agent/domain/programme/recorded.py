"""What a record holds of a sale, and working it out again: by central, by a return, by whoever audits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from edge_agent.domain.basket import Basket
from edge_agent.domain.draws import Draw
from edge_agent.domain.entries import Entry
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.collecting import collect
from edge_agent.domain.programme.evaluation import Evaluation, evaluate
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.situation import UNQUOTED, Reduction, Wanted


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that a sale, or a redemption without one, was worked out from, and what came out.

    `programme` is the digest. The basket's amounts are those before anything that the programme took off; `reductions`
    say what that was: worked out with it, or, where `wanted` takes nothing off, before it (by the sale that a card was
    attached to). `notes` (by rule) are what else is kept of it, such as what was drawn by chance. A customer without a
    card is nobody, and what the till counted is then all that there is. `quoted_at` is the time that it
    was worked out for, None for the record's own.
    """

    programme: str
    facts: MemberFacts
    basket: Basket
    wanted: Wanted = UNQUOTED
    entries: tuple[Entry, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    quoted_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts of a record, but for its `entries`: every record has those."""
        facts: dict[str, Any] = {
            "programme": self.programme,
            "facts": None if self.facts.anonymous else self.facts.to_json(),
            "basket": self.basket.to_json(),
        }
        if self.facts.anonymous and self.facts.figures:
            facts["figures"] = dict(self.facts.figures)
        if self.wanted != UNQUOTED:
            facts["wanted"] = self.wanted.to_json()
        if self.reductions:
            facts["reductions"] = [each.to_json() for each in self.reductions]
        if self.notes:
            facts["notes"] = dict(self.notes)
        if self.quoted_at is not None:
            facts["quoted_at"] = self.quoted_at.isoformat()
        return facts

    @classmethod
    def from_body(
        cls, body: Mapping[str, Any], entries: tuple[Entry, ...] | None = None
    ) -> "Recorded":
        """The inverse, from the body of a record; `entries` are those of the body where they were read before."""
        if entries is None:
            entries = tuple(Entry.from_json(each) for each in body["entries"])
        facts, wanted, quoted_at = body["facts"], body.get("wanted"), body.get("quoted_at")
        return cls(
            body["programme"],
            MemberFacts("", figures=body.get("figures", {}))
            if facts is None
            else MemberFacts.from_json(facts),
            Basket.from_json(body["basket"]),
            UNQUOTED if wanted is None else Wanted.from_json(wanted),
            entries,
            tuple(Reduction.from_json(each) for each in body.get("reductions", ())),
            body.get("notes", {}),
            None if quoted_at is None else datetime.fromisoformat(quoted_at),
        )

    def off(self) -> dict[int, int]:
        """What the programme took off each line that it took anything off, in minor units, by the line's number."""
        off: dict[int, int] = {}
        for each in self.reductions:
            off[each.line] = off.get(each.line, 0) + each.amount
        return off

    def again(self, programme: Programme, at: datetime, draw: Draw | None = None) -> Evaluation:
        """Work it out again, with the programme of that digest, the record's time `at` and the terminal's draw.

        Raises ValueError for another programme.
        """
        if programme.digest != self.programme:
            raise ValueError(
                f"was worked out with programme {self.programme}, not {programme.digest}"
            )
        if not self.basket.lines:
            store, channel = self.basket.store, self.basket.channel
            return collect(programme, self.facts, self.wanted, at, store=store, channel=channel)
        moment = self.quoted_at or at
        reduced = () if self.wanted.reduces else self.reductions
        return evaluate(
            programme, self.facts, self.basket, moment, self.wanted, draw, reduced=reduced
        )
