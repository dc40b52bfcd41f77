"""The agent's data folder: one agent at a time, and the token that the POS sends."""

import fcntl
import os
import secrets
from pathlib import Path

from edge_agent.durable import make_folder, sync_to_disk

TOKEN_FILE = "token"  # noqa: S105 - a file's name
TOKEN_BYTES = 32


class DataFolderBusy(Exception):
    """Another agent runs on this data folder."""


class DataFolderUnusable(Exception):
    """The folder cannot be made or written to."""


class DataFolder:
    """The folder, held by this process alone until `release`.

    The lock is the kernel's (flock), so it goes with the process however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # The ledger's attachments hold cards and the members file names: nobody else on the machine looks in.
            make_folder(path, mode=0o700)
            self._handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderUnusable(
                f"{path} cannot be used as data folder: {error.strerror}"
            ) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise DataFolderBusy(
                f"another agent runs on the data folder {path}; there can be only one"
            ) from None

    def release(self) -> None:
        """Let another agent in."""
        os.close(self._handle)

    def token(self) -> str:
        """The bearer token of this folder, made on the first start and readable by its owner only."""
        path = self.path / TOKEN_FILE
        if path.exists() and (kept := path.read_text(encoding="ascii").strip()):
            return kept
        token = secrets.token_urlsafe(TOKEN_BYTES)
        beside = path.with_name(f"{TOKEN_FILE}.new")
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
            # A power cut must not leave an empty token, which no agent starts with.
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_to_disk(self.path)  # the POS must not be left with a token that was never kept
        return token
