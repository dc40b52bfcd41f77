"""Bodies of requests are bounded before and after they are inflated."""

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from sync.central.problems import Problem
from sync.central.requests_in import bearer, body_bytes

BYTES_MAX = 100_000


def request_with(body: bytes, **headers: str) -> Request:
    return Request(
        EnvironBuilder(method="POST", data=body, headers=list(headers.items())).get_environ()
    )


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_a_bomb_is_not_inflated_past_the_bound(traced: None) -> None:
    bomb = request_with(gzip.compress(bytes(50_000_000)), **{"Content-Encoding": "gzip"})
    tracemalloc.reset_peak()
    with pytest.raises(Problem) as refused:
        body_bytes(bomb, BYTES_MAX)
    assert refused.value.status == 413
    assert tracemalloc.get_traced_memory()[1] < 5_000_000


def test_what_just_fits_is_read_plain_and_packed() -> None:
    body = bytes(BYTES_MAX)
    assert body_bytes(request_with(body), BYTES_MAX) == body
    packed = request_with(gzip.compress(body), **{"Content-Encoding": "GZIP"})
    assert body_bytes(packed, BYTES_MAX) == body


@pytest.mark.parametrize("packed", [True, False])
def test_one_byte_more_is_refused(packed: bool) -> None:
    body = bytes(BYTES_MAX + 1)
    request = (
        request_with(gzip.compress(body), **{"Content-Encoding": "gzip"})
        if packed
        else request_with(body)
    )
    with pytest.raises(Problem) as refused:
        body_bytes(request, BYTES_MAX)
    assert refused.value.code == "too-large"


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic YTpi", None), ("abc", None), ("", None)],
)
def test_only_a_bearer_token_is_one(header: str, token: str | None) -> None:
    assert bearer(request_with(b"", Authorization=header)) == token
