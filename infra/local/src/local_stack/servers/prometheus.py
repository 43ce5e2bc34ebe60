"""Prometheus, where it is installed: it scrapes the whole stack and evaluates the recording rules and alerts."""

import asyncio
import http.client
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import ProcessFailedError
from local_stack.ports import LOOPBACK, PUBLIC, is_free
from local_stack.processes import Launch, describe_exit, start

#: Shown where it is missing.
HOW_TO_GET_IT = "Debian and Ubuntu: apt-get install prometheus; macOS: brew install prometheus"
#: Recording rules and alerts of the checkout, the same as in containers.
_RULES = Path(__file__).resolve().parents[4] / "observability" / "prometheus" / "rules"
_READY_WITHIN_S = 20.0
_POLL_S = 0.05
_OK = 200


def _literal(path: Path) -> str:
    """Returns a pattern of Go's filepath.Match that matches only ``path``."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", str(path))


def prometheus_program() -> str | None:
    """Returns the path of Prometheus; None if it is not on PATH."""
    return shutil.which("prometheus")


@dataclass(frozen=True, slots=True)
class PrometheusPlan:
    """Whether Prometheus is started; ``port`` is None if not, and ``note`` tells the operator either way."""

    port: int | None
    note: str


def plan_prometheus(*, offset: int, wanted: bool) -> PrometheusPlan:
    """Decides whether to start Prometheus: it is optional, and the platform starts without it."""
    if not wanted:
        return PrometheusPlan(None, "Metrics are not recorded, as you wished.")
    if prometheus_program() is None:
        return PrometheusPlan(None, f"Metrics are not recorded: there is no prometheus on PATH ({HOW_TO_GET_IT}).")
    port = PUBLIC["prometheus"] + offset
    if not is_free(LOOPBACK, port):
        return PrometheusPlan(None, f"Metrics are not recorded: port {port} (prometheus) is already in use.")
    return PrometheusPlan(port, f"Prometheus records the metrics: http://{LOOPBACK}:{port}")


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A Prometheus server on loopback with its data in ``home``.

    targets: the admin addresses (host:port) of the processes to scrape, by job.
    """

    program: str
    home: Path
    port: int
    targets: Mapping[str, Sequence[str]]
    log: Path
    environ: Mapping[str, str]
    scrape_interval: str = "5s"

    async def start(self) -> subprocess.Popen[bytes]:
        """Starts the server and returns once it answers.

        Raises:
            ProcessFailedError: it exited, or was not ready within 20 s.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        configuration = self.home / "prometheus.json"
        configuration.write_text(json.dumps(self._configuration(), indent=2))
        argv = (
            self.program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self.home / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--storage.tsdb.retention.time=2d",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        )
        process = start(Launch("prometheus", argv, self.environ, self.log))
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await self._ready(process)
        except BaseException as exc:
            process.kill()
            process.wait()
            if isinstance(exc, TimeoutError):
                raise ProcessFailedError("prometheus", f"not ready after {_READY_WITHIN_S:.0f} s", self.log) from exc
            raise
        return process

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        while not await asyncio.to_thread(self._is_ready):
            code = process.poll()
            if code is not None:
                raise ProcessFailedError("prometheus", describe_exit(code), self.log)
            await asyncio.sleep(_POLL_S)

    def _configuration(self) -> dict[str, object]:
        """Returns the content of prometheus.yml; JSON is valid YAML."""
        return {
            "global": {"scrape_interval": self.scrape_interval, "evaluation_interval": self.scrape_interval},
            "rule_files": [f"{_literal(_RULES)}/*.yml"],
            "scrape_configs": [{"job_name": "headrace", "static_configs": self._groups()}],
        }

    def _groups(self) -> list[dict[str, object]]:
        return [{"targets": list(addresses), "labels": {"job": job}} for job, addresses in self.targets.items()]

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == _OK
        except OSError:
            return False
        finally:
            connection.close()
