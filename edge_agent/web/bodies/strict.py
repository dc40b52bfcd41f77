"""What every body is: nothing is converted, and nothing unknown is taken."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """No conversion between types, no unknown field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NoBody(Strict):
    """A call that needs nothing; an empty object is fine."""
