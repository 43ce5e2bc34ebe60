"""Metrics of connection pools."""

import pytest
from service_kit.stores.pool_telemetry import PoolCounts, exported_pool
from service_kit.telemetry import metrics

_POOL, _STATE = "db_client_connection_pool_name", "db_client_connection_state"


@pytest.fixture(autouse=True, scope="module")
def started() -> None:
    if not metrics._identity:
        metrics.start(service="demo", version="1.2")


def shown(pool: str) -> dict[str, float]:
    """Returns the exported counts of the pool, by state, and "waiting"."""
    of_pool = [(name, labels, value) for name, labels, value in metrics.samples() if labels.get(_POOL) == pool]
    return {labels.get(_STATE, "waiting"): value for _, labels, value in of_pool}


def test_pool_is_exported_while_it_is_open() -> None:
    with (
        exported_pool("a", lambda: PoolCounts(idle=3, used=2, waiting=7)),
        exported_pool("b", lambda: PoolCounts(1, 0, 0)),
    ):
        assert shown("a") == {"idle": 3, "used": 2, "waiting": 7}
        assert shown("b") == {"idle": 1, "used": 0, "waiting": 0}
    assert shown("a") == {}
