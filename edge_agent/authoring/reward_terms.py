"""Terms of what is given: stamp cards, memberships, rewards, vouchers, offers, play."""

from collections.abc import Iterator

from edge_agent.authoring.phrases import gifts, limits, off, spend
from edge_agent.authoring.term_lines import item, joined
from edge_agent.authoring.wording import (
    Speech,
    condition_clauses,
    lasts,
    limited,
    waits,
)
from edge_agent.domain.programme.actions import Happens
from edge_agent.domain.programme.issuing import PerSale
from edge_agent.domain.programme.offers import How
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.vouchers import Rest, VoucherRule


def stamps(programme: Programme, speech: Speech) -> Iterator[str]:
    """Cards and what they give."""
    for card in programme.file.stamp:
        full = speech.units(card.unit, card.size)
        rewards = (
            speech.either(
                f"bij {speech.number(each.at or card.size)}: {gifts(speech, each.gives)}",
                f"at {speech.number(each.at or card.size)}: {gifts(speech, each.gives)}",
            )
            for each in card.reward
        )
        yield item(
            f"{speech.text(card.title)}: "
            + speech.either(f"een volle kaart heeft {full}", f"a full card has {full}"),
            *rewards,
        )


def memberships(programme: Programme, speech: Speech) -> Iterator[str]:
    """What is bought, and for how long."""
    for rule in programme.file.membership:
        length = speech.months(rule.months) if rule.months else speech.days(rule.days or 0)
        trial = ""
        if rule.trial is not None:
            days = speech.days(rule.trial.days)
            trial = speech.either(f"eenmaal {days} op proef", f"once on trial for {days}")
        start = (
            speech.either(
                "meteen actief, ook voor deze aankoop", "active at once, for this purchase too"
            )
            if rule.this_sale
            else speech.either("actief vanaf uw volgende aankoop", "active from your next purchase")
        )
        yield item(f"{speech.text(rule.title)}: {length}", start, trial)


def rewards(programme: Programme, speech: Speech) -> Iterator[str]:
    """What points are good for."""
    for rule in programme.file.reward:
        clauses = joined(condition_clauses(speech, rule.when))
        yield item(
            f"{speech.text(rule.title)}: {_cost(rule, speech)}",
            "" if rule.off is None else off(speech, rule.off),
            gifts(speech, rule.gives),
            clauses,
            limits(speech, rule.limits),
        )


def _cost(rule: RewardRule, speech: Speech) -> str:
    if rule.spend is not None:
        return spend(speech, rule.unit, rule.spend)
    if rule.cost is not None:
        return speech.units(rule.unit, rule.cost)
    if rule.cost_per is not None:
        points = speech.units(rule.unit, rule.cost_per * 100)
        return speech.either(f"{points} per € 1,00", f"{points} per €1.00")
    return speech.either("als u die gekregen hebt", "when you were given it")


def vouchers(programme: Programme, speech: Speech) -> Iterator[str]:
    """Vouchers, how they come and how long they are valid; stored value."""
    for rule in programme.file.voucher:
        details = [*_issued(rule, speech), joined(condition_clauses(speech, rule.when))]
        if rule.pending is not None:
            when = waits(speech, rule.pending)
            details.append(speech.either(f"te gebruiken {when}", f"to be used {when}"))
        if rule.expiry is not None:
            length = lasts(speech, rule.expiry)
            details.append(speech.either(f"geldig: {length}", f"valid: {length}"))
        if rule.off is None:
            details.append(
                speech.either("wat over is blijft staan", "what is left stays on it")
                if rule.rest is Rest.KEPT
                else speech.either("wat over is vervalt", "what is left is lost")
            )
        worth = "" if rule.value is None else f" ({speech.money(rule.value)})"
        effect = "" if rule.off is None else f": {off(speech, rule.off)}"
        yield item(f"{speech.text(rule.title)}{worth}{effect}", *details)
    for wallet in programme.file.wallet:
        yield item(
            speech.text(wallet.title),
            speech.either("u betaalt ermee aan de kassa", "you pay with it at the till"),
        )


def _per_sale(rule: PerSale, speech: Speech) -> str:
    if rule.percent is not None:
        share = f"{speech.number(rule.percent)} %"
        return speech.either(f"{share} van wat u betaalt", f"{share} of what you pay")
    if rule.per is not None:
        what = speech.money(rule.per)
        return speech.either(f"één voor elke {what}", f"one for every {what}")
    return speech.either("één bij elke aankoop", "one with every purchase")


def _issued(rule: VoucherRule, speech: Speech) -> Iterator[str]:
    """How a voucher comes to be issued."""
    if rule.per_sale is not None:
        clauses = joined(condition_clauses(speech, rule.per_sale.when))
        yield f"{_per_sale(rule.per_sale, speech)} {clauses}".strip()
    if rule.at_points is not None:
        points = speech.units(rule.at_points.unit, rule.at_points.points)
        yield speech.either(f"bij elke {points}", f"at every {points}")
    if rule.at_statement is not None:
        at = rule.at_statement
        months = speech.listed(speech.month(each) for each in sorted(at.months))
        points, value = speech.units(at.unit, at.step), speech.money(at.value)
        yield speech.either(
            f"in {months}: elke {points} is {value}", f"in {months}: every {points} is {value}"
        )
    if rule.bought is not None:
        yield speech.either("te koop in de winkel", "for sale in the shop")


def offers(programme: Programme, speech: Speech) -> Iterator[str]:
    """Price promotions."""
    how = {
        How.AUTOMATIC: ("", ""),
        How.ACTIVATED: ("nadat u de aanbieding hebt geactiveerd", "once you activated the offer"),
        How.CODE: ("met een code", "with a code"),
    }
    for rule in programme.file.offer:
        yield item(
            speech.text(rule.title),
            "" if rule.off is None else off(speech, rule.off),
            joined(condition_clauses(speech, rule.when)),
            speech.either(*how[rule.how]),
            limits(speech, rule.limits),
        )


def play(programme: Programme, speech: Speech) -> Iterator[str]:
    """Challenges, actions, surprises and referrals."""
    for challenge in programme.file.challenge:
        yield item(
            f"{speech.text(challenge.title)}: {gifts(speech, challenge.gives)}",
            joined(condition_clauses(speech, challenge.when)),
        )
    for action in programme.file.action:
        done = "" if action.happens is not Happens.REPORTED else limits(speech, action.limits)
        yield item(f"{speech.text(action.title)}: {gifts(speech, action.gives)}", done)
    for surprise in programme.file.surprise:
        chance = speech.number(surprise.one_in)
        yield item(
            limited(speech, speech.text(surprise.title), surprise.when),
            speech.either(
                f"1 op de {chance} aankopen met kaart wint, door het lot bepaald",
                f"1 in {chance} purchases with a card wins, by the draw of a lot",
            ),
            limits(speech, surprise.limits),
        )
    referral = programme.file.referral
    if referral is not None:
        for who, given in (
            (
                speech.either("wie een vriend aanbrengt", "whoever brings a friend"),
                referral.referrer,
            ),
            (speech.either("wie is aangebracht", "the friend"), referral.member),
        ):
            if given:
                yield item(
                    f"{who}: {gifts(speech, given)}",
                    speech.either("na de eerste aankoop", "after the first purchase"),
                )
