"""The same request sent twice creates nothing twice."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from order_svc.domain.order import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Claim:
    """A user's claim to a key. fingerprint: 32 bytes that say what is asked for."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What the key's first request asked for, and the order as it was answered then, whatever became of it since."""

    fingerprint: bytes
    order: Order


def fingerprint(currency: str, lines: Sequence[OrderLine]) -> bytes:
    """SHA-256 over everything that a new order is made of, written in the one canonical way."""
    content = [currency, [[line.sku, line.quantity, line.unit_price_minor] for line in lines]]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).digest()
