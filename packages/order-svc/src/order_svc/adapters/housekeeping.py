"""What the service does now and then, by itself."""

import asyncio
import random
from collections.abc import Mapping

from loguru import logger
from service_kit.telemetry.metrics import from_zero, meter

from order_svc.domain.errors import DependencyUnavailableError
from order_svc.use_cases.forget_outdated import ForgetOutdated


async def forget_forever(sweeps: Mapping[str, ForgetOutdated], interval_s: float) -> None:
    """Forgets what is outdated at once, and then every ``interval_s`` seconds.

    Give or take 10 %, so that replicas drift apart. sweeps: by what they forget, as the log and the metrics name it.
    """
    counter = meter("order_svc.sweeps").create_counter(
        "order_svc.sweeps.forgotten", unit="{entry}", description="Entries deleted because they were outdated"
    )
    from_zero(counter, *({"kind": kind} for kind in sweeps))
    while True:
        for kind, forget in sweeps.items():
            try:
                forgotten = await forget()
            except DependencyUnavailableError as exc:
                logger.bind(kind=kind, cause=type(exc.__cause__).__name__).warning(
                    "outdated entries not forgotten this time"
                )
            else:
                counter.add(forgotten, {"kind": kind})
                if forgotten:
                    logger.bind(kind=kind, entries=forgotten).info("outdated entries forgotten")
        await asyncio.sleep(interval_s * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
