"""What the printers can do: the profiles that python-escpos carries, read from its file.

The library itself is not loaded: of its commands we need a dozen, of two or three bytes each (`escpos_encoder.py`), and
it would bring Pillow, barcode, qrcode and yaml, 11 MB of the idle agent's 96, and a second of parsing at the first
receipt.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Profile:
    """One printer model: the number of each code page by its name, and what it can do."""

    code_pages: Mapping[str, int]
    draws_qr: bool
    prints_pictures: bool
    cuts: bool


@cache  # a till has one printer
def profile(name: str) -> Profile:
    """The profile of that name; raises KeyError where there is none."""
    text = resources.files("escpos").joinpath("capabilities.json").read_text(encoding="utf-8")
    found = json.loads(text)["profiles"][name]
    features = found["features"]
    return Profile(
        code_pages={page: int(number) for number, page in found["codePages"].items()},
        draws_qr=features.get("qrCode", False),
        prints_pictures=features.get("bitImageRaster", False),
        cuts=features.get("paperPartCut", False) or features.get("paperFullCut", False),
    )
