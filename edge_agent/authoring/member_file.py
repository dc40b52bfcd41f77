"""A member in a JSON file, as somebody would write one to try a programme out."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts, Standing, birthday_windows
from edge_agent.domain.programme import Programme
from edge_agent.domain.tallies import figures
from edge_agent.domain.units import kind_of

TRIED = "trial"
"""The account of whoever is tried out."""


class MemberMistake(ValueError):
    """The file is not a member; every line of the message names a key and what would be right."""


class _Lot(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: str
    quantity: Decimal = Decimal(1)
    from_day: date | None = None
    until_day: date | None = None
    day: date | None = None


class MemberFile(BaseModel):
    """What can be said of a member; everything may be left out.

    `holdings` are quantities in whole ones by unit, such as `{"points": 120, "tier/gold": 1}`; `lots` are the same with
    their days: `until_day` is the last one, `from_day` the first on which it can be used, `day` when it was counted.
    `figures` are readings by their key, such as `{"visits@ever": 9}`, in place of what the lots say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    standing: Standing = Standing.KNOWN
    tier: str | None = None
    since: date | None = None
    birthday: Annotated[str, Field(pattern=r"^\d\d-\d\d$")] | None = None
    language: str | None = None
    segments: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = Field(default_factory=dict)
    holdings: Mapping[str, Decimal] = Field(default_factory=dict)
    lots: tuple[_Lot, ...] = ()
    figures: Mapping[str, int] = Field(default_factory=dict)
    referred_by: str | None = None

    @classmethod
    def read(cls, raw: str | bytes | Mapping[str, Any]) -> Self:
        """Read JSON or its values. Raises MemberMistake naming every key that is wrong."""
        try:
            if isinstance(raw, str | bytes):
                return cls.model_validate_json(raw)
            return cls.model_validate(raw)
        except ValidationError as error:
            lines = (
                f"{'.'.join(map(str, each['loc'])) or 'member'}: {_in_words(each)}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise MemberMistake("\n".join(lines)) from error

    def facts(self, programme: Programme, today: date, account: str = TRIED) -> MemberFacts:
        """The facts that the rules see on a day. Raises MemberMistake for a unit or figure that there is not."""
        held = tuple(self._held(programme))
        known = {each.key for each in programme.readings}
        unknown = self.figures.keys() - known
        if unknown:
            there = ", ".join(sorted(known)) or "none"
            raise MemberMistake(
                f"figures: no rule asks for {', '.join(sorted(unknown))}; asked for: {there}"
            )
        return MemberFacts(
            account,
            self.standing,
            tier=self.tier,
            since=self.since,
            language=self.language,
            segments=self.segments,
            attributes=self.attributes,
            birthday=birthday_windows(self.birthday, today),
            holdings=held,
            figures=figures(programme.readings, held, today, self.since) | dict(self.figures),
            referred_by=self.referred_by,
        )

    def _held(self, programme: Programme) -> Iterator[Holding]:
        plain = (_Lot(unit=unit, quantity=quantity) for unit, quantity in self.holdings.items())
        for lot in (*plain, *self.lots):
            table = programme.file.unit.get(lot.unit)
            if table is None and ("/" not in lot.unit or not _is_derived(lot.unit)):
                there = ", ".join(programme.units)
                raise MemberMistake(
                    f"holdings: there is no unit {lot.unit}; there is: {there}, and such as tier/gold"
                )
            parts = lot.quantity * (1 if table is None else table.scale)
            if parts != int(parts):
                raise MemberMistake(f"holdings: {lot.unit} has not so many decimals")
            yield Holding(lot.unit, int(parts), lot.until_day, lot.from_day, lot.day)


def _in_words(details: ErrorDetails) -> str:
    if details["type"] == "extra_forbidden":
        return f"is not a key that is known here; known are {', '.join(MemberFile.model_fields)}"
    if details["type"] == "string_pattern_mismatch":
        return "must be a day of the year, as 11-21; the year of birth is never kept"
    return details["msg"][0].lower() + details["msg"][1:]


def _is_derived(unit: str) -> bool:
    try:
        return kind_of(unit) is not None
    except ValueError:
        return False
