"""Fake methods of a contract."""

from typing import cast

from service_kit.contract import Method
from service_kit.contract.policy import RateClass

from tests.unit.gateway.asgi import FakeMethod, policy


def method(name: str, upstream: str = "thing-svc", rate_class: RateClass = RateClass.DEFAULT) -> Method:
    """Returns a method with the properties that limits read."""
    return cast("Method", FakeMethod(policy(rate_class=rate_class), name, upstream))
