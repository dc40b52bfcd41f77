"""What the sample shop says in the four languages of its receipts."""

from collections.abc import Mapping
from typing import Final

from edge_agent.till.receipt_texts import Language, UnitName

UNITS: Final[Mapping[Language, Mapping[str, UnitName]]] = {
    Language.NL: {"points": UnitName("punt", "punten"), "coffee": UnitName("zegel", "zegels")},
    Language.EN: {"points": UnitName("point", "points"), "coffee": UnitName("stamp", "stamps")},
    Language.DE: {
        "points": UnitName("Punkt", "Punkte"),
        "coffee": UnitName("Stempel", "Stempel"),
    },
    Language.FR: {"points": UnitName("point", "points"), "coffee": UnitName("timbre", "timbres")},
}

BASE_WHY: Final = {
    Language.NL: "1 punt per hele euro",
    Language.EN: "1 point per whole euro",
    Language.DE: "1 Punkt je voller Euro",
    Language.FR: "1 point par euro entier",
}
BONUS_WHY: Final = {
    Language.NL: "dubbele punten op zuivel van Zuiver",
    Language.EN: "double points on dairy from Zuiver",
    Language.DE: "doppelte Punkte auf Milchprodukte von Zuiver",
    Language.FR: "points doublés sur les produits laitiers Zuiver",
}
EXTRA_WHY: Final = {
    Language.NL: "extra op zaterdag",
    Language.EN: "Saturday extra",
    Language.DE: "Extra am Samstag",
    Language.FR: "extra du samedi",
}
GREETING: Final = {
    Language.NL: "Fijn dat u er weer was!",
    Language.EN: "Good to see you again!",
    Language.DE: "Schön, dass Sie wieder da waren!",
    Language.FR: "Au plaisir de vous revoir !",
}
FOOTER: Final = {
    Language.NL: "Vragen over uw punten? Kom naar de servicebalie.",
    Language.EN: "Questions about your points? Ask at the service desk.",
    Language.DE: "Fragen zu Ihren Punkten? Besuchen Sie den Serviceschalter.",
    Language.FR: "Une question sur vos points ? Rendez-vous à l'accueil.",
}


def _in(nl: str, en: str, de: str, fr: str) -> Mapping[Language, str]:
    return dict(zip(Language, (nl, en, de, fr), strict=True))


CHEESE: Final = _in(
    "20 % korting op kaas",
    "20% off cheese",
    "20 % Rabatt auf Käse",
    "20 % de remise sur le fromage",
)
FIVE_EURO: Final = _in("5 euro korting", "5 euro off", "5 Euro Rabatt", "5 euros de remise")
COFFEE_CARD: Final = _in("Koffiekaart", "Coffee card", "Kaffeekarte", "Carte café")
COFFEE: Final = _in("een kop koffie", "a cup of coffee", "eine Tasse Kaffee", "une tasse de café")
GOLD: Final = _in("Goud", "Gold", "Gold", "Or")
AHEAD: Final = _in(
    "Platina: nog € 34,00 (t/m 31 dec 2026)",
    "Platinum: €34.00 to go (until 31 Dec 2026)",
    "Platin: noch 34,00 € (bis 31.12.2026)",
    "Platine : encore 34,00 € (jusqu’au 31 déc. 2026)",
)
FISH: Final = _in(
    "Vijf keer verse vis: nog 2 keer",
    "Fresh fish five times: 2 times to go",
    "Fünfmal frischer Fisch: noch 2 Mal",
    "Cinq fois du poisson frais : encore 2 fois",
)
BIRTHDAY: Final = _in(
    "verjaardagsbon", "birthday voucher", "Geburtstagsgutschein", "bon d'anniversaire"
)
BREAD: Final = _in("gratis brood", "free bread", "ein Gratisbrot", "un pain offert")
LUCK: Final = _in("Zomergeluk", "Summer luck", "Sommerglück", "Chance d'été")
PRIZE: Final = _in("een gratis ijsje", "a free ice cream", "ein Gratiseis", "une glace offerte")
NEWS: Final = _in(
    "Vanaf maandag zijn wij ook op zondag open.",
    "From Monday on we are open on Sundays too.",
    "Ab Montag haben wir auch sonntags geöffnet.",
    "À partir de lundi, nous ouvrons aussi le dimanche.",
)
ASKED: Final = _in(
    "Hoe was uw bezoek vandaag?",
    "How was your visit today?",
    "Wie war Ihr Besuch heute?",
    "Comment s'est passée votre visite ?",
)
PLUS: Final = _in("Zuiver Plus", "Zuiver Plus", "Zuiver Plus", "Zuiver Plus")
FOR_RETURNS: Final = _in(
    "gebruikt voor 5 euro korting",
    "used for 5 euro off",
    "für 5 Euro Rabatt verwendet",
    "utilisés pour 5 euros de remise",
)
TAKEN: Final = _in(
    "bon terugkombon: € 2,50",
    "voucher come-back: €2.50",
    "Gutschein fürs nächste Mal: 2,50 €",
    "bon de retour : 2,50 €",
)
