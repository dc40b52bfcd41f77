"""What a rule should rather not ask of a person, and what it should not show."""

import re
from collections.abc import Iterator

from edge_agent.domain.programme.conditions import Circumstances
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.programme_file import ProgrammeFile
from edge_agent.domain.programme.shape import tables

_SENSITIVE = re.compile(
    r"health|gezond|medic|ziek|diagnos|disab|handicap|pregnan|zwanger"
    r"|religi|geloof|church|kerk|halal|kosher|koosjer"
    r"|ethnic|etnisch|race|ras$|origin|afkomst|nationalit"
    r"|orientation|geaardheid|gender|sex|seks|politic|politiek|union|vakbond|biometric"
)
"""GDPR, article 9, in the words that Dutch and English shops would use. A hint, so that somebody thinks of it."""


def privacy(file: ProgrammeFile) -> Iterator[Mistake]:
    """No rule asks for what the law protects most, and a typed number shows nothing."""
    for path, table in tables(file):
        if isinstance(table, Circumstances):
            for key in ("segments", "not_segments", "attributes"):
                for word in sorted(getattr(table, key) or ()):
                    if _SENSITIVE.search(word.lower()):
                        message = f"{word} may tell of what the GDPR protects most (article 9); do without it"
                        yield Mistake((*path, key), "sensitive-trait", message)
    if file.privacy.typed_number_shows_balance:
        message = "whoever types a number sees that member's balance; leave it false"
        yield Mistake(("privacy", "typed_number_shows_balance"), "balance-shown", message)
