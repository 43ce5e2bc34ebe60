"""Reads the methods of services, with their policies and HTTP bindings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from service_kit.contract.errors import ContractError
from service_kit.contract.method import Binding, Method
from service_kit.contract.options import OptionReader
from service_kit.contract.policy import Access
from service_kit.contract.policy_reader import read_field_policy, read_method_policy


def read_methods(
    services: Iterable[ServiceDescriptor],
    options: OptionReader,
    comments: Mapping[str, str],
    locations: Mapping[str, str],
) -> list[Method]:
    """Reads the methods of ``services``.

    Args:
        services: All services of the contract.
        options: Reads the options of descriptors.
        comments: Of the elements of the contract, by their full names.
        locations: Of these elements in the protos.

    Raises:
        ContractError: Methods cannot be served; one problem for each, with its location in the protos.
    """
    methods: list[Method] = []
    problems: list[str] = []
    for service in services:
        placed = options.read(service, "headrace.v1.service")
        if placed is None or not placed.upstream:
            place = locations.get(service.full_name, service.file.name)
            problems.append(f"{place}: {service.full_name} does not say which upstream serves it")
            continue
        for descriptor in service.methods:
            place = locations.get(descriptor.full_name, service.file.name)
            try:
                methods.append(_read_method(descriptor, placed.upstream, options, comments, place))
            except ContractError as exc:
                problems += [f"{place}: {problem}" for problem in exc.problems]
    if problems:
        raise ContractError(*problems)
    return methods


def _read_method(
    descriptor: Any, upstream: str, options: OptionReader, comments: Mapping[str, str], location: str
) -> Method:
    _require_unary(descriptor)
    method = Method(
        full_name=f"{descriptor.containing_service.full_name}/{descriptor.name}",
        upstream=upstream,
        policy=read_method_policy(options, descriptor),
        bindings=tuple(_read_bindings(descriptor, options)),
        input=descriptor.input_type,
        output=descriptor.output_type,
        request_class=GetMessageClass(descriptor.input_type),
        response_class=GetMessageClass(descriptor.output_type),
        description=comments.get(descriptor.full_name, ""),
        location=location,
        idempotency_key=_idempotency_key(descriptor, options),
        expected_versions=_expected_versions(descriptor, options),
    )
    if (method.policy.access is Access.INTERNAL) == bool(method.bindings):
        raise ContractError(f"{descriptor.full_name}: exactly the internal methods have no HTTP binding")
    if method.expected_versions is not None and any(binding.http_method == "GET" for binding in method.bindings):
        raise ContractError(f"{descriptor.full_name}: GET compares versions itself, and has no expected_versions")
    return method


def _require_unary(descriptor: Any) -> None:
    """Raises ContractError for a streaming method: a unary call would forward only the first of several messages."""
    streams = [
        name
        for name, is_streaming in (
            ("requests", descriptor.client_streaming),
            ("responses", descriptor.server_streaming),
        )
        if is_streaming
    ]
    if streams:
        raise ContractError(f"{descriptor.full_name} streams {' and '.join(streams)}, which is not supported")


def _idempotency_key(method: Any, options: OptionReader) -> str | None:
    keys = [field for field in method.input_type.fields if read_field_policy(options, field).idempotency_key]
    if not keys:
        return None
    if len(keys) > 1 or not keys[0].has_presence:
        raise ContractError(f"{method.full_name}: an idempotency_key must be the only one, and optional")
    return str(keys[0].name)


def _expected_versions(method: Any, options: OptionReader) -> str | None:
    found = [field for field in method.input_type.fields if read_field_policy(options, field).expected_versions]
    if not found:
        return None
    field = found[0]
    if len(found) > 1 or not field.is_repeated or field.type != FieldDescriptor.TYPE_INT64:
        raise ContractError(f"{method.full_name}: expected_versions must be the only ones, and repeated int64")
    return str(field.name)


def _read_bindings(method: Any, options: OptionReader) -> Iterator[Binding]:
    rule = options.read(method, "google.api.http")
    if rule is None:
        return
    yield _read_binding(method, rule)
    for additional in rule.additional_bindings:
        yield _read_binding(method, additional)


def _read_binding(method: Any, rule: Any) -> Binding:
    verb = rule.WhichOneof("pattern")
    if verb is None:
        raise ContractError(f"{method.full_name} has an HTTP binding without a path")
    if rule.body not in ("", "*"):
        raise ContractError(f'{method.full_name}: body must be "*" or absent, not "{rule.body}"')
    if rule.response_body and rule.response_body not in method.output_type.fields_by_name:
        raise ContractError(f"{method.full_name}: no field {rule.response_body} in the response")
    return Binding(verb.upper(), getattr(rule, verb), rule.body == "*", rule.response_body or None)
