"""Processes events one at a time, each of them once."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress

from redis.exceptions import RedisError
from service_kit.events import Envelope, EnvelopeError
from service_kit.lifecycle.backoff import Backoff
from service_kit.request.context import RequestContext, within_request
from service_kit.request.request_id import keep_or_mint
from service_kit.telemetry.trace_context import continue_trace

from order_svc.domain.errors import DependencyUnavailableError
from order_svc.inbox.group import ConsumerGroup, Entry
from order_svc.inbox.handler import EventIssuer, Handler, ProcessedEvents, UnreadableEventError
from order_svc.inbox.telemetry import InboxTelemetry, Outcome


class Inbox:
    """Processes the entries of a consumer group.

    An entry becomes a dead letter at once when it cannot be read, its type has no handler, or its issuer does not
    confirm it; and after ``max_deliveries`` attempts when its handler fails for another reason. While a store or the
    issuer is unavailable, the event waits for as long as that takes.

    Args:
        handlers: by the type of the event.
        processed: the ids of events that were processed.
        issuer: confirms an event before its handler runs.
        telemetry: receives every outcome.
        max_deliveries: how often a failing event is tried.
        backoff: between two attempts while a dependency is unavailable.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        processed: ProcessedEvents,
        issuer: EventIssuer,
        telemetry: InboxTelemetry,
        *,
        max_deliveries: int,
        backoff: Backoff,
    ) -> None:
        self._handlers = handlers
        self._processed = processed
        self._issuer = issuer
        self._telemetry = telemetry
        self._max_deliveries = max_deliveries
        self._backoff = backoff
        self.stopping = asyncio.Event()

    async def process(self, group: ConsumerGroup, entry: Entry) -> None:
        """Processes an entry; it stays pending if its handler fails or `stopping` is set meanwhile."""
        try:
            event = Envelope.of_fields(entry.fields)
        except EnvelopeError as exc:
            await self._bury(group, entry, f"unreadable: {exc}")
            return
        trace = continue_trace(event.traceparent or None)
        with within_request(RequestContext(keep_or_mint(event.request_id or None), trace)):
            await self._dispatch(group, entry, event)

    async def _dispatch(self, group: ConsumerGroup, entry: Entry, event: Envelope) -> None:
        handler = self._handlers.get(event.type)
        if handler is None:
            await self._bury(group, entry, f"unknown type: {event.type}")
        elif entry.deliveries > self._max_deliveries:
            await self._bury(group, entry, "its consumer died on every delivery")
        else:
            await self._settle(group, entry, event, handler)

    async def _settle(self, group: ConsumerGroup, entry: Entry, event: Envelope, handler: Handler) -> None:
        while not self.stopping.is_set():
            try:
                outcome = await self._attempt(group, entry, event, handler)
            except DependencyUnavailableError as exc:
                self._telemetry.dependency_unavailable(exc)
                await self.pause(self._backoff.next_s())
                await group.extend_claim(entry)
                continue
            except UnreadableEventError as exc:
                await self._bury(group, entry, f"unreadable: {exc}")
            except (RedisError, OSError):
                raise
            except Exception as exc:  # a bug in the handling of one event must not stop the others
                self._telemetry.failed(event, entry, exc)
                if entry.deliveries == self._max_deliveries:
                    await self._bury(group, entry, f"failed: {type(exc).__name__}")
            else:
                await group.acknowledge(entry)
                self._telemetry.processed(event, outcome)
            return

    async def _attempt(self, group: ConsumerGroup, entry: Entry, event: Envelope, handler: Handler) -> Outcome:
        if await self._processed.contains(event.event_id):
            return Outcome.DUPLICATE
        if not await self._issuer.confirms(event):
            raise UnreadableEventError("its issuer has no such event on record")
        async with aclosing(handler(event)) as parts:
            async for _ in parts:
                self._backoff.succeeded()
                await group.extend_claim(entry)
        # Recorded last: a handler that was interrupted before runs again.
        await self._processed.add(event.event_id)
        return Outcome.DONE

    async def _bury(self, group: ConsumerGroup, entry: Entry, cause: str) -> None:
        if await group.bury(entry, cause):
            self._telemetry.buried(entry, cause)

    async def pause(self, seconds: float) -> None:
        """Waits for the given time, or until `stopping` is set."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
