"""The proof that somebody has the receipt of a sale: the text of its QR code, which nobody can make without the ledger.

Its last part are 80 bits of an HMAC over the sale's id, under a key of this database's own. Guessing one would take
longer than any till lives, and the id alone, which stands on every list, proves nothing.
"""

import base64
import hmac
from typing import Final

from edge_agent.till.parts import Parts
from edge_agent.till.receipt_facts import sale_reference

_PURPOSE: Final = b"receipt 1\x00"
_PROOF_BYTES: Final = 10
"""16 characters of base 32, without padding."""


def receipt_reference(parts: Parts, sale_id: str) -> str:
    """What the QR code on the receipt of a sale of this till says."""
    key = parts.ledger.identity.local_key
    mac = hmac.digest(key, _PURPOSE + sale_id.encode(), "sha256")[:_PROOF_BYTES]
    proof = base64.b32encode(mac).decode()
    return sale_reference(parts.settings.store, parts.settings.till, sale_id, proof)


def proves(parts: Parts, sale_id: str, text: str) -> bool:
    """Whether `text` is what stands on the receipt of that sale."""
    return hmac.compare_digest(receipt_reference(parts, sale_id).encode(), text.strip().encode())
