"""An additional gateway with its own settings, for a row to break."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from local_stack.processes import MARKER

from tests.faults.stage import pid_of
from tests.running.polling import eventually
from tests.running.servers import free_port
from tests.running.stacks import Stack

_READY_WITHIN_S = 30
_ENDED_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class OwnGateway:
    """A gateway that calls the platform's services and shares its Redis."""

    process: "subprocess.Popen[bytes]"
    port: int
    admin_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rss_bytes(self) -> int:
        """The resident memory now."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def peer_ports(self) -> set[int]:
        """Returns the remote ports of its connections."""
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return {each.raddr.port for each in connections if each.status != psutil.CONN_LISTEN}

    def is_ready(self) -> bool:
        """Returns whether it reports that it is ready."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait(self, since_s: float) -> float:
        """Waits until it has exited, and returns the seconds since ``since_s`` (time.monotonic())."""
        self.process.wait(_ENDED_WITHIN_S)
        return time.monotonic() - since_s


@contextmanager
def own_gateway(stack: Stack, port: int = 0, **settings: str) -> Iterator[OwnGateway]:
    """Yields a ready gateway; the row may end it before the context does.

    Args:
        stack: the platform whose services and Redis it uses.
        port: a port that gateways of the row share; 0 for a free one.
        settings: without the prefix: DRAIN_S="2" is GATEWAY_DRAIN_S.
    """
    like = psutil.Process(pid_of(stack, "gateway"))
    port, admin_port = port or free_port(), free_port()
    ports = {"GATEWAY_PORT": str(port), "GATEWAY_ADMIN_PORT": str(admin_port), "GATEWAY_PPROF_PORT": "0"}
    ports["GATEWAY_SHARE_PORT"] = "true"
    environ = like.environ() | ports | {f"GATEWAY_{name}": value for name, value in settings.items()}
    # It does not belong to the processes of the platform.
    environ.pop(MARKER, None)
    # Its log is searched for secrets together with those of the platform.
    with (stack.data_dir / "logs" / f"own-gateway-{admin_port}.log").open("wb") as log:
        process = subprocess.Popen(like.cmdline(), env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    gateway = OwnGateway(process, port, admin_port)
    try:
        eventually(lambda: True if gateway.is_ready() else None, within_s=_READY_WITHIN_S)
        yield gateway
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
