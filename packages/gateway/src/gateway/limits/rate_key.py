"""Which bucket a request draws on: that of its user, or without one of the client's network."""

from service_kit.contract.policy import RateClass
from service_kit.request.clients import client_of
from service_kit.request.context import RequestContext


def rate_key(rate_class: RateClass, request: RequestContext) -> str:
    """The key of the bucket that ``request`` draws on."""
    return f"rl:{rate_class.value}:{client_of(request).key}"
