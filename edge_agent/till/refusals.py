"""Why the till does not do what was asked, in words for whoever stands at it."""

from collections.abc import Mapping
from enum import StrEnum

from edge_agent.domain.member import Standing
from edge_agent.domain.programme.texts import Texts, texts
from edge_agent.ledger.reservations import ReservationState


class Refusal(StrEnum):
    """What stands in the way; the comment names what its words are filled in with."""

    PAYMENT_CARD = "payment-card"
    NOT_OUR_CARD = "not-our-card"
    NOBODY = "nobody"
    NOT_TOLD_OF = "not-told-of"
    BLOCKED = "blocked"
    ERASED = "erased"
    TYPED_REDEEMS_NOTHING = "typed-redeems-nothing"
    TYPED_SHOWS_NOTHING = "typed-shows-nothing"
    TYPED_AGREES_TO_NOTHING = "typed-agrees-to-nothing"
    ONLY_WITH_CENTRAL = "only-with-central"
    NOT_ENOUGH_AT_CENTRAL = "not-enough-at-central"  # left: points or other units, in words
    TOO_MANY_OPEN = "too-many-open"
    NO_FREE_CHOICE = "no-free-choice"
    USED = "used"  # redemption: its id
    CANCELLED = "cancelled"  # redemption
    LAPSED = "lapsed"  # redemption
    GOES_WITH_SALE = "goes-with-sale"
    NOT_CANCELLED = "not-cancelled"
    MISTYPED = "mistyped"
    NOT_OUR_VOUCHER = "not-our-voucher"
    VOUCHER_USED = "voucher-used"
    MEMBER_ALREADY = "member-already"
    OTHER_CARD = "other-card"
    NO_PROOF = "no-proof"
    TOO_LATE = "too-late"
    CAME_BACK = "came-back"
    MORE_THAN_LEFT = "more-than-left"
    NOTHING_LEFT = "nothing-left"  # sale: its id
    NO_PROGRAMME_OF_SALE = "no-programme-of-sale"
    NO_POINTS_YET = "no-points-yet"
    NOTHING_TO_PRINT = "nothing-to-print"
    NO_PRINTER = "no-printer"
    CANNOT_BE_WORKED_OUT = "cannot-be-worked-out"
    NOT_WORKED_OUT = "not-worked-out"
    NOT_SHOWN = "not-shown"

    def in_words(self, language: str, **values: str) -> str:
        """The reason in the till's language."""
        return _WORDS[self].for_language(language).format(**values)


OF_STANDING: Mapping[Standing, Refusal] = {
    Standing.UNKNOWN: Refusal.NOT_TOLD_OF,
    Standing.BLOCKED: Refusal.BLOCKED,
    Standing.ERASED: Refusal.ERASED,
}
"""Why an account cannot be used, where it cannot."""

OF_STATE: Mapping[ReservationState, Refusal] = {
    ReservationState.COMMITTED: Refusal.USED,
    ReservationState.CANCELLED: Refusal.CANCELLED,
    ReservationState.LAPSED: Refusal.LAPSED,
}
"""Why a redemption cannot be used, where it cannot."""

_WORDS: Mapping[Refusal, Texts] = {
    Refusal.PAYMENT_CARD: texts(
        {
            "nl": "dit lijkt een betaalkaart; er is niets van bewaard",
            "en": "this looks like a payment card; nothing of it was kept",
            "de": "das sieht nach einer Zahlungskarte aus; davon wurde nichts gespeichert",
            "fr": "ceci ressemble à une carte de paiement ; rien n’en a été gardé",
        }
    ),
    Refusal.NOT_OUR_CARD: texts(
        {
            "nl": "dit is geen kaart van deze winkel",
            "en": "this is not a card of this shop",
            "de": "das ist keine Karte dieses Geschäfts",
            "fr": "ce n’est pas une carte de ce magasin",
        }
    ),
    Refusal.NOBODY: texts(
        {
            "nl": "er is niemand aan de kassa; scan eerst de kaart",
            "en": "nobody is at the till; scan the card first",
            "de": "niemand ist an der Kasse; zuerst die Karte scannen",
            "fr": "personne à la caisse ; scannez d’abord la carte",
        }
    ),
    Refusal.NOT_TOLD_OF: texts(
        {
            "nl": "deze kaart is nog niet bekend bij de centrale; er is dus nog niets in te wisselen",
            "en": "central has not told of this card yet, so there is nothing to redeem",
            "de": "die Zentrale hat diese Karte noch nicht gemeldet; es gibt noch nichts einzulösen",
            "fr": "la centrale n’a pas encore signalé cette carte ; il n’y a encore rien à utiliser",
        }
    ),
    Refusal.BLOCKED: texts(
        {
            "nl": "deze kaart is geblokkeerd",
            "en": "this card is blocked",
            "de": "diese Karte ist gesperrt",
            "fr": "cette carte est bloquée",
        }
    ),
    Refusal.ERASED: texts(
        {
            "nl": "het account van deze kaart is verwijderd",
            "en": "the account of this card was erased",
            "de": "das Konto dieser Karte wurde gelöscht",
            "fr": "le compte de cette carte a été supprimé",
        }
    ),
    Refusal.TYPED_REDEEMS_NOTHING: texts(
        {
            "nl": "met een getypt nummer kan niet worden ingewisseld; scan de kaart",
            "en": "a typed number redeems nothing; scan the card",
            "de": "mit einer getippten Nummer wird nichts eingelöst; die Karte scannen",
            "fr": "un numéro saisi ne permet pas d’utiliser de points ; scannez la carte",
        }
    ),
    Refusal.TYPED_AGREES_TO_NOTHING: texts(
        {
            "nl": "met een getypt nummer verandert geen toestemming; scan de kaart",
            "en": "a typed number changes no consent; scan the card",
            "de": "mit einer getippten Nummer wird keine Einwilligung geändert; die Karte scannen",
            "fr": "un numéro saisi ne change aucun consentement ; scannez la carte",
        }
    ),
    Refusal.TYPED_SHOWS_NOTHING: texts(
        {
            "nl": "bij een getypt nummer wordt geen saldo getoond; scan de kaart",
            "en": "a typed number shows no balance; scan the card",
            "de": "bei einer getippten Nummer wird kein Saldo gezeigt; die Karte scannen",
            "fr": "un numéro saisi n’affiche pas de solde ; scannez la carte",
        }
    ),
    Refusal.ONLY_WITH_CENTRAL: texts(
        {
            "nl": "voor deze klant kan alleen worden ingewisseld als de centrale bereikbaar is",
            "en": "this customer can redeem only while central can be reached",
            "de": "für diesen Kunden geht Einlösen nur, solange die Zentrale erreichbar ist",
            "fr": "ce client ne peut utiliser ses points que si la centrale est joignable",
        }
    ),
    Refusal.NOT_ENOUGH_AT_CENTRAL: texts(
        {
            "nl": "bij de centrale is hiervoor nog {left} beschikbaar; de rest is elders gebruikt of gereserveerd",
            "en": "central has {left} left for this; the rest was used or reserved elsewhere",
            "de": "bei der Zentrale sind dafür noch {left} verfügbar; der Rest ist anderswo eingelöst oder reserviert",
            "fr": "la centrale dispose encore de {left} pour cela ; le reste a été utilisé ou réservé ailleurs",
        }
    ),
    Refusal.TOO_MANY_OPEN: texts(
        {
            "nl": "deze kassa heeft te veel inwisselingen openstaan; annuleer wat niet wordt gebruikt",
            "en": "this till has too many open redemptions; cancel those that are not used",
            "de": "diese Kasse hat zu viele offene Einlösungen; nicht benutzte bitte stornieren",
            "fr": "cette caisse a trop d’utilisations en cours ; annulez celles qui ne servent pas",
        }
    ),
    Refusal.NO_FREE_CHOICE: texts(
        {
            "nl": "in dit programma kiest de klant niet zelf hoeveel punten worden ingewisseld",
            "en": "this programme has no reward for which points can be chosen freely",
            "de": "in diesem Programm kann die Punktzahl nicht frei gewählt werden",
            "fr": "dans ce programme, le nombre de points ne se choisit pas librement",
        }
    ),
    Refusal.USED: texts(
        {
            "nl": "inwisseling {redemption} is al gebruikt",
            "en": "redemption {redemption} was used already",
            "de": "Einlösung {redemption} wurde schon benutzt",
            "fr": "l’utilisation {redemption} a déjà servi",
        }
    ),
    Refusal.CANCELLED: texts(
        {
            "nl": "inwisseling {redemption} is geannuleerd",
            "en": "redemption {redemption} was cancelled",
            "de": "Einlösung {redemption} wurde storniert",
            "fr": "l’utilisation {redemption} a été annulée",
        }
    ),
    Refusal.LAPSED: texts(
        {
            "nl": "inwisseling {redemption} is vervallen; wissel opnieuw in",
            "en": "redemption {redemption} has lapsed; redeem again",
            "de": "Einlösung {redemption} ist verfallen; bitte neu einlösen",
            "fr": "l’utilisation {redemption} est périmée ; recommencez",
        }
    ),
    Refusal.GOES_WITH_SALE: texts(
        {
            "nl": "deze inwisseling gaat alleen samen met de aankoop",
            "en": "this redemption depends on a sale; send its id with the sale",
            "de": "diese Einlösung geht nur zusammen mit dem Einkauf",
            "fr": "cette utilisation ne va qu’avec l’achat",
        }
    ),
    Refusal.NOT_CANCELLED: texts(
        {
            "nl": "deze inwisseling is al gebruikt; een retour van de aankoop geeft haar terug",
            "en": "this redemption was used already; a return of the sale gives it back",
            "de": "diese Einlösung wurde schon benutzt; die Rückgabe des Einkaufs macht sie rückgängig",
            "fr": "cette utilisation a déjà servi ; le retour de l’achat la rend",
        }
    ),
    Refusal.MISTYPED: texts(
        {
            "nl": "de code is verkeerd gelezen of getypt",
            "en": "the code was misread or mistyped",
            "de": "der Code wurde falsch gelesen oder getippt",
            "fr": "le code est mal lu ou mal saisi",
        }
    ),
    Refusal.NOT_OUR_VOUCHER: texts(
        {
            "nl": "deze bon is niet van ons",
            "en": "this voucher is not one of ours",
            "de": "dieser Gutschein ist nicht von uns",
            "fr": "ce bon n’est pas de nous",
        }
    ),
    Refusal.VOUCHER_USED: texts(
        {
            "nl": "deze bon is al gebruikt",
            "en": "this voucher was used already",
            "de": "dieser Gutschein wurde schon benutzt",
            "fr": "ce bon a déjà été utilisé",
        }
    ),
    Refusal.MEMBER_ALREADY: texts(
        {
            "nl": "deze kaart is al van een lid",
            "en": "this card is a member's already",
            "de": "diese Karte gehört schon einem Mitglied",
            "fr": "cette carte est déjà celle d’un membre",
        }
    ),
    Refusal.OTHER_CARD: texts(
        {
            "nl": "de aankoop staat op een andere kaart; doe de retour zonder kaart, of met die van de koper",
            "en": "the sale was made on another card; return it without a card, or with the buyer's",
            "de": "der Einkauf steht auf einer anderen Karte; Rückgabe ohne Karte oder mit der des Käufers",
            "fr": "l’achat est sur une autre carte ; faites le retour sans carte, ou avec celle de l’acheteur",
        }
    ),
    Refusal.NO_PROOF: texts(
        {
            "nl": "dit is niet de code op de kassabon van deze aankoop",
            "en": "this is not the code on the receipt of this sale",
            "de": "das ist nicht der Code auf dem Bon dieses Einkaufs",
            "fr": "ce n’est pas le code du ticket de cet achat",
        }
    ),
    Refusal.TOO_LATE: texts(
        {
            "nl": "voor deze aankoop kan de kaart niet meer worden toegevoegd",
            "en": "a card can no longer be added to this sale",
            "de": "zu diesem Einkauf kann keine Karte mehr hinzugefügt werden",
            "fr": "la carte ne peut plus être ajoutée à cet achat",
        }
    ),
    Refusal.CAME_BACK: texts(
        {
            "nl": "van deze aankoop is iets teruggebracht",
            "en": "something of this sale was returned",
            "de": "von diesem Einkauf wurde etwas zurückgegeben",
            "fr": "une partie de cet achat a été rapportée",
        }
    ),
    Refusal.MORE_THAN_LEFT: texts(
        {
            "nl": "er komt meer terug dan er is gekocht en nog niet is teruggebracht",
            "en": "more would come back than was bought and not returned yet",
            "de": "es käme mehr zurück, als gekauft und noch nicht zurückgegeben wurde",
            "fr": "il reviendrait plus que ce qui a été acheté et pas encore rapporté",
        }
    ),
    Refusal.NOTHING_LEFT: texts(
        {
            "nl": "van aankoop {sale} is niets meer over om te annuleren",
            "en": "nothing is left of sale {sale} that could be voided",
            "de": "vom Einkauf {sale} ist nichts mehr übrig, das storniert werden könnte",
            "fr": "il ne reste rien à annuler de l’achat {sale}",
        }
    ),
    Refusal.NO_PROGRAMME_OF_SALE: texts(
        {
            "nl": "het programma van deze aankoop is hier niet meer",
            "en": "the programme of this sale is not here any more",
            "de": "das Programm dieses Einkaufs ist hier nicht mehr vorhanden",
            "fr": "le programme de cet achat n’est plus ici",
        }
    ),
    Refusal.NO_POINTS_YET: texts(
        {
            "nl": "op deze kaart staat nog niets",
            "en": "this card has no points yet",
            "de": "auf dieser Karte ist noch nichts",
            "fr": "il n’y a encore rien sur cette carte",
        }
    ),
    Refusal.NOTHING_TO_PRINT: texts(
        {
            "nl": "er is niets om te printen",
            "en": "there is nothing to print",
            "de": "es gibt nichts zu drucken",
            "fr": "il n’y a rien à imprimer",
        }
    ),
    Refusal.NO_PRINTER: texts(
        {
            "nl": "deze kassa heeft geen eigen bonprinter",
            "en": "this till has no receipt printer of its own",
            "de": "diese Kasse hat keinen eigenen Bondrucker",
            "fr": "cette caisse n’a pas d’imprimante de tickets à elle",
        }
    ),
    Refusal.CANNOT_BE_WORKED_OUT: texts(
        {
            "nl": "dit is nu niet uit te rekenen; afrekenen kan gewoon, zonder dit",
            "en": "this cannot be worked out now; paying works as usual, without it",
            "de": "das lässt sich jetzt nicht berechnen; Kassieren geht ganz normal, ohne dies",
            "fr": "ce calcul est impossible pour l’instant ; l’encaissement se fait normalement, sans cela",
        }
    ),
    Refusal.NOT_WORKED_OUT: texts(
        {
            "nl": "vastgelegd, maar de punten waren niet uit te rekenen; het hoofdkantoor kijkt ernaar",
            "en": "recorded, but the points could not be worked out; head office looks at it",
            "de": "erfasst, aber die Punkte ließen sich nicht berechnen; die Zentrale sieht es sich an",
            "fr": "enregistré, mais les points n’ont pas pu être calculés ; le siège s’en occupe",
        }
    ),
    Refusal.NOT_SHOWN: texts(
        {
            "nl": "aanbiedingen en voortgang zijn nu niet uit te rekenen; afrekenen kan gewoon",
            "en": "offers and progress cannot be worked out now; paying works as usual",
            "de": "Angebote und Fortschritt lassen sich jetzt nicht berechnen; Kassieren geht ganz normal",
            "fr": "offres et progression ne peuvent pas être calculées ; l’encaissement se fait normalement",
        }
    ),
}
