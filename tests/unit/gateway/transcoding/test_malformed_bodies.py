"""Every malformed body on every route that has one; a few of them go through a running gateway (tests/e2e)."""

import pytest
from gateway.problems import Problem
from gateway.transcoding.endpoint import Endpoint, endpoints_of

from tests.examples.contracts import headrace_contract
from tests.examples.malformed_json import MALFORMED_JSON

WITH_BODY = [endpoint for endpoint in endpoints_of(headrace_contract()) if endpoint.binding.has_body]
#: A value for every variable in a path.
IN_PATH = dict.fromkeys(("order_id", "user_id", "session_id"), "0190b3a1-0000-7000-8000-000000000000")


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=lambda endpoint: f"{endpoint.http_method} {endpoint.path}")
@pytest.mark.parametrize("body", MALFORMED_JSON.values(), ids=MALFORMED_JSON)
def test_malformed_body_is_refused_on_every_route(endpoint: Endpoint, body: bytes) -> None:
    parameters = {name: value for name, value in IN_PATH.items() if f"{{{name}}}" in endpoint.path}
    with pytest.raises(Problem) as refused:
        endpoint.reader.read(parameters, b"", [], body)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST")
    assert refused.value.violations
