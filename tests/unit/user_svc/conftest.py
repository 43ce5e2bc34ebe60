"""Fixtures of the tests of the use cases."""

import pytest

from tests.unit.user_svc.world import World


@pytest.fixture
def world() -> World:
    """A user service on stores in memory, without accounts."""
    return World()
