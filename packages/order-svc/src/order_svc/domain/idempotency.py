"""Idempotency keys: a request that is repeated with the same key creates nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from order_svc.domain.order import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Claim:
    """A user's claim to an idempotency key. fingerprint: the 32 bytes that ``fingerprint`` returns."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The result of a key's first request: its fingerprint, and the order as it was then."""

    fingerprint: bytes
    order: Order


def fingerprint(currency: str, lines: Sequence[OrderLine]) -> bytes:
    """Returns the SHA-256 digest of everything that defines a new order, in canonical JSON."""
    content = [currency, [[line.sku, line.quantity, line.unit_price_minor] for line in lines]]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).digest()
