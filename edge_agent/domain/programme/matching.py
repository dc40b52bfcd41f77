"""Finding the lines of each rule without trying every rule on every line.

A basket has some 20 lines and a programme up to thousands of rules, of which few are about any of them. Each rule is
filed under the words of one of its keys, the most telling one; the words of a line then lead to the few rules worth
asking.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.selections import Selection

_MOST_TELLING_FIRST = ("skus", "brands", "labels", "categories", "margins", "kinds")

_Takes = Callable[[Line], bool]

_WORDS_OF_LINES: Mapping[str, Callable[[Line], Iterable[str | None]]] = {
    "skus": lambda line: (line.sku,),
    "brands": lambda line: (line.brand,),
    "labels": attrgetter("labels"),
    "categories": attrgetter("categories"),
    "margins": lambda line: (line.margin,),
    "kinds": lambda line: (line.kind,),
}
"""What a line has under each key of a selection."""


class RuleIndex:
    """The selections of one kind of rules, in the file's order; made once per programme."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._everywhere: list[tuple[int, _Takes | None]] = []
        self._by_key: dict[str, dict[str | None, list[tuple[int, _Takes | None]]]] = {}
        """Per key and word the rules, each with what else has to be asked: None where the word decides."""
        for number, selection in enumerate(selections):
            keys = [key for key in _MOST_TELLING_FIRST if getattr(selection, key) is not None]
            takes = None if len(keys) <= 1 and not selection.without else selection.takes
            if not keys:
                self._everywhere.append((number, takes))
                continue
            by_word = self._by_key.setdefault(keys[0], {})
            for word in getattr(selection, keys[0]):
                by_word.setdefault(word, []).append((number, takes))

    def selected(self, lines: Sequence[Line]) -> dict[int, list[Line]]:
        """The selected lines, in the basket's order, of every rule (by its number) that selects any."""
        found: dict[int, list[Line]] = {}
        if lines:
            everything = list(lines)
            for number, takes in self._everywhere:
                chosen = everything if takes is None else [line for line in lines if takes(line)]
                if chosen:
                    found[number] = chosen
        for key, by_word in self._by_key.items():
            words_of = _WORDS_OF_LINES[key]
            for line in lines:
                for word in words_of(line):
                    for number, takes in by_word.get(word, ()):
                        if takes is None or takes(line):
                            chosen = found.setdefault(number, [])
                            if not chosen or chosen[-1] is not line:  # two words may lead here
                                chosen.append(line)
        return found
