"""What the law keeps from being rewarded, whatever else a file says.

Only the words by which the shop's POS marks the goods are the programme's to say; the rules are not.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from edge_agent.domain.programme.exclusions import ExcludeRule, Forbids
from edge_agent.domain.programme.form import TableModel
from edge_agent.domain.programme.own_rules import LAW
from edge_agent.domain.programme.texts import WORDS_MAX, Texts, Word, texts

ALCOHOL_PERCENT_MAX = 25
"""Alcoholwet, article 2a: no drink below 75 % of the price that the shop usually asks."""

_Goods = Annotated[frozenset[Word], Field(max_length=WORDS_MAX)]
"""Categories; none where the shop does not sell such goods."""


class LawTable(TableModel):
    """The categories by which the POS marks goods that the law says something about, in Dutch shops.

    Tobacco (Tabaks- en rookwarenwet, article 5), medicines (Geneesmiddelenwet, article 94), infant formula
    (EU 2016/127, article 10) and lottery tickets earn nothing and are never discounted. Of alcohol nothing more is
    taken off than a quarter of the price, the POS's own discount included (Alcoholwet, article 2a).
    """

    tobacco: _Goods = Field(
        default=frozenset({"tobacco"}),
        description="Tobacco, and what is smoked or vaped like it.",
        examples=[["tobacco", "vapes"]],
    )
    infant_formula: _Goods = Field(
        default=frozenset({"infant-formula"}),
        description="Formula for infants up to six months.",
        examples=[["infant-formula"]],
    )
    medicines: _Goods = Field(
        default=frozenset({"medicine"}),
        description="Medicines, those without prescription too.",
        examples=[["medicine"]],
    )
    lottery: _Goods = Field(
        default=frozenset({"lottery"}),
        description="Lottery tickets and scratch cards.",
        examples=[["lottery"]],
    )
    alcohol: _Goods = Field(
        default=frozenset({"alcohol"}),
        description="Drinks with alcohol.",
        examples=[["beer", "wine", "spirits"]],
    )

    def rules(self) -> tuple[ExcludeRule, ...]:
        """The law as exclusions; they stand after the file's own, so that a house's words come first."""
        return tuple(self._rules())

    def forbidden(self) -> Mapping[str, str]:
        """The categories that may not be rewarded at all, each with the key that names it."""
        return {word: key for key in _FORBIDDEN for word in getattr(self, key)}

    def _rules(self) -> Iterator[ExcludeRule]:
        for key, why in _FORBIDDEN.items():
            yield from _rule(key, getattr(self, key), why, Forbids.BOTH, None)
        yield from _rule("alcohol", self.alcohol, _ALCOHOL, Forbids.DISCOUNTS, ALCOHOL_PERCENT_MAX)


def _rule(
    key: str, goods: Iterable[str], why: Texts, forbids: Forbids, beyond_percent: int | None
) -> Iterator[ExcludeRule]:
    categories = frozenset(goods)
    if categories:
        yield ExcludeRule.model_validate(
            {
                "id": LAW + key.replace("_", "-"),
                "categories": categories,
                "forbids": forbids,
                "beyond_percent": beyond_percent,
                "why": why,
            }
        )


_FORBIDDEN: Mapping[str, Texts] = {
    "tobacco": texts(
        {
            "nl": "de wet staat geen punten of korting op tabak toe",
            "en": "the law allows no points or discounts on tobacco",
            "de": "auf Tabak erlaubt das Gesetz weder Punkte noch Rabatt",
            "fr": "la loi n’autorise ni points ni remise sur le tabac",
        }
    ),
    "infant_formula": texts(
        {
            "nl": "de wet staat geen punten of korting op zuigelingenvoeding toe",
            "en": "the law allows no points or discounts on infant formula",
            "de": "auf Säuglingsanfangsnahrung erlaubt das Gesetz weder Punkte noch Rabatt",
            "fr": "la loi n’autorise ni points ni remise sur les laits premier âge",
        }
    ),
    "medicines": texts(
        {
            "nl": "de wet staat geen punten of korting op geneesmiddelen toe",
            "en": "the law allows no points or discounts on medicines",
            "de": "auf Arzneimittel erlaubt das Gesetz weder Punkte noch Rabatt",
            "fr": "la loi n’autorise ni points ni remise sur les médicaments",
        }
    ),
    "lottery": texts(
        {
            "nl": "geen punten of korting op loten",
            "en": "no points or discounts on lottery tickets",
            "de": "weder Punkte noch Rabatt auf Lose",
            "fr": "ni points ni remise sur la loterie",
        }
    ),
}

_ALCOHOL = texts(
    {
        "nl": "de wet staat op alcohol hoogstens 25 % korting toe",
        "en": "the law allows at most 25 % off alcohol",
        "de": "auf Alkohol erlaubt das Gesetz höchstens 25 % Rabatt",
        "fr": "la loi limite à 25 % les remises sur l’alcool",
    }
)
