"""A gateway, a user-svc and an order-svc on a platform's stores, each with a clock that can be set while it runs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.extra_process import ExtraProcess, extra_process
from tests.running.stacks import Stack

_CLOCKS = Path(__file__).parent / "clocks"


@dataclass(frozen=True, slots=True)
class OwnClocks:
    """The processes by the names of their services, and the folder that their clocks are set in."""

    processes: Mapping[str, ExtraProcess]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.processes['gateway'].port}"

    async def set_clock(self, service: str, ahead_s: int) -> None:
        """Have the process believe that it is so much later than it is."""
        await asyncio.to_thread((self.folder / service).write_text, str(ahead_s))

    @contextmanager
    def stopped(self, service: str) -> Iterator[None]:
        """The process does nothing for as long as the context lasts."""
        self.processes[service].send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.processes[service].send(signal.SIGCONT)


@asynccontextmanager
async def own_clocks(stack: Stack, gateway: Mapping[str, str]) -> AsyncIterator[OwnClocks]:
    """Such processes, whose clocks are right at first. gateway: further settings of it."""
    with TemporaryDirectory(prefix="headrace-clocks-") as folder:
        async with AsyncExitStack() as end:

            async def start(service: str, settings: Mapping[str, str]) -> ExtraProcess:
                clock = {"PYTHONPATH": str(_CLOCKS), "HEADRACE_CLOCK": str(Path(folder) / service)}
                return await end.enter_async_context(extra_process(stack, service, {**clock, **settings}))

            users, orders = await asyncio.gather(start("user-svc", {}), start("order-svc", {}))
            upstreams = f"user-svc={users.target},order-svc={orders.target}"
            edge = await start("gateway", {"GATEWAY_UPSTREAMS": upstreams, **gateway})
            yield OwnClocks({"user-svc": users, "order-svc": orders, "gateway": edge}, Path(folder))
