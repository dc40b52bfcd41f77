"""Finding the lines of each rule without trying every rule on every line.

A basket has some 20 lines and a programme up to thousands of rules, of which few are about any of them. Each rule is
filed under the words of one of its keys, the most telling one; the words of a line then lead to the few rules worth
asking.
"""

from collections.abc import Iterator, Sequence

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.conditions import Selection

_MOST_TELLING_FIRST = ("skus", "brands", "labels", "categories", "kinds")


class RuleIndex:
    """The selections of one kind of rules, in the file's order; made once per programme."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._selections = tuple(selections)
        self._everywhere: list[int] = []
        self._by_word: dict[tuple[str, str], list[int]] = {}
        for number, selection in enumerate(self._selections):
            key = next((k for k in _MOST_TELLING_FIRST if getattr(selection, k) is not None), None)
            if key is None:
                self._everywhere.append(number)
                continue
            for word in getattr(selection, key):
                self._by_word.setdefault((key, word), []).append(number)

    def selected(self, lines: Sequence[Line]) -> dict[int, list[Line]]:
        """The selected lines, in the basket's order, of every rule (by its number) that selects any."""
        found: dict[int, list[Line]] = {}
        if lines:
            found.update((number, list(lines)) for number in self._everywhere)
        for line in lines:
            for word in _words(line):
                for number in self._by_word.get(word, ()):
                    if self._selections[number].takes(line):
                        chosen = found.setdefault(number, [])
                        if not chosen or chosen[-1] is not line:  # two of its words may lead here
                            chosen.append(line)
        return found


def _words(line: Line) -> Iterator[tuple[str, str]]:
    yield "skus", line.sku
    yield "kinds", line.kind
    if line.brand is not None:
        yield "brands", line.brand
    for label in line.labels:
        yield "labels", label
    for category in line.categories:
        yield "categories", category
