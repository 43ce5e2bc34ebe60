"""Deleted users, relays and consumers in any order, each cut off anywhere, on a Redis that may lose what it has.

After any sequence, once all has settled, every order in processing of a deleted user is cancelled, each once, and no
other order is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from order_svc.domain.actor import Actor
from order_svc.domain.errors import OrderError, OwnerDeletedError
from order_svc.domain.events import EventKind
from order_svc.domain.order import OrderStatus
from service_kit.events import Envelope

from tests.examples.orders import LINES, root
from tests.examples.user_events import an_event, user_deleted
from tests.fakes.event_stream import StreamState
from tests.fakes.orders import InMemoryOrderRepository
from tests.hypothesis_profiles import examples
from tests.unit.events.faults import Fault, Fuse
from tests.unit.events.world import CLAIM_IDLE_S, GROUP, World
from tests.unit.order_svc.shop import build_shop

T = TypeVar("T")
USERS = [str(UUID(int=number)) for number in range(1, 9)]
_USERS = st.sampled_from(USERS)
_WHICH = st.integers(0, 1)
#: Later calls than there are: no fault at all.
_CALLS = st.integers(0, 14)
_NEVER = 99
_FAULTS = st.sampled_from(Fault)
_RELAY_FAULTS = _FAULTS.filter(lambda fault: fault is not Fault.BUG)


@dataclass
class Expected:
    """An order in the model. changed_to: its status, if it was changed before its owner was deleted."""

    owner: str
    changed_to: OrderStatus | None = None


async def nothing() -> None:
    """Happens meanwhile."""


SOUND = Fuse(-1, Fault.BUG, nothing)


class EventMachine(RuleBasedStateMachine):
    """See the module."""

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.world = World(build_shop(InMemoryOrderRepository()))
        self.model: dict[str, Expected] = {}
        self.deleted: set[str] = set()
        self.poison: set[str] = set()
        self.backup = StreamState()
        for user in USERS:
            self.run(self._place(user, None))
            self.run(self._place(user, "a"))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                self.run(self.settle())
                self.all_is_as_it_must_be()
            finally:
                self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(user=_USERS, key=st.sampled_from([None, "a", "b"]))
    def place(self, user: str, key: str | None) -> None:
        """With a token that may outlive its user."""
        self.run(self._place(user, key))

    async def _place(self, user: str, key: str | None) -> None:
        try:
            created = await self.world.shop.create(Actor(user, False, "request-1"), "EUR", LINES, key)
        except OwnerDeletedError:
            assert user in self.deleted
        else:
            self.model.setdefault(created.order.order_id, Expected(user))

    @rule(data=st.data(), wanted=st.sampled_from([OrderStatus.DONE, OrderStatus.CANCELLED]))
    def finish(self, data: st.DataObject, wanted: OrderStatus) -> None:
        self.run(self._finish(data.draw(st.sampled_from(list(self.model))), wanted))

    async def _finish(self, order: str, wanted: OrderStatus) -> None:
        with suppress(OrderError):
            await self.world.shop.change_status(root(), order, wanted)
            self.model[order].changed_to = wanted

    @rule(user=_USERS)
    def delete(self, user: str) -> None:
        if user not in self.deleted:
            self.deleted.add(user)
            self.world.outbox.write(user_deleted(user))

    @rule(user=_USERS, relay=_RELAY_FAULTS, consume=_FAULTS, at=_CALLS, data=st.data())
    def delete_and_follow(self, user: str, relay: Fault, consume: Fault, at: int, data: st.DataObject) -> None:
        """One event on its way, and what may befall it: most random sequences of the other rules get less far."""
        self.delete(user)
        self.relay(0, at, relay, other=True)
        self.relay(1, _NEVER, relay, other=False)
        self.consume(0, at, consume, data)

    @rule()
    def write_an_event_of_unknown_type(self) -> None:
        event = an_event()
        self.poison.add(event.event_id)
        self.world.outbox.write(event)

    @rule(which=_WHICH, at=_CALLS, fault=_RELAY_FAULTS, other=st.booleans())
    def relay(self, which: int, at: int, fault: Fault, other: bool) -> None:
        async def meanwhile() -> None:
            if other:
                await self.world.relay(1 - which, SOUND)
            else:
                self.world.stream.state = StreamState()

        self.run(self.world.relay(which, Fuse(at, fault, meanwhile)))

    @rule(which=_WHICH, at=_CALLS, fault=_FAULTS, data=st.data())
    def consume(self, which: int, at: int, fault: Fault, data: st.DataObject) -> None:
        meanwhile = self._something_else(1 - which, data) if fault is Fault.MEANWHILE else nothing
        self.run(self.world.consume(which, Fuse(at, fault, meanwhile)))

    def _something_else(self, other: int, data: st.DataObject) -> Callable[[], Awaitable[object]]:
        order = data.draw(st.sampled_from(list(self.model)))

        async def patience_ends() -> None:
            self.world.stream.now_s += CLAIM_IDLE_S
            await self.world.consume(other, SOUND)

        async def all_is_lost() -> None:
            self.world.stream.state = StreamState()

        async def an_order_is_placed() -> None:
            await self._place(self.model[order].owner, None)

        async def an_order_is_finished() -> None:
            await self._finish(order, OrderStatus.DONE)

        return data.draw(st.sampled_from([patience_ends, all_is_lost, an_order_is_placed, an_order_is_finished]))

    @rule()
    def time_passes(self) -> None:
        self.world.stream.now_s += CLAIM_IDLE_S

    @rule(which=_WHICH, at=_CALLS, fault=_FAULTS.filter(lambda fault: fault.value.startswith(("killed", "lost"))))
    def forget(self, which: int, at: int, fault: Fault) -> None:
        self.run(self.world.forget(which, Fuse(at, fault, nothing)))

    @rule()
    def save_redis(self) -> None:
        self.backup = self.world.stream.snapshot()

    @rule(whole=st.booleans())
    def lose_redis(self, whole: bool) -> None:
        """All of it, or what came after the last copy on its disk."""
        self.world.stream.state = StreamState() if whole else self.backup
        self.backup = self.world.stream.snapshot()

    @precondition(lambda self: GROUP in self.world.stream.state.groups)
    @rule()
    def replay(self) -> None:
        self.run(self.world.replay())

    @invariant()
    def no_order_changes_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        changed = [e.order_id for e in self.world.shop.store.events if e.kind is EventKind.STATUS_CHANGED]
        assert len(changed) == len(set(changed))

    async def settle(self) -> None:
        """Everything works again, for as long as it takes; what fails for a bug is replayed once that is mended."""
        for _ in range(2):
            while await self.world.relay(0, SOUND):
                pass
            self.world.stream.now_s += CLAIM_IDLE_S
            while await self.world.consume(0, SOUND):
                pass
            await self.world.replay()
        while await self.world.consume(0, SOUND):
            pass

    def all_is_as_it_must_be(self) -> None:
        world = self.world
        for order_id, expected in self.model.items():
            order = self.run(world.shop.get(root(), order_id))
            left = OrderStatus.CANCELLED if expected.owner in self.deleted else OrderStatus.PROCESSING
            assert order.status is (expected.changed_to or left)
        for event in world.shop.store.events:
            if event.details.get("cause") == "user_deleted":
                assert self.model[event.order_id].owner in self.deleted
        assert world.shop.store.deleted_users.keys() == self.deleted
        for user in self.deleted:
            assert self.run(world.shop.store.delete_of_user(user, 1)) == 0
        group = world.stream.state.groups[GROUP]
        dead = [Envelope.of_fields(world.stream.state.entries[position]).event_id for position in group.dead]
        assert sorted(dead) == sorted(self.poison)
        assert group.held == {}


TestEventMachine = EventMachine.TestCase
TestEventMachine.settings = settings(max_examples=examples(200), stateful_step_count=50, deadline=None)
