"""What gives points without a sale, or after many: events, birthdays, welcomes, campaigns, bringing in friends."""

from decimal import Decimal
from typing import Any

from tests.peers.mapping.circumstances import PERIODS, circumstances, dates, minimums
from tests.peers.mapping.draft import Draft, Table, minor, number, selection, slug
from tests.peers.parts import Part

ENROLMENTS = frozenset({"account_created", "enrolment", "enrolled", "registration"})
"""Names of the event that somebody becomes a member."""


def event(rule: Part, draft: Draft) -> Table:
    """An event that is reported, or becoming a member."""
    name = str(rule.get("event"))
    limits, refused = _caps(rule)
    row = draft.add(
        "action",
        title=name,
        happens="enrolment" if name in ENROLMENTS else "reported",
        gives=[{"quantity": number(rule.get("points"))}],
        limits=limits,
        beyond="refused" if refused else "dropped",
        when=circumstances(rule, draft) or None,
    )
    row["id"] = slug(name)
    return row


def _caps(rule: Part) -> tuple[list[Table], bool]:
    limits: list[Table] = []
    refused = False
    for cap in [rule.part("cap")] if rule.has("cap") else rule.parts("caps"):
        with cap:
            per = cap.one_of("per", PERIODS | {None: "ever"})
            limits.append({"times": minor(cap.get("times")), "per": per})
            refused |= cap.one_of("over", {None: False, "nothing": False, "error": True})
    rule.skip("caps", "cap")
    if rule.get("once"):
        limits.append({"times": 1, "per": "ever"})
    if rule.has("once_per"):
        limits.append({"times": 1, "per": rule.one_of("once_per", PERIODS)})
    return limits, refused


def birthday(rule: Part, draft: Draft) -> Table:
    """Something on the birthday, once a year."""
    per = rule.one_of("once_per", PERIODS | {None: "year"})
    return draft.add(
        "action",
        title="birthday",
        happens="birthday",
        gives=[{"quantity": number(rule.get("points"))}],
        limits=[{"times": 1, "per": per}],
        when=circumstances(rule, draft) or None,
    )


def map_campaign(part: Part, draft: Draft) -> None:
    """`campaign`: points on top for what was spent within a time, credited when it is over."""
    if not part.has("campaign"):
        return
    with part.part("campaign") as campaign:
        when: Table = {}
        dates(campaign, when)
        factor = campaign.get("factor")
        on_top = number(campaign.get("bonus_factor_on_top") if factor is None else factor - 1)
        at_once = {"after_period": False, None: True, "immediately": True, "at_once": True}
        if campaign.one_of("credited", at_once):
            _at_once(campaign, draft, on_top, when)
            return
        row = draft.add("campaign", on_top=on_top, when=when, why="campaign")
        row["scope"] = selection(campaign.part("include"), campaign.part("exclude"))
        if campaign.has("min_spend_in_period_minor"):
            row["spend"] = minor(campaign.get("min_spend_in_period_minor"))
        if campaign.has("cap_points_per_member"):
            row["most"] = number(campaign.get("cap_points_per_member"))
        campaign.skip("id")


def _at_once(campaign: Part, draft: Draft, on_top: Decimal, when: Table) -> None:
    """Points on top with each sale, up to so many of a member."""
    when |= selection(campaign.part("include"), campaign.part("exclude")) or {}
    minimums(campaign, when)
    row = draft.add("bonus", multiply=1 + on_top, when=when or None, why="campaign")
    if campaign.has("cap_points_per_member"):
        most = number(campaign.get("cap_points_per_member"))
        draft.add("cap", most=most, per="ever", rules=[row["id"]], why="at most")
    campaign.skip("id")


def map_referral(part: Part, draft: Draft) -> None:
    """`referral` and `welcome_points`."""
    if part.has("welcome_points"):
        _at_enrolment(draft, "member", part.get("welcome_points"))
    if not part.has("referral"):
        return
    with part.part("referral") as referral:
        gift = [{"quantity": number(referral.get("points"))}]
        whom = referral.one_of(
            "reward",
            {
                None: ("referrer", "member"),
                "both": ("referrer", "member"),
                "referrer": ("referrer",),
                "referred": ("member",),
            },
        )
        referral.one_of("trigger", {"referred_first_purchase": None})
        when: Table = {}
        if referral.has("min_order_minor"):
            when["minimum_sale"] = minor(referral.get("min_order_minor"))
        earns = bool(draft.lists.get("earn"))
        draft.tables["referral"] = dict.fromkeys(whom, gift) | {
            "after": "earning" if earns else "purchase",
            "when": when or None,
        }


def _at_enrolment(draft: Draft, title: str, points: Any) -> None:
    draft.add("action", title=title, happens="enrolment", gives=[{"quantity": number(points)}])
