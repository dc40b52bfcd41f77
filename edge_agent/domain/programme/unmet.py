"""Why a rule gave nothing: a reason that programs can tell apart, and its words in the shop's languages."""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from babel.dates import format_date, format_time
from babel.numbers import format_currency

from edge_agent.domain.programme.texts import LOCALES, Texts, language_of, texts


class Obstacle(StrEnum):
    """What stood in the way; the comment says what `Unmet.value` then is."""

    NOT_YET = "not-yet"  # the first day
    OVER = "over"  # the last day
    OTHER_DAY = "other-day"  # the days on which it holds, a tuple of 0 (Monday) to 6
    TOO_EARLY = "too-early"  # the time from which it holds
    TOO_LATE = "too-late"  # the time before which it holds
    NO_LINE = "no-line"
    TOO_LITTLE = "too-little"  # what is missing, in minor units
    LINES_TAKEN = "lines-taken"
    LESS_THAN_ONE = "less-than-one"
    NO_BASE = "no-base"
    TOO_FEW = "too-few"
    NOT_IN_BASKET = "not-in-basket"
    DISCOUNTED = "discounted"
    OTHER_TENDER = "other-tender"
    OTHER_STORE = "other-store"
    OTHER_CHANNEL = "other-channel"
    OTHER_TIER = "other-tier"  # the tiers that it is for, a tuple of their ids
    OTHER_SEGMENT = "other-segment"
    NOT_PAID_MEMBER = "not-paid-member"
    OTHER_PROFILE = "other-profile"
    NO_BIRTHDAY = "no-birthday"
    OTHER_VISIT = "other-visit"  # which visit this is
    JOINED_UNKNOWN = "joined-unknown"
    JOINED_TOO_RECENTLY = "joined-too-recently"  # days since joining
    JOINED_TOO_LONG_AGO = "joined-too-long-ago"  # days since joining
    NOT_AWAY = "not-away"  # days since the last visit
    USED_UP = "used-up"  # the limit that is reached, as a number of times
    ALL_GONE = "all-gone"  # the limit of the till that is reached, as a number of times
    NO_MEMBER = "no-member"
    NOT_ENOUGH = "not-enough"  # what is missing, in the unit's smallest parts
    CAPPED = "capped"
    NOT_ACTIVATED = "not-activated"
    NOT_REFERRED = "not-referred"
    NOT_DRAWN = "not-drawn"
    BUDGET_SPENT = "budget-spent"
    DAILY_LIMIT = "daily-limit"  # the limit that is reached, as a number of times
    STOPPED = "stopped"
    NOT_TRANSFERABLE = "not-transferable"
    NOT_TOGETHER = "not-together"
    TOO_MANY = "too-many"  # the most that can be used in one sale
    BETTER_ONE = "better-one"
    NOTHING_LEFT = "nothing-left"
    NEEDS_QUOTE = "needs-quote"
    BELOW_MINIMUM = "below-minimum"  # the least that can be used, in the unit's smallest parts
    NOT_YOURS = "not-yours"
    NOT_THERE = "not-there"
    OTHER_BONUS = "other-bonus"
    WITHIN_CAP = "within-cap"


_WORDS: dict[Obstacle, Texts] = {
    Obstacle.NOT_YET: texts(
        {
            "nl": "begint pas op {}",
            "en": "only begins on {}",
            "de": "beginnt erst am {}",
            "fr": "ne commence que le {}",
        }
    ),
    Obstacle.OVER: texts(
        {
            "nl": "gold tot en met {}",
            "en": "ended on {}",
            "de": "galt bis einschließlich {}",
            "fr": "s'est terminé le {}",
        }
    ),
    Obstacle.OTHER_DAY: texts(
        {"nl": "alleen op {}", "en": "only on {}", "de": "nur am {}", "fr": "seulement le {}"}
    ),
    Obstacle.TOO_EARLY: texts(
        {"nl": "pas vanaf {}", "en": "only from {}", "de": "erst ab {}", "fr": "à partir de {}"}
    ),
    Obstacle.TOO_LATE: texts(
        {
            "nl": "alleen vóór {}",
            "en": "only before {}",
            "de": "nur vor {}",
            "fr": "seulement avant {}",
        }
    ),
    Obstacle.NO_LINE: texts(
        {
            "nl": "geen regel waar het over gaat",
            "en": "no line that it is about",
            "de": "keine Zeile, die gemeint ist",
            "fr": "aucune ligne concernée",
        }
    ),
    Obstacle.TOO_LITTLE: texts(
        {
            "nl": "{} te weinig besteed",
            "en": "{} short of the minimum spend",
            "de": "{} fehlen am Mindestbetrag",
            "fr": "il manque {} pour le minimum d'achat",
        }
    ),
    Obstacle.LINES_TAKEN: texts(
        {
            "nl": "geen regel voor over: een regel hierboven ging voor",
            "en": "no line left for it: a rule above came first",
            "de": "keine Zeile übrig: eine Regel darüber ging vor",
            "fr": "aucune ligne restante : une règle ci-dessus l'emporte",
        }
    ),
    Obstacle.LESS_THAN_ONE: texts(
        {
            "nl": "te weinig voor één punt",
            "en": "less than one point",
            "de": "weniger als ein Punkt",
            "fr": "moins d'un point",
        }
    ),
    Obstacle.NO_BASE: texts(
        {
            "nl": "geen gewone punten om te vermenigvuldigen",
            "en": "no base points to multiply",
            "de": "keine Grundpunkte zum Vervielfachen",
            "fr": "pas de points de base à multiplier",
        }
    ),
    Obstacle.TOO_FEW: texts(
        {
            "nl": "te weinig stuks",
            "en": "too few pieces",
            "de": "zu wenige Stück",
            "fr": "pas assez d’articles",
        }
    ),
    Obstacle.NOT_IN_BASKET: texts(
        {
            "nl": "er ontbreekt iets in de mand",
            "en": "something is missing from the basket",
            "de": "im Korb fehlt etwas",
            "fr": "il manque un article au panier",
        }
    ),
    Obstacle.DISCOUNTED: texts(
        {
            "nl": "niet bij een korting",
            "en": "not together with a discount",
            "de": "nicht zusammen mit einem Rabatt",
            "fr": "pas avec une remise",
        }
    ),
    Obstacle.OTHER_TENDER: texts(
        {
            "nl": "met een ander betaalmiddel",
            "en": "another means of payment",
            "de": "anderes Zahlungsmittel",
            "fr": "autre moyen de paiement",
        }
    ),
    Obstacle.OTHER_STORE: texts(
        {
            "nl": "niet in deze winkel",
            "en": "not in this store",
            "de": "nicht in dieser Filiale",
            "fr": "pas dans ce magasin",
        }
    ),
    Obstacle.OTHER_CHANNEL: texts(
        {
            "nl": "niet via dit kanaal",
            "en": "not in this channel",
            "de": "nicht über diesen Kanal",
            "fr": "pas par ce canal",
        }
    ),
    Obstacle.OTHER_TIER: texts(
        {
            "nl": "alleen voor {}",
            "en": "only for {}",
            "de": "nur für {}",
            "fr": "seulement pour {}",
        }
    ),
    Obstacle.OTHER_SEGMENT: texts(
        {
            "nl": "niet voor deze groep",
            "en": "not for this group",
            "de": "nicht für diese Gruppe",
            "fr": "pas pour ce groupe",
        }
    ),
    Obstacle.NOT_PAID_MEMBER: texts(
        {
            "nl": "alleen met een betaald lidmaatschap",
            "en": "only with a paid membership",
            "de": "nur mit bezahlter Mitgliedschaft",
            "fr": "seulement avec un abonnement payant",
        }
    ),
    Obstacle.OTHER_PROFILE: texts(
        {
            "nl": "past niet bij het profiel",
            "en": "does not match the profile",
            "de": "passt nicht zum Profil",
            "fr": "ne correspond pas au profil",
        }
    ),
    Obstacle.NO_BIRTHDAY: texts(
        {
            "nl": "niet jarig",
            "en": "no birthday",
            "de": "kein Geburtstag",
            "fr": "pas d’anniversaire",
        }
    ),
    Obstacle.OTHER_VISIT: texts(
        {
            "nl": "dit is bezoek {}",
            "en": "this is visit {}",
            "de": "dies ist Besuch {}",
            "fr": "c’est la visite {}",
        }
    ),
    Obstacle.JOINED_UNKNOWN: texts(
        {
            "nl": "onbekend sinds wanneer lid",
            "en": "unknown since when a member",
            "de": "Beitrittsdatum unbekannt",
            "fr": "date d’adhésion inconnue",
        }
    ),
    Obstacle.JOINED_TOO_RECENTLY: texts(
        {
            "nl": "nog maar {} dagen lid",
            "en": "a member for only {} days",
            "de": "erst seit {} Tagen Mitglied",
            "fr": "membre depuis seulement {} jours",
        }
    ),
    Obstacle.JOINED_TOO_LONG_AGO: texts(
        {
            "nl": "al {} dagen lid",
            "en": "a member for {} days already",
            "de": "schon seit {} Tagen Mitglied",
            "fr": "membre depuis déjà {} jours",
        }
    ),
    Obstacle.NOT_AWAY: texts(
        {
            "nl": "{} dagen geleden nog geweest",
            "en": "was here {} days ago",
            "de": "war vor {} Tagen hier",
            "fr": "est venu il y a {} jours",
        }
    ),
    Obstacle.USED_UP: texts(
        {
            "nl": "al {} keer gebruikt",
            "en": "used {} times already",
            "de": "schon {}-mal benutzt",
            "fr": "déjà utilisé {} fois",
        }
    ),
    Obstacle.ALL_GONE: texts(
        {
            "nl": "op: er waren er {}",
            "en": "all gone: there were {}",
            "de": "vergriffen: es gab {}",
            "fr": "épuisé : il y en avait {}",
        }
    ),
    Obstacle.NO_MEMBER: texts(
        {
            "nl": "alleen met een kaart",
            "en": "only with a card",
            "de": "nur mit Karte",
            "fr": "seulement avec une carte",
        }
    ),
    Obstacle.NOT_ENOUGH: texts(
        {
            "nl": "nog {} te weinig",
            "en": "{} short",
            "de": "{} fehlen noch",
            "fr": "il en manque {}",
        }
    ),
    Obstacle.NOT_ACTIVATED: texts(
        {
            "nl": "nog niet geactiveerd",
            "en": "not activated yet",
            "de": "noch nicht aktiviert",
            "fr": "pas encore activé",
        }
    ),
    Obstacle.NOT_REFERRED: texts(
        {
            "nl": "door niemand aangebracht",
            "en": "brought in by nobody",
            "de": "von niemandem geworben",
            "fr": "parrainé par personne",
        }
    ),
    Obstacle.NOT_DRAWN: texts(
        {
            "nl": "wordt pas getrokken als er is afgerekend",
            "en": "is only drawn once the sale is made",
            "de": "wird erst gezogen, wenn bezahlt ist",
            "fr": "n’est tiré qu’une fois l’achat payé",
        }
    ),
    Obstacle.BUDGET_SPENT: texts(
        {
            "nl": "de prijzen zijn op",
            "en": "the prizes are gone",
            "de": "die Preise sind vergeben",
            "fr": "il n’y a plus de prix",
        }
    ),
    Obstacle.DAILY_LIMIT: texts(
        {
            "nl": "hoogstens {} keer per dag",
            "en": "at most {} times a day",
            "de": "höchstens {}-mal am Tag",
            "fr": "au plus {} fois par jour",
        }
    ),
    Obstacle.WITHIN_CAP: texts(
        {
            "nl": "de bovengrens is niet overschreden",
            "en": "the cap is not exceeded",
            "de": "die Obergrenze ist nicht überschritten",
            "fr": "le plafond n'est pas dépassé",
        }
    ),
    Obstacle.OTHER_BONUS: texts(
        {
            "nl": "een andere bonus gaat voor",
            "en": "another bonus counts instead",
            "de": "ein anderer Bonus geht vor",
            "fr": "un autre bonus l'emporte",
        }
    ),
    Obstacle.STOPPED: texts(
        {
            "nl": "een regel hierboven is de laatste die geldt",
            "en": "a rule above is the last that applies",
            "de": "eine Regel darüber gilt als letzte",
            "fr": "une règle ci-dessus est la dernière appliquée",
        }
    ),
    Obstacle.NOT_TRANSFERABLE: texts(
        {
            "nl": "kan niet aan een ander worden gegeven",
            "en": "cannot be given to somebody else",
            "de": "kann nicht übertragen werden",
            "fr": "ne peut pas être transféré",
        }
    ),
    Obstacle.CAPPED: texts(
        {
            "nl": "de bovengrens is bereikt",
            "en": "the cap is reached",
            "de": "die Obergrenze ist erreicht",
            "fr": "le plafond est atteint",
        }
    ),
    Obstacle.NOT_TOGETHER: texts(
        {
            "nl": "niet samen met een andere korting",
            "en": "not together with another discount",
            "de": "nicht zusammen mit einem anderen Rabatt",
            "fr": "pas avec une autre remise",
        }
    ),
    Obstacle.TOO_MANY: texts(
        {
            "nl": "hoogstens {} per aankoop",
            "en": "at most {} a purchase",
            "de": "höchstens {} je Einkauf",
            "fr": "au maximum {} par achat",
        }
    ),
    Obstacle.BETTER_ONE: texts(
        {
            "nl": "een andere aanbieding is voordeliger",
            "en": "another offer is worth more",
            "de": "ein anderes Angebot ist günstiger",
            "fr": "une autre offre est plus avantageuse",
        }
    ),
    Obstacle.NOTHING_LEFT: texts(
        {
            "nl": "er is niets om af te trekken",
            "en": "there is nothing to take it off",
            "de": "es gibt nichts, wovon etwas abgezogen werden kann",
            "fr": "il n’y a rien à déduire",
        }
    ),
    Obstacle.NEEDS_QUOTE: texts(
        {
            "nl": "alleen als de kassa vooraf om een berekening vraagt",
            "en": "only when the till asks for a quote first",
            "de": "nur wenn die Kasse vorher eine Berechnung anfordert",
            "fr": "seulement si la caisse demande d’abord un calcul",
        }
    ),
    Obstacle.BELOW_MINIMUM: texts(
        {
            "nl": "inwisselen kan vanaf {}",
            "en": "can be used from {}",
            "de": "einlösbar ab {}",
            "fr": "utilisable à partir de {}",
        }
    ),
    Obstacle.NOT_YOURS: texts(
        {
            "nl": "hoort bij een andere kaart",
            "en": "belongs to another card",
            "de": "gehört zu einer anderen Karte",
            "fr": "appartient à une autre carte",
        }
    ),
    Obstacle.NOT_THERE: texts(
        {
            "nl": "al gebruikt of niet bekend",
            "en": "used already or not known",
            "de": "schon benutzt oder nicht bekannt",
            "fr": "déjà utilisé ou inconnu",
        }
    ),
}


class Unmet(NamedTuple):
    """What stood in the way of a rule, with the figure that says how far off it was."""

    obstacle: Obstacle
    value: date | time | int | tuple[int, ...] | tuple[str, ...] | None = None

    def in_words(self, language: str, currency: str) -> str:
        """A clause for people, in `language` ("nl" or "nl-NL"); amounts are in `currency`."""
        locale = LOCALES[language_of(language)]
        return _WORDS[self.obstacle].for_language(language).format(self._shown(locale, currency))

    def _shown(self, locale: str, currency: str) -> str:
        if isinstance(self.value, date):
            return format_date(self.value, "long", locale=locale)
        if isinstance(self.value, time):
            return format_time(self.value, "HH:mm", locale=locale)
        if isinstance(self.value, tuple):
            monday = date(2024, 1, 1)
            return ", ".join(
                each
                if isinstance(each, str)
                else format_date(monday.replace(day=1 + each), "EEEE", locale=locale)
                for each in self.value
            )
        if self.value is None:
            return ""
        if self.obstacle is Obstacle.TOO_LITTLE:
            return format_currency(Decimal(self.value).scaleb(-2), currency, locale=locale)
        return str(self.value)


NO_LINE = Unmet(Obstacle.NO_LINE)
"""What most rules of a programme say of most baskets."""
