"""Methods of a contract that nobody wrote."""

from typing import cast

from service_kit.contract import Method
from service_kit.contract.policy import RateClass

from tests.unit.gateway.asgi import FakeMethod, policy


def method(name: str, upstream: str = "thing-svc", rate_class: RateClass = RateClass.DEFAULT) -> Method:
    """A method with all that limits are about."""
    return cast("Method", FakeMethod(policy(rate_class=rate_class), name, upstream))
