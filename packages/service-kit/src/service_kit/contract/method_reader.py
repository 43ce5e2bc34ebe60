"""Reads the methods of a service, with their policies and HTTP bindings."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from service_kit.contract.errors import ContractError
from service_kit.contract.method import Binding, Method
from service_kit.contract.options import OptionReader
from service_kit.contract.policy import Access
from service_kit.contract.policy_reader import read_field_policy, read_method_policy


def read_methods(service: ServiceDescriptor, options: OptionReader, comments: Mapping[str, str]) -> Iterator[Method]:
    """The methods of one service. ContractError: an annotation is missing or contradictory."""
    placed = options.read(service, "headrace.v1.service")
    if placed is None or not placed.upstream:
        raise ContractError(f"{service.full_name} does not say which upstream serves it")
    for descriptor in service.methods:
        method = Method(
            full_name=f"{service.full_name}/{descriptor.name}",
            upstream=placed.upstream,
            policy=read_method_policy(options, descriptor),
            bindings=tuple(_read_bindings(descriptor, options)),
            input=descriptor.input_type,
            output=descriptor.output_type,
            request_class=GetMessageClass(descriptor.input_type),
            response_class=GetMessageClass(descriptor.output_type),
            description=comments.get(descriptor.full_name, ""),
            idempotency_key=_idempotency_key(descriptor, options),
        )
        if (method.policy.access is Access.INTERNAL) == bool(method.bindings):
            raise ContractError(f"{descriptor.full_name}: exactly the internal methods have no HTTP binding")
        yield method


def _idempotency_key(method: Any, options: OptionReader) -> str | None:
    keys = [field for field in method.input_type.fields if read_field_policy(options, field).idempotency_key]
    if not keys:
        return None
    if len(keys) > 1 or not keys[0].has_presence:
        raise ContractError(f"{method.full_name}: an idempotency_key must be the only one, and optional")
    return str(keys[0].name)


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
