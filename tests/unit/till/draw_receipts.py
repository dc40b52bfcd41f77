"""Draw the pictures of docs/receipts.md anew: `python -m tests.unit.till.draw_receipts`; then look at them."""

from pathlib import Path
from typing import Final

from drivers.escpos_encoder import EscposEncoder
from drivers.receipt_picture import draw_png
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_texts import Language
from tests.unit.till.sample_receipts import CASES

IMAGES: Final = Path(__file__).parents[3] / "docs" / "images"

PICTURES: Final = (
    (Language.NL, 48, "sale"),
    (Language.NL, 32, "sale"),
    (Language.DE, 42, "sale"),
    (Language.FR, 42, "stamps"),
    (Language.NL, 48, "offline"),
    (Language.NL, 48, "return"),
    (Language.EN, 42, "unknown-card"),
    (Language.NL, 42, "copy"),
    (Language.NL, 32, "slip"),
    (Language.NL, 42, "no-card"),
    (Language.NL, 48, "everything"),
    (Language.NL, 32, "everything"),
    (Language.NL, 42, "rewarded"),
    (Language.DE, 42, "coffee-card"),
    (Language.EN, 48, "return-of-reward"),
    (Language.FR, 32, "slip-ahead"),
)


def picture_path(language: Language, columns: int, case: str) -> Path:
    """Where one picture lies."""
    return IMAGES / f"receipt-{case}-{language}-{columns}.png"


def escpos_bytes(language: Language, columns: int, case: str, *, code_page: str = "CP858") -> bytes:
    """One sample receipt as a printer gets it."""
    document = compose(CASES[case](language), columns)
    if document is None:
        raise ValueError(f"{case}: nothing to print")
    profile = "TM-T20II" if code_page != "ISO_8859-15" else "TM-T88V"
    return EscposEncoder(profile, code_page).encode(document)


def main() -> None:
    """Draw all pictures from the bytes that go to the printer."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        picture_path(*picture).write_bytes(draw_png(escpos_bytes(*picture), picture[1]))


if __name__ == "__main__":
    main()
