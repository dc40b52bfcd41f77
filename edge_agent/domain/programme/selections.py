"""Which lines of a basket a rule is about."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from edge_agent.domain.basket import Line
from edge_agent.domain.programme.form import Exact, TableModel
from edge_agent.domain.programme.texts import Words


class _OneOrMore:
    """A lone table stands for a list of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        several = handler(source)
        either = core_schema.union_schema([several["items_schema"][0], several])
        return core_schema.no_info_before_validator_function(
            _listed, several, json_schema_input_schema=either
        )


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping | TableModel) else value


class Selection(TableModel):
    """Which lines: within one key any of the values will do, and every key that is given must match.

    `without` takes lines out again.
    """

    categories: Words | None = Field(
        default=None,
        description="Lines of which one of the categories is among these.",
        examples=[["fruit", "vegetables"]],
    )
    brands: Words | None = Field(
        default=None, description="Lines of one of these brands.", examples=[["Zuiver"]]
    )
    skus: Words | None = Field(
        default=None,
        description="Lines with one of these article numbers, in quotes.",
        examples=[["8710400011118"]],
    )
    labels: Words | None = Field(
        default=None,
        description="Lines of which one of the labels is among these.",
        examples=[["new"]],
    )
    kinds: Words | None = Field(
        default=None,
        description="Lines of one of these kinds: `product`, `deposit`, ... as the POS sends it.",
        examples=[["product", "service"]],
    )
    margins: Words | None = Field(
        default=None,
        description="Lines of one of these margin classes, as the POS sends them.",
        examples=[["high"]],
    )
    without: Annotated[tuple["Selection", ...], _OneOrMore()] = Field(
        default=(),
        description="Takes these lines out again; a list takes out what any of its tables is about.",
        examples=[{"labels": ["clearance"]}],
    )

    def takes(self, line: Line) -> bool:
        """Whether the line is one of those selected."""
        return (
            (self.categories is None or not self.categories.isdisjoint(line.categories))
            and (self.brands is None or line.brand in self.brands)
            and (self.skus is None or line.sku in self.skus)
            and (self.labels is None or not self.labels.isdisjoint(line.labels))
            and (self.kinds is None or line.kind in self.kinds)
            and (self.margins is None or line.margin in self.margins)
            and not (self.without and any(each.takes(line) for each in self.without))
        )

    @property
    def is_everything(self) -> bool:
        """Whether no key is given, so that every line is selected."""
        return not any(getattr(self, key) for key in Selection.model_fields)


class Contains(Selection):
    """A part of the basket that must be there: at least `quantity` of these lines together."""

    quantity: Exact = Field(
        default=Decimal(1),
        gt=0,
        le=100_000,
        description="At least so much of these lines together, in pieces or the article's measure.",
        examples=[2],
    )

    def missing(self, lines: Sequence[Line]) -> Decimal:
        """How much is not there; 0 or less when it is."""
        return self.quantity - sum(
            (line.quantity for line in lines if self.takes(line)), Decimal(0)
        )
