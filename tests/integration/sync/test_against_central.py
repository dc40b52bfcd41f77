"""The till's end against the real central in a process of its own: enrolled, pushed, posted, pulled back."""

import gzip
import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests
from pysqlite3 import dbapi2 as sqlite3

from edge_agent.checking import unsigned
from edge_agent.domain.cards import card_key
from edge_agent.domain.programme import load_programme
from edge_agent.ledger.inspect import open_journal
from edge_agent.ledger.ledger import LEDGER_FILE
from edge_agent.till.directory import Directory
from sync.client import Timeouts
from sync.errors import EnrolmentRefused, ProtocolError
from sync.identity import Identity, client_for, enrol
from sync.link import LinkState
from sync.once import sync_once
from sync.policy import Window, pause_s
from sync.ports import Line
from sync.push import push
from sync.signing import new_key, public_key_of
from sync.worker import Parts, Worker
from tests.central import STARTER
from tests.integration.sync.scripted_central import eventually
from tests.support.process import Process, ReservedPort, installed
from tests.unit.sync.real_till import ACCOUNT, AT, CARD, EPOCH, PROGRAMME, TERMINAL, RealTill

pytest.importorskip("sync.central.cli", reason="needs central's end")

BACKLOG = 1_800
"""Four batches, the last one not full. `make bench` sends ten thousand."""


@dataclass
class CentralProcess:
    """`loyalty-central run` on one port, which may be killed and started again."""

    folder: Path
    port: ReservedPort
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        config = self.folder / "central.toml"
        config.write_text(
            f'listen = "{self.port.listen}"\ndatabase = "sqlite:///{self.folder}/central.db"\n'
            f'data = "{self.folder}/data"\nadmin_token_file = "{self.folder}/admin-token"\n'
        )
        command = [installed("loyalty-central"), "run", "--config", str(config)]
        self.process = Process("central", command, self.folder / "log", self.port)

    @property
    def url(self) -> str:
        return self.port.url

    def admin(self, method: str, path: str, **more: object) -> requests.Response:
        token = (self.folder / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(
            method,
            f"{self.url}/admin/v1{path}",
            headers=headers,
            timeout=30,
            **more,  # type: ignore[arg-type]
        )

    def code(self) -> str:
        made = self.admin("POST", "/terminals", json={"store": "0412", "till": "03"})
        return str(made.json()["code"])


@pytest.fixture
def central(tmp_path: Path) -> Iterator[CentralProcess]:
    folder = tmp_path / "central"
    folder.mkdir()
    with closing(ReservedPort()) as port:
        made = CentralProcess(folder, port)
        made.process.start()
        yield made
        made.process.stop()


@pytest.fixture
def identity(central: CentralProcess) -> Identity:
    assert central.admin("PUT", "/programme", data=STARTER.encode()).status_code == 201
    return enrol(central.url, central.code(), "0412", "03")


def worker_of(till: RealTill, identity: Identity) -> Worker:
    def connect() -> Line:
        return client_for(identity, timeouts=Timeouts(connect_s=2, read_s=5, total_s=20))

    worker = Worker(
        Parts(
            connect=connect,
            outbox=till.journal,
            members=till.members,
            programmes=till.programmes,
            pause_s=lambda error, attempt, uniform: min(0.2, pause_s(error, attempt, uniform)),
        )
    )
    till.ledger.on_recorded(worker.wake)
    worker.start()
    return worker


def all_posted(till: RealTill, count: int) -> None:
    """Everything was received, posted once, and came back as the member's balance."""
    eventually(lambda: till.journal.received() == count, f"{count} received", 60)
    eventually(lambda: till.ledger.state_counts() == {"rejected": 0, "parked": 0}, "accepted")
    eventually(lambda: till.members.points() == count, f"{count} points came back", 60)
    position = till.members.position()
    assert position is not None
    assert (position.epoch, position.applied_seq) == (EPOCH, count)


def test_a_code_works_once_and_central_says_why_not(central: CentralProcess) -> None:
    code = central.code()
    assert enrol(central.url, code.lower(), "0412", "03").terminal == TERMINAL
    with pytest.raises(EnrolmentRefused, match="ask for a new one"):
        enrol(central.url, code, "0412", "03")


def test_sales_are_posted_and_come_back_as_the_balance_within_seconds(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    worker = worker_of(till, identity)
    eventually(lambda: worker.status.state is LinkState.CONNECTED, "connected")
    for count in range(1, 6):
        began = time.monotonic()
        till.journal.record()
        all_posted(till, count)
        assert time.monotonic() - began < 15
    assert worker.stop()


def test_a_published_programme_arrives_by_itself(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    worker = worker_of(till, identity)
    eventually(lambda: worker.status.state is LinkState.CONNECTED, "connected")
    text = PROGRAMME.read_text(encoding="utf-8")
    answer = central.admin("PUT", "/programme", data=text.encode())
    assert answer.status_code in {200, 201}, answer.text
    eventually(lambda: text in till.programme_texts(), "the programme")
    assert worker.stop()


def test_one_sync_now_takes_a_backlog_of_several_batches(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    till.journal.record(BACKLOG)
    client = client_for(identity)
    result = sync_once(client, till.journal, till.members, till.programmes)
    client.close()
    assert (result.records, result.received) == (BACKLOG, BACKLOG)
    all_posted(till, BACKLOG)


def test_a_central_that_is_killed_again_and_again_posts_everything_once(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    dice = random.Random(20261121)
    worker = worker_of(till, identity)
    for _ in range(5):
        for _ in range(20):
            till.journal.record(dice.randint(1, 10))
            time.sleep(dice.random() / 50)
        central.process.kill()
        till.journal.record(dice.randint(1, 10))
        central.process.start()
    all_posted(till, till.journal.last_seq())
    assert worker.stop()


def test_central_signs_what_it_holds_so_that_a_cut_tail_shows(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    till.journal.record(3)
    client = client_for(identity)
    assert push(client, till.journal, Window()).received == 3
    with open_journal(till.folder) as journal:
        assert unsigned(identity, journal) is None
    with closing(sqlite3.connect(till.folder / LEDGER_FILE)) as db, db:
        db.execute("UPDATE outbox SET (received, head) = (SELECT seq, hash FROM records LIMIT 1)")
    with open_journal(till.folder) as journal:
        fault = unsigned(identity, journal)
    assert fault is not None
    assert fault.seq == 1
    client.close()


def test_a_position_that_another_central_signed_is_not_believed(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    till.journal.record(1)
    client = client_for(replace(identity, central_key=public_key_of(new_key())))
    assert isinstance(push(client, till.journal, Window()).fault, ProtocolError)
    assert till.journal.received() == 0
    client.close()


def test_a_revoked_terminal_may_still_upload_and_what_it_sends_waits_for_somebody_to_look(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    central.admin("DELETE", "/terminals/0412/03")
    till.journal.record(3)
    worker = worker_of(till, identity)
    eventually(lambda: till.journal.received() == 3, "received")
    eventually(lambda: worker.status.reason == "revoked", "told so")
    assert worker.status.state is LinkState.REFUSED
    assert till.members.position() is None
    assert worker.stop()
    (listed,) = central.admin("GET", "/terminals").json()["terminals"]
    assert (listed["state"], listed["laid_aside"]) == ("revoked", 3)
    again = worker_of(till, enrol(central.url, central.code(), "0412", "03"))
    eventually(lambda: till.ledger.state_counts()["parked"] == 3, "told that they wait")
    assert central.admin("POST", "/terminals/0412/03/release").json()["posted"] == {"accepted": 3}
    all_posted(till, 3)
    assert again.stop()


def shown(till: RealTill) -> tuple[int, int]:
    """Confirmed and unconfirmed points of the member of all sales, as the till shows them now."""
    directory = Directory(till.members.file, lambda: None, till.ledger.is_own_epoch)
    programme = load_programme(STARTER, "starter")
    account = directory.by_ref(ACCOUNT)
    balance = directory.balances(account, till.ledger.lookups(), programme, AT)["points"]
    return balance.confirmed, balance.unconfirmed


def test_a_damaged_record_is_said_and_what_is_before_it_arrives(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    till.journal.record(3)
    with closing(sqlite3.connect(till.folder / LEDGER_FILE, isolation_level=None)) as database:
        database.execute("UPDATE records SET body = ? WHERE seq = 2", (b"\xff",))
    worker = worker_of(till, identity)
    eventually(lambda: worker.status.reason == "journal-damaged", "said")
    assert (worker.status.state, till.journal.received()) == (LinkState.REFUSED, 1)
    assert "record 2" in worker.status.detail
    assert worker.stop()


def test_what_was_parked_is_unconfirmed_until_its_points_are_there_and_never_in_neither(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    """States come a moment before members; here the disk fails in between."""
    later = STARTER.replace("version = 1", "version = 2", 1)
    till.journal.record(1)
    till.journal.record(2, programme=hashlib.sha256(later.encode()).hexdigest())
    with closing(client_for(identity)) as client:
        sync_once(client, till.journal, till.members, till.programmes)
        assert (till.ledger.state_counts()["parked"], shown(till)) == (2, (1, 2))
        central.admin("PUT", "/programme", data=later.encode())
        till.members.fail_at_commit = OSError("disk full")
        with pytest.raises(OSError, match="disk full"):
            sync_once(client, till.journal, till.members, till.programmes)
        assert (till.ledger.state_counts()["parked"], shown(till)) == (0, (1, 2))
        till.members.fail_at_commit = None
        sync_once(client, till.journal, till.members, till.programmes)
        assert shown(till) == (3, 0)


def test_a_till_that_was_put_back_goes_on_in_a_new_epoch_and_comes_to_the_same(
    central: CentralProcess, identity: Identity, till: RealTill, tmp_path: Path
) -> None:
    till.journal.record(3)
    worker = worker_of(till, identity)
    all_posted(till, 3)
    back = till.clone(tmp_path / "back")
    till.journal.record(2)
    all_posted(till, 5)
    assert worker.stop()
    till.close()
    back.journal.record(4)
    worker = worker_of(back, identity)
    eventually(lambda: back.journal.received() == 7, "all of ours is received")
    eventually(lambda: back.members.points() == 9, "nothing was lost and nothing twice")
    # A turn is said to have gone well after what it brought can be seen.
    eventually(lambda: worker.status.state is LinkState.CONNECTED, "all is well again")
    position = back.members.position()
    assert position is not None
    assert (position.epoch, position.applied_seq) == (back.journal.epoch, 7)
    (listed,) = central.admin("GET", "/terminals").json()["terminals"]
    now, before = sorted(listed["epochs"], key=lambda each: each["closed_by"] is not None)
    assert (listed["state"], now["begins_after"], before["closed_by"]) == (
        "enrolled",
        3,
        now["epoch"],
    )
    assert worker.stop()
    back.close()


def test_a_copied_disk_is_found_out_and_both_machines_are_told(
    central: CentralProcess, identity: Identity, till: RealTill, tmp_path: Path
) -> None:
    worker = worker_of(till, identity)
    till.journal.record(2)
    all_posted(till, 2)
    copy = till.clone(tmp_path / "copy")
    till.journal.record(1)
    all_posted(till, 3)
    copy.journal.record(1)
    other = worker_of(copy, identity)
    eventually(lambda: worker.status.reason == "cloned", "the first one, though it sells nothing")
    copy.journal.record(1)
    eventually(lambda: other.status.reason == "cloned", "the copy")
    till.journal.record(1)
    worker.reconnect()
    eventually(lambda: (till.journal.received(), copy.journal.received()) == (4, 4), "all is taken")
    (listed,) = central.admin("GET", "/terminals").json()["terminals"]
    assert (listed["state"], listed["laid_aside"]) == ("two machines", 2)
    assert other.stop()
    copy.close()
    assert central.admin("POST", "/terminals/0412/03/release").json()["posted"] == {"accepted": 2}
    worker.reconnect()
    eventually(lambda: till.members.points() == 6, "what both sold counts once each")
    assert worker.stop()


def test_stopping_in_a_long_poll_at_central_is_immediate(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    worker = worker_of(till, identity)
    eventually(lambda: worker.status.state is LinkState.CONNECTED, "connected")
    time.sleep(1.3)
    began = time.monotonic()
    assert worker.stop()
    assert time.monotonic() - began < 0.5


def test_erased_at_central_and_pulled_nothing_of_a_member_is_left_anywhere(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    """Both ends go on running: databases, their logs, members files, keys and what was printed to logs are searched."""
    said = {"display_name": "Anneke Jansen", "email": "anneke@example.nl", "phone": "+31612345678"}
    others = {"display_name": "Bram de Wit", "email": "bram@example.nl", "phone": "+31687654321"}
    lines = [
        "card,member_id,display_name,email,phone",
        f"{CARD},M1," + ",".join(said.values()),
        "2912345678913,M2," + ",".join(others.values()),
    ]
    answer = central.admin("POST", "/members/import", data="\n".join(lines).encode())
    assert answer.status_code == 200, answer.text
    till.journal.record(3, personal="Anneke Jansen aan de kassa")
    client = client_for(identity)
    for _ in range(2):
        sync_once(client, till.journal, till.members, till.programmes)
    key = card_key(identity.card_key, CARD)
    personal = [each.encode() for each in (*said.values(), CARD, key.hex())] + [key]
    ends = (central.folder, till.folder)
    assert all(CARD.encode() in everything_in(end) and key in everything_in(end) for end in ends)

    assert central.admin("DELETE", "/members/M1").status_code == 200
    sync_once(client, till.journal, till.members, till.programmes)
    for end in ends:
        left = everything_in(end)
        for each in personal:
            assert each not in left, (end.name, each)
        assert b"Bram de Wit" in left
    assert till.ledger.verify().faults == ()
    again = RealTill(till.folder.parent / "another", epoch="2" * 32)
    with closing(client):
        sync_once(client, again.journal, again.members, again.programmes)
    assert not any(each in everything_in(again.folder) for each in personal)
    again.close()


def test_erased_at_central_a_till_forgets_what_had_no_effect_yet_too(
    central: CentralProcess, identity: Identity, till: RealTill
) -> None:
    """It made a ref of its own for the card, and central lacks the programme that it sold by."""
    row = f"card,member_id,display_name\n{CARD},M1,Anneke Jansen\n"
    answer = central.admin("POST", "/members/import", data=row.encode())
    assert answer.status_code == 200, answer.text
    later = STARTER + "\n# The next version.\n"
    digest = hashlib.sha256(later.encode()).hexdigest()
    till.journal.record(1, personal="Anneke Jansen aan de kassa", programme=digest)
    with till.ledger.act() as act:
        act.open_provisional_account(CARD, ACCOUNT)
    with closing(client_for(identity)) as client:
        for _ in range(2):
            sync_once(client, till.journal, till.members, till.programmes)
        (parked,) = till.ledger.states_by_reason()
        assert (parked.state, parked.code) == ("parked", "unknown-programme")

        assert central.admin("DELETE", "/members/M1").status_code == 200
        sync_once(client, till.journal, till.members, till.programmes)
        key = card_key(identity.card_key, CARD)
        for end in (central.folder, till.folder):
            left = everything_in(end)
            for each in (b"Anneke Jansen", CARD.encode(), key, key.hex().encode()):
                assert each not in left, (end.name, each)
        assert till.ledger.verify().faults == ()

        assert central.admin("PUT", "/programme", data=later.encode()).status_code == 201
        sync_once(client, till.journal, till.members, till.programmes)
        assert till.ledger.state_counts() == {"rejected": 0, "parked": 0}
        assert till.members.points() == 1, "it is of the account that was erased"


def everything_in(folder: Path) -> bytes:
    """All bytes of all files but the terminal's and central's own secrets; packed files are looked into."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    packed = [gzip.decompress(path.read_bytes()) for path in files if path.suffix == ".gz"]
    return b"".join([path.read_bytes() for path in files] + packed)
