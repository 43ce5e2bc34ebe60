"""The start that all processes share, in a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

from tests.running.polling import eventually

PROCESS = """
from dataclasses import dataclass

from service_kit.cli import command
from service_kit.lifecycle import Lifecycle
from service_kit.process import start_process
from service_kit.runtime.release import Release
from service_kit.settings import Secret, setting
from service_kit.tracing.settings import TracingSettings


@dataclass(frozen=True)
class Settings(TracingSettings):
    admin_host: tuple[str, ...] = setting(doc="addresses of the admin port", default=("127.0.0.1",))
    admin_port: int = setting(doc="admin port")
    pprof_host: tuple[str, ...] = setting(doc="addresses of profiles", default=("127.0.0.1",))
    pprof_port: int = setting(doc="port of profiles", default=0)
    password: Secret = setting(doc="a secret")
    log_level: str = setting(doc="level", default="INFO")
    log_format: str = setting(doc="form", default="json")


async def serve(settings):
    async with Lifecycle(1.0) as lifecycle:
        assert await start_process(lifecycle, Release("demo", "1.2", "abc123"), settings, "DEMO_") is None
        await lifecycle.run()


raise SystemExit(command(Settings, program="demo", description="", prefix="DEMO_", serve=serve))
"""


def get(port: int, page: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
        return str(answer.read().decode())


def test_started_process_logs_and_serves_its_admin_port_until_a_signal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environ = {"DEMO_ADMIN_PORT": str(port), "DEMO_PASSWORD": "hunter2"}
    command = [sys.executable, "-c", PROCESS]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert (line["service"], line["version"], line["message"]) == ("demo", "1.2", "ready")
        eventually(lambda: json.loads(get(port, "readyz"))["ready"] or None, within_s=5)
        settings = json.loads(get(port, "config"))["settings"]
        assert (settings["DEMO_ADMIN_PORT"], settings["DEMO_PASSWORD"]) == (str(port), "********")
        assert 'headrace_build_info{python="' in get(port, "metrics")
        process.send_signal(signal.SIGTERM)
        messages = [json.loads(line)["message"] for line in process.stdout]
        assert process.wait(10) == 0
    assert messages == ["draining", "stopped"]
