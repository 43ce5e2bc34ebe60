"""A gateway in front of stand-ins for order-svc, which fail on demand and count their calls.

The gateway is a process with the platform's settings, user-svc and Redis; the stand-ins are real gRPC servers in the
process of the drill.
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
class IsolatedGateway:
    """A running gateway."""

    url: str
    admin_url: str


class Addressed(Protocol):
    """Starts a server on an address such as "127.0.0.1:9000"."""

    @property
    def address(self) -> object: ...


@contextlib.asynccontextmanager
async def gateway_before(stack: Stack, replicas: Sequence[Addressed], **environ: str) -> AsyncIterator[IsolatedGateway]:
    """Yields a gateway that calls these as order-svc, with additional settings in ``environ``."""
    data = DataDir(stack.data_dir)
    port, admin_port = free_port(), free_port()
    own = {
        "GATEWAY_UPSTREAMS": f"user-svc={stack.grpc_target('user-svc')},"
        f"order-svc={','.join(str(replica.address) for replica in replicas)}",
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_PORT": str(admin_port),
        "GATEWAY_PPROF_PORT": "0",
    }
    gateway = IsolatedGateway(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}")
    with (data.logs / f"gateway-{port}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program("gateway"),
            env={**os.environ, **inventory_file.read(data).environ, **own, **environ},
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await in_time(lambda: asyncio.to_thread(_is_ready, gateway), within_s=_READY_WITHIN_S)
            yield gateway
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), _GONE_WITHIN_S)


def _is_ready(gateway: IsolatedGateway) -> bool | None:
    try:
        with urllib.request.urlopen(f"{gateway.admin_url}/readyz", timeout=5):  # noqa: S310 - our own admin port
            return True
    except (OSError, urllib.error.HTTPError):
        return None
