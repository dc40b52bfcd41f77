"""The lines of terms: points of a list, each a whole sentence."""

from collections.abc import Iterable


def item(what: str, *details: str) -> str:
    """A point of a list: what it is, and behind it what limits it."""
    return f"- {_sentence('; '.join([what, *(each for each in details if each)]))}"


def _sentence(text: str) -> str:
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def joined(clauses: Iterable[str]) -> str:
    """Clauses behind each other."""
    return ", ".join(clauses)
