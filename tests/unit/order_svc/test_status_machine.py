"""The order's status machine against a model: any sequence of requests, by any user, with any version."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from order_svc.domain.actor import Actor
from order_svc.domain.errors import (
    ActionForbiddenError,
    OrderError,
    OrderNotFoundError,
    TransitionNotAllowedError,
    VersionMismatchError,
)
from order_svc.domain.order import OrderStatus

from tests.examples.orders import LINES, alice, bob, root
from tests.fakes.orders import InMemoryOrderRepository
from tests.unit.order_svc.shop import build_shop

T = TypeVar("T")

_ACTORS = st.sampled_from([alice(), bob(), root()])
_VERSIONS = st.lists(st.integers(0, 3), max_size=3)


def _result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Returns the result of a coroutine that never waits, without an event loop, which would dominate the run time."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("the coroutine waits")


@dataclass
class Expected:
    """The expected state of an order. events: the number of its audit entries."""

    owner: Actor
    status: OrderStatus = OrderStatus.PROCESSING
    version: int = 1
    deleted: bool = False
    events: int = 1


class OrderMachine(RuleBasedStateMachine):
    """Orders of two users and an administrator; the model predicts the result of each request."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self._shop = build_shop(InMemoryOrderRepository())
        self._model: dict[str, Expected] = {}

    @rule(target=orders, owner=_ACTORS)
    def place(self, owner: Actor) -> str:
        order = _result(self._shop.create(owner, "EUR", LINES, None)).order
        self._model[order.order_id] = Expected(owner)
        return order.order_id

    @rule(
        order_id=orders,
        actor=_ACTORS,
        wanted=st.sampled_from(OrderStatus),
        versions=_VERSIONS,
    )
    def change_status(self, order_id: str, actor: Actor, wanted: OrderStatus, versions: list[int]) -> None:
        expected = self._model[order_id]
        error = self._refusal(expected, actor, wanted, versions)
        changing = self._shop.change_status(actor, order_id, wanted, versions)
        if error is not None:
            with pytest.raises(error):
                _result(changing)
            return
        order = _result(changing)
        expected.status, expected.version, expected.events = wanted, expected.version + 1, expected.events + 1
        assert (order.status, order.version) == (wanted, expected.version)

    @rule(order_id=orders, actor=_ACTORS, versions=_VERSIONS)
    def delete(self, order_id: str, actor: Actor, versions: list[int]) -> None:
        expected = self._model[order_id]
        deleting = self._shop.delete(actor, order_id, versions)
        if self._hidden(expected, actor) or self._stale(expected, versions):
            with pytest.raises(OrderNotFoundError if self._hidden(expected, actor) else VersionMismatchError):
                _result(deleting)
            return
        _result(deleting)
        expected.deleted, expected.events = True, expected.events + 1

    @invariant()
    def every_order_is_as_expected(self) -> None:
        for order_id, expected in self._model.items():
            order = _result(self._shop.store.get(order_id))
            assert (order is None) is expected.deleted
            if order is not None:
                assert (order.status, order.version) == (expected.status, expected.version)
            entries = [event for event in self._shop.store.events if event.order_id == order_id]
            assert len(entries) == expected.events

    @staticmethod
    def _hidden(expected: Expected, actor: Actor) -> bool:
        return expected.deleted or not (actor.is_admin or actor.user_id == expected.owner.user_id)

    @staticmethod
    def _stale(expected: Expected, versions: list[int]) -> bool:
        return versions != [] and expected.version not in versions

    def _refusal(
        self, expected: Expected, actor: Actor, wanted: OrderStatus, versions: list[int]
    ) -> type[OrderError] | None:
        """Returns the error of the first check that fails, in the order of the contract."""
        refusals = [
            (OrderNotFoundError, self._hidden(expected, actor)),
            (ActionForbiddenError, not actor.is_admin and wanted != "cancelled"),
            (VersionMismatchError, self._stale(expected, versions)),
            (TransitionNotAllowedError, expected.status != "processing" or wanted == "processing"),
        ]
        return next((error for error, applies in refusals if applies), None)


TestOrderMachine = OrderMachine.TestCase
