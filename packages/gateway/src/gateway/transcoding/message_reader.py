"""JSON objects into protobuf messages, by readers that are compiled once a type."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import ContractError
from service_kit.errors import Violation

from gateway.transcoding.mismatch import ValueMismatch
from gateway.transcoding.values import json_value_reader, put_value
from gateway.transcoding.well_known import is_map, is_timestamp

#: Takes the message to fill, the JSON value, the path of the field, and the list that violations go to.
_Setter = Callable[[Any, Any, str, list[Violation]], None]


class MessageReader:
    """Fills messages of one type from JSON objects. Names are those of the proto file, in snake_case.

    ``hidden``: fields that JSON must not set, since they come from elsewhere; they count as unknown.
    """

    def __init__(self, descriptor: Descriptor, hidden: frozenset[str] = frozenset()) -> None:
        self._setters: dict[str, _Setter] = {}
        for field in descriptor.fields:
            if field.name not in hidden:
                self._setters[field.name] = _setter(field)

    def fill(self, message: Any, members: Mapping[str, Any], path: str, violations: list[Violation]) -> None:
        """Set the fields that ``members`` names; what cannot be set is added to ``violations``."""
        for name, value in members.items():
            setter = self._setters.get(name)
            if setter is None:
                violations.append(Violation(path + name, "json.unknown_field", "is not a field of this request"))
            elif value is not None:  # null is the same as absent, as in proto3's JSON mapping
                setter(message, value, path + name, violations)


def _setter(field: FieldDescriptor) -> _Setter:
    if field.message_type is None or is_timestamp(field):
        read = json_value_reader(field)
        return _list_of_values(field.name, read) if field.is_repeated else _single_value(field, read)
    if is_map(field):
        raise ContractError(f"{field.full_name}: requests have no form for fields of this type")
    reader = MessageReader(field.message_type)
    return _list_of_messages(field.name, reader) if field.is_repeated else _single_message(field.name, reader)


def _single_value(field: FieldDescriptor, read: Callable[[Any], Any]) -> _Setter:
    def set_value(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        try:
            put_value(message, field, read(value))
        except ValueMismatch as mismatch:
            violations.append(Violation(path, mismatch.rule, str(mismatch)))

    return set_value


def _list_of_values(name: str, read: Callable[[Any], Any]) -> _Setter:
    def set_values(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        items = getattr(message, name)
        for i, item in enumerate(_as_list(value, path, violations)):
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


def _list_of_messages(name: str, reader: MessageReader) -> _Setter:
    def set_messages(message: Any, value: Any, path: str, violations: list[Violation]) -> None:
        items = getattr(message, name)
        for i, item in enumerate(_as_list(value, path, violations)):
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
