"""Loading the contract: policies, reasons, comments, and refusals."""

from pathlib import Path

import pytest
from service_kit.contract import Contract, ContractError
from service_kit.contract.policy import Access, Degraded, HeaderBinding, Idempotency, RateClass, SessionEffect

from tests.examples.contracts import compile_protos, headrace_contract

_SERVICE = """syntax = "proto3";
package probe.v1;
import "google/api/annotations.proto";
import "headrace/v1/policy.proto";
service ProbeService {{
  {service}
  // Says hello.
  rpc Hello(HelloRequest) returns (HelloResponse) {{
    {method}
  }}
}}
message HelloRequest {{ string name = 1; }}
message HelloResponse {{ string text = 1; }}
"""
_UPSTREAM = 'option (headrace.v1.service).upstream = "probe-svc";'
_POLICY = "option (headrace.v1.method) = { access: ACCESS_USER deadline_ms: 500 };"
_HTTP = 'option (google.api.http) = { get: "/hello" };'


def _load(folder: Path, service: str, method: str) -> Contract:
    text = _SERVICE.format(service=service, method=method)
    return Contract.load(compile_protos(folder, {"probe/v1/probe.proto": text}))


def test_contract_has_method_policies_and_bindings() -> None:
    method = headrace_contract().methods["/user.v1.UserService/Login"]

    assert (method.service, method.name, method.upstream) == ("user.v1.UserService", "Login", "user-svc")
    assert method.policy.access is Access.PUBLIC
    assert method.policy.deadline_s == 5
    assert method.policy.rate_class is RateClass.CREDENTIALS
    assert method.policy.degraded is Degraded.REFUSE
    assert method.policy.session is SessionEffect.ISSUES
    assert method.policy.success_status == 200
    assert [(b.http_method, b.path, b.has_body) for b in method.bindings] == [
        ("POST", "/api/users/log", True),
        ("POST", "/api/v1/sessions", True),
    ]
    assert method.description.startswith("Logs a user in")


def test_contract_has_field_policies() -> None:
    contract = headrace_contract()
    update = contract.methods["/order.v1.OrderService/UpdateOrderStatus"].input
    login = contract.methods["/user.v1.UserService/Login"].input

    create = contract.methods["/order.v1.OrderService/CreateOrder"].input
    order = contract.methods["/order.v1.OrderService/GetOrder"].output.fields_by_name["order"].message_type
    assert order is not None

    assert contract.field_policy(create.fields_by_name["idempotency_key"]).from_header == HeaderBinding(
        "Idempotency-Key", "{}"
    )
    assert contract.field_policy(update.fields_by_name["expected_versions"]).expected_versions
    assert contract.field_policy(update.fields_by_name["expected_versions"]).is_from_header
    assert contract.field_policy(order.fields_by_name["version"]).version
    assert contract.field_policy(login.fields_by_name["password"]).sensitive
    assert not contract.field_policy(login.fields_by_name["email"]).sensitive


def test_may_repeat_follows_idempotency_level_and_key() -> None:
    methods = headrace_contract().methods
    create, show, change = (
        methods[f"/order.v1.OrderService/{name}"] for name in ("CreateOrder", "GetOrder", "UpdateOrderStatus")
    )
    assert show.may_repeat(show.request_class())
    assert not change.may_repeat(change.request_class())
    assert not create.may_repeat(create.request_class())
    assert create.may_repeat(create.request_class(idempotency_key="k"))


@pytest.mark.parametrize(
    "fields",
    [
        "string key = 1 [(headrace.v1.field).idempotency_key = true];",
        "optional string key = 1 [(headrace.v1.field).idempotency_key = true]; "
        "optional string other = 2 [(headrace.v1.field).idempotency_key = true];",
    ],
    ids=["without presence", "two of them"],
)
def test_an_idempotency_key_is_optional_and_the_only_one(tmp_path: Path, fields: str) -> None:
    text = _SERVICE.format(service=_UPSTREAM, method=_POLICY + _HTTP).replace("string name = 1;", fields)
    with pytest.raises(ContractError, match="idempotency_key"):
        Contract.load(compile_protos(tmp_path, {"probe/v1/probe.proto": text}))


@pytest.mark.parametrize(
    ("fields", "http"),
    [
        ("int64 seen = 1 [(headrace.v1.field).expected_versions = true];", 'post: "/hello" body: "*"'),
        ("repeated string seen = 1 [(headrace.v1.field).expected_versions = true];", 'post: "/hello" body: "*"'),
        (
            "repeated int64 a = 1 [(headrace.v1.field).expected_versions = true]; "
            "repeated int64 b = 2 [(headrace.v1.field).expected_versions = true];",
            'post: "/hello" body: "*"',
        ),
        ("repeated int64 seen = 1 [(headrace.v1.field).expected_versions = true];", 'get: "/hello"'),
    ],
    ids=["one", "text", "two of them", "GET"],
)
def test_expected_versions_are_repeated_int64_and_of_an_unsafe_method(tmp_path: Path, fields: str, http: str) -> None:
    method = _POLICY + f"option (google.api.http) = {{ {http} }};"
    text = _SERVICE.format(service=_UPSTREAM, method=method).replace("string name = 1;", fields)
    with pytest.raises(ContractError, match="expected_versions"):
        Contract.load(compile_protos(tmp_path, {"probe/v1/probe.proto": text}))


def test_idempotency_level_is_the_standard_option() -> None:
    methods = headrace_contract().methods

    assert methods["/order.v1.OrderService/GetOrder"].policy.idempotency is Idempotency.NO_SIDE_EFFECTS
    assert methods["/order.v1.OrderService/DeleteOrder"].policy.idempotency is Idempotency.IDEMPOTENT
    assert methods["/order.v1.OrderService/CreateOrder"].policy.idempotency is Idempotency.UNKNOWN


def test_reasons_carry_their_http_status_and_title() -> None:
    reasons = headrace_contract().reasons

    assert reasons["VERSION_MISMATCH"].http_status == 412
    assert reasons["EMAIL_TAKEN"].http_status is None
    assert reasons["EMAIL_TAKEN"].title == "An account with this email exists"
    assert "UNSPECIFIED" not in reasons


def test_contract_has_comments_of_fields_and_values() -> None:
    contract = headrace_contract()

    assert contract.comment("order.v1.Order.total_minor").startswith("The sum of quantity times unit price")
    assert contract.comment("order.v1.OrderStatus.ORDER_STATUS_DONE") == "Fulfilled. Final."
    assert contract.comment("no.such.thing") == ""


def test_minimal_method_is_loaded(tmp_path: Path) -> None:
    contract = _load(tmp_path, _UPSTREAM, _POLICY + _HTTP)

    method = contract.methods["/probe.v1.ProbeService/Hello"]
    assert method.policy.success_status == 200
    assert method.policy.rate_class is RateClass.DEFAULT


@pytest.mark.parametrize(
    ("service", "method", "message"),
    [
        ("", _POLICY + _HTTP, "which upstream"),
        (_UPSTREAM, _HTTP, "no (headrace.v1.method) option"),
        (_UPSTREAM, "option (headrace.v1.method) = { access: ACCESS_USER };" + _HTTP, "no deadline_ms"),
        (_UPSTREAM, "option (headrace.v1.method) = { deadline_ms: 5 };" + _HTTP, "access is not set"),
        (_UPSTREAM, _POLICY, "exactly the internal methods"),
        (_UPSTREAM, _POLICY.replace("USER", "INTERNAL") + _HTTP, "exactly the internal methods"),
        (_UPSTREAM, _POLICY.replace("500", "500 success_status: 404") + _HTTP, "is not a success"),
        (_UPSTREAM, _POLICY + 'option (google.api.http) = { post: "/hello" body: "name" };', "body must be"),
        (_UPSTREAM, _POLICY + 'option (google.api.http) = { get: "/hello" response_body: "x" };', "no field x"),
        (_UPSTREAM, _POLICY + 'option (google.api.http) = { body: "*" };', "without a path"),
    ],
)
def test_a_contradictory_contract_is_refused(tmp_path: Path, service: str, method: str, message: str) -> None:
    with pytest.raises(ContractError) as refused:
        _load(tmp_path, service, method)

    assert message in str(refused.value)


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\n\x03abc"])
def test_malformed_descriptor_set_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError):
        Contract.load(data)
