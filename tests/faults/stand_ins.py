"""A gateway beside the platform, before stand-ins for order-svc that fail as they are told, and count.

The gateway is a process like the platform's own, with its settings, and its user-svc and Redis; the stand-ins are real
gRPC servers in the process of the drill.
"""

import asyncio
import contextlib
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from local_stack import inventory_file
from local_stack.data_dir import DataDir
from local_stack.inventory import program

from tests.running.polling import in_time
from tests.running.servers import free_port
from tests.running.stacks import Stack

_READY_WITHIN_S = 60.0
_GONE_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Beside:
    """A running gateway."""

    url: str
    admin_url: str


class Addressed(Protocol):
    """What listens on an address, such as "127.0.0.1:9000"."""

    @property
    def address(self) -> object: ...


@contextlib.asynccontextmanager
async def gateway_before(stack: Stack, replicas: Sequence[Addressed], **environ: str) -> AsyncIterator[Beside]:
    """A gateway whose order-svc are these, with more settings in ``environ``, for as long as the context lasts."""
    data = DataDir(stack.data_dir)
    port, admin_port = free_port(), free_port()
    own = {
        "GATEWAY_UPSTREAMS": f"user-svc={stack.grpc_target('user-svc')},"
        f"order-svc={','.join(str(replica.address) for replica in replicas)}",
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_PORT": str(admin_port),
        "GATEWAY_PPROF_PORT": "0",
    }
    beside = Beside(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}")
    with (data.logs / f"gateway-{port}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program("gateway"),
            env={**os.environ, **inventory_file.read(data).environ, **own, **environ},
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await in_time(lambda: asyncio.to_thread(_is_ready, beside), within_s=_READY_WITHIN_S)
            yield beside
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), _GONE_WITHIN_S)


def _is_ready(gateway: Beside) -> bool | None:
    try:
        with urllib.request.urlopen(f"{gateway.admin_url}/readyz", timeout=5):  # noqa: S310 - our own admin port
            return True
    except (OSError, urllib.error.HTTPError):
        return None
