"""Fixtures of the order service's unit tests."""

import pytest

from tests.fakes.orders import InMemoryOrderRepository
from tests.unit.order_svc.shop import Shop, build_shop


@pytest.fixture
def shop() -> Shop:
    return build_shop(InMemoryOrderRepository())
