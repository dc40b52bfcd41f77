"""Who this terminal is to central: what `edge-agent enrol` gets for a one-time code, and the file
it is kept in.

The file is JSON, readable by the agent's user only, and replaced whole. Readers ignore keys that
are newer than they are. The terminal's private key is made here and never leaves the machine.
"""

import contextlib
import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.durable import sync_to_disk
from sync.client import CentralClient, Place, Timeouts
from sync.errors import EnrolmentRefused, IdentityUnusable
from sync.signing import Signer, new_key, public_key_of
from sync.wire import CODE_PATTERN, EnrolmentMessage

IDENTITY_VERSION = 1
IDENTITY_BYTES_MAX = 65_536
"""Three keys and an address are under 1 KB."""
IDENTITY_ROOM_BYTES = 4_096
"""What is tried to be written before a code is spent: a disk gives out room by the block."""

_HEX_32_BYTES = r"^[0-9a-f]{64}$"

FILE_MODE = 0o600
ENROL_TIMEOUTS = Timeouts(connect_s=5.0, read_s=15.0, total_s=30.0)
"""Somebody stands before the till and waits."""


@dataclass(frozen=True, slots=True)
class Identity:
    """This terminal as central knows it. Its secrets are not shown when it is printed."""

    terminal: str
    central: str
    signing_key: bytes = field(repr=False)
    """The seed (32 bytes) of this terminal's Ed25519 key."""
    card_key: bytes = field(repr=False)
    """32 bytes; what `edge_agent.domain.cards.card_key` hashes cards with."""
    central_key: bytes
    """Central's public Ed25519 key (32 bytes): what it signs for tills is checked with it."""


class _IdentityFile(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    version: int = Field(ge=1)
    terminal: str = Field(min_length=1)
    central: str = Field(min_length=1)
    signing_key: str = Field(pattern=_HEX_32_BYTES)
    card_key: str = Field(pattern=_HEX_32_BYTES)
    central_key: str = Field(pattern=_HEX_32_BYTES)

    def identity(self) -> Identity:
        """The identity that the file holds."""
        return Identity(
            self.terminal,
            self.central,
            bytes.fromhex(self.signing_key),
            bytes.fromhex(self.card_key),
            bytes.fromhex(self.central_key),
        )


def enrol(
    url: str,
    code: str,
    store: str,
    till: str,
    ca_file: Path | None = None,
    timeouts: Timeouts = ENROL_TIMEOUTS,
) -> Identity:
    """Exchange a one-time code for an identity. Nothing is written.

    Raises EnrolmentRefused (used, expired, unknown, mistyped), IdentityUnusable (the url or
    ca_file), Unreachable, Busy or ProtocolError. An answer that is lost on the way has used the
    code up: a new one is needed then.
    """
    message = EnrolmentMessage(
        code=checked_code(code),
        store=store,
        till=till,
        public_key=public_key_of(key := new_key()).hex(),
    )
    client = CentralClient(Place(url, ca_file), Signer(f"{store}/{till}", key), timeouts)
    try:
        answer = client.enrol(message)
    finally:
        client.close()
    return Identity(
        answer.terminal, url, key, bytes.fromhex(answer.card_key), bytes.fromhex(answer.central_key)
    )


def checked_code(code: str) -> str:
    """A code as it was typed, in the form that central knows; raises EnrolmentRefused where it
    cannot be one."""
    bare = re.sub(r"[\s-]", "", code).upper()
    grouped = "-".join(bare[start : start + 4] for start in range(0, len(bare), 4))
    if not re.fullmatch(CODE_PATTERN, grouped):
        raise EnrolmentRefused(
            "A code is 12 letters and digits, as in K7QF-3MXA-9TRC; 0 and 1 are never in it."
        )
    return grouped


def client_for(
    identity: Identity, ca_file: Path | None = None, timeouts: Timeouts | None = None
) -> CentralClient:
    """A line to central for one thread."""
    signer = Signer(identity.terminal, identity.signing_key)
    place = Place(identity.central, ca_file, identity.central_key)
    return CentralClient(place, signer, timeouts)


def save_identity(path: Path, identity: Identity) -> None:
    """Write the file so that there is the old or the new one at every moment, also when power goes;
    raises OSError."""
    content = {
        "version": IDENTITY_VERSION,
        "terminal": identity.terminal,
        "central": identity.central,
        "signing_key": identity.signing_key.hex(),
        "card_key": identity.card_key.hex(),
        "central_key": identity.central_key.hex(),
    }
    with _beside(path, json.dumps(content, indent=1) + "\n") as written:
        written.replace(path)
    sync_to_disk(path.parent)


def try_to_save(path: Path) -> None:
    """Raises OSError where `save_identity` could not write that file now; leaves everything as it is."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with _beside(path, " " * IDENTITY_ROOM_BYTES):
        pass


@contextlib.contextmanager
def _beside(path: Path, content: str) -> Iterator[Path]:
    """A file with this content, on the disk, in the folder of `path`; gone after the block unless it was moved."""
    # mkstemp makes the file with mode 0600: at no moment can others read it.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def load_identity(path: Path) -> Identity | None:
    """Read the file; None when the terminal is not enrolled; raises IdentityUnusable with a
    sentence why."""
    try:
        with path.open("rb") as file:
            raw = file.read(IDENTITY_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IdentityUnusable(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > IDENTITY_BYTES_MAX:
        raise IdentityUnusable(f"{path} is not an identity: longer than {IDENTITY_BYTES_MAX} bytes")
    try:
        kept = _IdentityFile.model_validate_json(raw)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, p["loc"])) or "no JSON" for p in error.errors())
        # Not chained: the original knows the content.
        raise IdentityUnusable(f"{path} is not an identity ({wrong}); enrol again") from None
    return kept.identity()


def exposed(path: Path) -> str | None:
    """A sentence if others than the owner may read or change the file, for `edge-agent check`; else
    None."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return f"{path} holds a secret and has mode {mode:04o}; chmod 600 it"
    return None
