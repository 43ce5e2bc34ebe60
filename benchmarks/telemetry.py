"""The cost of telemetry: metrics, and a log line per request.

Two gateways of separate platforms are compared; one has telemetry disabled, by OpenTelemetry's variable
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) and its log level. Traces are off in
both, which is the default.
"""

from functools import partial

from benchmarks.cores import give_own_core, keeping_off_own_core
from benchmarks.overhead import cpu_us, identified, print_overhead, rounds_of
from benchmarks.platform import PORT_OFFSET, running_platform

_AIM_PERCENT = 10
#: A third of the usual time per measurement: shorter rounds give steadier results.
_SHORTER = 3
_OFF = {"OTEL_SDK_DISABLED": "true", "GATEWAY_LOG_LEVEL": "error"}


def run(seconds: float) -> None:
    """Measures, and prints a line per round and the result."""
    with running_platform(_OFF, PORT_OFFSET + 1000) as off, running_platform() as on:
        to_off, to_on = identified(off), identified(on)
        for platform in (off, on):
            give_own_core(platform.pid("gateway"))
        services = ("redis", "postgres", "user-svc", "order-svc")
        with keeping_off_own_core(platform.pid(name) for platform in (off, on) for name in services):
            for platform, headers in ((off, to_off), (on, to_on)):
                cpu_us(platform, headers, 2)  # warms up
            rounds = rounds_of(partial(cpu_us, off, to_off), partial(cpu_us, on, to_on), max(1, seconds / _SHORTER))
    print_overhead("all telemetry", rounds, _AIM_PERCENT)
