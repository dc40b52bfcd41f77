"""Earning rules in words, for receipts and terms, where a rule has no words of its own."""

from collections.abc import Mapping

from edge_agent.domain.programme.rates import Each, EarnRule
from edge_agent.domain.programme.texts import Texts, texts


def rate_in_words(rule: EarnRule) -> Texts:
    """What a customer is told that the rule gives."""
    if rule.bands:
        return _BY_AMOUNT
    if rule.per_measure is not None:
        return _BY_MEASURE
    if rule.points is None or rule.tier_points is not None:
        return _BY_TIER
    points = f"{rule.points.normalize():f}"
    if rule.per is not None:
        return _per_amount(points, rule.per)
    if rule.pieces is not None:
        return _filled(_PER_PIECES, points, rule.pieces)
    return _filled(_PER_EACH[rule.each or Each.SALE], points)


def _per_amount(points: str, per: int) -> Texts:
    euro, cent = divmod(per, 100)
    amount = f"{euro}.{cent:02}" if cent else f"{euro}"
    return texts(
        {
            "nl": f"{points} per € {amount.replace('.', ',')}",
            "en": f"{points} per €{amount}",
            "de": f"{points} je {amount.replace('.', ',')} €",
            "fr": f"{points} par {amount.replace('.', ',')} €",
        }
    )


def _filled(templates: Mapping[str, str], *values: object) -> Texts:
    return texts({language: text.format(*values) for language, text in templates.items()})


_PER_EACH: Mapping[Each, Mapping[str, str]] = {
    Each.PIECE: {
        "nl": "{} per stuk",
        "en": "{} per piece",
        "de": "{} je Stück",
        "fr": "{} par pièce",
    },
    Each.LINE: {
        "nl": "{} per artikel",
        "en": "{} per item",
        "de": "{} je Artikel",
        "fr": "{} par article",
    },
    Each.SALE: {
        "nl": "{} per aankoop",
        "en": "{} per purchase",
        "de": "{} je Einkauf",
        "fr": "{} par achat",
    },
}

_PER_PIECES = {
    "nl": "{} per {} stuks",
    "en": "{} per {} pieces",
    "de": "{} je {} Stück",
    "fr": "{} pour {} pièces",
}

_BY_AMOUNT = texts(
    {
        "nl": "naar het bedrag van de aankoop",
        "en": "by the amount of the purchase",
        "de": "nach dem Betrag des Einkaufs",
        "fr": "selon le montant de l'achat",
    }
)

_BY_MEASURE = texts(
    {
        "nl": "naar hoeveelheid",
        "en": "by quantity",
        "de": "nach Menge",
        "fr": "selon la quantité",
    }
)

_BY_TIER = texts(
    {
        "nl": "naar niveau",
        "en": "by tier",
        "de": "nach Stufe",
        "fr": "selon le statut",
    }
)
