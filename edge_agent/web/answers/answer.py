"""What every answer has in common."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """The base; built when the document is asked for, not at import."""

    model_config = ConfigDict(defer_build=True)


Quantity = int | str
"""Of a unit: a whole number, or a decimal as text where the unit has decimals."""
