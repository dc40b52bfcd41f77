"""Members files as central builds them, made of any members, and their manifests."""

import gzip
import hashlib
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3

from edge_agent.domain.members_file import (
    FORMAT,
    PUT_CARD,
    PUT_JOINED,
    PUT_MEMBER,
    PUT_POSITION,
    TABLES,
    Member,
    MembersPosition,
    position_row,
    row_of,
)
from sync.wire import MembersManifest

AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def write_members_file(
    path: Path, held: Iterable[Member], change: int = 0, as_of: datetime = AS_OF
) -> Path:
    """A members file of no terminal, as of a change number of central's."""
    members = {member.ref: member for member in held}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in (*TABLES, "BEGIN"):
            file.execute(statement).fetchall()
        for member in members.values():
            file.execute(PUT_MEMBER, row_of(member))
            file.executemany(PUT_CARD, [(key, member.ref) for key in member.cards])
            file.executemany(PUT_JOINED, [(ref, member.ref) for ref in member.joined])
        file.execute(
            PUT_POSITION, position_row(MembersPosition(change, "", 0, as_of, len(members)))
        )
        file.execute("COMMIT")
    return path


def manifest_of(
    plain: bytes, packed: bytes, version: int, members: int, as_of: datetime = AS_OF
) -> MembersManifest:
    """What central says of a file."""
    return MembersManifest(
        version=version,
        format=FORMAT,
        as_of=as_of,
        expires=as_of + timedelta(days=7),
        members=members,
        packed_sha256=hashlib.sha256(packed).hexdigest(),
        packed_bytes=len(packed),
        sha256=hashlib.sha256(plain).hexdigest(),
        bytes=len(plain),
    )


def packed(plain: bytes) -> bytes:
    """As it travels."""
    return gzip.compress(plain, mtime=0)
