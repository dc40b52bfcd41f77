"""The fixed words on a receipt, in four languages, and numbers, dates and euro as each language writes them.

What a shop says itself (greeting, footer, names of its units) comes from the programme file and not from here.
No text here counts in points: a programme may call its unit otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.dates import format_date, get_date_format
from babel.numbers import format_currency, format_decimal


class Language(StrEnum):
    """A language that a receipt can be printed in."""

    NL = "nl"
    EN = "en"
    DE = "de"
    FR = "fr"

    @classmethod
    def of(cls, tag: str | None) -> "Language":
        """The language of a tag such as `de-AT` or `de_AT`; Dutch for none and for one not spoken here."""
        primary = re.split("[-_]", tag or "", maxsplit=1)[0].lower()
        return next((language for language in cls if language == primary), cls.NL)


@dataclass(frozen=True, slots=True)
class Words:
    """Every fixed text of a receipt in one language; names in braces are filled in."""

    copy: str
    training: str
    title_return: str
    title_void: str
    title_slip: str
    receipt: str
    receipt_returned: str
    card: str
    earned: str
    bonus: str
    taken_return: str
    taken_void: str
    balance: str
    balance_at: str
    unconfirmed: str
    unconfirmed_taken: str
    booked_here: str
    balance_unknown: str
    maturing: str
    held: str
    as_of: str
    as_of_time: str
    expires: str
    missing: str
    reached: str
    reached_later: str
    discount: str
    progress: str
    offline: str
    offline_slip: str
    excluded: str
    unknown_card: str
    unknown_card_slip: str
    refused_card: str
    awaiting_original: str
    not_worked_out: str
    invitation: str
    spent: str
    restored_return: str
    restored_void: str
    saved: str
    refund: str
    deducted: str
    available: str
    available_later: str
    stamps_give: str
    tier: str
    tier_reached: str
    until: str
    ready: str
    kept: str
    valid: str
    valid_from: str
    valid_between: str
    uses: str
    vouchers_more: str
    for_you: str
    answer_at: str
    answer_here: str
    won: str
    taken_back: str
    back_again: str


WORDS: Final[Mapping[Language, Words]] = MappingProxyType(
    {
        Language.NL: Words(
            copy="KOPIE",
            training="OEFENBON - NIET GELDIG",
            title_return="RETOUR",
            title_void="GEANNULEERD",
            title_slip="SALDO-OVERZICHT",
            receipt="Bon {sale_id}",
            receipt_returned="Retour van bon {sale_id}",
            card="Kaart",
            earned="Gespaard op deze bon",
            bonus="bonus: {why}",
            taken_return="Afgeboekt bij deze retour",
            taken_void="Afgeboekt: bon geannuleerd",
            balance="Uw saldo",
            balance_at="Uw saldo om {at}",
            unconfirmed="waarvan nog niet bevestigd",
            unconfirmed_taken="na afboeking, nog niet bevestigd",
            booked_here="Geboekt aan deze kassa",
            balance_unknown="Uw saldo is hier nog niet bekend.",
            maturing="daarnaast nog niet te besteden",
            held="daarnaast in controle",
            as_of="Stand van {at}",
            as_of_time="Stand om {at}",
            expires="Vervalt na {on}",
            missing="Nog {missing} tot {reward}",
            reached="Uw saldo is genoeg voor {reward}",
            reached_later="Zodra het bevestigd is, is uw saldo genoeg voor {reward}",
            discount="{amount} korting",
            progress="{have} van {cost}",
            offline="Offline geboekt: wordt later bevestigd",
            offline_slip="Geen verbinding: uw saldo kan inmiddels anders zijn",
            excluded="Op sommige artikelen wordt niet gespaard.",
            unknown_card="Deze kaart is hier nog niet bekend. Wat u spaart, wordt later bijgeschreven.",
            unknown_card_slip="Deze kaart is hier nog niet bekend.",
            refused_card="Met deze kaart kunt u nu niet sparen. Vraag ernaar bij de servicebalie.",
            awaiting_original="Deze kassa kent de oorspronkelijke bon niet. Uw saldo wordt later aangepast.",
            not_worked_out="Deze bon is nog niet in uw saldo verwerkt. Het hoofdkantoor kijkt ernaar.",
            invitation="Spaart u al mee met {programme}? Vraag ernaar aan de kassa.",
            spent="Ingewisseld",
            restored_return="Teruggegeven bij deze retour",
            restored_void="Teruggegeven: bon geannuleerd",
            saved="Uw voordeel",
            refund="Terug te betalen",
            deducted="al ingehouden",
            available="Vrij vanaf {on}",
            available_later="De rest uiterlijk {on}",
            stamps_give="Bij {need}: {reward}",
            tier="Uw niveau",
            tier_reached="Nieuw niveau bereikt",
            until="{what} t/m {on}",
            ready="Voor u klaar: {reward}",
            kept="Voor u bewaard: {reward}",
            valid="Geldig t/m {on}",
            valid_from="Geldig vanaf {start}",
            valid_between="Geldig van {start} t/m {on}",
            uses="{count} keer te gebruiken",
            vouchers_more="Meer bonnen op uw kaart",
            for_you="Voor u: {what}",
            answer_at="Scan en antwoord:",
            answer_here="Vertel het ons aan de kassa.",
            won="U wint: {prize}",
            taken_back="Vervallen: {what}",
            back_again="Terug op uw kaart: {what}",
        ),
        Language.EN: Words(
            copy="COPY",
            training="TRAINING - NOT VALID",
            title_return="RETURN",
            title_void="CANCELLED",
            title_slip="BALANCE",
            receipt="Receipt {sale_id}",
            receipt_returned="Return from receipt {sale_id}",
            card="Card",
            earned="Earned on this receipt",
            bonus="bonus: {why}",
            taken_return="Deducted for this return",
            taken_void="Deducted: receipt cancelled",
            balance="Your balance",
            balance_at="Your balance, {at}",
            unconfirmed="of which not yet confirmed",
            unconfirmed_taken="after deduction not yet confirmed",
            booked_here="Recorded at this till",
            balance_unknown="Your balance is not known here yet.",
            maturing="plus, not available yet",
            held="plus, under review",
            as_of="As of {at}",
            as_of_time="As at {at}",
            expires="Expires after {on}",
            missing="{missing} to go for {reward}",
            reached="Your balance is enough for {reward}",
            reached_later="Once confirmed, your balance is enough for {reward}",
            discount="{amount} off",
            progress="{have} of {cost}",
            offline="Recorded offline: will be confirmed later",
            offline_slip="No connection: your balance may have changed since",
            excluded="Some items are excluded from the programme.",
            unknown_card="This card is not known here yet. What you earn will be credited later.",
            unknown_card_slip="This card is not known here yet.",
            refused_card="This card cannot earn at the moment. Please ask at the service desk.",
            awaiting_original="This till does not know the original receipt. Your balance will be adjusted later.",
            not_worked_out="This receipt is not in your balance yet. Head office looks at it.",
            invitation="Not a member of {programme} yet? Just ask at the till.",
            spent="Redeemed",
            restored_return="Given back for this return",
            restored_void="Given back: receipt cancelled",
            saved="You saved",
            refund="To be refunded",
            deducted="already deducted",
            available="Usable from {on}",
            available_later="The rest by {on}",
            stamps_give="At {need}: {reward}",
            tier="Your tier",
            tier_reached="New tier reached",
            until="{what} until {on}",
            ready="Ready for you: {reward}",
            kept="Kept for you: {reward}",
            valid="Valid until {on}",
            valid_from="Valid from {start}",
            valid_between="Valid from {start} to {on}",
            uses="Can be used {count} times",
            vouchers_more="More vouchers on your card",
            for_you="For you: {what}",
            answer_at="Scan to answer:",
            answer_here="Tell us at the till.",
            won="You win: {prize}",
            taken_back="Taken back: {what}",
            back_again="Back on your card: {what}",
        ),
        Language.DE: Words(
            copy="KOPIE",
            training="TRAINING - NICHT GÜLTIG",
            title_return="RÜCKGABE",
            title_void="STORNIERT",
            title_slip="KONTOSTAND",
            receipt="Bon {sale_id}",
            receipt_returned="Rückgabe zu Bon {sale_id}",
            card="Karte",
            earned="Mit diesem Bon gesammelt",
            bonus="Bonus: {why}",
            taken_return="Abzug für diese Rückgabe",
            taken_void="Abzug: Bon storniert",
            balance="Ihr Guthaben",
            balance_at="Ihr Guthaben, {at}",
            unconfirmed="davon noch nicht bestätigt",
            unconfirmed_taken="nach Abzug, noch nicht bestätigt",
            booked_here="An dieser Kasse gebucht",
            balance_unknown="Ihr Guthaben ist hier noch nicht bekannt.",
            maturing="zusätzlich, noch nicht einlösbar",
            held="zusätzlich, in Prüfung",
            as_of="Stand vom {at}",
            as_of_time="Stand um {at}",
            expires="Verfällt nach dem {on}",
            missing="Noch {missing} bis {reward}",
            reached="Ihr Guthaben reicht für {reward}",
            reached_later="Sobald es bestätigt ist, reicht Ihr Guthaben für {reward}",
            discount="{amount} Rabatt",
            progress="{have} von {cost}",
            offline="Offline gebucht: wird später bestätigt",
            offline_slip="Keine Verbindung: Ihr Guthaben kann inzwischen anders sein",
            excluded="Einige Artikel sind vom Sammeln ausgenommen.",
            unknown_card="Diese Karte ist hier noch nicht bekannt. Was Sie sammeln, wird später gutgeschrieben.",
            unknown_card_slip="Diese Karte ist hier noch nicht bekannt.",
            refused_card="Mit dieser Karte können Sie zurzeit nicht sammeln. Bitte fragen Sie am Serviceschalter.",
            awaiting_original="Diese Kasse kennt den ursprünglichen Bon nicht. Ihr Guthaben wird später angepasst.",
            not_worked_out="Dieser Bon ist noch nicht in Ihrem Guthaben. Die Zentrale sieht es sich an.",
            invitation="Sammeln Sie schon mit {programme}? Fragen Sie einfach an der Kasse.",
            spent="Eingelöst",
            restored_return="Zurückgegeben bei dieser Rückgabe",
            restored_void="Zurückgegeben: Bon storniert",
            saved="Ihr Vorteil",
            refund="Erstattung",
            deducted="bereits abgezogen",
            available="Einlösbar ab {on}",
            available_later="Der Rest bis {on}",
            stamps_give="Bei {need}: {reward}",
            tier="Ihre Stufe",
            tier_reached="Neue Stufe erreicht",
            until="{what} bis {on}",
            ready="Für Sie bereit: {reward}",
            kept="Für Sie aufgehoben: {reward}",
            valid="Gültig bis {on}",
            valid_from="Gültig ab {start}",
            valid_between="Gültig vom {start} bis {on}",
            uses="{count}-mal einlösbar",
            vouchers_more="Weitere Gutscheine auf Ihrer Karte",
            for_you="Für Sie: {what}",
            answer_at="Zum Antworten scannen:",
            answer_here="Sagen Sie es uns an der Kasse.",
            won="Sie gewinnen: {prize}",
            taken_back="Zurückgenommen: {what}",
            back_again="Wieder auf Ihrer Karte: {what}",
        ),
        Language.FR: Words(
            copy="DUPLICATA",
            training="FORMATION - NON VALABLE",
            title_return="RETOUR",
            title_void="ANNULÉ",
            title_slip="SOLDE FIDÉLITÉ",
            receipt="Ticket {sale_id}",
            receipt_returned="Retour du ticket {sale_id}",
            card="Carte",
            earned="Cumul sur ce ticket",
            bonus="bonus\N{NO-BREAK SPACE}: {why}",
            taken_return="Déduction pour ce retour",
            taken_void="Déduction\N{NO-BREAK SPACE}: ticket annulé",
            balance="Votre solde",
            balance_at="Votre solde à {at}",
            unconfirmed="dont en attente de confirmation",
            unconfirmed_taken="après déduction, à confirmer",
            booked_here="Enregistré à cette caisse",
            balance_unknown="Votre solde n'est pas encore connu ici.",
            maturing="en plus, à utiliser plus tard",
            held="en plus, en cours de vérification",
            as_of="Situation au {at}",
            as_of_time="Situation à {at}",
            expires="Expire après le {on}",
            missing="Plus que {missing} avant {reward}",
            reached="Votre solde suffit pour {reward}",
            reached_later="Une fois confirmé, votre solde suffira pour {reward}",
            discount="{amount} de remise",
            progress="{have} sur {cost}",
            offline="Enregistré hors ligne\N{NO-BREAK SPACE}: sera confirmé plus tard",
            offline_slip="Pas de connexion\N{NO-BREAK SPACE}: votre solde a pu changer depuis",
            excluded="Certains articles sont exclus du programme.",
            unknown_card="Cette carte n'est pas encore connue ici. Votre cumul sera crédité plus tard.",
            unknown_card_slip="Cette carte n'est pas encore connue ici.",
            refused_card="Cette carte ne permet pas de cumuler pour le moment. Renseignez-vous à l'accueil.",
            awaiting_original="Cette caisse ne connaît pas le ticket d'origine. Votre solde sera ajusté plus tard.",
            not_worked_out="Ce ticket n'est pas encore compté dans votre solde. Le siège s'en occupe.",
            invitation="Pas encore membre de {programme}\N{NO-BREAK SPACE}? Renseignez-vous en caisse.",
            spent="Utilisé",
            restored_return="Recrédité pour ce retour",
            restored_void="Recrédité\N{NO-BREAK SPACE}: ticket annulé",
            saved="Votre avantage",
            refund="À rembourser",
            deducted="déjà déduit",
            available="Dès le {on}",
            available_later="Le reste d'ici au {on}",
            stamps_give="À {need}\N{NO-BREAK SPACE}: {reward}",
            tier="Votre niveau",
            tier_reached="Nouveau niveau atteint",
            until="{what} jusqu'au {on}",
            ready="À votre disposition\N{NO-BREAK SPACE}: {reward}",
            kept="En réserve pour vous\N{NO-BREAK SPACE}: {reward}",
            valid="Valable jusqu'au {on}",
            valid_from="Valable à partir du {start}",
            valid_between="Valable du {start} au {on}",
            uses="Utilisable {count} fois",
            vouchers_more="D'autres bons sur votre carte",
            for_you="Pour vous\N{NO-BREAK SPACE}: {what}",
            answer_at="Scannez pour répondre\N{NO-BREAK SPACE}:",
            answer_here="Dites-le-nous en caisse.",
            won="Vous gagnez\N{NO-BREAK SPACE}: {prize}",
            taken_back="Repris\N{NO-BREAK SPACE}: {what}",
            back_again="De retour sur votre carte\N{NO-BREAK SPACE}: {what}",
        ),
    }
)

_LOCALE_NAMES: Final[Mapping[Language, str]] = MappingProxyType(
    {
        Language.NL: "nl_NL",
        Language.EN: "en_GB",
        Language.DE: "de_DE",
        Language.FR: "fr_FR",
    }
)


@dataclass(frozen=True, slots=True)
class UnitName:
    """What a programme calls its unit: `one` punt, `other` punten. Quantities have so many `decimals`."""

    one: str
    other: str
    decimals: int = 0


class Formats:
    """Numbers, dates and euro as `language` writes them, with no-break spaces where a line must not be broken."""

    def __init__(self, language: Language, time_zone: tzinfo) -> None:
        self._language = language
        self._time_zone = time_zone

    def number(self, value: int, decimals: int = 0) -> str:
        """A number with the language's separators; `value` is in its smallest parts."""
        if decimals:
            shown = Decimal(value).scaleb(-decimals)
            pattern = f"#,##0.{'0' * decimals}"
            text = format_decimal(shown, pattern, locale=_locale(self._language))
            return _unbroken(text).replace("\N{MINUS SIGN}", "-")
        if abs(value) < 1_000:  # the same in all our languages, and most of what a receipt prints
            return str(value)
        locale = _locale(self._language)
        return _unbroken(format_decimal(value, locale=locale)).replace("\N{MINUS SIGN}", "-")

    def short(self, value: int, decimals: int) -> str:
        """A number without the zeros at its end, as stamps are counted: 0,5 of 10."""
        while decimals and value % 10 == 0:
            value, decimals = value // 10, decimals - 1
        return self.number(value, decimals)

    def quantity(self, value: int, name: UnitName) -> str:
        """A number with its unit, singular or plural as the language asks (French: 0 point)."""
        whole, rest = divmod(abs(value), 10**name.decimals)
        unit = name.one if not rest and _is_singular(self._language, whole) else name.other
        return f"{self.number(value, name.decimals)}\N{NO-BREAK SPACE}{unit}"

    def euro(self, cents: int) -> str:
        """An amount in euro; whole euros without decimals, as rewards are spoken of (`€ 5`)."""
        return _euro(self._language, cents, spoken=cents % 100 == 0)

    def amount(self, cents: int) -> str:
        """An amount in euro with its cents, as it stands in a column that adds up."""
        return _euro(self._language, cents, spoken=False)

    def day(self, on: date) -> str:
        """A date in figures with the year in full: an expiry may be years away."""
        return _day(self._language, on)

    def moment(self, at: datetime) -> str:
        """Date and time to the minute in the programme's time zone."""
        local = at.astimezone(self._time_zone)
        return f"{self.day(local.date())}\N{NO-BREAK SPACE}{local:%H:%M}"

    def time(self, at: datetime) -> str:
        """The time to the minute in the programme's time zone, where it is plain which day it is of."""
        return f"{at.astimezone(self._time_zone):%H:%M}"


# Babel reads its patterns anew at every call, some 20 µs each; what a till prints today it prints on every receipt.

_KEPT: Final = 256
"""Per kind: days on which something expires, and the values and costs of rewards; a shop has some dozens."""


@lru_cache(len(Language))
def _locale(language: Language) -> Locale:
    return Locale.parse(_LOCALE_NAMES[language])


@lru_cache(_KEPT)
def _is_singular(language: Language, count: int) -> bool:
    return bool(_locale(language).plural_form(count) == "one")


@lru_cache(_KEPT)
def _euro(language: Language, cents: int, *, spoken: bool) -> str:
    locale = _locale(language)
    pattern = locale.currency_formats["standard"].pattern
    if spoken:
        pattern = pattern.replace("0.00", "0")
    amount = format_currency(
        Decimal(cents) / 100, "EUR", pattern, locale=locale, currency_digits=False
    )
    return _unbroken(amount).replace("\N{MINUS SIGN}", "-")


@lru_cache(_KEPT)
def _day(language: Language, on: date) -> str:
    locale = _locale(language)
    pattern = re.sub("y+", "y", get_date_format("short", locale).pattern)
    return format_date(on, pattern, locale)


def _unbroken(text: str) -> str:
    return re.sub(r"\s", "\N{NO-BREAK SPACE}", text)
