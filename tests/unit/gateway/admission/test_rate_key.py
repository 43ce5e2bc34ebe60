import pytest
from gateway.admission.rate_limit import rate_key
from service_kit.contract.policy import RateClass
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace

from tests.unit.gateway.asgi import principal


def key_of(address: str) -> str:
    return rate_key(RateClass.DEFAULT, RequestContext("r", continue_trace(None), client_address=address))


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("203.0.113.7", "rl:default:addr:203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "rl:default:addr:2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "rl:default:addr:2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "rl:default:addr:2001:db8:1:3::/64"),
        ("", "rl:default:addr:"),
    ],
)
def test_request_without_a_user_counts_for_its_address_or_ipv6_network(address: str, bucket: str) -> None:
    assert key_of(address) == bucket


def test_request_of_a_user_counts_for_the_user_at_any_address() -> None:
    request = RequestContext("r", continue_trace(None), client_address="203.0.113.7", principal=principal())
    assert rate_key(RateClass.CREDENTIALS, request) == "rl:credentials:user:user-1"
