"""A gateway, a user-svc and an order-svc on a platform's stores, with clocks that can be set while they run."""

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
    """The processes by service, and the folder of their clock files."""

    processes: Mapping[str, ExtraProcess]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.processes['gateway'].port}"

    async def set_clock(self, service: str, ahead_s: int) -> None:
        """Sets the clock of the process this far ahead."""
        await asyncio.to_thread((self.folder / service).write_text, str(ahead_s))

    @contextmanager
    def stopped(self, service: str) -> Iterator[None]:
        """Stops the process (SIGSTOP) within the context."""
        self.processes[service].send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.processes[service].send(signal.SIGCONT)


@asynccontextmanager
async def own_clocks(stack: Stack, gateway: Mapping[str, str]) -> AsyncIterator[OwnClocks]:
    """Yields such processes with correct clocks. gateway: additional settings of the gateway."""
    with TemporaryDirectory(prefix="headrace-clocks-") as folder:
        async with AsyncExitStack() as end:

            async def start(service: str, settings: Mapping[str, str]) -> ExtraProcess:
                clock = {"PYTHONPATH": str(_CLOCKS), "HEADRACE_CLOCK": str(Path(folder) / service)}
                return await end.enter_async_context(extra_process(stack, service, {**clock, **settings}))

            users, orders = await asyncio.gather(start("user-svc", {}), start("order-svc", {}))
            upstreams = f"user-svc={users.target},order-svc={orders.target}"
            edge = await start("gateway", {"GATEWAY_UPSTREAMS": upstreams, **gateway})
            yield OwnClocks({"user-svc": users, "order-svc": orders, "gateway": edge}, Path(folder))
