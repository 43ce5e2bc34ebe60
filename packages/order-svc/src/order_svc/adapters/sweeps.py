"""The periodic deletion of expired entries."""

import asyncio
import random
from collections.abc import Mapping

from loguru import logger
from service_kit.telemetry.metrics import from_zero, meter

from order_svc.domain.errors import DependencyUnavailableError
from order_svc.use_cases.delete_expired import DeleteExpired


async def sweep_forever(sweeps: Mapping[str, DeleteExpired], interval_s: float) -> None:
    """Deletes expired entries at once, and then every ``interval_s`` seconds ± 10 %, so that replicas drift apart.

    Args:
        sweeps: by the kind of entry, as the log and the metrics name it.
        interval_s: the mean interval between two runs, in seconds.
    """
    counter = meter("order_svc.sweeps").create_counter(
        "order_svc.sweeps.forgotten", unit="{entry}", description="Expired entries that were deleted"
    )
    from_zero(counter, *({"kind": kind} for kind in sweeps))
    while True:
        for kind, delete_expired in sweeps.items():
            try:
                deleted = await delete_expired()
            except DependencyUnavailableError as exc:
                logger.bind(kind=kind, cause=type(exc.__cause__).__name__).warning("expired entries not deleted")
            else:
                counter.add(deleted, {"kind": kind})
                if deleted:
                    logger.bind(kind=kind, entries=deleted).info("expired entries deleted")
        await asyncio.sleep(interval_s * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
