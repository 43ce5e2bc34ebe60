"""The order and its life cycle: processing, then done or cancelled, which are final."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from order_svc.domain.errors import TotalTooLargeError, TransitionNotAllowedError

#: The largest total: JSON numbers are exact up to here (RFC 8259, section 6).
MAX_TOTAL_MINOR = 2**53 - 1


class OrderStatus(StrEnum):
    """The status of an order. Only `PROCESSING` can change."""

    PROCESSING = "processing"
    DONE = "done"
    CANCELLED = "cancelled"


class UnknownStatus(str):
    """A stored status that only a newer version of this service knows. It cannot change."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The text as it is stored, like `OrderStatus.value`."""
        return str(self)


def status_of(text: str) -> OrderStatus | UnknownStatus:
    """Returns the status that is stored as ``text``."""
    try:
        return OrderStatus(text)
    except ValueError:
        return UnknownStatus(text)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. unit_price_minor: the price of one piece, in the currency's minor unit."""

    sku: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """One version of an order. Methods that change it return the next version.

    Args:
        order_id: a UUID in lower case.
        user_id: the owner, a UUID in lower case.
        currency: an ISO 4217 code.
        lines: at least one.
        total_minor: the sum over all lines, in the currency's minor unit.
        status: the current status.
        version: counts changes, from 1.
        created_at: in UTC, to the microsecond.
        updated_at: in UTC, to the microsecond; never before created_at.
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
        """Returns a new order.

        Raises:
            TotalTooLargeError: the lines add up to more than MAX_TOTAL_MINOR.
        """
        total_minor = sum(line.quantity * line.unit_price_minor for line in lines)
        if total_minor > MAX_TOTAL_MINOR:
            raise TotalTooLargeError
        return cls(order_id, user_id, currency, tuple(lines), total_minor, OrderStatus.PROCESSING, 1, at, at)

    def complete(self, at: datetime) -> Self:
        """Returns the fulfilled order.

        Raises:
            TransitionNotAllowedError: the order is final.
        """
        return self._finish(OrderStatus.DONE, at)

    def cancel(self, at: datetime) -> Self:
        """Returns the cancelled order.

        Raises:
            TransitionNotAllowedError: the order is final.
        """
        return self._finish(OrderStatus.CANCELLED, at)

    def reopen(self) -> Self:
        """Never succeeds: no status leads back to processing.

        Raises:
            TransitionNotAllowedError: always.
        """
        raise TransitionNotAllowedError(f"An order that is {self.status} cannot become {OrderStatus.PROCESSING}.")

    def _finish(self, status: OrderStatus, at: datetime) -> Self:
        if self.status is not OrderStatus.PROCESSING:
            raise TransitionNotAllowedError(f"An order that is {self.status} cannot become {status}.")
        # The clock of this replica may be behind that of the replica that created the order.
        return replace(self, status=status, version=self.version + 1, updated_at=max(at, self.created_at))
