"""A platform whose processes all send their traces to a collector of the test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import StartStack
from tests.faults.http_client import HttpConnection
from tests.faults.people import Person, newcomer
from tests.running.collector import Collector, running_collector
from tests.running.stacks import Stack


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="package")
def traced(start_stack: StartStack, collector: Collector) -> Stack:
    """A platform that starts no traces itself: only those of a test are recorded. Its logs are JSON."""
    formats = dict.fromkeys(("GATEWAY_LOG_FORMAT", "USER_SVC_LOG_FORMAT", "ORDER_SVC_LOG_FORMAT"), "json")
    return start_stack(collector.environ(ratio=0.0) | formats)


@pytest.fixture(scope="package")
async def person(traced: Stack) -> Person:
    return await newcomer(traced.url)


@pytest.fixture
async def connection(traced: Stack) -> AsyncIterator[HttpConnection]:
    connection = HttpConnection(traced.url)
    yield connection
    connection.close()
