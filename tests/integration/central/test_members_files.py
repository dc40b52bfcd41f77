"""Members files: what is in them is what the feed tells, and none is handed out that should not be any more."""

import gzip
import hashlib
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from cryptography.exceptions import InvalidSignature

from edge_agent.domain.members_file import Member, MembersPosition
from edge_agent.ledger.members import MembersFile
from sync.central import changes as feed_module
from sync.central import keys, members_build
from sync.central.central import Central
from sync.central.members import CardReplacement
from sync.central.members_build import Built, GivenUp
from sync.central.problems import Problem
from sync.members_file import read_manifest
from sync.signing import manifest_statement
from sync.wire import MembersManifest, SignedManifest
from tests.central import Running, Till, Wire, earn, settings_in
from tests.integration.central.conftest import SteppingClock
from tests.integration.central.looking import changes

PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"
CARD = "2912345678906"


@pytest.fixture
def shop(central: Central, till: Till) -> Central:
    """Members of all sorts: imported, met by a till, joined, in a household, blocked."""
    central.programmes.publish(PROGRAMME.read_text(encoding="utf-8"), PROGRAMME.name)
    lines = [f"29{n:011d},M{n},Lid {n},{n}," + ("H1\n" if n < 3 else "\n") for n in range(1, 40)]
    central.member_import.run(["card,member_id,display_name,points,household\n", *lines])
    till.sale("ref-1", [earn(5)], card=CARD)
    till.sale("ref-2", [earn(7)], card="2912345678913")
    central.push(till.message())
    central.members.replace_card("M5", CardReplacement(code=CARD))
    return central


def folder_of(central: Central, tmp_path: Path) -> Path:
    return tmp_path / "data" / "members"


def manifest_of(signed: SignedManifest) -> MembersManifest:
    return MembersManifest.model_validate_json(signed.manifest)


def told(central: Central, after: int = 0) -> dict[str, Member]:
    """Everybody as a till would be told that begins at `after`."""
    return {each.ref: each.to_member() for each in changes(central, after).members}


def installed(central: Central, manifest: MembersManifest, folder: Path) -> MembersFile:
    """The file as a till has it."""
    path, made = central.members_files.path_of(manifest.version)
    assert made == manifest
    plain = folder / "plain"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    members = MembersFile(folder / "till")
    with members.update(plain) as update:
        update.commit(
            MembersPosition(manifest.version, "e" * 32, 0, manifest.as_of, manifest.members)
        )
    return members


def test_it_holds_what_the_feed_tells_card_by_card(shop: Central, tmp_path: Path) -> None:
    manifest = manifest_of(shop.members_files.manifest())
    everybody = told(shop)
    assert manifest.members == len(everybody) == changes(shop).member_count
    members = installed(shop, manifest, tmp_path)
    for ref, member in everybody.items():
        for found in (members.by_ref(ref), *(members.by_card(key) for key in member.cards)):
            assert found is not None
            assert found.member == member
        for name in member.joined:
            assert members.by_ref(name) == members.by_ref(ref)
    members.close()


def test_with_what_changed_since_it_is_the_same_as_from_the_beginning(
    shop: Central, till: Till, tmp_path: Path
) -> None:
    manifest = manifest_of(shop.members_files.manifest())
    till.sale("ref-1", [earn(100)])
    shop.push(till.message(3))
    since = shop.feed.changes("0412/03", till.epoch, 0, 0, members_after=manifest.version)
    assert [member.joined for member in since.members] == [("ref-1",)]
    assert since.applied_seq == 3
    assert since.programme is not None, "it is in no file"


def test_what_is_said_of_it_is_true_and_signed_by_central(shop: Central, tmp_path: Path) -> None:
    signed = shop.members_files.manifest()
    manifest = manifest_of(signed)
    path, _ = shop.members_files.path_of(manifest.version)
    packed = path.read_bytes()
    plain = gzip.decompress(packed)
    assert (len(packed), len(plain)) == (manifest.packed_bytes, manifest.bytes)
    assert hashlib.sha256(packed).hexdigest() == manifest.packed_sha256
    assert hashlib.sha256(plain).hexdigest() == manifest.sha256
    public = keys.signing_key(tmp_path / "data").public_key()
    signature = bytes.fromhex(signed.signature)
    public.verify(signature, manifest_statement(signed.manifest))
    with pytest.raises(InvalidSignature):
        public.verify(signature, manifest_statement(signed.manifest + " "))


def test_the_same_members_are_the_same_bytes(
    shop: Central, clock: SteppingClock, tmp_path: Path
) -> None:
    first = manifest_of(shop.members_files.manifest())
    small_steps = members_build.Builder(shop.database, shop.programmes, clock, batch=7)
    assert small_steps.build(tmp_path).manifest == first


def test_one_is_built_when_the_last_is_too_old_and_served_meanwhile(
    shop: Central, clock: SteppingClock
) -> None:
    first = shop.members_files.manifest()
    shop.member_import.run(["card,member_id\n", "2999999999995,M99\n"])
    assert shop.members_files.manifest() == first
    clock.now += timedelta(hours=25)
    assert shop.members_files.manifest() == first, "old, but what changed since comes with it"
    shop.members_files.wait()
    assert manifest_of(shop.members_files.manifest()).version > manifest_of(first).version
    shop.members_files.path_of(manifest_of(first).version)


def test_one_that_is_about_to_expire_is_not_handed_out(shop: Central, clock: SteppingClock) -> None:
    first = manifest_of(shop.members_files.manifest())
    clock.now += members_build.LIVES
    second = manifest_of(shop.members_files.manifest())
    assert second.as_of > first.as_of


def test_one_is_built_when_too_much_changed_since(
    shop: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = manifest_of(shop.members_files.manifest())
    monkeypatch.setattr(feed_module, "DELTAS_MAX", 2)
    shop.member_import.run(
        ["card,member_id\n", *(f"2988888888{n:03},N{n}\n" for n in range(100, 104))]
    )
    shop.members_files.manifest()
    shop.members_files.wait()
    assert manifest_of(shop.members_files.manifest()).version > first.version


def test_a_terminal_that_missed_too_much_is_sent_to_the_file(
    shop: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "DELTAS_MAX", 10)
    with pytest.raises(Problem) as refused:
        changes(shop, after=1)
    assert (refused.value.status, refused.value.code) == (410, "position-unknown")
    newest = changes(shop).next
    assert changes(shop, after=newest - 3).next == newest


def test_a_terminal_ahead_of_a_restored_central_is_sent_to_the_file(shop: Central) -> None:
    with pytest.raises(Problem) as refused:
        changes(shop, after=1_000_000)
    assert (refused.value.status, refused.value.code) == (410, "position-unknown")


def test_of_files_the_newest_two_are_kept(shop: Central, tmp_path: Path) -> None:
    versions = []
    for number in range(4):
        shop.member_import.run(["card,member_id\n", f"297777777777{number},K{number}\n"])
        shop.members_files.build()
        versions.append(manifest_of(shop.members_files.manifest()).version)
    there = {path.name for path in folder_of(shop, tmp_path).iterdir()} - {"lock"}
    assert there == {f"{version}.{kind}" for version in versions[-2:] for kind in ("gz", "json")}
    with pytest.raises(Problem, match="no such members file"):
        shop.members_files.path_of(versions[0])


def test_what_a_kill_left_half_built_is_swept(shop: Central, tmp_path: Path) -> None:
    folder = folder_of(shop, tmp_path)
    for name in ("building.db", "building.gz", "building.json"):
        (folder / name).write_bytes(b"half")
    shop.close()
    again = Central(settings_in(tmp_path))
    assert [path.name for path in folder.iterdir()] == ["lock"]
    again.close()


def test_files_of_before_a_restore_from_backup_are_not_handed_out(
    shop: Central, tmp_path: Path
) -> None:
    good = manifest_of(shop.members_files.manifest())
    folder = folder_of(shop, tmp_path)
    ahead = good.version + 1_000
    for kind in ("gz", "json"):
        shutil.copy(folder / f"{good.version}.{kind}", folder / f"{ahead}.{kind}")
    with pytest.raises(Problem, match="no such members file"):
        shop.members_files.path_of(ahead)
    assert manifest_of(shop.members_files.manifest()) == good
    shop.members_files.sweep()
    assert not list(folder.glob(f"{ahead}.*"))


def test_two_that_share_a_folder_build_one_after_the_other(shop: Central, tmp_path: Path) -> None:
    """As two processes do: each has the folder's lock by a handle of its own."""
    other = Central(settings_in(tmp_path))
    building = [0, 0]
    most = 0
    good = members_build.Builder.build

    def watched(self: members_build.Builder, folder: Path) -> Built:
        nonlocal most
        building[0] += 1
        building[1] += 1
        most = max(most, building[0])
        built = good(self, folder)
        building[0] -= 1
        return built

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(members_build.Builder, "build", watched)
        threads = [
            threading.Thread(target=each.members_files.build) for each in (shop, other, shop, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == 1
    assert shop.members_files.manifest() == other.members_files.manifest()
    other.close()


def test_a_file_that_takes_too_long_is_asked_for_again(
    shop: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    good = members_build.Builder.build

    def slow(self: members_build.Builder, folder: Path) -> Built:
        go_on.wait(30)
        return good(self, folder)

    monkeypatch.setattr(members_build.Builder, "build", slow)
    with pytest.raises(Problem) as later:
        shop.members_files.manifest(wait_s=0)
    assert (later.value.status, later.value.code, later.value.retryable) == (
        503,
        "members-file-building",
        True,
    )
    go_on.set()
    assert manifest_of(shop.members_files.manifest()).members > 0


def test_stopping_gives_a_build_up(shop: Central, clock: SteppingClock, tmp_path: Path) -> None:
    calls = iter([True, True, False])
    builder = members_build.Builder(shop.database, shop.programmes, clock, lambda: next(calls))
    with pytest.raises(GivenUp):
        builder.build(tmp_path)
    assert not list(tmp_path.glob("building.*"))


def got(wire: Wire, path: str, **headers: str) -> requests.Response:
    """A signed GET of a terminal."""
    signed = wire.signer.signed("GET", path, None, headers)
    return requests.get(wire.url + path, headers=signed, timeout=30)


def test_terminals_fetch_it_whole_or_in_ranges(running: Running) -> None:
    lines = [f"29{n:011d},M{n},Lid {n}\n" for n in range(200)]
    report = running.admin(
        "POST", "/members/import", data="".join(["card,member_id,display_name\n", *lines]).encode()
    )
    assert report.status_code == 200, report.text
    wire = running.enrol("0600", "01")
    answer = SignedManifest.model_validate_json(got(wire, "/wire/v1/members").content)
    manifest = read_manifest(answer, bytes.fromhex(wire.central_key))
    path = f"/wire/v1/members/{manifest.version}"
    whole = got(wire, path, **{"Accept-Encoding": "identity"})
    assert (whole.status_code, whole.headers["ETag"]) == (200, f'"{manifest.packed_sha256}"')
    assert hashlib.sha256(whole.content).hexdigest() == manifest.packed_sha256
    assert whole.headers["Cache-Control"] == "no-store"
    some = got(wire, path, Range="bytes=100-299")
    assert (some.status_code, some.content) == (206, whole.content[100:300])
    assert some.headers["Content-Range"] == f"bytes 100-299/{manifest.packed_bytes}"
    assert got(wire, path, Range="bytes=100-").content == whole.content[100:]
    changed = got(wire, path, Range="bytes=100-299", **{"If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    beyond = got(wire, path, Range=f"bytes={manifest.packed_bytes}-")
    assert beyond.status_code == 416


def test_whoever_is_no_terminal_gets_neither(running: Running) -> None:
    wire = running.enrol("0600", "02")
    for path in ("/wire/v1/members", "/wire/v1/members/1"):
        assert requests.get(running.url + path, timeout=30).status_code == 401
    assert got(wire, "/wire/v1/members/999999999").json()["code"] == "unknown-members-file"
    running.admin("DELETE", "/terminals/0600/02")
    for path in ("/wire/v1/members", "/wire/v1/members/1"):
        assert got(wire, path).status_code == 403
