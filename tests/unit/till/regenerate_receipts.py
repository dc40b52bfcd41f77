"""Write the golden receipts anew: `python -m tests.unit.till.regenerate_receipts`; then read the difference."""

import shutil

from edge_agent.till.receipt_texts import Language
from tests.unit.till.sample_receipts import CASES, GOLDEN, WIDTHS, golden_path, rendered


def main() -> None:
    """Replace all golden receipts by what is composed now."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for language in Language:
        for columns in WIDTHS:
            for case in CASES:
                path = golden_path(language, columns, case)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(rendered(language, columns, case), encoding="utf-8")


if __name__ == "__main__":
    main()
