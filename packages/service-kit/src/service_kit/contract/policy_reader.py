"""Reads policies from options: converts dynamic messages to the types of `policy`."""

from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor

from service_kit.contract.errors import ContractError
from service_kit.contract.options import OptionReader
from service_kit.contract.policy import (
    Access,
    Degraded,
    FieldPolicy,
    HeaderBinding,
    Idempotency,
    MethodPolicy,
    RateClass,
    SessionEffect,
    TextForm,
)

_RATE_CLASSES = {0: RateClass.DEFAULT, 1: RateClass.DEFAULT, 2: RateClass.CREDENTIALS}
_DEGRADED = {0: Degraded.LOCAL_SHARE, 1: Degraded.LOCAL_SHARE, 2: Degraded.REFUSE}
_SUCCESS = range(200, 300)
_NO_POLICY = FieldPolicy()

T = TypeVar("T")


def read_method_policy(options: OptionReader, method: Any) -> MethodPolicy:
    """Returns the policy of a method; raises ContractError if it is missing, incomplete or contradictory."""
    raw = options.read(method, "headrace.v1.method")
    if raw is None:
        raise ContractError(f"{method.full_name} has no (headrace.v1.method) option")
    status = raw.success_status or 200
    if not raw.deadline_ms:
        raise ContractError(f"{method.full_name} has no deadline_ms")
    if status not in _SUCCESS:
        raise ContractError(f"{method.full_name}: success_status {status} is not a success")
    return MethodPolicy(
        access=_known(method, "access", raw.access, {access.value: access for access in Access}),
        deadline_s=raw.deadline_ms / 1000,
        rate_class=_known(method, "rate_class", raw.rate_class, _RATE_CLASSES),
        degraded=_known(method, "degraded", raw.degraded, _DEGRADED),
        session=_known(method, "session", raw.session, {effect.value: effect for effect in SessionEffect}),
        success_status=status,
        cache_max_age_s=raw.cache_max_age_s or None,
        idempotency=Idempotency(options.all_of(method).idempotency_level),
    )


def _known(method: Any, option: str, number: int, values: dict[int, T]) -> T:
    if number not in values:
        raise ContractError(f"{method.full_name}: {option} is not set, or has a value that this version does not know")
    return values[number]


def read_field_policy(options: OptionReader, descriptor: FieldDescriptor) -> FieldPolicy:
    """Returns the policy of a field; the empty policy if it has none."""
    raw = options.read(descriptor, "headrace.v1.field")
    if raw is None:
        return _NO_POLICY
    return FieldPolicy(
        from_header=_header(raw.from_header) if raw.HasField("from_header") else None,
        to_header=_header(raw.to_header) if raw.HasField("to_header") else None,
        sensitive=raw.sensitive,
        idempotency_key=raw.idempotency_key,
        version=raw.version,
        expected_versions=raw.expected_versions,
        default_min_len=raw.default_min_len,
        raw_value_of=raw.raw_value_of,
        text_form=_text_form(descriptor, raw.text_form),
        pattern_message=raw.pattern_message,
    )


def _text_form(field: FieldDescriptor, number: int) -> TextForm:
    forms = {form.value: form for form in TextForm}
    if number not in forms:
        raise ContractError(f"{field.full_name}: text_form has a value that this version does not know")
    if number and (field.type != FieldDescriptor.TYPE_STRING or field.is_repeated):
        raise ContractError(f"{field.full_name}: only a single string has a text_form")
    return forms[number]


def _header(raw: Any) -> HeaderBinding:
    return HeaderBinding(raw.name, raw.format or "{}")
