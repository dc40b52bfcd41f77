"""Messages as tills and central of each version of the wire sent them, kept so that every later one reads them.

    python -m tests.wire_corpus --write

writes those of this version anew into tests/data/wire/v1. That is done when a version is released and not after: what
is there then is what tills in shops send, and stays. A change that makes a test of them fail breaks old tills. It is
also how a change of the rules shows that gives other entries for the same facts: central would reject what an old till
worked out.
"""

import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_agent.domain.record import RecordKind
from sync.central.central import Central
from sync.central.members import StandingChange
from sync.wire import WIRE_VERSION, Changes, RecordsMessage, WireRecord
from tests.central import settings_in
from tests.support.one_of_everything import RULES, one_of_everything
from tests.tills import AT, JAN, KEY, STRANGER, back
from tests.wire_exchanges import plain, recorded

CORPUS = Path(__file__).parent / "data" / "wire"
MEMBERS = f"""card,member_id,display_name,tier,points,since,birthday,segments,household
{JAN},M1,Jan B.,,118,2024-02-29,1990-02-28,young,
2912345678913,M2,Bram,,20,,,,H1
2912345678920,M3,Carla,,0,,,,H1
2912345678937,M4,Dirk,,7,,,,
2912345678944,M5,Els,,7,,,,
"""


def fresh_central(folder: Path, programme: str) -> Central:
    """A central with the key of the corpus, its programme and members, and nothing received."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_in(folder)
    settings.data.mkdir(exist_ok=True)
    (settings.data / "card-key").write_text(KEY.hex())
    central = Central(settings, lambda: AT)
    central.terminals.add("0412", "03")
    central.member_import.run(MEMBERS.splitlines(keepends=True))
    central.publish(programme, "programme")
    return central


def outcome(central: Central, terminal: str) -> dict[str, Any]:
    """What a central made of the corpus: the state of every record and what its members have."""
    return {
        "states": [
            [each["seq"], each["kind"], each["state"], each["code"]]
            for each in central.reports.records(terminal)
        ],
        "balances": {card: central.members.of_card(card)["balance"] for card in (JAN, STRANGER)},
    }


def _write(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        with closing(one_of_everything(Path(place) / "till")) as shop:
            shop.till.give_back("sold-elsewhere", "B2", (back(1, "1"),), None)
            message = RecordsMessage(
                terminal=shop.ledger.terminal,
                epoch=shop.ledger.epoch,
                records=tuple(WireRecord.of(each) for each in shop.ledger.records(0, 100)),
            )
        with closing(fresh_central(Path(place) / "central", RULES)) as central:
            pages = [central.feed.changes(message.terminal, message.epoch, 0, 0)]
            central.push(message)
            central.privacy.erase("M4")
            central.members.set_standing("M5", StandingChange(standing="blocked"))
            after = pages[0].next
            pages.append(central.feed.changes(message.terminal, message.epoch, after, 0))
            made = outcome(central, message.terminal)
        spoken = recorded(Path(place) / "spoken", MEMBERS)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programme.toml").write_text(RULES)
    _put(folder / "records.json", message.model_dump(mode="json", exclude_none=True))
    _put(folder / "outcome.json", made)
    _put(folder / "changes.json", [_plain(page) for page in pages])
    _put(folder / "exchanges.json", [plain(each) for each in spoken])


def _plain(page: Changes) -> dict[str, Any]:
    return page.model_dump(mode="json", exclude_none=True)


def _put(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    """Write the corpus of this version."""
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    _write(CORPUS / f"v{WIRE_VERSION}")
    print(f"{len(RecordKind)} kinds of records in {CORPUS / f'v{WIRE_VERSION}'}")


if __name__ == "__main__":
    main()
