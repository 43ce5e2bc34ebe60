"""What the tests of the use cases share."""

import pytest

from tests.unit.user_svc.world import World


@pytest.fixture
def world() -> World:
    """A user service over stores in memory, with nobody in it."""
    return World()
