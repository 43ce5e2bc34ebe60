"""Tracing is off unless the settings name a collector."""

import subprocess
import sys

import pytest
from opentelemetry.trace import SpanKind
from service_kit.runtime.release import Release
from service_kit.settings import SettingsError, load
from service_kit.telemetry.trace_context import continue_trace
from service_kit.tracing.exporting import _is_loopback, exported_traces
from service_kit.tracing.settings import TracingSettings

from tests.running.collector import running_collector

_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_WITHOUT = """
import asyncio, sys
import gateway.__main__, order_svc.__main__, user_svc.__main__
from service_kit.runtime.release import Release
from service_kit.tracing.exporting import exported_traces
from service_kit.tracing.settings import TracingSettings

async def main():
    async with exported_traces(TracingSettings(), Release("demo", "1.2")) as tracer:
        assert tracer is None
    tracing = ("opentelemetry.exporter.otlp", "opentelemetry.sdk.trace")
    print(*(name for name in sys.modules if name.startswith(tracing)))

asyncio.run(main())
"""


def test_exporter_is_not_imported_without_a_collector() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


@pytest.mark.parametrize("disabled", ["true", "false"])
async def test_otel_sdk_disabled_disables_tracing(monkeypatch: pytest.MonkeyPatch, disabled: str) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", disabled)
    settings = TracingSettings(traces_endpoint="http://127.0.0.1:4318/v1/traces")
    async with exported_traces(settings, Release("demo", "1")) as tracer:
        assert (tracer is None) is (disabled == "true")


async def test_collector_without_the_extra_names_the_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, _EXPORTER, None)
    tracing = exported_traces(TracingSettings(traces_endpoint="http://127.0.0.1:4318/v1/traces"), Release("demo", "1"))
    with pytest.raises(ModuleNotFoundError, match=r"service-kit\[otlp\]"):
        await tracing.__aenter__()


@pytest.mark.parametrize("environ", [{}, {"DEMO_TRACES_ENDPOINT": ""}])
def test_empty_endpoint_means_no_collector(environ: dict[str, str]) -> None:
    assert load(TracingSettings, "DEMO_", environ).traces_endpoint is None


@pytest.mark.parametrize("text", ["127.0.0.1:4318", "grpc://collector:4317", "http://", "http://user@host/v1"])
def test_malformed_endpoint_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        load(TracingSettings, "DEMO_", {"DEMO_TRACES_ENDPOINT": text})


async def test_collector_on_loopback_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with running_collector() as collector:
        settings = TracingSettings(traces_endpoint=collector.endpoint, traces_sample_ratio=1.0)
        async with exported_traces(settings, Release("demo", "1")) as tracer:
            assert tracer is not None
            tracer.begin(continue_trace(None), "probe", SpanKind.SERVER, {}).end()
        assert collector.messages


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:4318/v1/traces", True),
        ("http://127.9.9.9/v1/traces", True),
        ("http://[::1]:4318/v1/traces", True),
        ("http://localhost:4318/v1/traces", True),
        ("http://collector.example:4318/v1/traces", False),
        ("http://127.0.0.1.example/v1/traces", False),
        ("http://10.0.0.1/v1/traces", False),
    ],
)
def test_loopback_collectors_are_recognized(url: str, loopback: bool) -> None:
    assert _is_loopback(url) is loopback
