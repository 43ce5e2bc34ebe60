"""The stack that the tests of this folder start, break and stop."""

from collections.abc import Iterator

import pytest

from tests.running.terminals import Terminal, new_terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with new_terminal() as terminal:
        yield terminal
