"""The form that all tables of a programme file share."""

from pydantic import BaseModel, ConfigDict


class TableModel(BaseModel):
    """A table: frozen, and a key that nobody reads is a mistake, since a misspelt one would silently do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")
