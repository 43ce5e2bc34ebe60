"""What the service does now and then, by itself."""

import asyncio
import random

from loguru import logger

from order_svc.domain.errors import DependencyUnavailableError
from order_svc.use_cases.forget_idempotency_keys import ForgetIdempotencyKeys


async def forget_keys_forever(forget: ForgetIdempotencyKeys, interval_s: float) -> None:
    """Forget outdated idempotency keys every ``interval_s`` seconds, give or take 10 % so that replicas drift apart."""
    while True:
        await asyncio.sleep(interval_s * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
        try:
            forgotten = await forget()
        except DependencyUnavailableError as exc:
            logger.bind(cause=str(exc.__cause__)).warning("idempotency keys not forgotten this time")
        else:
            logger.bind(keys=forgotten).info("outdated idempotency keys forgotten")
