# ruff: noqa: E501  (tables: one pair a row)
"""Keys of one table that cannot both be meant are refused with the reason, and their neighbours that can are taken."""

from datetime import date, time
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.domain.programme.actions import ActionRule
from edge_agent.domain.programme.bonuses import BonusRule
from edge_agent.domain.programme.caps import CapRule
from edge_agent.domain.programme.challenge_rules import ChallengeRule
from edge_agent.domain.programme.combining import CombineTable
from edge_agent.domain.programme.discounts import Off
from edge_agent.domain.programme.exclusions import ExcludeRule
from edge_agent.domain.programme.expiry import Expiry, MonthDay, Pending
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.gifts import Gift
from edge_agent.domain.programme.issuing import AtPoints, AtStatement, PerSale
from edge_agent.domain.programme.memberships import MembershipRule
from edge_agent.domain.programme.offers import OfferRule
from edge_agent.domain.programme.partners import PartnerRule
from edge_agent.domain.programme.questions import QuestionRule
from edge_agent.domain.programme.rates import Band, EarnRule
from edge_agent.domain.programme.returns import ReturnsTable
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.spending import Spend
from edge_agent.domain.programme.stamps import StampRule
from edge_agent.domain.programme.surprises import Budget, SurpriseRule
from edge_agent.domain.programme.tiers import ReviewTable, TiersTable
from edge_agent.domain.programme.units import InactivityTable, UnitTable
from edge_agent.domain.programme.vouchers import VoucherRule
from edge_agent.domain.programme.when import When

Keys = dict[str, Any]

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
WHY: Keys = {"id": "a", "why": "x"}
TITLE: Keys = {"id": "a", "title": "x"}
POINTS: Keys = {"gives": [{"quantity": 5}]}
LIMITS: Keys = {"limits": [{"times": 1}]}
BREAD: Keys = {"categories": ["bread"]}
ITEM: Keys = {"id": "one", "title": "x", **BREAD}
PRIZE: Keys = {"id": "one", "title": "x", "quantity": 5}
LEVEL: Keys = {"id": "gold", "name": "x", "at_least": 100}
YES: Keys = {"id": "yes", "text": "x"}
SIZES = [{"from_date": FIRST, "size": 12}, {"from_date": LAST, "size": 8}]

PAIRS: list[tuple[type[TableModel], Keys, Keys, str]] = [
    # model; keys that are right; what is added or changed to make them wrong; what is said then
    (ActionRule, {**TITLE, **POINTS, **LIMITS, "happens": "sale"}, {"limits": []}, "needs limits, since it is given by itself"),
    (ActionRule, {**TITLE, **POINTS, "id": "enrolment", "happens": "enrolment"}, {"happens": "reported"}, "the id enrolment is kept"),
    (BonusRule, {**WHY, "add": 5}, {"multiply": 2}, "give either multiply or add"),
    (BonusRule, {**WHY, "multiply": 2}, {"multiply": None}, "give either multiply or add"),
    (BonusRule, {**WHY, "tier_multiply": {"gold": 2}}, {"add": 5}, "give either multiply or add"),
    (BonusRule, {**WHY, "add": 5, "each": "piece"}, {"add": None, "multiply": 2}, "each goes with add"),
    (BonusRule, {**WHY, "multiply": 2, "of": ["base"]}, {"multiply": None, "add": 5}, "of and stage go with multiply"),
    (BonusRule, {**WHY, "multiply": 2, "stage": "line"}, {"multiply": None, "add": 5}, "of and stage go with multiply"),
    (BonusRule, {**WHY, "multiply": 2, "stage": "line"}, {"stage": "piece"}, 'stage is "sale" or "line" here'),
    (CapRule, {**WHY, "most": 5}, {"times": 1}, "give either most or times"),
    (CapRule, {**WHY, "times": 5}, {"times": None}, "give either most or times"),
    (CapRule, {**WHY, "most": 5, "of": "sale"}, {"per": "day"}, 'of = "sale" goes with most and without per'),
    (CapRule, {**WHY, "most": 5, "of": "sale"}, {"per": "month"}, 'of = "sale" goes with most and without per'),
    (CapRule, {**WHY, "times": 5, "of": "till"}, {"of": "sale"}, 'of = "sale" goes with most and without per'),
    (CapRule, {**WHY, "most": 5, "from_date": FIRST, "until_date": FIRST}, {"from_date": LAST}, "lies before from_date"),
    (ChallengeRule, {**TITLE, **POINTS, "once_per": "day"}, {"once_per": "year"}, "once_per is day, week or month, and counts visits"),
    (ChallengeRule, {**TITLE, **POINTS, "in_a_row": "month", "target": 2}, {"counts": "spend"}, "in_a_row is day, week or month, and counts visits"),
    (ChallengeRule, {**TITLE, **POINTS, "counts": "actions", "actions": ["a"]}, {"actions": []}, "give the actions with counts"),
    (ChallengeRule, {**TITLE, **POINTS, "counts": "actions", "actions": ["a"]}, {"counts": "visits"}, "give the actions with counts"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM]}, {"when": BREAD}, "a collection counts its items"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM]}, {"counts": "spend"}, "a collection counts its items"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM]}, {"in_a_row": "day"}, "a collection counts its items"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM]}, {"target": 2}, "a collection takes one of each item"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM, {**ITEM, "id": "two"}]}, {"items": [ITEM, ITEM]}, "two items have the same id"),
    (ChallengeRule, {**TITLE, **POINTS, "items": [ITEM]}, {"items": [{**ITEM, "categories": None}]}, "say what it is"),
    (CombineTable, {"kinds": ["offer", "reward", "voucher"]}, {"kinds": ["offer", "reward", "reward"]}, "kinds names each of"),
    (Off, {"percent": 10}, {"amount": 5}, "give one of percent, amount"),
    (Off, {"percent": 10}, {"percent": None}, "give one of percent, amount"),
    (Off, {"bundle": 500, "every": 3}, {"every": None}, "bundle needs every"),
    (Off, {"bundle": 500, "every": 3}, {"units": 1}, "bundle needs every"),
    (Off, {"amount": 500, "each": True}, {"amount": None, "percent": 5}, "each goes with amount"),
    (ExcludeRule, {**WHY, **BREAD}, {"categories": None}, "say what it excludes"),
    (ExcludeRule, {**WHY, **BREAD, "forbids": "discounts", "beyond_percent": 30}, {"forbids": "both"}, "beyond_percent is about discounts"),
    (MonthDay, {"month": 2, "day": 29}, {"day": 30}, "month 2 has no day 30"),
    (MonthDay, {"month": 4, "day": 30}, {"day": 31}, "month 4 has no day 31"),
    (Expiry, {"days": 1}, {"months": 1}, "give one of days, months, years"),
    (Expiry, {"years": 0}, {"years": None}, "give one of days, months, years"),
    (Expiry, {"rounded": "membership-year"}, {"rounded": "end-of-year"}, "give one of days, months, years"),
    (Expiry, {"until_date": LAST}, {"rounded": "end-of-year"}, "until_date is a day already"),
    (Expiry, {"until_date": LAST}, {"sweep": {"month": 12, "day": 31}}, "until_date is a day already"),
    (Pending, {"days": 3}, {"next_month": True}, "give either days or next_month"),
    (Pending, {"days": 1}, {"days": None}, "say how long"),
    (Pending, {"released_by": "shipped"}, {"released_by": None}, "say how long"),
    (Pending, {"next_month": True}, {"next_month": False}, "say how long"),
    (Gift, {"quantity": 1, "reward": "a"}, {"voucher": "b"}, "give one of unit, reward, voucher and offer"),
    (Gift, {"quantity": 1, "unit": "stars"}, {"offer": "b"}, "give one of unit, reward, voucher and offer"),
    (PerSale, {"percent": 5}, {"per": 100}, "give either percent or per"),
    (AtPoints, {"points": 5, "counts": "progress", "within": "year"}, {"counts": "balance"}, "within goes with counts"),
    (AtPoints, {"points": 5, "counts": "progress", "within": "day"}, {"counts": "balance"}, "within goes with counts"),
    (AtPoints, {"points": 5, "carry_over": False}, {"counts": "progress"}, "carry_over goes with counts"),
    (AtStatement, {"months": [1, 12], "step": 1, "value": 1}, {"months": [13]}, "months are numbers from 1"),
    (AtStatement, {"months": [1, 12], "step": 1, "value": 1}, {"months": [0]}, "months are numbers from 1"),
    (MembershipRule, {**TITLE, "skus": ["plus"], "months": 12}, {"days": 30}, "give either days or months"),
    (MembershipRule, {**TITLE, "skus": ["plus"], "days": 30}, {"days": None}, "give either days or months"),
    (OfferRule, {**TITLE, "off": {"percent": 5}}, {"codes": ["X"]}, "codes or coupons go together"),
    (OfferRule, {**TITLE, "off": {"percent": 5}, "how": "code", "codes": ["X"]}, {"codes": None}, "codes or coupons go together"),
    (OfferRule, {**TITLE, "off": {"percent": 5}}, {"off": None}, "say with off what it takes off"),
    (OfferRule, {**TITLE, "how": "code", "coupons": ["981"]}, {"coupons": None, "codes": ["X"]}, "say with off what it takes off"),
    (PartnerRule, {"id": "p", "name": "x", "when": BREAD, "points": 1, "per": 100}, {"per": None}, "points and per go together"),
    (PartnerRule, {"id": "p", "name": "x", "when": BREAD, "share": 50}, {"points": 1, "per": 100}, "give either points and per, or share"),
    (PartnerRule, {"id": "p", "name": "x", "when": BREAD, "share": 50}, {"share": None}, "give either points and per, or share"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "choice", "choices": [YES]}, {"choices": []}, "give choices with scale"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "choice", "choices": [YES]}, {"scale": "nps"}, "give choices with scale"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "choice", "choices": [YES]}, {"choices": [YES, YES]}, "two choices have the same id"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "stars", "opens_case_at_most": 0}, {"scale": "yes-no"}, "opens_case_at_most is for nps and stars"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "yes-no", "opens_case_on": ["no"]}, {"opens_case_on": ["maybe"]}, "opens_case_on names answers, of yes, no"),
    (QuestionRule, {"id": "q", "text": "x", "scale": "yes-no", "opens_case_on": ["no"]}, {"scale": "stars", "opens_case_on": ["1"]}, "opens_case_on names answers"),
    (Band, {"from_amount": 5, "to_amount": 6, "points": 1}, {"to_amount": 5}, "is not more than from_amount 5"),
    (EarnRule, {"id": "e", "points": 1, "per": 100}, {"each": "line"}, "give one of per, per_measure, each and bands"),
    (EarnRule, {"id": "e", "points": 1, "per_measure": 1}, {"per_measure": None}, "give one of per, per_measure, each and bands"),
    (EarnRule, {"id": "e", "bands": [{"from_amount": 0, "points": 1}]}, {"points": 1}, "points stand in the bands"),
    (EarnRule, {"id": "e", "bands": [{"from_amount": 0, "points": 1}]}, {"tier_points": {"gold": 1}}, "points stand in the bands"),
    (EarnRule, {"id": "e", "points": 1, "per": 100}, {"points": None}, "say how many points it gives"),
    (EarnRule, {"id": "e", "tier_points": {"gold": 1}, "per": 100}, {"tier_points": None}, "say how many points it gives"),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "basis": "paid"}, {"per": None, "each": "line"}, "basis is about amounts"),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "tax": "excluded"}, {"per": None, "per_measure": 1}, "tax is about amounts"),
    (EarnRule, {"id": "e", "points": 1, "each": "piece", "pieces": 3}, {"each": "line"}, 'pieces goes with each = "piece"'),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "step": 500}, {"per": None, "each": "line"}, "step goes with per or per_measure"),
    (EarnRule, {"id": "e", "points": 1, "per_measure": 1, "step": 5}, {"per_measure": None, "each": "piece"}, "step goes with per or per_measure"),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "period": "month"}, {"stage": "line"}, "with a period everything in it is added up first"),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "period": "month"}, {"tenders": ["cash"]}, "with a period everything in it is added up first"),
    (EarnRule, {"id": "e", "points": 1, "per": 100, "period": "month"}, {"not_tenders": ["cash"]}, "with a period everything in it is added up first"),
    (EarnRule, {"id": "e", "points": 1, "each": "piece", "period": "month"}, {"each": "line"}, "with a period everything in it is added up first"),
    (EarnRule, {"id": "e", "points": 1, "each": "sale"}, {"stage": "line"}, "what is given for the whole sale goes with stage"),
    (EarnRule, {"id": "e", "bands": [{"from_amount": 0, "points": 1}]}, {"stage": "line"}, "what is given for the whole sale goes with stage"),
    (ReturnsTable, {"shortfall": "deduct-from-refund", "point_value": {"points": 1}, "policy": "within-balance"}, {"point_value": {}}, "needs point_value"),
    (ReturnsTable, {"shortfall": "deduct-from-refund", "point_value": {"points": 1}, "policy": "only-pending"}, {"policy": "unlimited"}, "there is no shortfall that could be deducted"),
    (ReturnsTable, {"floor": -100, "policy": "within-balance"}, {"policy": "only-pending"}, "floor is only kept with policy within-balance"),
    (RewardRule, {**TITLE, "cost": 5}, {"spend": {"step": 1, "value": 1}}, "give at most one of cost, cost_per and spend"),
    (RewardRule, {**TITLE, "cost_per": 5, "off": {"percent": 5}}, {"cost": 5}, "give at most one of cost, cost_per and spend"),
    (RewardRule, {**TITLE, "spend": {"step": 1, "value": 1}}, {"off": {"percent": 5}}, "spend says itself what is taken off"),
    (RewardRule, {**TITLE, "spend": {"step": 1, "value": 1}}, POINTS, "spend says itself what is taken off"),
    (RewardRule, {**TITLE, "cost_per": 5, "off": {"percent": 5}}, {"off": None}, "cost_per needs off"),
    (Spend, {"step": 1, "value": 1}, {"value": None}, "step and value go together"),
    (Spend, {"step": 1, "value": 1}, {"table": [{"points": 1, "value": 1}]}, "give either step and value or a table"),
    (Spend, {"table": [{"points": 1, "value": 1}]}, {"table": []}, "give either step and value or a table"),
    (Spend, {"step": 1, "value": 1, "per_measure": True, "measure_max": 5}, {"per_measure": False}, "measure_max goes with per_measure"),
    (Spend, {"table": [{"points": 1, "value": 1}]}, {"per_measure": True}, "per_measure goes with step and value"),
    (StampRule, {**TITLE, "size": 10, "sizes": SIZES}, {"sizes": SIZES[::-1]}, "list the sizes by their days, each once"),
    (StampRule, {**TITLE, "size": 10, "sizes": SIZES}, {"sizes": [SIZES[0], SIZES[0]]}, "list the sizes by their days, each once"),
    (StampRule, {**TITLE, "size": 10, "reward": [{"at": 10, "title": "x", **POINTS}]}, {"size": 9}, "no card has room for the 10 stamps"),
    (StampRule, {**TITLE, "size": 10, "sizes": SIZES, "reward": [{"at": 12, "title": "x", **POINTS}]}, {"sizes": []}, "no card has room for the 12 stamps"),
    (StampRule, {**TITLE, "size": 10, "reward": [{"at": 3, "title": "x", **POINTS}, {"title": "x", **POINTS}]}, {"reward": [{"title": "x", **POINTS}] * 2}, "two rewards stand at the same number"),
    (Budget, {"wins": 5}, {"worth": 5}, "give either wins or worth"),
    (Budget, {"worth": 5}, {"worth": None}, "give either wins or worth"),
    (Budget, {"wins": 5, "tills": 5}, {"tills": 6}, "is less than one for each of its tills"),
    (SurpriseRule, {**TITLE, "one_in": 2, "prizes": [PRIZE, {**PRIZE, "id": "two"}]}, {"prizes": [PRIZE, PRIZE]}, "two prizes have the same id"),
    (ReviewTable, {"every_days": 30}, {"each": "year"}, "give either every_days or each"),
    (ReviewTable, {"each": "year"}, {"each": None}, "give either every_days or each"),
    (ReviewTable, {"each": "year"}, {"each": "ever"}, 'each = "ever" never comes round'),
    (TiersTable, {"measure": "spend", "level": [LEVEL, {**LEVEL, "id": "b", "at_least": 101}]}, {"level": [LEVEL, {**LEVEL, "id": "b"}]}, "two tiers begin at the same at_least"),
    (TiersTable, {"measure": "spend", "level": [LEVEL], "valid": {"years": 1}}, {"review": {"every_days": 30}}, "give either valid or review"),
    (TiersTable, {"measure": "spend", "level": [LEVEL], "valid": {"years": 1}}, {"downgrade": "never"}, "leave out valid"),
    (TiersTable, {"measure": "spend", "level": [LEVEL], "counts": "this-sale"}, {"measure": "points"}, "the points of a sale depend on its tier"),
    (TiersTable, {"level": [LEVEL], "measure": "visits", "counts": "this-sale"}, {"measure": "active"}, "the points of a sale depend on its tier"),
    (TiersTable, {"measure": "spend", "level": [LEVEL], "over": "12 months", "review": {"every_days": 30}}, {"over": "year"}, "at a review nothing is left"),
    (InactivityTable, {"months": 12}, {"days": 30}, "give either months or days"),
    (InactivityTable, {"days": 30}, {"days": None}, "give either months or days"),
    (UnitTable, {"expiry": {"days": 14}, "pending": {"days": 14}}, {"expiry": {"days": 13}}, "what waits 14 days would expire after 13"),
    (VoucherRule, {**TITLE, "value": 5}, {"off": {"percent": 5}}, "is either money, by value, or takes off"),
    (VoucherRule, {**TITLE, "denominations": [5]}, {"off": {"percent": 5}}, "is either money, by value, or takes off"),
    (VoucherRule, {**TITLE, "off": {"percent": 5}, "uses": 2}, {"off": None, "value": 5}, "uses goes with off"),
    (VoucherRule, {**TITLE, "at_points": {"points": 5}, "value": 5}, {"value": None}, "needs a value or an off"),
    (VoucherRule, {**TITLE, "per_sale": {"per": 100}, "value": 5}, {"value": None}, "needs a value or an off"),
    (VoucherRule, {**TITLE, "per_sale": {"percent": 5}}, {"off": {"percent": 5}}, "per_sale.percent makes a voucher of money"),
    (When, {"from_date": FIRST, "until_date": FIRST}, {"from_date": LAST}, "lies before from_date"),
    (When, {"from_time": time(8), "until_time": time(8, 1)}, {"until_time": time(8)}, "is not after from_time 08:00"),
    (When, {"joined_days_min": 30, "joined_days_max": 30}, {"joined_days_max": 29}, "joined_days_max 29 is less than joined_days_min 30"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "right", "wrong", "said"),
    PAIRS,
    ids=[f"{model.__name__}: {said}" for model, _, _, said in PAIRS],
)
def test_keys_that_contradict_each_other_are_refused_and_others_are_not(
    model: type[TableModel], right: Keys, wrong: Keys, said: str
) -> None:
    model.model_validate(right)
    with pytest.raises(ValidationError) as refused:
        model.model_validate({**right, **wrong})
    assert said in str(refused.value)
