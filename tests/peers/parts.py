"""Reading neutral cases so that nothing in them is overlooked."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class Unsupported(Exception):
    """A case says something that has no counterpart here; the message names it."""


class Part:
    """One object of a case. As a context manager it insists that every key was read, so no rule is quietly left out."""

    def __init__(self, facts: Mapping[str, Any], where: str) -> None:
        self._facts = facts
        self._read: set[str] = set()
        self.where = where

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is then read."""
        self._read.add(key)
        return self._facts.get(key, default)

    def first(self, *keys: str, default: Any = None) -> Any:
        """The value under any of these keys, which mean the same; Unsupported where it is said twice."""
        said = [key for key in keys if self._facts.get(key) is not None]
        if len(said) > 1:
            raise Unsupported(f"{self.where}: both {said[0]} and {said[1]}")
        self._read.update(keys)
        return self._facts[said[0]] if said else default

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self._facts.get(key) is not None

    def one_of(self, key: str, meanings: Mapping[Any, Any], default: Any = None) -> Any:
        """What a key's value means here; Unsupported for a value without a meaning."""
        value = self.get(key, default)
        try:
            return meanings[value]
        except KeyError as error:
            raise Unsupported(f"{self.where}.{key} = {value!r}") from error

    def part(self, key: str) -> "Part":
        """An object within; an empty one where there is none."""
        return Part(self.get(key) or {}, f"{self.where}.{key}")

    def parts(self, key: str) -> list["Part"]:
        """Objects within."""
        return [
            Part(each, f"{self.where}.{key}[{n}]") for n, each in enumerate(self.get(key) or ())
        ]

    def skip(self, *keys: str) -> None:
        """Keys that say nothing that has to be mapped."""
        self._read.update(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        unread = sorted(
            key for key, value in self._facts.items() if key not in self._read and value is not None
        )
        if unread and kind is None:
            raise Unsupported(f"{self.where}.{unread[0]} = {self._facts[unread[0]]!r}")
