"""Responses to requests that the OpenAPI description allows or forbids are as described."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BINDINGS, ROWS, Style

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def description(api: Api) -> Any:
    return schemathesis.openapi.from_dict(api.send("GET", "/openapi.json").json())


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("method", BINDINGS, ids="-".join)
def test_responses_match_the_openapi_description(
    api: Api, request: pytest.FixtureRequest, description: Any, method: tuple[str, Style], mode: GenerationMode
) -> None:
    rpc, style = method
    binding = ROWS[rpc][style]
    account: Account = request.getfixturevalue("admin" if ROWS[rpc].admin else "newcomer")
    cases = description[binding.path][binding.verb].as_strategy(generation_mode=mode)

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def check(case: Any) -> None:
        case.headers.pop("Request-Timeout", None)  # a request for a millisecond gets 504, as described
        response = case.call(base_url=api.url, headers={"Authorization": f"Bearer {account.token}"})
        case.validate_response(response, checks=CHECKS)

    check()
