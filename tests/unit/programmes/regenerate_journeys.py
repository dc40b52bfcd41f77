"""Write the journeys anew: `python -m tests.unit.programmes.regenerate_journeys`; then read the difference."""

from tests.unit.programmes.journeys import FILES, TOLD, told, told_path


def main() -> None:
    """Replace what stands of every shop by what comes of its journeys now."""
    TOLD.mkdir(parents=True, exist_ok=True)
    for shop in FILES:
        told_path(shop).write_text(told(shop), encoding="utf-8")


if __name__ == "__main__":
    main()
