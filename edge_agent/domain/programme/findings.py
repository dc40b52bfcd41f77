"""What can be found in a programme file: the codes, how bad each is, and what would be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from edge_agent.domain.toml_source import Path


class Severity(StrEnum):
    """Whether a file with such a finding can be used."""

    ERROR = "error"  # it is never loaded
    WARNING = "warning"  # it is loaded; head office is told


class Code(NamedTuple):
    """One kind of finding. `means` and `instead` are whole sentences for the page of codes."""

    severity: Severity
    means: str
    instead: str


def _error(means: str, instead: str) -> Code:
    return Code(Severity.ERROR, means, instead)


def _warning(means: str, instead: str) -> Code:
    return Code(Severity.WARNING, means, instead)


CODES: Mapping[str, Code] = {
    # The file as such.
    "too-large": _error("The file has more than 1 MiB.", "Name goods by category, not by article."),
    "toml": _error(
        "The file is not TOML, or not UTF-8; only the first such mistake can be named.",
        "Correct the line and check again.",
    ),
    "missing-key": _error("A key that has to be there is not.", "Write it."),
    "unknown-key": _error(
        "A key that nobody would read, most often misspelt.", "Write it as the message says."
    ),
    "bad-value": _error(
        "A value of the wrong kind, or out of its bounds.", "Write what the message says."
    ),
    # Between keys and tables.
    "contradiction": _error(
        "Keys of one table that cannot both be meant.", "Leave one out, or make two rules."
    ),
    "duplicate-id": _error(
        "Two rules have one id; receipts and records name rules by it.", "Give one a new id."
    ),
    "reserved-id": _error(
        "An id that records keep for what no rule of a file did: a lapsed lot, a counted visit, what the law says.",
        "Give the rule another id.",
    ),
    "unknown-name": _error(
        "A key names a unit, tier, membership, ... that the file does not have.",
        "Write a name that is there, or add its table.",
    ),
    "unreachable": _error(
        "A rule that can never give anything.",
        "Put the wider rule last, widen this one, or take it out.",
    ),
    "never-given": _warning(
        "Something is asked for, or waits to be issued, that no rule of the file gives.",
        "Add the rule that gives it; leave it if another system does.",
    ),
    "over": _warning(
        "A rule that ended before this version begins.", "Take it out, or move its dates."
    ),
    "no-end": _warning(
        "A campaign with a first day and no last one runs until somebody remembers it.",
        "Give it an `until_date`.",
    ),
    # What it can cost.
    "reward-above-spend": _error(
        "A reward is worth as much as was spent to earn it, or more.",
        "Raise its cost, or lower its value or the base rate.",
    ),
    "generous": _warning(
        "Base rate and reward together give back more than a fifth of what is spent.",
        "Check that a factor of ten did not slip in.",
    ),
    "runaway-stack": _warning(
        "Multipliers that can meet in one sale make more than ten times the base points.",
        "Limit them in time or to other lines, or cap them.",
    ),
    "no-minimum": _warning(
        "A fixed bonus is given in full for the smallest sale, as often as one pays.",
        "Give it a `minimum_spend`.",
    ),
    "no-expiry": _warning(
        "What rewards are bought with never expires, so what is owed only grows.",
        "Give the unit an `expiry`.",
    ),
    "no-validity": _warning(
        "A voucher or a reward that is given can be used for ever, so what is owed only grows.",
        "Give it an `expiry`.",
    ),
    "no-budget": _warning(
        "A surprise without a budget, or with prizes that no budget counts.",
        "Give it `budgets`, and its prizes a `worth` where a budget is by worth.",
    ),
    "no-limit": _warning(
        "Something can be had again and again: an action that is only reported, or an offer by a code.",
        "Give it `limits`.",
    ),
    "discount-stack": _warning(
        "Offers that meet on the same goods take off more than half of the price together.",
        'Make one `alone`, or set `combine.offers = "best"`.',
    ),
    # The law.
    "forbidden-goods": _error(
        "A rule is about goods that may not be rewarded: tobacco, infant formula, medicines, lottery tickets.",
        "Take the goods out of the rule. The law is followed whatever the file says, so the rule gives nothing.",
    ),
    "alcohol-discount": _error(
        "A rule promises more than 25 % off alcohol, which Dutch shops may not give (Alcoholwet, article 2a).",
        "Make it 25 % or less. Tills take off no more than that whatever the file says.",
    ),
    # Privacy.
    "sensitive-trait": _warning(
        "A rule asks for something that the GDPR protects most (article 9): health, belief, origin, orientation.",
        "Do without, or have explicit consent for it.",
    ),
    "balance-shown": _warning(
        "Whoever types a card number sees what is on the card.",
        "Leave `typed_number_shows_balance` false.",
    ),
}
"""In the order of the page."""


class Mistake(NamedTuple):
    """What a check found, before it is known in which line that stands."""

    path: Path
    code: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake: file, line (from 1), key (as `earn[0].per`), a code for scripts and what would be right."""

    file: str
    line: int
    key: str
    code: str
    message: str

    @property
    def severity(self) -> Severity:
        """Whether the file can be used all the same."""
        return CODES[self.code].severity

    def __str__(self) -> str:
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return f"{self.file}:{self.line}: {self.key}: {self.message} [{mark}{self.code}]"


def key_text(path: Path) -> str:
    """A path as people write it: `earn[0].scope.categories`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"
