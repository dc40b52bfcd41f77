"""Rules that never give anything, and campaigns that are over or never end."""

from collections.abc import Iterator

from edge_agent.domain.programme.caps import CapRule
from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.exclusions import Forbids
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.rates import EarnRule, Several
from edge_agent.domain.programme.selections import Selection
from edge_agent.domain.programme.shape import tables


def reach(file: ProgrammeFile) -> Iterator[Mistake]:
    """Every rule can give something at some time of this version, and campaigns have an end."""
    yield from _behind_a_wider_one(file)
    yield from _nothing_to_multiply(file)
    yield from _out_of_time(file)
    yield from _never_holds(file)
    yield from _only_excluded(file)
    yield from _stamps_of_another_card(file)


def _behind_a_wider_one(file: ProgrammeFile) -> Iterator[Mistake]:
    taker: dict[str, EarnRule] = {}
    for index, rule in enumerate(file.earn):
        if rule.unit in taker:
            message = f"never earns, since {taker[rule.unit].id} above takes every line; put the wider rule last"
            yield Mistake(("earn", index), "unreachable", message)
        elif (
            file.earning.several is Several.FIRST
            and rule.scope.is_everything
            and rule.when == Circumstances()
        ):
            taker[rule.unit] = rule


def _nothing_to_multiply(file: ProgrammeFile) -> Iterator[Mistake]:
    earned = {rule.unit for rule in file.earn}
    for index, bonus in enumerate(file.bonus):
        if bonus.multiplies and bonus.unit not in earned:
            message = f"there is nothing to multiply, since no [[earn]] gives {bonus.unit}"
            yield Mistake(("bonus", index, "multiply"), "unreachable", message)


def _out_of_time(file: ProgrammeFile) -> Iterator[Mistake]:
    begins = file.valid_from.date()
    for path, table in tables(file):
        if not isinstance(table, Circumstances | CapRule):
            continue
        if table.until_date is not None and table.until_date < begins:
            message = f"ended on {table.until_date}, before this version begins on {begins}"
            yield Mistake((*path, "until_date"), "over", message)
        if table.from_date is not None and table.until_date is None:
            message = f"begins on {table.from_date} and never ends; give it an until_date"
            yield Mistake((*path, "from_date"), "no-end", message)


def _never_holds(file: ProgrammeFile) -> Iterator[Mistake]:
    for path, table in tables(file):
        if not isinstance(table, Circumstances):
            continue
        if table.segments is not None and table.segments <= (table.not_segments or frozenset()):
            message = "is for segments that not_segments takes out again"
            yield Mistake((*path, "not_segments"), "unreachable", message)
        joined, away = table.joined_days_max, table.away_days
        if joined is not None and away is not None and away > joined:
            message = f"nobody who joined {joined} days ago can have been away for {away} days"
            yield Mistake((*path, "away_days"), "unreachable", message)
        if table.away_days is not None and table.visits == frozenset({1}):
            message = "nobody has been away before the first visit"
            yield Mistake((*path, "away_days"), "unreachable", message)


def _only_excluded(file: ProgrammeFile) -> Iterator[Mistake]:
    """Earning rules and bonuses on nothing but categories that earn nothing."""
    excluded = {
        word: rule.id
        for rule in file.exclude
        if rule.forbids is not Forbids.DISCOUNTS and _by_categories(rule)
        for word in rule.categories or ()
    }
    selections: list[tuple[str, int, Selection]] = [
        *(("earn", index, rule.scope) for index, rule in enumerate(file.earn)),
        *(("bonus", index, rule.when) for index, rule in enumerate(file.bonus)),
    ]
    for table, index, selection in selections:
        words = selection.categories or frozenset()
        if words and words <= excluded.keys():
            ids = ", ".join(sorted({excluded[word] for word in words}))
            message = f"is only about what {ids} excludes"
            yield Mistake((table, index), "unreachable", message)


def _by_categories(selection: Selection) -> bool:
    """Whether it takes whatever is of these categories, and asks no more."""
    others = (key for key in Selection.model_fields if key != "categories")
    return selection.categories is not None and all(not getattr(selection, key) for key in others)


def _stamps_of_another_card(file: ProgrammeFile) -> Iterator[Mistake]:
    card_of: dict[str, str] = {}
    for index, card in enumerate(file.stamp):
        if card.unit in card_of:
            message = f"{card_of[card.unit]} above takes all {card.unit} already; give each card a unit of its own"
            yield Mistake(("stamp", index, "unit"), "unreachable", message)
        card_of.setdefault(card.unit, card.id)
