"""Runs the order service as a process."""

import asyncio
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_kit.grpc.client import GrpcClient
from service_kit.request.context import RequestContext, enter_request
from service_kit.telemetry.trace_context import continue_trace
from shared_contracts.order.v1 import OrderServiceStub

from tests.examples.orders import ALICE
from tests.examples.tokens import Issuer
from tests.fakes.session_authority import session_authority
from tests.running.secrets_seen import SEEN
from tests.running.servers import free_port

_COMMAND = (sys.executable, "-m", "order_svc")
_READY_WITHIN_S = 30
_NO_REDIS = "redis://127.0.0.1:1/0"


@dataclass(frozen=True)
class RunningService:
    """A running process, a stub for its calls, and the issuer whose tokens it accepts."""

    process: Process
    stub: OrderServiceStub
    issuer: Issuer
    admin_port: int

    def act_as(self, user_id: str = ALICE, *, role: str = "user", request_id: str = "request-1") -> None:
        """Makes the following calls on behalf of this user."""
        token = self.issuer.token(sub=user_id, role=role)
        enter_request(RequestContext(request_id, continue_trace(None), access_token=token))

    async def probe(self, path: str) -> tuple[int, Any]:
        """Returns the status and JSON body of a page on the admin port."""
        return await asyncio.to_thread(_get_json, f"http://127.0.0.1:{self.admin_port}{path}")


@asynccontextmanager
async def running_service(
    database_url: str, folder: Path, redis_url: str = _NO_REDIS, issuer_of_events: str = "", **environ: str
) -> AsyncIterator[RunningService]:
    """Starts `order-svc`, waits until it is ready, and stops it at the end if the test has not.

    issuer_of_events: the user-svc that confirms events, as HOST:PORT. environ: further settings, without their prefix.
    Readiness does not require Redis.
    """
    issuer = Issuer()
    async with session_authority(issuer) as authority:
        port, admin_port = free_port(), free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "ORDER_SVC_PORT": str(port),
            "ORDER_SVC_ADMIN_PORT": str(admin_port),
            "ORDER_SVC_PPROF_PORT": "0",
            "ORDER_SVC_DATABASE_URL_FILE": str(_secret_file(folder, database_url)),
            "ORDER_SVC_KEY_SET_UPSTREAM": f"{authority},{issuer_of_events}".strip(","),
            "ORDER_SVC_REDIS_URL": redis_url,
            "ORDER_SVC_DRAIN_S": "3",
            **{f"ORDER_SVC_{name}": value for name, value in environ.items()},
        }
        with SEEN.watch(folder / "order-svc.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(*_COMMAND, env=environment, stdout=log, stderr=log)
        try:
            async with GrpcClient(f"127.0.0.1:{port}") as client:
                service = RunningService(process, OrderServiceStub(client.channel, timeout=10), issuer, admin_port)
                await _wait_until_ready(service)
                yield service
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()


async def _wait_until_ready(service: RunningService) -> None:
    due = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            status, report = await service.probe("/readyz")
        except OSError as exc:
            status, report = 0, exc
        if status == 200:
            return
        assert service.process.returncode is None, "order-svc has ended"
        assert time.monotonic() < due, f"order-svc is not ready: {report}"
        await asyncio.sleep(0.05)


def _secret_file(folder: Path, value: str) -> Path:
    path = folder / "database_url"
    path.write_text(value + "\n")
    return path


def _get_json(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.load(exc)
