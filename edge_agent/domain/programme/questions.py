"""Questions: one at a visit, to a member who was not asked for a while; a bad answer is seen by somebody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from edge_agent.domain.entries import Entry
from edge_agent.domain.programme.conditions import Conditions
from edge_agent.domain.programme.form import TableModel, Whole, WindowText
from edge_agent.domain.programme.gifts import Gifts, given
from edge_agent.domain.programme.messages import BOTH, Place, unmet_at_visit, wants
from edge_agent.domain.programme.situation import Outcome, Situation, Worked
from edge_agent.domain.programme.texts import Campaign, LocalText, RuleId, Texts, Words, texts
from edge_agent.domain.programme.unmet import Obstacle, Unmet
from edge_agent.domain.tallies import EVER, Fold, Reading, Window

ANSWER: Final = "answer/"
"""Before the id of a question: the act of answering it."""

CHOICES_MAX = 6
"""More than six keys cannot be read in a second."""

DAYS_MAX = 366

_ASKED: Final = Reading("asked", EVER, Fold.SINCE)
"""Days since the member was asked anything."""


class Scale(StrEnum):
    """How a question is answered."""

    NPS = "nps"  # how likely to recommend, 0 to 10
    STARS = "stars"  # 1 to 5
    YES_NO = "yes-no"
    CHOICE = "choice"


_NUMBERS: Final[Mapping[Scale, range]] = {Scale.NPS: range(11), Scale.STARS: range(1, 6)}
_YES_NO: Final[Mapping[str, Texts]] = {
    "yes": texts({"nl": "ja", "en": "yes", "de": "ja", "fr": "oui"}),
    "no": texts({"nl": "nee", "en": "no", "de": "nein", "fr": "non"}),
}


class NotAnAnswer(ValueError):
    """The value is none of those that the question takes; the message says which ones are."""


class Choice(TableModel):
    """One of the answers to choose from."""

    id: RuleId = Field(description="Names the answer in records.", examples=["too-long"])
    text: LocalText = Field(description="What stands on the key.", examples=["te lang gewacht"])


class QuestionRule(Campaign):
    """A short question that is answered in a second, on the screen or from the receipt.

    A number up to `opens_case_at_most`, or one of the answers in `opens_case_on`, opens a case at head office.
    """

    id: RuleId = Field(description="Names the question in records.", examples=["recommend"])
    text: LocalText = Field(
        description="What is asked.", examples=["Zou u ons aanraden bij een vriend?"]
    )
    scale: Scale = Field(
        default=Scale.NPS,
        description="How it is answered: nps (0 to 10), stars (1 to 5), yes-no, or one of the choices.",
        examples=["stars"],
    )
    choices: Annotated[tuple[Choice, ...], Field(max_length=CHOICES_MAX)] = Field(
        default=(),
        description="The answers to choose from.",
        examples=[[{"id": "quick", "text": "snel"}, {"id": "slow", "text": "traag"}]],
    )
    where: Annotated[frozenset[Place], Field(min_length=1)] = Field(
        default=BOTH,
        description="On the screen, on the receipt (as a QR code), or both.",
        examples=[["receipt"]],
    )
    when: Conditions = Field(
        default=Conditions(),
        description="Whom it is asked, and at which visits.",
        examples=[{"visits": [3]}],
    )
    every_days: Whole = Field(
        default=90,
        gt=0,
        le=DAYS_MAX,
        description="So many days at least until the same member is asked it again.",
        examples=[180],
    )
    gives: Gifts = Field(
        default=(), description="What answering gives.", examples=[[{"quantity": 10}]]
    )
    gives_once_per: WindowText = Field(
        default="ever",
        description="Answering gives something once within this time: ever, year, month, or so many days.",
        examples=["year"],
    )
    opens_case_at_most: Whole | None = Field(
        default=None,
        ge=0,
        le=10,
        description="A number up to this one opens a case.",
        examples=[6],
    )
    opens_case_on: Words | None = Field(
        default=None, description="These answers open a case.", examples=[["no"]]
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.scale is Scale.CHOICE) != bool(self.choices):
            raise ValueError('give choices with scale = "choice", and only then')
        if len({choice.id for choice in self.choices}) < len(self.choices):
            raise ValueError("two choices have the same id")
        numbers = self.scale in _NUMBERS
        if self.opens_case_at_most is not None and not numbers:
            raise ValueError("opens_case_at_most is for nps and stars; write opens_case_on")
        if self.opens_case_on is not None and (
            numbers or not self.opens_case_on <= set(self.answers)
        ):
            raise ValueError(f"opens_case_on names answers, of {', '.join(map(str, self.answers))}")
        return self

    @cached_property
    def answers(self) -> Mapping[str, Texts]:
        """The answers that it takes and what stands on their keys, in order."""
        if self.scale in _NUMBERS:
            return {
                str(number): texts(dict.fromkeys(("nl", "en", "de", "fr"), str(number)))
                for number in _NUMBERS[self.scale]
            }
        if self.scale is Scale.YES_NO:
            return _YES_NO
        return {choice.id: choice.text for choice in self.choices}

    def checked(self, value: int | str) -> int | str:
        """The value as it is recorded: a number for nps and stars, else the answer's id. Raises NotAnAnswer."""
        numbers = _NUMBERS.get(self.scale)
        right = value in numbers if numbers and type(value) is int else str(value) in self.answers
        if not right or isinstance(value, bool):
            raise NotAnAnswer(f"{self.id} is answered with one of {', '.join(self.answers)}")
        return int(value) if numbers else str(value)

    def opens_case(self, value: int | str) -> bool:
        """Whether somebody has to look at this (checked) answer."""
        if isinstance(value, int):
            return self.opens_case_at_most is not None and value <= self.opens_case_at_most
        return self.opens_case_on is not None and value in self.opens_case_on

    @property
    def asked(self) -> Reading:
        """Days since this member was asked it."""
        return Reading(f"asked.{self.id}", EVER, Fold.SINCE)

    @property
    def given_for(self) -> Reading:
        """How often an answer gave something."""
        return Reading(f"answer.{self.id}", Window.parse(self.gives_once_per))


class QuestionsTable(TableModel):
    """What holds for all questions together."""

    every_days: Whole = Field(
        default=14,
        gt=0,
        le=DAYS_MAX,
        description="So many days at least between two questions to the same member.",
        examples=[30],
    )


@dataclass(frozen=True)
class Questions:
    """At a sale, the first question in the file whose time has come; for an answer, what it gives."""

    rules: tuple[QuestionRule, ...]
    table: QuestionsTable
    name: ClassVar[str] = "question"

    def work(self, situation: Situation, worked: Worked) -> Worked:
        """One question at most, counted as asked; its note says in which places."""
        if situation.facts.anonymous:
            return worked
        if situation.act is not None:
            return worked.plus(self._answered(situation, situation.act.action))
        rule = self.next(situation, worked)
        if rule is None:
            return worked
        places = " ".join(sorted(wants(situation.facts, rule.where)))
        return worked.plus([Outcome(rule.id, _asked(rule, situation), note=places)])

    def next(self, situation: Situation, worked: Worked) -> QuestionRule | None:
        """The question to ask now."""
        since = situation.facts.figures.get(_ASKED.key)
        if since is not None and since < self.table.every_days:
            return None
        return next((each for each in self.rules if _unmet(each, situation, worked) is None), None)

    def named(self, question: str) -> QuestionRule | None:
        """The question of that id."""
        return next((rule for rule in self.rules if rule.id == question), None)

    def _answered(self, situation: Situation, action: str) -> Iterator[Outcome]:
        rule = self.named(action.removeprefix(ANSWER)) if action.startswith(ANSWER) else None
        if rule is None:
            return
        entries = _asked(rule, situation)
        if rule.gives and situation.figure(rule.given_for) == 0:
            entries += (
                situation.counted(rule.given_for.tally, 1, rule.id),
                *given(rule.gives, situation, rule.id),
            )
        yield Outcome(rule.id, entries)

    def reasons(self) -> Mapping[str, Texts]:
        """Their texts."""
        return {rule.id: rule.text for rule in self.rules}

    def readings(self) -> Iterator[Reading]:
        """When the member was asked, what answers gave, and those of its conditions."""
        if self.rules:
            yield _ASKED
        for rule in self.rules:
            yield rule.asked
            if rule.gives:
                yield rule.given_for
            yield from rule.when.readings()

    def looks_at(self) -> Iterable[str]:
        """What its conditions ask of the member."""
        return (unit for rule in self.rules for unit in rule.when.looks_at())


def _unmet(rule: QuestionRule, situation: Situation, worked: Worked) -> Unmet | None:
    if not wants(situation.facts, rule.where):
        return Unmet(Obstacle.OTHER_CHANNEL)
    since = situation.facts.figures.get(rule.asked.key)
    if since is not None and since < rule.every_days:
        return Unmet(Obstacle.USED_UP, 1)
    return unmet_at_visit(rule.when, situation, worked)


def _asked(rule: QuestionRule, situation: Situation) -> tuple[Entry, ...]:
    """Counts that the member was asked; whoever answered was, even from an old receipt."""
    return (
        situation.counted(_ASKED.tally, 1, rule.id),
        situation.counted(rule.asked.tally, 1, rule.id),
    )
