"""The members file over real connections: cut anywhere, spoilt or swapped on the way, and only ever taken as it is."""

import random
from collections.abc import Callable, Iterator

import pytest

from sync import policy
from sync.client import CentralClient, Place
from sync.errors import CentralError, MembersFileRefused, ProtocolError, Unreachable
from sync.once import sync_once
from sync.signing import Signer
from tests.integration.sync.scripted_central import (
    CENTRAL_KEY,
    KEY,
    Exchange,
    ScriptedCentral,
    signed_manifest,
    status,
)
from tests.unit.sync.real_till import TERMINAL, RealTill

MEMBERS = 400
PART_BYTES = 600


@pytest.fixture
def client(server: ScriptedCentral, monkeypatch: pytest.MonkeyPatch) -> Iterator[CentralClient]:
    """A line to a central with some members, that takes their file in small parts."""
    monkeypatch.setattr(policy, "MEMBERS_PART_BYTES", PART_BYTES)
    for number in range(MEMBERS):
        server.model.set_points(f"{number * 7919 % 1_000_003:032x}", number)
    client = CentralClient(Place(server.url, key=CENTRAL_KEY), Signer(TERMINAL, KEY))
    yield client
    client.close()


def pull(client: CentralClient, till: RealTill) -> None:
    sync_once(client, till.journal, till.members, till.programmes)


def test_it_comes_in_parts_over_one_connection(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    pull(client, till)
    assert till.members.refs() == server.model.points()
    size = len(server.model.files[MEMBERS])
    assert server.count("/wire/v1/members/") == -(-size // PART_BYTES)
    assert server.connections == 1
    assert list(till.members.incoming.iterdir()) == []


def test_cut_at_random_bytes_it_goes_on_where_it_was(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    dice = random.Random(20261127)
    begins: list[int] = []

    def sometimes_cut(exchange: Exchange) -> None:
        begins.append(int(exchange.headers["Range"].removeprefix("bytes=").split("-")[0]))
        if dice.random() < 0.4:
            exchange.wfile = _Cut(exchange.wfile, dice.randint(0, PART_BYTES + 300))  # type: ignore[assignment]
        try:
            exchange.answer_part()
        except BrokenPipeError:
            exchange.reset()

    server.only_path = "/wire/v1/members/"
    server.always = sometimes_cut
    cuts = 0
    while True:
        try:
            pull(client, till)
            break
        except Unreachable:
            cuts += 1
            assert till.members.position() is None
    assert cuts > 3
    assert begins == sorted(begins), "what had come whole is not asked for again"
    assert till.members.refs() == server.model.points()


class _Cut:
    """A connection that takes so many bytes more and then breaks."""

    def __init__(self, inside, left: int) -> None:  # type: ignore[no-untyped-def]
        self._inside = inside
        self._left = left

    def write(self, content: bytes) -> None:
        self._inside.write(content[: self._left])
        self._left -= len(content)
        if self._left < 0:
            self._inside.flush()
            raise BrokenPipeError

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self._inside, name)


def _one_bit(content: bytes) -> bytes:
    return content[:900] + bytes([content[900] ^ 4]) + content[901:]


def _noise(content: bytes) -> bytes:
    return random.Random(1).randbytes(len(content))


@pytest.mark.parametrize("spoil", [_one_bit, _noise])
def test_what_was_changed_on_the_way_is_refused_and_fetched_again(
    server: ScriptedCentral, client: CentralClient, till: RealTill, spoil: Callable[[bytes], bytes]
) -> None:
    server.on_the_way = spoil
    with pytest.raises(MembersFileRefused, match="not the one that its manifest names"):
        pull(client, till)
    assert till.members.position() is None
    assert list(till.members.incoming.iterdir()) == [], "nothing of it is used for the next try"
    server.on_the_way = lambda content: content
    pull(client, till)
    assert till.members.refs() == server.model.points()


def test_a_file_that_became_shorter_on_the_way_is_no_part_of_it(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    server.on_the_way = lambda content: content[:-1]
    with pytest.raises(ProtocolError, match="not the part"):
        pull(client, till)
    assert till.members.position() is None


def test_a_part_of_another_file_is_none(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    manifest = client.manifest()
    server.model.etags[manifest.version] = "0" * 64
    with pytest.raises(ProtocolError, match="not the part"):
        client.members_part(manifest, 0)


def test_a_file_that_is_not_there_any_more_begins_anew_with_the_next_pull(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    server.only_path = "/wire/v1/members/"
    server.script.append(status(404))
    with pytest.raises(ProtocolError, match="404"):
        pull(client, till)
    pull(client, till)
    assert till.members.refs() == server.model.points()


@pytest.mark.parametrize(
    "said",
    [
        lambda good: signed_manifest(good, seed=b"x" * 32),
        lambda good: signed_manifest(good).model_copy(update={"signature": "00" * 64}),
        lambda good: signed_manifest(good).model_copy(
            update={"manifest": good.model_copy(update={"version": 1}).model_dump_json()}
        ),
    ],
    ids=["another central", "no signature", "changed"],
)
def test_a_manifest_that_this_tills_central_did_not_sign_is_refused(
    server: ScriptedCentral,
    client: CentralClient,
    till: RealTill,
    said: Callable[..., object],
) -> None:
    swapped = said(server.model.manifest())

    def answer(exchange: Exchange) -> None:
        exchange.answer(200, swapped.model_dump_json().encode())  # type: ignore[attr-defined]

    server.only_path = "/wire/v1/members"
    server.always = answer
    with pytest.raises(MembersFileRefused, match="not signed by this till's central") as refused:
        pull(client, till)
    assert refused.value.code == "members-file-refused"
    assert till.members.position() is None
    assert server.count("/wire/v1/members/") == 0


def test_a_signed_manifest_that_makes_no_sense_is_refused(
    server: ScriptedCentral, client: CentralClient
) -> None:
    good = server.model.manifest()
    server.model.manifest = lambda: good.model_copy(  # type: ignore[method-assign]
        update={"bytes": 10**18}
    )
    with pytest.raises(MembersFileRefused, match="cannot be read"):
        client.manifest()


def test_a_file_whose_time_is_over_is_refused(
    server: ScriptedCentral, client: CentralClient, till: RealTill
) -> None:
    """Somebody kept it on the way; by central's own clock, since ours may be wrong."""
    good = server.model.manifest()
    server.model.manifest = lambda: good.model_copy(  # type: ignore[method-assign]
        update={"expires": good.as_of}
    )
    with pytest.raises(CentralError, match="older than its manifest allows"):
        pull(client, till)
    assert till.members.position() is None
