"""The whole of a programme file, as head office writes it."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from edge_agent.domain.money import CURRENCIES
from edge_agent.domain.programme.actions import (
    ActionRule,
)
from edge_agent.domain.programme.bonuses import BonusRule
from edge_agent.domain.programme.campaigns import (
    CampaignRule,
)
from edge_agent.domain.programme.caps import CapRule
from edge_agent.domain.programme.challenge_rules import ChallengeRule
from edge_agent.domain.programme.combining import CombineTable
from edge_agent.domain.programme.consents import ConsentRule
from edge_agent.domain.programme.exclusions import ExcludeRule
from edge_agent.domain.programme.forgotten_card import ForgottenCardTable
from edge_agent.domain.programme.form import Flag, Moment, TableModel, Whole
from edge_agent.domain.programme.law import LawTable
from edge_agent.domain.programme.memberships import MembershipRule
from edge_agent.domain.programme.messages import MessageRule, MessagesTable
from edge_agent.domain.programme.offers import OfferRule
from edge_agent.domain.programme.partners import PartnerRule
from edge_agent.domain.programme.questions import QuestionRule, QuestionsTable
from edge_agent.domain.programme.rates import EarningTable, EarnRule
from edge_agent.domain.programme.receipt import ReceiptTable
from edge_agent.domain.programme.referral import ReferralTable
from edge_agent.domain.programme.returns import ReturnsTable
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.stamps import StampRule
from edge_agent.domain.programme.surprises import SurpriseRule
from edge_agent.domain.programme.texts import WORDS_MAX, Goal, LocalText, RuleId, Word
from edge_agent.domain.programme.tiers import TiersTable
from edge_agent.domain.programme.units import BUILT_IN_NAMES, UnitTable
from edge_agent.domain.programme.vouchers import VoucherRule
from edge_agent.domain.programme.wallets import WalletRule

RULES_MAX = 1_000
"""Rules of one kind. The largest programmes we know of run some 200 campaigns at a time."""

UNITS_MAX = 20
"""Units of one programme. Points, status points and some stamp cards make half a dozen in the largest we know of."""

CONSENTS_MAX = 4
"""What fits on a till's screen beside name and address, and in the patience of who stands there."""


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


class PrivacyTable(TableModel):
    """What is shown to whom. A typed number proves nothing about who holds the card, so it shows no balance."""

    typed_number_shows_balance: Flag = Field(
        default=False,
        description="Whether a typed card number shows the balance.",
        examples=[True],
    )
    names_at_tills: Flag = Field(
        default=True,
        description="Whether tills are told what members are called; without it nobody is greeted by name there.",
        examples=[False],
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
    consent: tuple[ConsentRule, ...] = Field(
        default=(),
        max_length=CONSENTS_MAX,
        description="What somebody who enrols is asked to agree to.",
        examples=[[{"purpose": "terms", "version": "2026-01", "text": "x", "required": True}]],
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
    forgotten_card: ForgottenCardTable = Field(
        default=ForgottenCardTable(),
        description="Attaching a card to a sale that was made without one.",
        examples=[{"within_days": 30}],
    )
    receipt: ReceiptTable = Field(
        default=ReceiptTable(),
        description="What the receipt says, and in which order.",
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
