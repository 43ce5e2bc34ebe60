"""The OpenAPI document is valid, complete, and says what the contract says."""

from pathlib import Path
from typing import Any

import pytest
from gateway.openapi.document import openapi_document
from openapi_spec_validator import OpenAPIV31SpecValidator
from service_kit.contract import Contract, Method

from tests.examples.contracts import compile_protos, headrace_contract

CONTRACT = headrace_contract()
DOCUMENT = openapi_document(CONTRACT, version="1.2.3", cookie_name="session_key")


def _operation(http_method: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = DOCUMENT["paths"][path][http_method]
    return operation


def _body(http_method: str, path: str) -> dict[str, Any]:
    schema = _operation(http_method, path)["requestBody"]["content"]["application/json"]["schema"]
    return _component(DOCUMENT, schema)


def _component(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    component: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return component


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@pytest.mark.parametrize("method", CONTRACT.methods.values(), ids=lambda method: method.name)
def test_every_binding_is_described(method: Method) -> None:
    for binding in method.bindings:
        operation = _operation(binding.http_method.lower(), binding.path)
        assert operation["summary"]
        assert str(method.policy.success_status) in operation["responses"]
        assert ("requestBody" in operation) == binding.has_body


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_operations_are_grouped_by_service_the_platforms_own_last() -> None:
    tags = DOCUMENT["tags"]
    assert [tag["name"] for tag in tags] == ["Order", "Audit", "User", "Session"]
    assert tags[0]["description"] == "Orders."
    used = {tag for path in DOCUMENT["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in tags}


def test_rules_become_keywords() -> None:
    properties = _body("post", "/api/users/reg")["properties"]
    assert (properties["name"]["minLength"], properties["name"]["maxLength"]) == (2, 50)
    assert properties["email"]["format"] == "email"
    assert properties["password"]["writeOnly"] is True
    lines = _body("post", "/api/orders/add")["properties"]["lines"]
    assert (lines["minItems"], lines["maxItems"]) == (1, 100)
    assert DOCUMENT["components"]["schemas"]["OrderLine"]["properties"]["quantity"]["maximum"] == 10_000


def test_a_message_has_a_schema_for_each_direction() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["OrderLine"]["required"] == ["sku", "quantity", "unit_price_minor"]
    assert schemas["OrderLineInput"]["required"] == ["sku", "quantity", "unit_price_minor"]
    assert schemas["OrderLineInput"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["OrderLine"]
    assert schemas["CreateOrderRequest"]["properties"]["lines"]["items"] == {
        "$ref": "#/components/schemas/OrderLineInput"
    }
    assert {"created_at", "updated_at"} <= set(schemas["Order"]["required"])


def test_bodies_have_names_of_their_own() -> None:
    for path, name in (("/api/orders/status", ""), ("/api/v1/orders/{order_id}", "Resource")):
        body = _operation("patch", path)["requestBody"]["content"]["application/json"]["schema"]
        assert body == {"$ref": f"#/components/schemas/UpdateOrderStatus{name}Request"}


def test_what_may_be_left_out_may_be_null() -> None:
    assert _body("post", "/api/users/ext")["properties"]["token"]["type"] == ["string", "null"]
    assert _body("post", "/api/users/reg")["properties"]["name"]["type"] == "string"


def test_what_only_the_gateway_knows_of_strings() -> None:
    register = _body("post", "/api/users/reg")["properties"]
    assert register["password"]["minLength"] == 15
    assert register["password"]["pattern"] == r"^[^\u0000]*$"
    for path in ("/api/v1/orders/{order_id}", "/api/orders/info"):
        parameters = {p["name"]: p for p in _operation("get", path)["parameters"]}
        assert parameters["order_id"]["required"]
        assert set(parameters) == {"order_id", "If-Match", "If-None-Match", "Request-Timeout"}


def test_versions_are_documented() -> None:
    get = _operation("get", "/api/v1/orders/{order_id}")["responses"]
    assert "ETag" in get["200"]["headers"]
    assert "content" not in get["304"]
    for http_method in ("patch", "delete"):
        operation = _operation(http_method, "/api/v1/orders/{order_id}")
        assert "If-Match" in {p["name"] for p in operation["parameters"]}
        assert "304" not in operation["responses"]
    assert "If-Match" not in {p["name"] for p in _operation("delete", "/api/v1/users/{user_id}")["parameters"]}


def test_required_and_unknown_fields() -> None:
    body = _body("post", "/api/users/reg")
    assert body["required"] == ["email", "name", "password"]
    assert body["additionalProperties"] is False


def test_what_the_path_has_is_not_in_the_body() -> None:
    assert "order_id" in _body("patch", "/api/orders/status")["properties"]
    assert "order_id" not in _body("patch", "/api/v1/orders/{order_id}")["properties"]


def test_headers_travel_apart() -> None:
    operation = _operation("post", "/api/v1/orders")
    assert "idempotency_key" not in _body("post", "/api/v1/orders")["properties"]
    names = {p["name"]: p["in"] for p in operation["parameters"]}
    assert names == {"Idempotency-Key": "header", "Request-Timeout": "header"}
    assert set(operation["responses"]["201"]["headers"]) == {"Location", "ETag", "Idempotency-Replayed"}


def test_every_operation_takes_a_shorter_deadline() -> None:
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            (parameter,) = [p for p in operation["parameters"] if p["name"] == "Request-Timeout"]
            assert (parameter["in"], parameter["required"]) == ("header", False)
            assert parameter["schema"] == {"type": "number", "minimum": 0.001, "maximum": 86_400}


def test_the_session_is_no_part_of_a_body() -> None:
    content = _operation("post", "/api/users/log")["responses"]["200"]["content"]["application/json"]
    assert set(content["schema"]["properties"]) == {"user", "access_token", "token_type", "expires_in"}


def test_security_follows_access() -> None:
    assert "security" not in _operation("post", "/api/users/log")
    assert _operation("get", "/api/orders")["security"] == [{"bearer": []}, {"session": []}]


def test_enums_are_spelled_as_in_json() -> None:
    status = DOCUMENT["components"]["schemas"]["Order"]["properties"]["status"]
    assert status["enum"] == ["processing", "done", "cancelled"]


def test_times_and_maps() -> None:
    parameters = {p["name"]: p for p in _operation("get", "/api/v1/audit-events")["parameters"]}
    assert parameters["since"]["in"] == "query"
    since = parameters["since"]["schema"]
    assert (since["type"], since["format"]) == ("string", "date-time")
    detail = DOCUMENT["components"]["schemas"]["AuditEvent"]["properties"]["detail"]
    assert (detail["type"], detail["additionalProperties"]) == ("object", {"type": "string"})


def test_all_codes_are_listed() -> None:
    codes = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == set(CONTRACT.reasons)


def test_paths_that_differ_in_the_names_of_their_variables_are_one_path(tmp_path: Path) -> None:
    method = """
  // {name}s a thing.
  rpc {name}({name}Request) returns ({name}Response) {{
    option (google.api.http) = {{ {http} }};
    option (headrace.v1.method) = {{ access: ACCESS_USER deadline_ms: 500 }};
  }}"""
    proto = f"""syntax = "proto3";
package probe.v1;
import "google/api/annotations.proto";
import "headrace/v1/policy.proto";
service ProbeService {{
  option (headrace.v1.service).upstream = "probe-svc";
  {method.format(name="Show", http='get: "/things/{thing_id}"')}
  {method.format(name="Change", http='patch: "/things/{id}" body: "*"')}
}}
message ShowRequest {{ string thing_id = 1; }}
message ShowResponse {{}}
message ChangeRequest {{ string id = 1; string name = 2; }}
message ChangeResponse {{}}
"""
    contract = Contract.load(compile_protos(tmp_path, {"probe/v1/probe.proto": proto}))
    document = openapi_document(contract, version="1", cookie_name="session_key")
    OpenAPIV31SpecValidator(document).validate()
    shown = document["paths"]["/things/{thing_id}"]
    assert set(shown) == {"get", "patch"}
    for operation in shown.values():
        assert [p["name"] for p in operation["parameters"] if p["in"] == "path"] == ["thing_id"]
    body = shown["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(_component(document, body)["properties"]) == {"name"}
