"""Secrets: made once, kept in files that only we may read; what others hold is stored hashed."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.durable import make_folder, sync_to_disk

KEY_BYTES = 32
TOKEN_BYTES = 32
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1; 12 of them are 60 bits, beyond guessing in the day that a code lives."""


class KeyFileBroken(Exception):
    """A secret's file cannot be read or made, or holds something else."""


def make_folder_of(path: Path) -> None:
    """Make the folder that a file is going to stand in."""
    try:
        make_folder(path.parent)
    except OSError as error:
        raise KeyFileBroken(f"{path}: its folder cannot be made: {error}") from error


def card_key(data: Path) -> bytes:
    """The key that cards are hashed with, the same for every terminal; made in `data` on first start."""
    return _kept_key(data / "card-key")


def signing_key(data: Path) -> Ed25519PrivateKey:
    """The key that central signs with what tills rely on; made in `data` on first start.

    Tills learn its public half when they are enrolled: a central with another one needs them enrolled again.
    """
    return Ed25519PrivateKey.from_private_bytes(_kept_key(data / "signing-key"))


def _kept_key(path: Path) -> bytes:
    text = _kept(path, secrets.token_hex(KEY_BYTES))
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise KeyFileBroken(f"{path}: is not hexadecimal") from error
    if len(key) != KEY_BYTES:
        raise KeyFileBroken(f"{path}: is not {KEY_BYTES} bytes")
    return key


def admin_token(path: Path) -> str:
    """The administrator's token; made on first start."""
    token = _kept(path, secrets.token_urlsafe(TOKEN_BYTES))
    if not token:
        raise KeyFileBroken(f"{path}: is empty")
    return token


def new_code() -> str:
    """A one-time code, to be read from one screen and typed on another."""
    groups = ("".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def hashed(secret: str) -> bytes:
    """What is stored of a code; it is random, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _kept(path: Path, fresh: str) -> str:
    """The text of the file, or `fresh` put there durably with mode 0600 when there is none.

    Linked into place when it is whole, so that two processes that start at once end up with one secret.
    """
    try:
        make_folder(path.parent)
        if not path.exists():
            whole = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            handle = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(fresh + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(whole, path)
            whole.unlink()
        # Also for a secret that is there: whoever made it may have died before this.
        sync_to_disk(path.parent)
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileBroken(f"{path}: cannot be read or made: {error}") from error
