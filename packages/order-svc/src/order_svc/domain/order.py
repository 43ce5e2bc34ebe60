"""An order and its life: processing, then done or cancelled, for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from order_svc.domain.errors import TotalTooLargeError, TransitionNotAllowedError

#: The largest total: JSON numbers are exact up to here (RFC 8259, section 6).
MAX_TOTAL_MINOR = 2**53 - 1


class OrderStatus(StrEnum):
    """Where an order stands. Only `PROCESSING` can change."""

    PROCESSING = "processing"
    DONE = "done"
    CANCELLED = "cancelled"


class UnknownStatus(str):
    """A status that a newer version of this service wrote, as it is stored. Nothing leads from it to another."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


def status_of(text: str) -> OrderStatus | UnknownStatus:
    """The status that is stored as ``text``."""
    try:
        return OrderStatus(text)
    except ValueError:
        return UnknownStatus(text)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """quantity: pieces. unit_price_minor: the price of one, in the currency's minor unit."""

    sku: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands at one version. Its verbs return the order of the next version.

    order_id, user_id: UUIDs in lower case. currency: as ISO 4217 spells it. total_minor: in its minor unit.
    version: counts changes, from 1. created_at, updated_at: in UTC, exact to the microsecond.
    """

    order_id: str
    user_id: str
    currency: str
    lines: tuple[OrderLine, ...]
    total_minor: int
    status: OrderStatus | UnknownStatus
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def place(cls, *, order_id: str, user_id: str, currency: str, lines: Sequence[OrderLine], at: datetime) -> Self:
        """A new order. TotalTooLargeError: its lines add up to more than MAX_TOTAL_MINOR."""
        total_minor = sum(line.quantity * line.unit_price_minor for line in lines)
        if total_minor > MAX_TOTAL_MINOR:
            raise TotalTooLargeError
        return cls(order_id, user_id, currency, tuple(lines), total_minor, OrderStatus.PROCESSING, 1, at, at)

    def complete(self, at: datetime) -> Self:
        """The order, fulfilled. TransitionNotAllowedError: it is final already."""
        return self._finish(OrderStatus.DONE, at)

    def cancel(self, at: datetime) -> Self:
        """The order, cancelled. TransitionNotAllowedError: it is final already."""
        return self._finish(OrderStatus.CANCELLED, at)

    def reopen(self) -> Self:
        """TransitionNotAllowedError, always: no status leads back to processing."""
        raise TransitionNotAllowedError(f"An order that is {self.status} cannot become {OrderStatus.PROCESSING}.")

    def _finish(self, status: OrderStatus, at: datetime) -> Self:
        if self.status is not OrderStatus.PROCESSING:
            raise TransitionNotAllowedError(f"An order that is {self.status} cannot become {status}.")
        # Another replica's clock may be behind the one that stamped the creation.
        return replace(self, status=status, version=self.version + 1, updated_at=max(at, self.created_at))
