"""Who is picked."""

from collections import Counter
from dataclasses import dataclass
from typing import cast

from gateway.upstream.balancer import pick
from gateway.upstream.endpoint import Endpoint, Standing


@dataclass(eq=False)
class FakeEndpoint:
    standing: Standing = Standing.READY
    in_flight: int = 0


def picked(*endpoints: FakeEndpoint, but: list[FakeEndpoint] | None = None) -> Counter[int]:
    """Returns how often each endpoint was picked of 600 times, by its index; -1: none."""
    real = cast("list[Endpoint]", list(endpoints))
    found = (pick(real, cast("list[Endpoint]", but or [])) for _ in range(600))
    return Counter(-1 if endpoint is None else real.index(endpoint) for endpoint in found)


def test_no_address_is_picked_when_all_are_broken() -> None:
    assert picked() == {-1: 600}
    assert picked(FakeEndpoint(Standing.BROKEN), FakeEndpoint(Standing.BROKEN)) == {-1: 600}


def test_only_addresses_with_the_best_health_are_picked() -> None:
    for best in (Standing.READY, Standing.UNCONNECTED, Standing.LEAVING):
        worse = [FakeEndpoint(standing) for standing in Standing if standing > best]
        assert picked(*worse, FakeEndpoint(best, in_flight=99), *worse) == {len(worse): 600}


def test_addresses_that_were_tried_are_not_picked() -> None:
    one, other = FakeEndpoint(), FakeEndpoint(Standing.LEAVING)
    assert picked(one, other, but=[one]) == {1: 600}
    assert picked(one, other, but=[one, other]) == {-1: 600}


def test_equal_addresses_share_the_calls() -> None:
    counts = picked(*(FakeEndpoint() for _ in range(3)))
    assert min(counts[place] for place in range(3)) > 100


def test_of_two_the_less_loaded() -> None:
    assert picked(FakeEndpoint(in_flight=3), FakeEndpoint(in_flight=2)) == {1: 600}


def test_the_most_loaded_of_many_is_never_picked_and_the_least_not_always() -> None:
    counts = picked(*(FakeEndpoint(in_flight=load) for load in range(4)))
    assert counts[3] == 0
    assert 0 < counts[1] < counts[0] < 600
