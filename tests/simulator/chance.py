"""Random ids that are the same in every run of one seed.

The product takes its ids from the system, as it should; here the same functions of the standard library draw from the
seed, so that a failure can be had again to the byte. Keys that OpenSSL makes stay random: nothing is ordered by them.
"""

import random
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import uuid_utils


@contextmanager
def seeded_ids(seed: int, now: Callable[[], datetime]) -> Iterator[None]:
    """Let ids, salts and codes come from `seed`; the times in ids from `now`."""
    source = random.Random(seed)

    def time_ordered(*_: Any, **__: Any) -> SimpleNamespace:
        millis = int(now().timestamp() * 1000)
        return SimpleNamespace(hex=f"{millis:012x}7{source.getrandbits(76):019x}")

    replaced: dict[tuple[Any, str], Any] = {
        (uuid_utils, "uuid7"): time_ordered,
        (uuid, "uuid4"): lambda: uuid.UUID(int=source.getrandbits(128)),
        (secrets, "token_bytes"): lambda size=32: source.randbytes(size),
        (secrets, "token_hex"): lambda size=32: source.randbytes(size).hex(),
        (secrets, "choice"): source.choice,
    }
    with ExitStack() as stack:
        for (module, name), function in replaced.items():
            stack.enter_context(patch.object(module, name, function))
        yield
