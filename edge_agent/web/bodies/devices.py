"""What is printed, what a simulated scanner reads, and which terminal this is."""

from typing import Literal

from pydantic import Field, StrictBool

from edge_agent.web.bodies.cards import OfHolder
from edge_agent.web.bodies.strict import Strict
from edge_agent.web.fields import Code, Id


class CopyBody(Strict):
    """`POST /v1/receipts/{sale_id}/print`: the first print is asked for in the sale itself."""

    # `copy` is a method of every model.
    as_copy: Literal[True] = Field(default=True, alias="copy")


class SlipBody(OfHolder):
    """`POST /v1/slips`: either a code, or the card that is at the till."""


class TerminalBody(Strict):
    """`POST /v1/terminal`: the one-time code, as it is typed or scanned."""

    code: Code


class CodeBody(Strict):
    """`POST /v1/terminal/codes`: a one-time code that is for another till of this store, and that till's name.

    With `print` it is printed as well.
    """

    code: Code
    till: Id
    printed: StrictBool = Field(default=False, alias="print")


class ScanBody(Strict):
    """`POST /v1/scans`."""

    device: Id
    text: Code
