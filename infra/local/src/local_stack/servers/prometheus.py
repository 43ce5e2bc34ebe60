"""Prometheus, where there is one on PATH: it reads the metrics of the whole stack, and knows the rules and alerts."""

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
from local_stack.processes import Launch, describe_exit, start

#: How to get it; said where it is missing.
HOW_TO_GET_IT = "Debian and Ubuntu: apt-get install prometheus; macOS: brew install prometheus"
#: Recording rules and alerts, of the checkout in which this package always lies: the same as in containers.
_RULES = Path(__file__).resolve().parents[4] / "observability" / "prometheus" / "rules"
_READY_WITHIN_S = 20.0
_POLL_S = 0.05
_OK = 200


def _literal(path: Path) -> str:
    """Returns a pattern that matches ``path`` alone (Go's filepath.Match)."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", str(path))


def prometheus_program() -> str | None:
    """The path of Prometheus; None: there is none on PATH."""
    return shutil.which("prometheus")


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A server with its data in ``home``, which listens on loopback.

    targets: the admin addresses of each job's processes, as host:port.
    """

    program: str
    home: Path
    port: int
    targets: Mapping[str, Sequence[str]]
    log: Path
    environ: Mapping[str, str]
    scrape_interval: str = "5s"

    async def start(self) -> subprocess.Popen[bytes]:
        """Start the server and return once it answers.

        Raises:
            ProcessFailedError: it ended instead, or took longer than 20 s.
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
        """What prometheus.yml says; JSON is YAML."""
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
