"""An additional process of a service, with other settings than the platform's, for a row to break."""

import asyncio
import itertools
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from local_stack.inventory import program
from local_stack.processes import MARKER
from local_stack.service_settings import prefix_of
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.stage import pid_of
from tests.running.polling import in_time
from tests.running.servers import free_port
from tests.running.stacks import Stack

_READY_WITHIN_S = 60.0
_GONE_WITHIN_S = 20.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class ExtraProcess:
    """A running process: its id and ports."""

    pid: int
    port: int
    admin_url: str

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def send(self, number: signal.Signals) -> None:
        psutil.Process(self.pid).send_signal(number)

    async def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Returns the current labels and values of the metric ``name``."""
        text = await asyncio.to_thread(_page, f"{self.admin_url}/metrics")
        families = text_string_to_metric_families(text)
        return [(each.labels, each.value) for family in families for each in family.samples if each.name == name]

    @property
    def rss_bytes(self) -> int:
        """The resident memory now."""
        return int(psutil.Process(self.pid).memory_info().rss)


@asynccontextmanager
async def extra_process(stack: Stack, service: str, changes: Mapping[str, str]) -> AsyncIterator[ExtraProcess]:
    """Yields a ready process with the settings of the platform's process and these changes."""
    prefix, port, admin_port = prefix_of(service), free_port(), free_port()
    places = {f"{prefix}_PORT": str(port), f"{prefix}_ADMIN_PORT": str(admin_port), f"{prefix}_PPROF_PORT": "0"}
    as_the_other = psutil.Process(pid_of(stack, service)).environ()
    for name in (MARKER, *(f"{name}_FILE" for name in changes)):  # it does not belong to the platform
        as_the_other.pop(name, None)
    environ = {**as_the_other, **places, **changes}
    log_path = stack.data_dir / "logs" / f"extra-{service}-{next(_numbers)}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen([program(service)], env=environ, stdout=log, stderr=log)  # noqa: ASYNC220
    extra = ExtraProcess(process.pid, port, f"http://127.0.0.1:{admin_port}")
    try:
        await in_time(lambda: _ready(process, extra, log_path), within_s=_READY_WITHIN_S, every_s=0.05)
        yield extra
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


async def _ready(process: "subprocess.Popen[bytes]", extra: ExtraProcess, log: Path) -> bool | None:
    assert process.poll() is None, await asyncio.to_thread(log.read_text)
    return await probe(extra.admin_url, "/readyz") == 200 or None


async def probe(admin_url: str, path: str) -> int:
    """Returns the status of a page on an admin port; 0 without a response within 2 s."""
    return await asyncio.to_thread(_status, f"{admin_url}{path}")


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own admin port
        text: str = response.read().decode()
        return text


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own admin port
            return int(response.status)
    except urllib.error.HTTPError as exc:
        with exc:
            return int(exc.code)
    except OSError:
        return 0
