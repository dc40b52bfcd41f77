"""The lines of a basket in one order, with what many rules ask of them, worked out once."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Self

from edge_agent.domain.basket import Line

_WORD_OF_LINE: Mapping[str, Callable[[Line], str | None]] = {
    "brands": attrgetter("brand"),
    "margins": attrgetter("margin"),
    "kinds": attrgetter("kind"),
}
"""What a line has under those keys of a selection of which it has one word, but for the article's own number."""

_WORDS_OF_LINE: Mapping[str, Callable[[Line], Iterable[str]]] = {
    "labels": attrgetter("labels"),
    "categories": attrgetter("categories"),
}
"""The same for keys of which it may have several."""


class Lines(tuple[Line, ...]):
    """Lines in one order, sorted by their words once for all rules that ask."""

    amount: int
    """What is to pay for them before anything is taken off, in minor units."""
    below_zero: bool
    """Whether any line is a reduction that was made by hand, or a deposit that is paid back."""

    def __init__(self, _lines: Iterable[Line] = ()) -> None:
        amounts = [line.amount for line in self]
        self.amount = sum(amounts)
        self.below_zero = min(amounts, default=0) < 0
        self._by_key: dict[str, dict[str | None, list[Line]]] = {}

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self:
        """These lines; the very same where they are sorted already."""
        return lines if isinstance(lines, cls) else cls(lines)

    def under(self, key: str) -> Mapping[str | None, Sequence[Line]]:
        """The lines that have each word under a key of a selection, in their order."""
        known = self._by_key.get(key)
        if known is None:
            single = _WORD_OF_LINE.get(key)
            known = self._by_key[key] = self._under_one(single) if single else self._under_any(key)
        return known

    def of_articles(self, skus: Container[str | None]) -> Mapping[str | None, Sequence[Line]]:
        """The lines of each of these articles, in their order.

        Hardly two lines are of the same article, so that to sort all of them by it would help nobody.
        """
        found: dict[str | None, list[Line]] = {}
        for line in self:
            sku = line.sku
            if sku in skus:
                found.setdefault(sku, []).append(line)
        return found

    def _under_one(self, word_of: Callable[[Line], str | None]) -> dict[str | None, list[Line]]:
        known: dict[str | None, list[Line]] = {}
        for line in self:
            word = word_of(line)
            if word in known:
                known[word].append(line)
            else:
                known[word] = [line]
        return known

    def _under_any(self, key: str) -> dict[str | None, list[Line]]:
        known: dict[str | None, list[Line]] = {}
        words_of = _WORDS_OF_LINE[key]
        for line in self:
            for word in words_of(line):
                there = known.get(word)
                if there is None:
                    known[word] = [line]
                elif there[-1] is not line:  # a word may stand in it twice
                    there.append(line)
        return known

    def in_order(self, parts: Iterable[Sequence[Line]]) -> list[Line]:
        """What is in any of these parts, each line once, in the order of all."""
        numbers = {line.number for part in parts for line in part}
        return [line for line in self if line.number in numbers]


NO_LINES = Lines()
"""What whoever buys nothing has in the basket."""
