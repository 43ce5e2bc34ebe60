"""Whether the metrics of a stack are recorded: by Prometheus, where it is to be had and wanted.

It is an extra: what is in its way is said, and the platform comes up without it.
"""

from dataclasses import dataclass

from local_stack.ports import PUBLIC, is_free
from local_stack.servers.prometheus import HOW_TO_GET_IT, prometheus_program
from local_stack.service_settings import LOOPBACK


@dataclass(frozen=True, slots=True)
class Recording:
    """The port on which Prometheus is to listen, None without it; and what there is to say of either."""

    port: int | None
    note: str


def plan(*, offset: int, wanted: bool) -> Recording:
    """What can be done here and now."""
    if not wanted:
        return Recording(None, "Metrics are not recorded, as you wished.")
    if prometheus_program() is None:
        return Recording(None, f"Metrics are not recorded: there is no prometheus on PATH ({HOW_TO_GET_IT}).")
    port = PUBLIC["prometheus"] + offset
    if not is_free(LOOPBACK, port):
        return Recording(None, f"Metrics are not recorded: port {port} (prometheus) is already in use.")
    return Recording(port, f"Prometheus records the metrics: http://{LOOPBACK}:{port}")
