"""One binding of one method as an OpenAPI operation."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from service_kit.contract import Binding, Contract, Method
from service_kit.contract.policy import Access

from gateway.openapi.preconditions import entity_tag, not_modified, precondition_parameters
from gateway.openapi.problems import problem_responses
from gateway.openapi.schemas import Schemas
from gateway.openapi.values import Schema
from gateway.request_timeout import LONGEST_S, REQUEST_TIMEOUT, SHORTEST_S
from gateway.transcoding.body_bounds import body_bounds
from gateway.transcoding.path_template import parse_template
from gateway.transcoding.response_writer import body_type_of

_NO_CONTENT = 204
_SECURITY: list[Schema] = [{"bearer": []}, {"session": []}]


def tag_name(service: str) -> str:
    """What the operations of a service are grouped under, such as `Order`. service: its full name."""
    return service.rpartition(".")[2].removesuffix("Service")


def operation(
    contract: Contract,
    schemas: Schemas,
    method: Method,
    binding: Binding,
    path: str,
    *,
    is_first: bool,
    max_body_bytes: int,
) -> Schema:
    """The operation object of a binding. The first binding of a method carries the method's own name as its id.

    path: the template that the document shows it under; its variables may have other names than the binding's.
    max_body_bytes: the limit for the bodies of all methods.
    """
    in_path = dict(zip(_variables(binding.path), _variables(path), strict=True))
    summary, _, _ = method.description.partition(". ")
    largest_body = body_bounds(contract, method, binding).within_bytes(max_body_bytes)
    described: dict[str, Any] = {
        "operationId": method.name if is_first else f"{method.name}Resource",
        "tags": [tag_name(method.service)],
        "summary": summary.rstrip("."),
        "description": _description(method),
        "parameters": _parameters(contract, schemas, method, binding, in_path),
        "responses": {str(method.policy.success_status): _success(contract, schemas, method, binding)}
        | not_modified(contract, method, binding)
        | problem_responses(method, largest_body),
    }
    if binding.has_body:
        name = f"{described['operationId']}Request"
        schema, is_required = schemas.of_body(method.input, name, frozenset(in_path))
        described["requestBody"] = {
            "required": is_required,
            "content": {"application/json": {"schema": schema}},
            "x-headrace-max-body-bytes": largest_body,
        }
    if method.policy.access is not Access.PUBLIC:
        described["security"] = _SECURITY
    return described


def _variables(template: str) -> list[str]:
    return [segment.text for segment in parse_template(template) if segment.is_variable]


def _description(method: Method) -> str:
    policy = method.policy
    facts = [
        f"Access: {policy.access.name.lower()}",
        f"deadline: {policy.deadline_s:g} s",
        f"rate class: {policy.rate_class.value}",
        f"idempotency: {policy.idempotency.name.lower().replace('_', ' ')}",
    ]
    return f"{method.description}\n\n{'; '.join(facts)}. RPC: `{method.full_name}`."


def _parameters(
    contract: Contract, schemas: Schemas, method: Method, binding: Binding, in_path: dict[str, str]
) -> list[Schema]:
    parameters: list[Schema] = []
    for field in method.input.fields:
        header = contract.field_policy(field).from_header
        if field.name in in_path:
            parameters.append(_parameter(schemas, field, in_path[field.name], "path", required=True))
        elif header is not None:
            parameter = _parameter(schemas, field, header.name, "header", required=False)
            if header.format != "{}":
                parameter["schema"] = {"type": "string", "description": f"The form is {header.format}."}
            parameters.append(parameter)
        elif not binding.has_body and not contract.field_policy(field).is_from_header:
            required = schemas.is_required(field)
            parameters.append(_parameter(schemas, field, field.name, "query", required=required))
    return [*parameters, *precondition_parameters(contract, method, binding), _request_timeout(method)]


def _request_timeout(method: Method) -> Schema:
    schema = {"type": "number", "minimum": SHORTEST_S, "maximum": LONGEST_S}
    text = (
        f"How long the client waits, in seconds; less than the method's own {method.policy.deadline_s:g} s shortens it."
    )
    return {"name": REQUEST_TIMEOUT, "in": "header", "required": False, "description": text, "schema": schema}


def _parameter(schemas: Schemas, field: FieldDescriptor, name: str, where: str, *, required: bool) -> Schema:
    schema = schemas.of_field(field, for_request=True)
    text = schema.pop("description", "")
    if where == "path" and schema["type"] == "string" and "enum" not in schema:
        schema["minLength"] = max(1, schema.get("minLength", 0))
    return {"name": name, "in": where, "required": required, "description": text, "schema": schema}


def _success(contract: Contract, schemas: Schemas, method: Method, binding: Binding) -> Schema:
    response: Schema = {"description": contract.comment(method.output.full_name) or "Success."}
    printed = body_type_of(method, binding)
    holders = {descriptor.full_name: descriptor for descriptor in (method.output, printed)}
    headers = {
        header.name: {"schema": {"type": "string"}, "description": contract.comment(field.full_name)}
        for holder in holders.values()
        for field in holder.fields
        if (header := contract.field_policy(field).to_header) is not None
    } | entity_tag(contract, method, binding)
    if headers:
        response["headers"] = headers
    if method.policy.success_status != _NO_CONTENT:
        shows_part = binding.response_body is not None
        schema = (
            schemas.reference(printed, for_request=False)
            if shows_part
            else schemas.of_message(printed, for_request=False)
        )
        response["content"] = {"application/json": {"schema": schema}}
    return response
