"""What the document says of bodies is what the gateway does: a body is taken where its schema allows it, else not.

Answers, of any message that a service can send, are what the response's schema says.
"""

import json
from typing import Any

import orjson
import pytest
from gateway.openapi.document import openapi_document
from gateway.problems import Problem
from gateway.transcoding.endpoint import Endpoint, endpoints_of
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.examples.contracts import headrace_contract
from tests.hypothesis_profiles import examples
from tests.unit.gateway.openapi.json_values import allowed, nearly_allowed

CONTRACT = headrace_contract()
DOCUMENT = openapi_document(CONTRACT, version="1", cookie_name="session_key", max_body_bytes=1024 * 1024)
COMPONENTS = DOCUMENT["components"]["schemas"]
ENDPOINTS = endpoints_of(CONTRACT)
WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.binding.has_body]
WITH_ANSWER = [endpoint for endpoint in ENDPOINTS if endpoint.method.policy.success_status != 204]
#: A value for every variable that a path has.
IN_PATH = {"order_id": "0190b3a1-0000-7000-8000-000000000000", "user_id": "0190b3a1-0000-7000-8000-000000000000"}


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.http_method} {endpoint.path}"


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = DOCUMENT["paths"][endpoint.path][endpoint.http_method.lower()]
    return operation


def _body_schema(endpoint: Endpoint) -> dict[str, Any]:
    reference = _operation(endpoint)["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema: dict[str, Any] = COMPONENTS[reference.rpartition("/")[2]]
    return schema


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": {"schemas": COMPONENTS}})


def _is_taken(endpoint: Endpoint, body: Any) -> bool:
    parameters = {name: value for name, value in IN_PATH.items() if f"{{{name}}}" in endpoint.path}
    try:
        endpoint.reader.read(parameters, b"", [], json.dumps(body).encode())
    except Problem:
        return False
    return True


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_name)
@given(st.data())
@settings(max_examples=examples(20), suppress_health_check=list(HealthCheck))
def test_a_body_that_the_schema_allows_is_taken(endpoint: Endpoint, data: st.DataObject) -> None:
    schema = _body_schema(endpoint)
    body = data.draw(allowed(COMPONENTS, schema))
    assert _validator(schema).is_valid(body)
    assert _is_taken(endpoint, body)


@pytest.mark.parametrize("endpoint", [e for e in WITH_BODY if _body_schema(e)["properties"]], ids=_name)
@given(st.data())
@settings(max_examples=examples(30), suppress_health_check=list(HealthCheck))
def test_a_body_that_is_taken_is_one_that_the_schema_allows(endpoint: Endpoint, data: st.DataObject) -> None:
    schema = _body_schema(endpoint)
    body = data.draw(nearly_allowed(COMPONENTS, schema))
    if _is_taken(endpoint, body):
        _validator(_without_default_lengths(schema)).validate(body)
    else:
        assert not _validator(schema).is_valid(body)


def _without_default_lengths(schema: dict[str, Any]) -> dict[str, Any]:
    """A service may be set to take shorter passwords than the document says."""
    properties = {
        name: {key: value for key, value in each.items() if key != "minLength"} if each.get("writeOnly") else each
        for name, each in schema["properties"].items()
    }
    return {**schema, "properties": properties}


#: What every rule allows that a message in an answer shares with one in a request.
_SCALARS = {
    FieldDescriptor.TYPE_STRING: st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(1, 10_000),
    FieldDescriptor.TYPE_INT64: st.integers(1, 10**12),
}


def _fill(message: Any, descriptor: Descriptor, data: st.DataObject) -> None:
    """Set the fields of ``message`` to anything, and those that the contract requires in any case."""
    for field in descriptor.fields:
        rules = CONTRACT.field_rules(field)
        if CONTRACT.field_policy(field).raw_value_of:
            continue  # only a service of before a value was known sets it
        if field.has_presence and not (rules is not None and rules.required) and not data.draw(st.booleans()):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name)["session_id"] = data.draw(_SCALARS[FieldDescriptor.TYPE_STRING])
        elif field.message_type is not None and field.is_repeated:
            for _ in range(data.draw(st.integers(0, 2))):
                _fill(getattr(message, field.name).add(), field.message_type, data)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            if not field.message_type.full_name.startswith("google."):
                _fill(getattr(message, field.name), field.message_type, data)
        elif field.enum_type is not None:
            numbers = sorted(number for number in field.enum_type.values_by_number if number)
            setattr(message, field.name, data.draw(st.sampled_from(numbers)))
        elif rules is not None and rules.string.uuid:
            setattr(message, field.name, IN_PATH["order_id"])
        elif not field.is_repeated:
            setattr(message, field.name, data.draw(_SCALARS[field.type]))


@pytest.mark.parametrize("endpoint", WITH_ANSWER, ids=_name)
@given(st.data())
@settings(max_examples=examples(10), suppress_health_check=list(HealthCheck))
def test_an_answer_is_what_its_schema_says(endpoint: Endpoint, data: st.DataObject) -> None:
    message = endpoint.method.response_class()
    _fill(message, endpoint.method.output, data)
    for field in endpoint.method.output.fields:
        if endpoint.binding.response_body == field.name:
            getattr(message, field.name).SetInParent()
            assert field.message_type is not None
            _fill(getattr(message, field.name), field.message_type, data)
    status = str(endpoint.method.policy.success_status)
    schema = _operation(endpoint)["responses"][status]["content"]["application/json"]["schema"]
    _validator(schema).validate(orjson.loads(endpoint.writer.write(message).body))
