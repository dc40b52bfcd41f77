"""Finding the lines of each rule without trying every rule on every line.

A basket has some 20 lines and a programme up to thousands of rules, of which few are about any of them, and fewer hold
at any one time. Each rule is filed under the words of one of its keys, the most telling one; the words of the lines
then lead to the few rules worth asking.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Protocol, TypeVar

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.lines import Lines
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.situation import Situation, Worked
from edge_agent.domain.programme.tax import Tax
from edge_agent.domain.programme.unmet import NO_LINE, Unmet

STRETCHES_KEPT = 64
"""A till asks about today; central's posting goes through the days of the records that arrive together."""

_MOST_TELLING_FIRST = ("skus", "brands", "labels", "categories", "margins", "kinds")

_Takes = Callable[[Line], bool]

_Filed = tuple[int, _Takes | None]
"""A rule by its number, with what else has to be asked of a line: None where the word decides."""


class RuleIndex:
    """The selections of one kind of rules, in the file's order; made once per programme.

    `times` are the rules' conditions, where those that the time keeps from holding may be left out.
    """

    def __init__(
        self, selections: Sequence[Selection], times: Sequence[Circumstances] = ()
    ) -> None:
        self._numbered = tuple(enumerate(selections))
        self._times = times
        self._everywhere: list[_Filed] = []
        self._floors: list[tuple[int, int]] = []
        self._by_key: dict[str, dict[str | None, list[_Filed]]] = {}
        for number, selection in self._numbered:
            self._file(number, selection)
        self._clock = sorted(
            {each for when in times for each in (when.from_time, when.until_time) if each}
        )
        self._open: dict[tuple[date, int], RuleIndex] = {}

    def _file(self, number: int, selection: Selection) -> None:
        keys = [key for key in _MOST_TELLING_FIRST if getattr(selection, key) is not None]
        takes = None if len(keys) <= 1 and not selection.without else selection.takes
        if not keys:
            self._everywhere.append((number, takes))
            return
        by_word = self._by_key.setdefault(keys[0], {})
        for word in sorted(getattr(selection, keys[0])):
            by_word.setdefault(word, []).append((number, takes))

    def open_at(self, at: datetime) -> "RuleIndex":
        """The rules that the time does not keep from holding, by the same numbers.

        It is the same ones from one of the times of day that the rules name until the next, so they are kept. Of those
        about all lines that need a minimum spend, it finds only the ones for which the lines can be enough.
        """
        stretch = (at.date(), bisect_right(self._clock, at.time()))
        known = self._open.get(stretch)
        if known is None:
            known = RuleIndex(())
            for (number, selection), when in zip(self._numbered, self._times, strict=True):
                if when.unmet_at(at) is None:
                    known._file_open(number, selection, when)
            known._floors.sort()
            if len(self._open) >= STRETCHES_KEPT:
                self._open.clear()
            self._open[stretch] = known
        return known

    def _file_open(self, number: int, selection: Selection, when: Circumstances) -> None:
        least = when.minimum_spend if when.minimum_tax is Tax.INCLUDED else None
        if least is not None and selection.is_everything:
            self._floors.append((least, number))
        else:
            self._file(number, selection)

    def selected(self, lines: Sequence[Line]) -> dict[int, Sequence[Line]]:
        """The selected lines, in the basket's order, of every rule (by its number) that selects any.

        Rules about the same word are given the very same sequence, so that what is asked of it can be kept.
        """
        found: dict[int, Sequence[Line]] = {}
        several: dict[int, list[Sequence[Line]]] = {}
        if not lines:
            return found
        everything = Lines.of(lines)
        for number, takes in self._everywhere:
            some = everything if takes is None else [line for line in lines if takes(line)]
            if some:
                found[number] = some
        if self._floors:  # what is taken off makes it only less
            reached = bisect_right(self._floors, everything.amount, key=itemgetter(0))
            found.update((number, everything) for _, number in self._floors[:reached])
        for key, by_word in self._by_key.items():
            of_articles = key == "skus"
            words = everything.of_articles(by_word) if of_articles else everything.under(key)
            for word, under in words.items():
                if word not in by_word:
                    continue
                for number, takes in by_word[word]:
                    chosen = under if takes is None else [line for line in under if takes(line)]
                    if not chosen:
                        continue
                    if number in found:
                        several.setdefault(number, [found[number]]).append(chosen)
                    else:
                        found[number] = chosen
        for number, parts in several.items():
            found[number] = everything.in_order(parts)
        return found


class _Conditional(Protocol):
    @property
    def when(self) -> Circumstances: ...


_Rule = TypeVar("_Rule", bound=_Conditional)


def asked(
    rules: Sequence[_Rule], index: RuleIndex, situation: Situation, worked: Worked
) -> Iterator[tuple[_Rule, Sequence[Line], Unmet | None]]:
    """Every rule in the file's order, the lines that it is about, and what keeps it from holding (None: nothing)."""
    selected = index.selected(situation.lines)
    for number, rule in enumerate(rules):
        lines = selected.get(number, ())
        yield rule, lines, rule.when.unmet_by(situation, worked, lines) if lines else NO_LINE
