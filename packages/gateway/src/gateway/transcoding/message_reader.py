"""JSON objects into protobuf messages, by readers that are compiled once a type."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import Contract, ContractError
from service_kit.request.errors import Violation
from service_kit.validation.checks import Check, value_checks

from gateway.transcoding.mismatch import ValueMismatch
from gateway.transcoding.values import json_value_reader, put_value
from gateway.transcoding.well_known import is_map, is_timestamp

#: Takes the message to fill, the JSON value, the path of the field, and the list that violations go to.
_Setter = Callable[[Any, Any, str, list[Violation]], None]


class MessageReader:
    """Fills messages of one type from JSON objects. Names are those of the proto file, in snake_case.

    Of a list, one item more than the contract allows is read at most: that is enough for the validator to refuse it.
    ``hidden``: fields that JSON must not set, since they come from elsewhere; they count as unknown.
    """

    def __init__(self, contract: Contract, descriptor: Descriptor, hidden: frozenset[str] = frozenset()) -> None:
        self._setters: dict[str, _Setter] = {}
        for field in descriptor.fields:
            if field.name not in hidden:
                self._setters[field.name] = _setter(contract, field)

    def fill(self, message: Any, members: Mapping[str, Any], path: str, violations: list[Violation]) -> None:
        """Set the fields that ``members`` names; what cannot be set is added to ``violations``."""
        for name, value in members.items():
            setter = self._setters.get(name)
            if setter is None:
                violations.append(Violation(path + name, "json.unknown_field", "is not a field of this request"))
            elif value is not None:  # null is the same as absent, as in proto3's JSON mapping
                setter(message, value, path + name, violations)


def _setter(contract: Contract, field: FieldDescriptor) -> _Setter:
    most = _most_items(contract, field)
    if field.message_type is None or is_timestamp(field):
        read = json_value_reader(field)
        if field.is_repeated:
            return _list_of_values(field.name, read, most)
        return _single_value(field, read, _zero_checks(contract, field))
    if is_map(field):
        raise ContractError(f"{field.full_name}: requests have no form for fields of this type")
    reader = MessageReader(contract, field.message_type)
    if field.is_repeated:
        return _list_of_messages(field.name, reader, most)
    return _single_message(field.name, reader)


def _most_items(contract: Contract, field: FieldDescriptor) -> int | None:
    """How many items of a list are read; None: all of them."""
    rules = contract.field_rules(field)
    return rules.repeated.max_items + 1 if rules is not None and rules.repeated.HasField("max_items") else None


def _zero_checks(contract: Contract, field: FieldDescriptor) -> list[Check]:
    """The rules that a number's 0 breaks, where the validator cannot tell it from a number that did not come.

    To it, such a number is missing; but who sent 0 wants to hear what is allowed instead.
    """
    rules = contract.field_rules(field)
    if rules is None or not rules.required or field.has_presence or field.default_value != 0 or field.enum_type:
        return []
    return value_checks(field, rules)


def _single_value(field: FieldDescriptor, read: Callable[[Any], Any], zero_checks: list[Check]) -> _Setter:
    def set_value(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        try:
            put_value(message, field, number := read(value))
        except ValueMismatch as mismatch:
            violations.append(Violation(path, mismatch.rule, str(mismatch)))
            return
        if zero_checks and not number:
            for check in zero_checks:
                violations.extend(Violation(path, rule, text) for rule, text in check(number))

    return set_value


def _list_of_values(name: str, read: Callable[[Any], Any], most: int | None) -> _Setter:
    def set_values(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        items = getattr(message, name)
        for i, item in enumerate(_as_list(value, path, violations)[:most]):
            try:
                items.append(read(item))
            except ValueMismatch as mismatch:
                violations.append(Violation(f"{path}[{i}]", mismatch.rule, str(mismatch)))

    return set_values


def _single_message(name: str, reader: MessageReader) -> _Setter:
    def set_message(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        if _is_object(value, path, violations):
            nested = getattr(message, name)
            nested.SetInParent()
            reader.fill(nested, value, path + ".", violations)

    return set_message


def _list_of_messages(name: str, reader: MessageReader, most: int | None) -> _Setter:
    def set_messages(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        items = getattr(message, name)
        for i, item in enumerate(_as_list(value, path, violations)[:most]):
            if _is_object(item, f"{path}[{i}]", violations):
                reader.fill(items.add(), item, f"{path}[{i}].", violations)

    return set_messages


def _as_list(value: Any, path: str, violations: list[Violation]) -> list[Any]:
    if isinstance(value, list):
        return value
    violations.append(Violation(path, "json.type", "must be a list"))
    return []


def _is_object(value: Any, path: str, violations: list[Violation]) -> bool:
    if isinstance(value, dict):
        return True
    violations.append(Violation(path, "json.type", "must be an object"))
    return False
