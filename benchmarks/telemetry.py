"""What all telemetry costs: metrics, and a line in the log for every request.

Two gateways, each of a platform of its own; one of them has it switched off, by OpenTelemetry's own variable
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) and the level of its log. Traces are
off in both, as they are unless somebody wants them.
"""

from benchmarks.cores import give_own_core, keeping_off_own_core
from benchmarks.overhead import Round, cpu_us, identified, print_overhead
from benchmarks.platform import PORT_OFFSET, running_platform

_ROUNDS = 8
_AIM_PERCENT = 10
_OFF = {"OTEL_SDK_DISABLED": "true", "GATEWAY_LOG_LEVEL": "error"}


def run(seconds: float) -> None:
    """Measure, and print a line per round and the result."""
    with running_platform(_OFF, PORT_OFFSET + 1000) as off, running_platform() as on:
        both = [(platform, identified(platform)) for platform in (off, on)]
        for platform in (off, on):
            give_own_core(platform.pid("gateway"))
        services = ("redis", "postgres", "user-svc", "order-svc")
        with keeping_off_own_core(platform.pid(name) for platform in (off, on) for name in services):
            for platform, headers in both:
                cpu_us(platform, headers, 2)  # warms up
            rounds = [Round(*(cpu_us(*each, seconds) for each in both)) for _ in range(_ROUNDS)]
    print_overhead("all telemetry", rounds, _AIM_PERCENT)
