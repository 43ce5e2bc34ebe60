"""Messages of 64 MB, of empty items, or deeply nested, sent to a service: refused before they cost memory."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared_contracts.order.v1 import GetOrderRequest

from tests.faults.drill import Drill
from tests.faults.extra_process import ExtraProcess, extra_process
from tests.faults.finding import Finding, at_most
from tests.faults.grpc_calls import CREATE_ORDER, GET_ORDER, calling, channel_to, outcome, unary
from tests.faults.load import summary
from tests.faults.people import newcomer
from tests.faults.stage import Stage

_MB, _MIB = 1_000_000, 1024 * 1024
_SAMPLE_EVERY_S = 0.002
_WARM_UP_CALLS = 200
#: A group of field 15, unknown to the contract: a parser must skip it level by level.
_OPEN, _CLOSE = b"\x7b", b"\x7c"
#: An empty order line: 2 bytes that become about 50 bytes of objects.
_EMPTY_LINE = b"\x12\x00"
_TOO_LARGE, _INVALID = "RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE", "INVALID_ARGUMENT INVALID_REQUEST"


class _Memory:
    """The peak memory of a process over its memory at first."""

    def __init__(self, process: ExtraProcess) -> None:
        self.before_bytes = self.most_bytes = process.rss_bytes

    @property
    def growth_mib(self) -> float:
        return (self.most_bytes - self.before_bytes) / _MIB


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage, stage.either(16, 4)))


async def _run(stage: Stage, at_once: int) -> list[Finding]:
    stack = stage.stack()
    person = await newcomer(stack.url)
    order_id = await person.place(stack.url)
    good = bytes(GetOrderRequest(order_id=order_id))
    async with extra_process(stack, "order-svc", {}) as service:
        await _ask(service, person.token, [good] * _WARM_UP_CALLS, 20)
        await _ask(service, person.token, [bytes(5 * _MB)], 1)
        async with calling(service.target, person.token, order_id, count=1) as others:
            await asyncio.sleep(0.2)
            with _watched(service) as memory:
                large = await _ask(service, person.token, [bytes(64 * _MB)] * at_once, at_once)
                nested = await _ask(service, person.token, [good + bomb for bomb in _bombs()], 1)
                empty = await _ask(service, person.token, _orders_of_empty_lines(), 8, CREATE_ORDER)
    return [
        Finding(f"{at_once} messages of 64 MB at once", _TOO_LARGE, summary(large), large.keys() == {_TOO_LARGE}),
        Finding(
            "messages nested 200 to 2 million deep", "refused", summary(nested), nested.keys() == {_INVALID, _TOO_LARGE}
        ),
        Finding("orders of empty lines", "refused", summary(empty), empty.keys() == {_INVALID, _TOO_LARGE}),
        Finding("calls of other clients meanwhile", "OK", summary(others), others.keys() == {"OK"}),
        at_most("memory growth", memory.growth_mib, 16, " MiB"),
    ]


def _bombs() -> Iterator[bytes]:
    for depth in (200, 8_000, 1_000_000):
        yield _OPEN * depth + _CLOSE * depth
    yield _OPEN * 2_000_000


def _orders_of_empty_lines() -> list[bytes]:
    """Returns messages from 4 MiB down to a size that is decoded, eight of each."""
    return [_EMPTY_LINE * (size // len(_EMPTY_LINE)) for size in (4 * _MIB, 200_000, 60_000, 16_000) for _ in range(8)]


async def _ask(
    service: ExtraProcess, token: str, messages: Sequence[bytes], at_once: int, path: str = GET_ORDER
) -> Counter[str]:
    """Sends all messages, this many at a time, each on its own connection."""
    waiting, outcomes = list(messages), Counter[str]()

    async def keep_sending() -> None:
        async with channel_to(service.target) as channel:
            while waiting:
                outcomes[await outcome(unary(channel, path, waiting.pop(), token=token))] += 1

    await asyncio.gather(*(keep_sending() for _ in range(min(at_once, len(messages)))))
    return outcomes


@contextmanager
def _watched(process: ExtraProcess) -> Iterator[_Memory]:
    memory, over = _Memory(process), threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_EVERY_S):
            memory.most_bytes = max(memory.most_bytes, process.rss_bytes)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()


DRILL = Drill(
    24,
    "64 MB, empty items or deep nesting, sent to a service directly",
    "RESOURCE_EXHAUSTED or INVALID_ARGUMENT; at most 16 MiB more memory",
    run,
)
