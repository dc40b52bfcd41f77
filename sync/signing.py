"""How a terminal signs what it sends (RFC 9421), and checks what central signed. No I/O.

Signed are the method, the path below central's own address and the query, and of a body its digest (RFC 9530), type
and coding. The authority is not: a reverse proxy may change it, and a key is made for one central only, so that a
request has no meaning at another. `created` keeps an old request from being sent again.

The till signs with libsodium, which takes 1 MiB of its memory; central reads what comes with a library that knows all
of RFC 9421, and brings 10 MiB of OpenSSL along. Each checks the other.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from sync.wire import SIGNATURE_TAG, Checkpoint

KEY_BYTES = 32
"""Of a private key's seed, and of a public key."""

_FINGERPRINT_CHARS = 16
"""64 bits: enough to tell the keys of one terminal apart, and short enough to read out."""

_LABEL = "terminal"
_SIGNED_HEADERS = ("content-digest", "content-type", "content-encoding")


def new_key() -> bytes:
    """The seed of a new private key."""
    return bytes(SigningKey.generate())


def public_key_of(seed: bytes) -> bytes:
    """The public key that belongs to a private one."""
    return bytes(SigningKey(seed).verify_key)


def key_id_of(terminal: str, public_key: bytes) -> str:
    """The `keyid` of one key of a terminal: a terminal that is enrolled again gets another one, and what the machine
    before it had not sent can still be told apart."""
    return f"{terminal}#{hashlib.sha256(public_key).hexdigest()[:_FINGERPRINT_CHARS]}"


def is_signed_by(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is that of `message` by the holder of the key."""
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def head_statement(terminal: str, epoch: str, received: int, head: str | None) -> bytes:
    """What central signs with every position that it names: that it holds this terminal's journal so far."""
    return f"loyalty-head-1\n{terminal}\n{epoch}\n{received}\n{head or ''}".encode()


def checkpoint_statement(terminal: str, epoch: str, of: Checkpoint) -> bytes:
    """What central signs with a checkpoint: that so many records of this journal, up to that position, had their effect
    and were folded."""
    said = (terminal, epoch, of.position, of.head, of.count, of.digest, of.at)
    return "\n".join(["loyalty-checkpoint-1", *map(str, said)]).encode()


def manifest_statement(manifest: str) -> bytes:
    """What central signs with the manifest of a members file: it says what it is, so that nothing else that central
    signs can be taken for one."""
    return f"loyalty-members-1\n{manifest}".encode()


class Signer:
    """Signs requests as one terminal.

    `now` is the system's clock in seconds. Where it is wrong, central says in its refusal what time it is: see `heard`.
    """

    def __init__(self, terminal: str, seed: bytes, now: Callable[[], float] = time.time) -> None:
        self.terminal = terminal
        self._key = SigningKey(seed)
        self._key_id = key_id_of(terminal, bytes(self._key.verify_key))
        self._now = now
        self._offset_s = 0.0

    def heard(self, central_now: int) -> None:
        """Sign by central's clock from now on."""
        self._offset_s = central_now - self._now()

    def signed(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """`headers` with the signature of a request to `path` (with its query) that carries `body`, as it is sent."""
        sent = dict(headers)
        if body is not None:
            sent["Content-Digest"] = _digest(body)
        bare, _, query = path.partition("?")
        lower = {name.lower(): value for name, value in sent.items()}
        covered = {"@method": method, "@path": bare, "@query": f"?{query}"} | {
            name: lower[name] for name in _SIGNED_HEADERS if name in lower
        }
        parameters = self._parameters(covered)
        lines = [f'"{name}": {value}' for name, value in covered.items()]
        base = "\n".join([*lines, f'"@signature-params": {parameters}'])
        signature = self._key.sign(base.encode("ascii")).signature
        return sent | {
            "Signature-Input": f"{_LABEL}={parameters}",
            "Signature": f"{_LABEL}=:{_base64(signature)}:",
        }

    def _parameters(self, covered: Mapping[str, str]) -> str:
        names = " ".join(f'"{name}"' for name in covered)
        created = round(self._now() + self._offset_s)
        return f'({names});created={created};keyid="{self._key_id}";alg="ed25519";tag="{SIGNATURE_TAG}"'


def _digest(body: bytes) -> str:
    return f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
