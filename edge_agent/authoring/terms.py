"""The customer's terms, from the file itself: earning, bonuses, expiry, tiers, rewards, returns, privacy.

Every table that concerns customers has its section; a test compares with the keys of a file. What no rule of the file
says is not said here either, so that the terms promise what the tills do.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from edge_agent.authoring.earning_terms import bonuses, campaigns, caps, earning, tiers, units
from edge_agent.authoring.return_terms import returns
from edge_agent.authoring.reward_terms import memberships, offers, play, rewards, stamps, vouchers
from edge_agent.authoring.term_lines import item
from edge_agent.authoring.wording import Speech
from edge_agent.domain.programme.exclusions import Forbids
from edge_agent.domain.programme.own_rules import LAW
from edge_agent.domain.programme.programme import Programme


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


def _returns(programme: Programme, speech: Speech) -> Iterator[str]:
    for sentence in returns(speech, programme.file.returns):
        yield item(sentence)


def _forgotten_card(programme: Programme, speech: Speech) -> Iterator[str]:
    rule = programme.file.forgotten_card
    if not rule.allowed:
        return
    days = rule.within_days
    until = (
        speech.either(
            f"tot en met {days} dagen na uw aankoop", f"up to {days} days after you bought"
        )
        if days
        else speech.either("op de dag van uw aankoop", "on the day that you bought")
    )
    yield item(
        speech.either(
            f"met de kassabon kunt u {until} alsnog sparen, in de winkel waar u kocht",
            f"with the receipt you can still earn {until}, in the shop where you bought",
        )
    )


def _excluded(programme: Programme, speech: Speech) -> Iterator[str]:
    told: set[str] = set()
    for rule in programme.exclusions.rules:
        # What the house excludes altogether, the law need not say again.
        if rule.id.startswith(LAW) and (rule.categories or frozenset()) <= told:
            continue
        if rule.forbids is Forbids.BOTH:
            told |= rule.categories or frozenset()
        yield item(speech.text(rule.why))


def _privacy(programme: Programme, speech: Speech) -> Iterator[str]:
    yield item(
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
        yield item(
            speech.either(f"wij gebruiken daarvoor ook: {told}", f"for that we also use: {told}")
        )
    if asks.segments:
        yield item(
            speech.either(
                "aanbiedingen kunnen afhangen van wat u eerder kocht; u kunt dat weigeren",
                "offers may depend on what you bought before; you can refuse that",
            )
        )
    if any(rule.held_out_percent for rule in programme.file.offer):
        yield item(
            speech.either(
                "sommige aanbiedingen gelden voor een deel van de leden, door het lot gekozen, om hun werking te meten",
                "some offers are for a part of the members, chosen by lot, so that their effect can be measured",
            )
        )
    for consent in programme.file.consent:
        text = consent.text.for_language(speech.language)
        if consent.required:
            told = speech.either(f"bij het inschrijven: “{text}”", f"when enrolling: “{text}”")
        else:
            told = speech.either(
                f"alleen als u dat wilt: “{text}”", f"only if you want to: “{text}”"
            )
        yield item(told)
    if programme.file.question:
        yield item(
            speech.either(
                "soms stellen wij een korte vraag; antwoorden hoeft niet",
                "sometimes we ask a short question; you need not answer",
            )
        )
    yield item(
        speech.either(
            "u kunt uw gegevens inzien, meenemen en laten wissen; met wissen vervalt uw saldo",
            "you can see, take along and erase your data; erasing them ends your balance",
        )
    )


SECTIONS: tuple[_Section, ...] = (
    _Section("Sparen", "Earning", ("earn", "earning", "partner"), earning),
    _Section("Hoogstens", "At most", ("cap",), caps),
    _Section("Extra", "Extras", ("bonus",), bonuses),
    _Section("Campagnes", "Campaigns", ("campaign",), campaigns),
    _Section("Hoe lang iets geldig is", "How long things last", ("unit",), units),
    _Section("Niveaus", "Tiers", ("tiers",), tiers),
    _Section("Zegels en stempels", "Stamp cards", ("stamp",), stamps),
    _Section("Betaald lidmaatschap", "Paid membership", ("membership",), memberships),
    _Section("Beloningen", "Rewards", ("reward",), rewards),
    _Section("Bonnen en tegoed", "Vouchers and balance", ("voucher", "wallet"), vouchers),
    _Section("Aanbiedingen", "Offers", ("offer", "combine"), offers),
    _Section(
        "Acties en verrassingen",
        "Challenges and surprises",
        ("challenge", "action", "surprise", "referral"),
        play,
    ),
    _Section("Kaart vergeten", "A forgotten card", ("forgotten_card",), _forgotten_card),
    _Section("Ruilen en teruggeven", "Returns", ("returns",), _returns),
    _Section("Uitgesloten", "Exclusions", ("exclude", "law"), _excluded),
    _Section(
        "Uw gegevens",
        "Your data",
        ("privacy", "consent", "question", "questions", "message", "messages"),
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
