"""One version of the rules, as head office wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from edge_agent.domain.basket import EntryMode
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.money import CURRENCIES
from edge_agent.domain.programme.actions import (
    ACTIVATE,
    ActionRule,
    Actions,
    Activatable,
    Activations,
    Birthdays,
    Happens,
)
from edge_agent.domain.programme.asked import Asked, asked
from edge_agent.domain.programme.bonuses import Bonuses, BonusRule
from edge_agent.domain.programme.campaigns import (
    CampaignCounts,
    CampaignCredits,
    CampaignRule,
)
from edge_agent.domain.programme.caps import CapRule, Caps
from edge_agent.domain.programme.challenge_rules import ChallengeRule
from edge_agent.domain.programme.challenges import Challenges
from edge_agent.domain.programme.combining import CombineTable, Reductions
from edge_agent.domain.programme.earning import Earning
from edge_agent.domain.programme.exclusions import ExcludeRule, Exclusions
from edge_agent.domain.programme.form import Flag, Moment, TableModel, Whole
from edge_agent.domain.programme.inactivity import Activity, Dormancy
from edge_agent.domain.programme.issuers import Issuing, Statements
from edge_agent.domain.programme.lapses import Lapses
from edge_agent.domain.programme.law import LawTable
from edge_agent.domain.programme.memberships import MembershipRule, Memberships
from edge_agent.domain.programme.messages import MessageRule, Messages, MessagesTable
from edge_agent.domain.programme.offers import OfferRule, Offers
from edge_agent.domain.programme.partners import PartnerRule, Partners
from edge_agent.domain.programme.progress import ShowsProgress
from edge_agent.domain.programme.questions import QuestionRule, Questions, QuestionsTable
from edge_agent.domain.programme.rates import EarningTable, EarnRule
from edge_agent.domain.programme.redeeming import Rewards
from edge_agent.domain.programme.referral import Referral, ReferralTable
from edge_agent.domain.programme.returns import ReturnsTable
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.situation import Mechanism
from edge_agent.domain.programme.stamps import StampCards, StampRule
from edge_agent.domain.programme.surprises import SurpriseRule, Surprises
from edge_agent.domain.programme.texts import WORDS_MAX, Goal, LocalText, RuleId, Texts, Word
from edge_agent.domain.programme.tier_review import TierReview
from edge_agent.domain.programme.tiers import Counts, Tiers, TiersTable
from edge_agent.domain.programme.units import BUILT_IN_NAMES, UnitTable
from edge_agent.domain.programme.visits import VISITS, Visits
from edge_agent.domain.programme.vouchers import VoucherRule, Vouchers
from edge_agent.domain.programme.wallets import WalletRule, Wallets
from edge_agent.domain.tallies import Reading
from edge_agent.domain.units import Derived, derived

RULES_MAX = 1_000
"""Rules of one kind. The largest programmes we know of run some 200 campaigns at a time."""

UNITS_MAX = 20
"""Units of one programme. Points, status points and some stamp cards make half a dozen in the largest we know of."""


@cache
def _timezones() -> frozenset[str]:
    """The names in the IANA database; asking for them reads some 600 files."""
    return frozenset(available_timezones())


def _known_timezone(name: str) -> str:
    if name not in _timezones():
        raise ValueError(
            f"{name!r} is not a time zone of the IANA database, such as Europe/Amsterdam"
        )
    return name


def _named_by_id(units: object) -> object:
    """Give units that are called nothing the name that goes with their id; a check tells of those without."""
    if not isinstance(units, dict):
        return units
    return {
        unit: {"name": BUILT_IN_NAMES[unit], **table}
        if unit in BUILT_IN_NAMES and isinstance(table, dict)
        else table
        for unit, table in units.items()
    }


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(
            f"{code!r} is not a currency that is supported; supported: {', '.join(sorted(CURRENCIES))}"
        )
    return code


class ReceiptTexts(TableModel):
    """What the receipt says besides figures. `invitation` is printed on the receipt of a sale without a card."""

    greeting: LocalText | None = Field(
        default=None, description="Above what was earned.", examples=["Welkom!"]
    )
    footer: LocalText | None = Field(
        default=None, description="At the end.", examples=["Tot ziens!"]
    )
    invitation: LocalText | None = Field(
        default=None,
        description="On the receipt of a sale without a card.",
        examples=["Nog geen kaart?"],
    )


class PrivacyTable(TableModel):
    """What is shown to whom. A typed number proves nothing about who holds the card, so it shows no balance."""

    typed_number_shows_balance: Flag = Field(
        default=False,
        description="Whether a typed card number shows the balance.",
        examples=[True],
    )


class RedeemTable(TableModel):
    """What may be redeemed. Without the line only what central has confirmed is sure to be there."""

    unconfirmed: Flag = Field(
        default=False,
        description="Whether what this till recorded can be redeemed before central has confirmed it.",
        examples=[True],
    )


class ProgrammeFile(TableModel):
    """The file as a whole, format 1. `name` stands on the receipt."""

    format: Literal[1] = Field(default=1, description="The form of the file.", examples=[1])
    id: RuleId = Field(
        description="Names the programme, the same in all its versions.", examples=["zuiver-punten"]
    )
    version: Whole = Field(gt=0, description="Counted up with every change.", examples=[3])
    name: LocalText = Field(description="Stands on the receipt.", examples=["Zuiver Punten"])
    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        default="Europe/Amsterdam",
        description="In which days, weekdays and times of day are meant: a name of the IANA database.",
        examples=["Europe/Amsterdam"],
    )
    currency: Annotated[str, AfterValidator(_known_currency)] = Field(
        default="EUR", description="The currency of all amounts.", examples=["EUR"]
    )
    valid_from: Moment = Field(
        description="It applies to sales from this moment on.",
        examples=[datetime.fromisoformat("2026-01-01T00:00:00+01:00")],
    )
    unit: Annotated[dict[RuleId, UnitTable], BeforeValidator(_named_by_id)] = Field(
        min_length=1,
        max_length=UNITS_MAX,
        description="What is counted, by its id.",
        examples=[{"points": {"name": {"one": "punt", "many": "punten"}}}],
    )
    earning: EarningTable = Field(
        default=EarningTable(),
        description="How earning rules and bonuses act together.",
        examples=[{"several": "add"}],
    )
    earn: tuple[EarnRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Base rates.",
        examples=[[{"id": "base", "points": 1, "per": 100}]],
    )
    bonus: tuple[BonusRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Extra points.",
        examples=[[{"id": "big-basket", "add": 25, "why": "25 extra"}]],
    )
    stamp: tuple[StampRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Stamp cards.",
        examples=[
            [
                {
                    "id": "coffee-card",
                    "title": "Koffiekaart",
                    "size": 10,
                    "reward": [{"title": "Gratis koffie", "gives": [{"reward": "coffee"}]}],
                }
            ]
        ],
    )
    membership: tuple[MembershipRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Paid memberships, bought as an article.",
        examples=[[{"id": "plus", "title": "Plus", "skus": ["plus-year"], "months": 12}]],
    )
    campaign: tuple[CampaignRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Points on top that are credited once a campaign is over.",
        examples=[
            [
                {
                    "id": "february",
                    "on_top": 3,
                    "spend": 60000,
                    "when": {"from_date": date(2026, 2, 1), "until_date": date(2026, 2, 28)},
                    "why": "4 x punten in februari",
                }
            ]
        ],
    )
    cap: tuple[CapRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="How much may be given at most.",
        examples=[[{"id": "daily-cap", "most": 500, "per": "day", "why": "hoogstens 500 per dag"}]],
    )
    tiers: TiersTable | None = Field(
        default=None,
        description="The tiers: how they are reached, held and lost.",
        examples=[
            {
                "measure": "spend",
                "over": "year",
                "valid": {"years": 1, "rounded": "end-of-year"},
                "level": [{"id": "gold", "name": "Goud", "at_least": 50000}],
            }
        ],
    )
    exclude: tuple[ExcludeRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="What is never rewarded.",
        examples=[[{"id": "tobacco", "categories": ["tobacco"], "why": "geen punten op tabak"}]],
    )
    offer: tuple[OfferRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Price promotions, for everyone or for some.",
        examples=[[{"id": "cheese", "title": "20 % op kaas", "off": {"percent": 20}}]],
    )
    voucher: tuple[VoucherRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="What is issued for a later sale.",
        examples=[[{"id": "birthday", "title": "verjaardagsbon", "value": 500}]],
    )
    wallet: tuple[WalletRule, ...] = Field(
        default=(),
        max_length=UNITS_MAX,
        description="Stored value that pays, such as gift cards.",
        examples=[[{"id": "wallet", "title": "Tegoed", "unit": "euro", "tender": "wallet"}]],
    )
    combine: CombineTable = Field(
        default=CombineTable(),
        description="How offers, vouchers and rewards act together.",
        examples=[{"offers": "best"}],
    )
    reward: tuple[RewardRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="What points are good for.",
        examples=[[{"id": "coffee", "cost": 60, "title": "een kop koffie"}]],
    )
    words: dict[Word, LocalText] = Field(
        default={},
        max_length=WORDS_MAX,
        description="What customers call categories, labels, stores and segments, in terms and calendar.",
        examples=[{"bread": {"nl": "brood", "en": "bread", "de": "Brot", "fr": "pain"}}],
    )
    goal: Goal | None = Field(
        default=None,
        description="What the programme is for, and which figure will show that it works.",
        examples=[{"aim": "customers come back sooner", "figure": "days between two visits"}],
    )
    law: LawTable = Field(
        default=LawTable(),
        description="The categories of goods that the law keeps from being rewarded or discounted.",
        examples=[{"alcohol": ["beer", "wine", "spirits"]}],
    )
    challenge: tuple[ChallengeRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="So many of something within a time, in a row, or all of a collection.",
        examples=[[{"id": "five", "title": "5 x", "target": 5, "gives": [{"quantity": 100}]}]],
    )
    surprise: tuple[SurpriseRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Prizes by chance, at one sale in so many.",
        examples=[
            [{"id": "luck", "title": "x", "one_in": 20, "prizes": [{"id": "a", "title": "x"}]}]
        ],
    )
    referral: ReferralTable | None = Field(
        default=None,
        description="What bringing in a new member gives.",
        examples=[{"referrer": [{"quantity": 50}], "member": [{"quantity": 50}]}],
    )
    partner: tuple[PartnerRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Partners with rates of their own.",
        examples=[
            [{"id": "fly", "name": "x", "when": {"labels": ["fly"]}, "points": 1, "per": 200}]
        ],
    )
    question: tuple[QuestionRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Short questions to customers, the first one whose time has come at a visit.",
        examples=[[{"id": "recommend", "text": "Zou u ons aanraden?", "opens_case_at_most": 6}]],
    )
    questions: QuestionsTable = Field(
        default=QuestionsTable(),
        description="What holds for all questions together.",
        examples=[{"every_days": 30}],
    )
    message: tuple[MessageRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="Messages to members: a welcome journey, a win-back, news for a segment.",
        examples=[[{"id": "welcome", "text": "Welkom!", "when": {"visits": [1]}}]],
    )
    messages: MessagesTable = Field(
        default=MessagesTable(),
        description="What holds for all messages together.",
        examples=[{"per_visit": 1}],
    )
    action: tuple[ActionRule, ...] = Field(
        default=(),
        max_length=RULES_MAX,
        description="What members do besides buying, and what it gives.",
        examples=[[{"id": "review", "title": "een recensie", "gives": [{"quantity": 5}]}]],
    )
    returns: ReturnsTable = Field(
        default=ReturnsTable(),
        description="What a return takes back and gives back.",
        examples=[{"reverse": "kept"}],
    )
    receipt: ReceiptTexts = Field(
        default=ReceiptTexts(),
        description="Texts on the receipt.",
        examples=[{"footer": "Tot ziens!"}],
    )
    redeem: RedeemTable = Field(
        default=RedeemTable(),
        description="What may be redeemed.",
        examples=[{"unconfirmed": True}],
    )
    privacy: PrivacyTable = Field(
        default=PrivacyTable(),
        description="What is shown to whom.",
        examples=[{"typed_number_shows_balance": True}],
    )


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
        first = (Offers(file.offer), Vouchers(file.voucher), Rewards(file.reward))
        late = Rewards(file.reward, late=True)
        loners = frozenset(rule for source in (*first, late) for rule in source.alone())
        early = tuple(each for each in self._tiers if each.table.counts is Counts.THIS_SALE)
        found: tuple[Mechanism, ...] = (
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
        return (
            Activations((*self.file.challenge, *self.file.offer)),
            self.questions,
            *self.doings,
            self.caps,
            *self.consequences,
        )

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
