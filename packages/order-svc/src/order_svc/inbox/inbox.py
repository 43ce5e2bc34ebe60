"""Takes events one at a time, and has each of them have its effect once."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress

from redis.exceptions import RedisError
from service_kit.backoff import Backoff
from service_kit.events import Envelope, EnvelopeError
from service_kit.request.context import RequestContext, within_request
from service_kit.request.request_id import keep_or_mint
from service_kit.telemetry.trace_context import continue_trace

from order_svc.domain.errors import DependencyUnavailableError
from order_svc.inbox.errors import UnreadableEventError
from order_svc.inbox.group import ConsumerGroup, Entry
from order_svc.inbox.handler import EventIssuer, Handler, ProcessedEvents
from order_svc.inbox.telemetry import InboxTelemetry, Outcome


class Inbox:
    """handlers: by the type of the event. issuer: asked whether an event is its own, before anything is done for it.

    What cannot be read, or that its issuer does not have, or whose type is not known here, is given up at once; what
    fails for another reason, at its last of max_deliveries. While a store is away, an event waits as long as it takes.
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

    async def take(self, group: ConsumerGroup, entry: Entry) -> None:
        """Do with an entry what is to be done. One that fails stays in our hands, and so does one while `stopping`."""
        try:
            event = Envelope.of_fields(entry.fields)
        except EnvelopeError as exc:
            await self._bury(group, entry, f"unreadable: {exc}")
            return
        trace = continue_trace(event.traceparent or None)
        with within_request(RequestContext(keep_or_mint(event.request_id or None), trace)):
            await self._take(group, entry, event)

    async def _take(self, group: ConsumerGroup, entry: Entry, event: Envelope) -> None:
        handler = self._handlers.get(event.type)
        if handler is None:
            await self._bury(group, entry, f"unknown type: {event.type}")
        elif entry.deliveries > self._max_deliveries:
            await self._bury(group, entry, "each time, whoever had it died")
        else:
            await self._process(group, entry, event, handler)

    async def _process(self, group: ConsumerGroup, entry: Entry, event: Envelope, handler: Handler) -> None:
        while not self.stopping.is_set():
            try:
                outcome = await self._attempt(group, entry, event, handler)
            except DependencyUnavailableError as exc:
                self._telemetry.held_up(exc)
                await self.pause(self._backoff.next_s())
                await group.keep(entry)
                continue
            except UnreadableEventError as exc:
                await self._bury(group, entry, f"unreadable: {exc}")
            except (RedisError, OSError):
                raise
            except Exception as exc:  # whatever is wrong with one event, the others have their turn
                self._telemetry.failed(event, entry, exc)
                if entry.deliveries == self._max_deliveries:
                    await self._bury(group, entry, f"failed: {type(exc).__name__}")
            else:
                await group.done(entry)
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
                await group.keep(entry)
        # Last, so that whatever was cut off before begins again.
        await self._processed.add(event.event_id)
        return Outcome.DONE

    async def _bury(self, group: ConsumerGroup, entry: Entry, cause: str) -> None:
        if await group.bury(entry, cause):
            self._telemetry.buried(entry, cause)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until we are `stopping`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
