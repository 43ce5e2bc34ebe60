"""The platform that these tests share."""

from typing import Any

import pytest

from tests.compose.compose_stack import ComposeStack


@pytest.fixture(scope="session")
def platform(start_stack: Any) -> ComposeStack:
    started: ComposeStack = start_stack({"GATEWAY_CORS_ORIGINS": "https://app.example"})
    return started
