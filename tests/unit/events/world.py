"""Both ends of the events on stores in memory: what runs, what is kept, and what an operator may do."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from order_svc.domain.errors import DependencyUnavailableError as OrderStoreAwayError
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry
from order_svc.inbox.user_events import UserEvents
from order_svc.use_cases.forget_user import ForgetUser
from redis.exceptions import RedisError
from service_kit.lifecycle.backoff import Backoff
from user_svc.adapters.outbox.relay import Relay
from user_svc.adapters.outbox.telemetry import OutboxTelemetry
from user_svc.domain.errors import DependencyUnavailableError as UserStoreAwayError

from tests.examples.contracts import headrace_contract
from tests.fakes.event_stream import InMemoryConsumerGroup, InMemoryEventStream
from tests.fakes.orders import InMemoryDeletedUsers
from tests.fakes.outbox import InMemoryOutbox
from tests.fakes.processed_events import InMemoryEventIssuer, InMemoryProcessedEvents
from tests.unit.events.faults import Fuse, Fused, Killed
from tests.unit.order_svc.shop import Shop

GROUP = "order-svc"
CLAIM_IDLE_S = 30.0
MAX_DELIVERIES = 3
#: Everything is old enough to be forgotten at once.
_RETENTION = timedelta(minutes=-1)
_CONTRACT = headrace_contract()


@dataclass
class World:
    """Two relays and two consumers, each a process that a fault may kill; another one takes its place."""

    shop: Shop
    outbox: InMemoryOutbox = field(default_factory=InMemoryOutbox)
    stream: InMemoryEventStream = field(default_factory=InMemoryEventStream)
    processed: InMemoryProcessedEvents = field(default_factory=InMemoryProcessedEvents)

    def __post_init__(self) -> None:
        self._relays = [self._new_relay(), self._new_relay()]
        self._consumers = ["consumer-0", "consumer-1"]
        self._born = 2

    async def relay(self, which: int, fuse: Fuse) -> bool:
        """A step of a relay; whether there is more to do."""
        outbox, stream = self._user_side(fuse)
        relay = self._relays[which]
        relay._outbox = outbox
        more = True
        try:
            more = await relay.step(stream)
        except Killed:
            self._relays[which] = self._new_relay()
        except (RedisError, UserStoreAwayError):
            pass
        return more

    async def forget(self, which: int, fuse: Fuse) -> None:
        """A relay drops what it may."""
        outbox, stream = self._user_side(fuse)
        relay = self._relays[which]
        relay._outbox = outbox
        try:
            await relay.delete_expired(stream)
        except Killed:
            self._relays[which] = self._new_relay()
        except (RedisError, UserStoreAwayError):
            pass

    async def consume(self, which: int, fuse: Fuse) -> bool:
        """A consumer takes an entry, if there is one; whether there was."""
        mine = InMemoryConsumerGroup(self.stream, GROUP, self._consumers[which], CLAIM_IDLE_S)
        group: Any = Fused(mine, fuse, RedisError("away"))
        entry = None
        try:
            await group.join()
            entry = await group.claim() or await group.read()
            if entry is not None:
                await self._inbox(fuse).process(group, entry)
        except Killed:
            self._consumers[which] = f"consumer-{self._born}"
            self._born += 1
        except RedisError:
            pass
        return entry is not None

    async def replay(self) -> None:
        """An operator hands every dead letter to the service again."""
        group = InMemoryConsumerGroup(self.stream, GROUP, "operator", CLAIM_IDLE_S)
        await group.join()
        for position in list(self.stream.state.groups[GROUP].dead):
            await group.replay(position)

    def _user_side(self, fuse: Fuse) -> tuple[Any, Any]:
        return Fused(self.outbox, fuse, UserStoreAwayError("postgres")), Fused(self.stream, fuse, RedisError("away"))

    def _inbox(self, fuse: Fuse) -> Inbox:
        away = OrderStoreAwayError("away")
        orders: Any = Fused(self.shop.store, fuse, away)
        deleted_users: Any = Fused(InMemoryDeletedUsers(self.shop.store), fuse, away)
        processed: Any = Fused(self.processed, fuse, away)
        handlers = UserEvents(_CONTRACT, ForgetUser(orders, orders, deleted_users, self.shop.clock)).handlers()
        return Inbox(
            handlers,
            processed,
            InMemoryEventIssuer(),
            InboxTelemetry(),
            max_deliveries=MAX_DELIVERIES,
            backoff=Backoff(0, 0),
        )

    def _new_relay(self) -> Relay:
        return Relay(self.outbox, OutboxTelemetry(), _RETENTION)
