"""One version of the rules, made ready: which mechanisms there are, in which order, and what they say and ask."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from edge_agent.domain.basket import EntryMode
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme.actions import (
    ACTIVATE,
    Actions,
    Activatable,
    Activations,
    Birthdays,
    Happens,
)
from edge_agent.domain.programme.asked import Asked, asked
from edge_agent.domain.programme.bonuses import Bonuses
from edge_agent.domain.programme.campaigns import (
    CampaignCounts,
    CampaignCredits,
)
from edge_agent.domain.programme.caps import Caps
from edge_agent.domain.programme.challenges import Challenges
from edge_agent.domain.programme.combining import Reductions
from edge_agent.domain.programme.earning import Earning
from edge_agent.domain.programme.exclusions import Exclusions
from edge_agent.domain.programme.inactivity import Activity, Dormancy
from edge_agent.domain.programme.issuers import Issuing, Statements
from edge_agent.domain.programme.lapses import Lapses
from edge_agent.domain.programme.memberships import Memberships
from edge_agent.domain.programme.messages import Messages
from edge_agent.domain.programme.offers import Offers
from edge_agent.domain.programme.partners import Partners
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.progress import ShowsProgress
from edge_agent.domain.programme.questions import Questions
from edge_agent.domain.programme.redeeming import Rewards
from edge_agent.domain.programme.referral import Referral
from edge_agent.domain.programme.situation import Mechanism
from edge_agent.domain.programme.stamps import StampCards
from edge_agent.domain.programme.surprises import Surprises
from edge_agent.domain.programme.texts import Texts
from edge_agent.domain.programme.tier_review import TierReview
from edge_agent.domain.programme.tiers import Counts, Tiers
from edge_agent.domain.programme.units import UnitTable
from edge_agent.domain.programme.visits import VISITS, Visits
from edge_agent.domain.programme.vouchers import Vouchers
from edge_agent.domain.programme.wallets import Wallets
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import Derived, derived


@dataclass(frozen=True)
class Programme:
    """A checked programme, ready to work with. `digest` is the SHA-256 of the file's bytes, in hex."""

    digest: str
    text: str
    file: ProgrammeFile

    @property
    def id(self) -> str:
        """The programme's id: the same in all its versions."""
        return self.file.id

    @property
    def version(self) -> int:
        """The version, counted up by head office."""
        return self.file.version

    @property
    def valid_from(self) -> datetime:
        """From when this version applies."""
        return self.file.valid_from

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The zone in which days begin and end for this programme."""
        return ZoneInfo(self.file.timezone)

    @property
    def units(self) -> tuple[str, ...]:
        """The units, in the file's order."""
        return tuple(self.file.unit)

    @cached_property
    def lots(self) -> Mapping[str, UnitTable]:
        """How lots of every unit live: of those that it declares, and of vouchers and issued rewards by their rules."""
        vouchers = {rule.unit: rule.table for rule in self.file.voucher}
        rewards = {derived(Derived.REWARD, rule.id): rule.table for rule in self.file.reward}
        return {**self.file.unit, **vouchers, **rewards}

    def shows_balance(self, entry: EntryMode) -> bool:
        """Whether whoever presents a card in this way may see what is on it."""
        return entry is not EntryMode.KEYED or self.file.privacy.typed_number_shows_balance

    @cached_property
    def exclusions(self) -> Exclusions:
        """What no mechanism may reward: by the house, then by law."""
        return Exclusions((*self.file.exclude, *self.file.law.rules()))

    @cached_property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """What takes off and gives, in the order in which it is worked out; visits are counted last.

        Reductions come first, since points are given on what is paid; but rewards that points of this very sale pay
        for come after these points, and so do not lower them.
        """
        file = self.file
        rewards = Rewards(tuple(each for each in file.reward if not each.same_sale))
        first = (Offers(file.offer), Vouchers(file.voucher), rewards)
        late = Rewards(tuple(each for each in file.reward if each.same_sale))
        loners = frozenset(rule.id for each in (*first, late) for rule in each.rules if rule.alone)
        early = tuple(each for each in self._tiers if each.table.counts is Counts.THIS_SALE)
        found = _with_rules(
            Memberships(tuple(each for each in file.membership if each.this_sale)),
            Reductions(first, file.combine, loners),
            *early,
            Earning(file.earn, file.earning.several),
            Bonuses(file.bonus, file.earning, file.earn),
            *self.play,
            self.caps,
            CampaignCounts(file.campaign, file.earn),
            Reductions((late,), file.combine, loners),
            Wallets(file.wallet),
            *(each for each in self.consequences if each not in early),
            Memberships(tuple(each for each in file.membership if not each.this_sale)),
            self.questions,
            self.messages,
        )
        asks = any(reading.tally == VISITS for each in found for reading in each.readings())
        return (*found, Visits()) if asks else found

    @cached_property
    def caps(self) -> Caps:
        """How much may be given at most: after everything that gives, and before what follows from it."""
        return Caps(self.file.cap)

    @cached_property
    def questions(self) -> Questions:
        """What customers are asked."""
        return Questions(self.file.question, self.file.questions)

    @cached_property
    def messages(self) -> Messages:
        """What customers are told."""
        return Messages(self.file.message, self.file.messages)

    @cached_property
    def tiers(self) -> Tiers | None:
        """Its tiers, if it has any."""
        return None if self.file.tiers is None else Tiers(self.file.tiers)

    @property
    def _tiers(self) -> tuple[Tiers, ...]:
        return () if self.tiers is None else (self.tiers,)

    @cached_property
    def activity(self) -> Activity:
        """What keeps those units alive that last as long as a member stays active."""
        return Activity(self.file.unit)

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The ids of its tiers, lowest first."""
        return () if self.tiers is None else self.tiers.levels

    def present(self, facts: MemberFacts, today: date) -> MemberFacts:
        """The member as the rules see them on a day: in their highest tier, without what they left unused for too long.

        `today` is a day of the programme's time zone.
        """
        placed = self.placed(facts, today)
        alive = self.activity.alive(facts.holdings, facts.figures, today)
        return placed if len(alive) == len(facts.holdings) else replace(placed, holdings=alive)

    def placed(self, facts: MemberFacts, today: date) -> MemberFacts:
        """The member in the highest tier that they hold; whoever has a card and no tier is in the one of everybody."""
        placed = facts.placed(self.levels, today)
        if self.tiers is None or facts.anonymous or placed.tier or not self.tiers.is_base(0):
            return placed
        return replace(placed, tier=self.levels[0])

    @cached_property
    def consequences(self) -> tuple[Mechanism, ...]:
        """What follows from points and stamps, however they came, in the order in which it is worked out."""
        activity = (self.activity,) if self.activity.readings() else ()
        stamps, vouchers = StampCards(self.file.stamp), Issuing(self.file.voucher)
        return (stamps, *self._tiers, *activity, vouchers)

    @cached_property
    def memberships(self) -> Memberships:
        """All of its paid memberships."""
        return Memberships(self.file.membership)

    @cached_property
    def play(self) -> tuple[Mechanism, ...]:
        """What is given for more than buying, in the order in which it is worked out."""
        referral = () if self.file.referral is None else (Referral(self.file.referral),)
        return (
            Partners(self.file.partner),
            *referral,
            *self.doings,
            Surprises(self.file.surprise),
        )

    @cached_property
    def doings(self) -> tuple[Mechanism, ...]:
        """What members do, with or without a sale, and how often they did it."""
        return (Actions(self.file.action), Challenges(self.file.challenge))

    @cached_property
    def acts(self) -> tuple[Mechanism, ...]:
        """What works out an act of a member without a sale, in order."""
        activations = Activations((*self.file.challenge, *self.file.offer))
        return _with_rules(activations, self.questions, *self.doings, self.caps, *self.consequences)

    @cached_property
    def known_acts(self) -> frozenset[str]:
        """What a member can do without a sale: the actions that are reported, and what can be activated."""
        reported = {rule.id for rule in self.file.action if rule.happens is Happens.REPORTED}
        activatable: tuple[Activatable, ...] = (*self.file.challenge, *self.file.offer)
        return frozenset(reported | {ACTIVATE + rule.id for rule in activatable if rule.activate})

    @cached_property
    def chores(self) -> tuple[Mechanism, ...]:
        """What is due without a sale, in the order in which central's daily job works it out."""
        file = self.file
        found: tuple[tuple[Mechanism, bool], ...] = (
            (Lapses(), True),
            (Dormancy(self.activity), bool(self.activity.readings())),
            *((TierReview(tiers), tiers.table.review is not None) for tiers in self._tiers),
            (Birthdays(file.action), bool(file.action)),
            (CampaignCredits(file.campaign), bool(file.campaign)),
            (StampCards(file.stamp), bool(file.stamp)),
            *((tiers, bool(file.action or file.campaign)) for tiers in self._tiers),
            (Issuing(file.voucher), bool(file.voucher)),
            (Statements(file.voucher), bool(file.voucher)),
        )
        return tuple(chore for chore, has_rules in found if has_rules)

    @cached_property
    def chore_readings(self) -> tuple[Reading, ...]:
        """The figures that the chores ask for, each once."""
        return tuple(dict.fromkeys(each for chore in self.chores for each in chore.readings()))

    @cached_property
    def leading(self) -> tuple[ShowsProgress, ...]:
        """The mechanisms that lead somewhere."""
        return tuple(each for each in self.mechanisms if isinstance(each, ShowsProgress))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The figures that its rules ask for, each once."""
        return tuple(
            dict.fromkeys(each for mechanism in self.mechanisms for each in mechanism.readings())
        )

    @cached_property
    def looks_at(self) -> frozenset[str]:
        """The units of which its rules need the member's holdings: by id, or `tier/` for all of a derived kind."""
        return frozenset(unit for mechanism in self.mechanisms for unit in mechanism.looks_at())

    @cached_property
    def asks(self) -> Asked:
        """What its rules ask about a member."""
        return asked(self.file)

    @cached_property
    def _reasons(self) -> dict[str, tuple[str, Texts]]:
        return {
            rule: (mechanism.name, reason)
            for mechanism in (*self.chores, *self.mechanisms)
            for rule, reason in mechanism.reasons().items()
        } | {rule.id: ("exclude", rule.why) for rule in self.exclusions.rules}

    def reason(self, rule: str, language: str) -> str:
        """Why `rule` gave (or kept from giving) points, in words; the rule's id if this version lacks it."""
        known = self._reasons.get(rule)
        return rule if known is None else known[1].for_language(language)

    def mechanism_of(self, rule: str) -> str:
        """The name of the mechanism that a rule belongs to; "" if this version lacks it."""
        known = self._reasons.get(rule)
        return "" if known is None else known[0]

    def is_bonus(self, rule: str) -> bool:
        """Whether `rule` adds to the base rate."""
        return self.mechanism_of(rule) == Bonuses.name

    def shown(self, unit: str, quantity: int) -> int | str:
        """A quantity of any unit, in smallest parts, as programs are told it; what is not declared has no decimals."""
        table = self.file.unit.get(unit)
        return quantity if table is None else table.shown(quantity)

    def parts_of(self, unit: str, shown: int | str) -> int:
        """The inverse of `shown`."""
        table = self.file.unit.get(unit)
        return int(Decimal(shown) * (1 if table is None else table.scale))

    def shown_all(self, quantities: Mapping[str, int]) -> dict[str, int | str]:
        """The same for quantities by unit."""
        return {unit: self.shown(unit, quantity) for unit, quantity in quantities.items()}

    def local_date(self, at: datetime) -> date:
        """The day of `at` in the programme's time zone."""
        return at.astimezone(self.timezone).date()


def _with_rules(*mechanisms: Mechanism) -> tuple[Mechanism, ...]:
    """Those that have something to do; what is declared in a table of its own, and not in rules, always has."""
    return tuple(each for each in mechanisms if getattr(each, "rules", True))
