"""The customer's terms, from the file itself: earning, bonuses, expiry, tiers, rewards, returns, privacy.

Every table that concerns customers has its section; a test compares with the keys of a file. What no rule of the file
says is not said here either, so that the terms promise what the tills do.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from edge_agent.authoring.phrases import gifts, limits, off, spend
from edge_agent.authoring.return_terms import returns
from edge_agent.authoring.wording import (
    Speech,
    condition_clauses,
    lasts,
    limited,
    selection_clauses,
    waits,
)
from edge_agent.domain.programme.actions import Happens
from edge_agent.domain.programme.exclusions import Forbids
from edge_agent.domain.programme.law import LAW
from edge_agent.domain.programme.offers import How
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.rewards import RewardRule
from edge_agent.domain.programme.tiers import Downgrade, MeasuredBy, TiersTable
from edge_agent.domain.programme.vouchers import Rest, VoucherRule


class _Section(NamedTuple):
    nl: str
    en: str
    keys: tuple[str, ...]
    body: Callable[[Programme, Speech], Iterator[str]]


def terms(programme: Programme, language: str) -> str:
    """The terms in Markdown, in `language` ("nl" or "en"). Sections of which the file has nothing are left out."""
    speech = Speech(programme.file, language)
    name = speech.text(programme.file.name)
    begins = speech.day(programme.local_date(programme.valid_from))
    parts = [
        speech.either(f"# Voorwaarden {name}", f"# Terms of {name}"),
        speech.either(
            f"Versie {programme.version}, geldig vanaf {begins}.",
            f"Version {programme.version}, valid from {begins}.",
        ),
    ]
    for section in SECTIONS:
        lines = list(section.body(programme, speech))
        if lines:
            parts += [f"## {speech.either(section.nl, section.en)}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _item(what: str, *details: str) -> str:
    """A point of a list: what it is, and behind it what limits it."""
    return f"- {_sentence('; '.join([what, *(each for each in details if each)]))}"


def _sentence(text: str) -> str:
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def _joined(clauses: list[str]) -> str:
    return ", ".join(clauses)


def _earning(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.earn:
        what, goods = programme.reason(rule.id, speech.language), ""
        if rule.why is None:  # words of the file's own say themselves what of, and on what
            what = f"{speech.text(programme.file.unit[rule.unit].name.many)}: {what}"
            goods = _joined(selection_clauses(speech, rule.scope))
        yield _item(what, goods, _joined(condition_clauses(speech, rule.when)))
    for partner in programme.file.partner:
        rate = (
            speech.either(
                f"{speech.units(partner.unit, partner.points)} per {speech.money(partner.per)}",
                f"{speech.units(partner.unit, partner.points)} per {speech.money(partner.per)}",
            )
            if partner.points is not None and partner.per is not None
            else ""
        )
        clauses = _joined(condition_clauses(speech, partner.when))
        yield _item(speech.text(partner.name), rate, clauses)


def _caps(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.cap:
        clauses = []
        if rule.from_date is not None:
            clauses.append(speech.either("vanaf ", "from ") + speech.day(rule.from_date))
        if rule.until_date is not None:
            until = speech.day(rule.until_date)
            clauses.append(speech.either(f"tot en met {until}", f"up to and including {until}"))
        yield _item(speech.text(rule.why), _joined(clauses))


def _bonuses(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.bonus:
        amount = ""
        if rule.multiply is not None:
            times = speech.number(rule.multiply)
            amount = speech.either(f"{times} × de gewone punten", f"{times} × the usual points")
        elif rule.add is not None:
            amount = speech.either(
                f"{speech.units(rule.unit, rule.add)} extra",
                f"{speech.units(rule.unit, rule.add)} extra",
            )
        yield _item(speech.text(rule.why), amount, _joined(condition_clauses(speech, rule.when)))


def _campaigns(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.campaign:
        times = speech.number(rule.on_top)
        details = [
            speech.either(
                f"{times} × de gewone punten erbovenop", f"{times} × the usual points on top"
            ),
            _joined(
                [*selection_clauses(speech, rule.scope), *condition_clauses(speech, rule.when)]
            ),
        ]
        if rule.spend:
            spent = speech.money(rule.spend)
            details.append(
                speech.either(f"als u dan voor {spent} koopt", f"if you then spend {spent}")
            )
        if rule.most is not None:
            most = speech.units(rule.unit, rule.most)
            details.append(speech.either(f"hoogstens {most}", f"at most {most}"))
        days = speech.days(rule.credited_after_days)
        details.append(speech.either(f"bijgeschreven na {days}", f"credited after {days}"))
        yield _item(speech.text(rule.why), *details)


def _units(programme: Programme, speech: Speech) -> Iterator[str]:
    for table in programme.file.unit.values():
        name = speech.text(table.name.many)
        if table.pending is not None:
            when = waits(speech, table.pending)
            yield _item(
                speech.either(f"{name} kunt u {when} gebruiken", f"you can use {name} {when}")
            )
        if table.expiry is None:
            yield _item(speech.either(f"{name} verlopen niet", f"{name} do not expire"))
        elif table.expiry.until_date is not None:
            until = lasts(speech, table.expiry)
            yield _item(
                speech.either(f"{name} zijn {until} te gebruiken", f"{name} can be used {until}")
            )
        else:
            length = lasts(speech, table.expiry)
            start = (
                speech.either("nadat u ze kunt gebruiken", "after you can use them")
                if table.expiry.from_maturity
                else speech.either("na het sparen", "after earning")
            )
            yield _item(
                speech.either(
                    f"{name} verlopen {start}: {length}", f"{name} expire {start}: {length}"
                ),
                speech.either(
                    f"wij waarschuwen {table.warn_days} dagen van tevoren",
                    f"we warn you {table.warn_days} days ahead",
                )
                if table.warn_days
                else "",
            )
        if table.inactivity is not None:
            idle = table.inactivity
            length = speech.months(idle.months) if idle.months else speech.days(idle.days or 0)
            yield _item(
                speech.either(
                    f"{name} vervallen als u {length} niets doet met uw kaart",
                    f"{name} lapse when you do nothing with your card for {length}",
                )
            )


def _tiers(programme: Programme, speech: Speech) -> Iterator[str]:
    table = programme.file.tiers
    if table is None:
        return
    for level in sorted(table.level, key=lambda each: each.at_least):
        name = speech.text(level.name)
        if level.at_least == 0:
            yield _item(speech.either(f"{name}: voor iedereen", f"{name}: for everybody"))
        else:
            yield _item(f"{name}: {_reached(table, level.at_least, speech)}")
    if table.valid is not None:
        length = lasts(speech, table.valid)
        yield _item(
            speech.either(f"een niveau houdt u {length}", f"you keep a tier for {length}"),
            _DOWNGRADES[table.downgrade][0 if speech.language == "nl" else 1],
        )
    elif table.review is not None:
        when = (
            speech.window(table.review.each.value)
            if table.review.each is not None
            else speech.either(
                f"elke {table.review.every_days} dagen", f"every {table.review.every_days} days"
            )
        )
        yield _item(
            speech.either(f"wij bekijken {when} uw niveau", f"we review your tier {when}"),
            _DOWNGRADES[table.downgrade][0 if speech.language == "nl" else 1],
        )


def _reached(table: TiersTable, at_least: int, speech: Speech) -> str:
    window = speech.window(table.over)
    if table.measure is MeasuredBy.SPEND:
        amount = speech.money(at_least)
        return speech.either(
            f"vanaf {amount} aan aankopen {window}", f"from {amount} spent {window}"
        )
    if table.measure is MeasuredBy.VISITS:
        return speech.either(
            f"vanaf {at_least} bezoeken {window}", f"from {at_least} visits {window}"
        )
    points = speech.units(table.unit, at_least)
    return speech.either(f"vanaf {points} {window}", f"from {points} {window}")


_DOWNGRADES: Mapping[Downgrade, tuple[str, str]] = {
    Downgrade.REQUALIFIED: (
        "daarna geldt het niveau dat u intussen hebt gehaald",
        "after that the tier that you reached meanwhile applies",
    ),
    Downgrade.ONE_DOWN: (
        "daarna gaat u hoogstens één niveau terug",
        "after that you go one tier down at most",
    ),
    Downgrade.BASE: ("daarna begint u opnieuw", "after that you begin again"),
    Downgrade.NEVER: ("u verliest het niet", "you do not lose it"),
}


def _stamps(programme: Programme, speech: Speech) -> Iterator[str]:
    for card in programme.file.stamp:
        full = speech.units(card.unit, card.size)
        rewards = (
            speech.either(
                f"bij {speech.number(each.at or card.size)}: {gifts(speech, each.gives)}",
                f"at {speech.number(each.at or card.size)}: {gifts(speech, each.gives)}",
            )
            for each in card.reward
        )
        yield _item(
            f"{speech.text(card.title)}: "
            + speech.either(f"een volle kaart heeft {full}", f"a full card has {full}"),
            *rewards,
        )


def _memberships(programme: Programme, speech: Speech) -> Iterator[str]:
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
        yield _item(f"{speech.text(rule.title)}: {length}", start, trial)


def _rewards(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.reward:
        clauses = _joined(condition_clauses(speech, rule.when))
        yield _item(
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


def _vouchers(programme: Programme, speech: Speech) -> Iterator[str]:
    for rule in programme.file.voucher:
        details = [*_issued(rule, speech), _joined(condition_clauses(speech, rule.when))]
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
        yield _item(f"{speech.text(rule.title)}{worth}{effect}", *details)
    for wallet in programme.file.wallet:
        yield _item(
            speech.text(wallet.title),
            speech.either("u betaalt ermee aan de kassa", "you pay with it at the till"),
        )


def _issued(rule: VoucherRule, speech: Speech) -> Iterator[str]:
    """How a voucher comes to be issued."""
    if rule.per_sale is not None:
        share = rule.per_sale.percent
        what = (
            speech.money(rule.per_sale.per or 0) if share is None else f"{speech.number(share)} %"
        )
        clauses = _joined(condition_clauses(speech, rule.per_sale.when))
        said = (
            speech.either(f"één voor elke {what}", f"one for every {what}")
            if share is None
            else speech.either(f"{what} van wat u betaalt", f"{what} of what you pay")
        )
        yield f"{said} {clauses}".strip()
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


def _offers(programme: Programme, speech: Speech) -> Iterator[str]:
    how = {
        How.AUTOMATIC: ("", ""),
        How.ACTIVATED: ("nadat u de aanbieding hebt geactiveerd", "once you activated the offer"),
        How.CODE: ("met een code", "with a code"),
    }
    for rule in programme.file.offer:
        yield _item(
            speech.text(rule.title),
            "" if rule.off is None else off(speech, rule.off),
            _joined(condition_clauses(speech, rule.when)),
            speech.either(*how[rule.how]),
            limits(speech, rule.limits),
        )


def _play(programme: Programme, speech: Speech) -> Iterator[str]:
    for challenge in programme.file.challenge:
        yield _item(
            f"{speech.text(challenge.title)}: {gifts(speech, challenge.gives)}",
            _joined(condition_clauses(speech, challenge.when)),
        )
    for action in programme.file.action:
        done = "" if action.happens is not Happens.REPORTED else limits(speech, action.limits)
        yield _item(f"{speech.text(action.title)}: {gifts(speech, action.gives)}", done)
    for surprise in programme.file.surprise:
        chance = speech.number(surprise.one_in)
        yield _item(
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
                yield _item(
                    f"{who}: {gifts(speech, given)}",
                    speech.either("na de eerste aankoop", "after the first purchase"),
                )


def _returns(programme: Programme, speech: Speech) -> Iterator[str]:
    for sentence in returns(speech, programme.file.returns):
        yield _item(sentence)


def _excluded(programme: Programme, speech: Speech) -> Iterator[str]:
    told: set[str] = set()
    for rule in programme.exclusions.rules:
        # What the house excludes altogether, the law need not say again.
        if rule.id.startswith(LAW) and (rule.categories or frozenset()) <= told:
            continue
        if rule.forbids is Forbids.BOTH:
            told |= rule.categories or frozenset()
        yield _item(speech.text(rule.why))


def _privacy(programme: Programme, speech: Speech) -> Iterator[str]:
    yield _item(
        speech.either(
            "wij bewaren wat u koopt met uw kaart om dit programma uit te voeren",
            "we keep what you buy with your card to run this programme",
        )
    )
    asks = programme.asks
    used = [*sorted(asks.attributes)]
    used += [
        speech.either("uw verjaardag (zonder jaar)", "your birthday (without the year)")
    ] * asks.birthday
    used += [speech.either("uw taal", "your language")] * asks.language
    if used:
        told = speech.listed(used)
        yield _item(
            speech.either(f"wij gebruiken daarvoor ook: {told}", f"for that we also use: {told}")
        )
    if asks.segments:
        yield _item(
            speech.either(
                "aanbiedingen kunnen afhangen van wat u eerder kocht; u kunt dat weigeren",
                "offers may depend on what you bought before; you can refuse that",
            )
        )
    if any(rule.held_out_percent for rule in programme.file.offer):
        yield _item(
            speech.either(
                "sommige aanbiedingen gelden voor een deel van de leden, door het lot gekozen, om hun werking te meten",
                "some offers are for a part of the members, chosen by lot, so that their effect can be measured",
            )
        )
    if programme.file.question:
        yield _item(
            speech.either(
                "soms stellen wij een korte vraag; antwoorden hoeft niet",
                "sometimes we ask a short question; you need not answer",
            )
        )
    yield _item(
        speech.either(
            "u kunt uw gegevens inzien, meenemen en laten wissen; met wissen vervalt uw saldo",
            "you can see, take along and erase your data; erasing them ends your balance",
        )
    )


SECTIONS: tuple[_Section, ...] = (
    _Section("Sparen", "Earning", ("earn", "earning", "partner"), _earning),
    _Section("Hoogstens", "At most", ("cap",), _caps),
    _Section("Extra", "Extras", ("bonus",), _bonuses),
    _Section("Campagnes", "Campaigns", ("campaign",), _campaigns),
    _Section("Hoe lang iets geldig is", "How long things last", ("unit",), _units),
    _Section("Niveaus", "Tiers", ("tiers",), _tiers),
    _Section("Zegels en stempels", "Stamp cards", ("stamp",), _stamps),
    _Section("Betaald lidmaatschap", "Paid membership", ("membership",), _memberships),
    _Section("Beloningen", "Rewards", ("reward",), _rewards),
    _Section("Bonnen en tegoed", "Vouchers and balance", ("voucher", "wallet"), _vouchers),
    _Section("Aanbiedingen", "Offers", ("offer", "combine"), _offers),
    _Section(
        "Acties en verrassingen",
        "Challenges and surprises",
        ("challenge", "action", "surprise", "referral"),
        _play,
    ),
    _Section("Ruilen en teruggeven", "Returns", ("returns",), _returns),
    _Section("Uitgesloten", "Exclusions", ("exclude", "law"), _excluded),
    _Section(
        "Uw gegevens",
        "Your data",
        ("privacy", "question", "questions", "message", "messages"),
        _privacy,
    ),
)
NOT_FOR_CUSTOMERS = frozenset(
    {
        "format",
        "redeem",
        "id",
        "version",
        "name",
        "timezone",
        "currency",
        "valid_from",
        "goal",
        "receipt",
        "words",
    }
)
"""Keys that say nothing that a customer could rely on, or stand in the heading."""
