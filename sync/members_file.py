"""Fetching the members file: in parts, going on after a cut or a restart, and looked over before anybody uses it."""

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from edge_agent.domain.members_file import FORMAT
from sync.errors import MembersFileNotKept, MembersFileRefused
from sync.signing import is_signed_by, manifest_statement
from sync.wire import MembersManifest, SignedManifest

_CHUNK_BYTES = 1_048_576
Part = Callable[[int], bytes]
"""Bytes of the packed file from a position on; at least one."""


def read_manifest(answer: SignedManifest, central_key: bytes) -> MembersManifest:
    """What central says of its members file; raises MembersFileRefused where `central_key` did not sign it."""
    statement = manifest_statement(answer.manifest)
    if not is_signed_by(central_key, bytes.fromhex(answer.signature), statement):
        raise MembersFileRefused("the members file's manifest is not signed by this till's central")
    try:
        return MembersManifest.model_validate_json(answer.manifest)
    except ValidationError as error:
        raise MembersFileRefused(
            f"the members file's manifest cannot be read ({error.error_count()} fields)"
        ) from None


def fetch(
    manifest: MembersManifest,
    folder: Path,
    part: Part,
    came: Callable[[int], None] = lambda _bytes: None,
) -> Path:
    """The members file that `manifest` is of, verified and unpacked in `folder`; the caller moves it.

    What came of the packed file stays there until `forget`, so that another try begins where this one ended. `came`
    hears how many bytes of it there are. Raises MembersFileRefused where it is not what the manifest says (then it is
    gone), MembersFileNotKept, and what `part` raises.
    """
    if manifest.format != FORMAT:
        raise MembersFileRefused(
            f"central's members file has format {manifest.format}, and this till reads {FORMAT}"
        )
    packed = folder / f"{manifest.version}-{manifest.packed_sha256}.gz"
    try:
        forget(folder, but=packed)
        _complete(packed, manifest.packed_bytes, part, came)
        return _unpacked(packed, manifest)
    except OSError as error:
        raise MembersFileNotKept(
            f"the members file cannot be written: {error.strerror or error}"
        ) from error


def forget(folder: Path, but: Path | None = None) -> None:
    """Remove whatever is on its way there."""
    for path in folder.iterdir():
        if path != but:
            path.unlink()


def _complete(packed: Path, size: int, part: Part, came: Callable[[int], None]) -> None:
    with packed.open("ab") as file:
        if file.tell() > size:
            file.seek(0)
            file.truncate()
        while (have := file.tell()) < size:
            came(have)
            file.write(part(have)[: size - have])
            file.flush()
    came(size)


def _unpacked(packed: Path, manifest: MembersManifest) -> Path:
    """Unpack, with the digests of both sides; nothing is left of either file where one differs."""
    target = packed.with_suffix(".db")
    try:
        _compare(packed, manifest)
        _unpack(packed, target, manifest)
    except MembersFileRefused:
        packed.unlink()
        target.unlink(missing_ok=True)
        raise
    return target


def _compare(packed: Path, manifest: MembersManifest) -> None:
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != manifest.packed_sha256:
        raise MembersFileRefused("the members file is not the one that its manifest names")


def _unpack(packed: Path, target: Path, manifest: MembersManifest) -> None:
    digest = hashlib.sha256()
    try:
        with gzip.open(packed) as source, target.open("wb") as sink:
            while (plain := source.read(_CHUNK_BYTES)) and sink.tell() <= manifest.bytes:
                digest.update(plain)
                sink.write(plain)
            size = sink.tell()
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise MembersFileRefused("the members file cannot be unpacked") from error
    if (size, digest.hexdigest()) != (manifest.bytes, manifest.sha256):
        raise MembersFileRefused("what is in the members file is not what its manifest says")
