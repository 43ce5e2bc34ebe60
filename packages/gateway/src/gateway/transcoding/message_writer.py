"""Protobuf messages into what orjson prints, by writers that are compiled once a type.

snake_case names; integers as JSON numbers; enums as lower-case names without prefix; timestamps in RFC 3339, UTC;
maps as objects. A field without presence is always printed; an optional or message field only when set.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import Contract, ContractError
from service_kit.contract.enum_names import json_name

from gateway.transcoding.timestamps import written_time
from gateway.transcoding.well_known import is_map, is_timestamp, map_value

_Writer = Callable[[Any], Any]

_AS_IT_IS = {
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_DOUBLE,
}


class MessageWriter:
    """Turns messages of one type into dicts. ``hidden``: fields that are left out."""

    def __init__(self, contract: Contract, descriptor: Descriptor, hidden: frozenset[str] = frozenset()) -> None:
        self._raw_values = raw_values(contract, descriptor)
        hidden |= self._raw_values.keys()
        fields = [field for field in descriptor.fields if field.name not in hidden]
        self._fields = [(field.name, _writer(contract, field), field.has_presence) for field in fields]

    def write(self, message: Any) -> dict[str, Any]:
        written = {
            name: write(getattr(message, name)) if write is not None else getattr(message, name)
            for name, write, has_presence in self._fields
            if not has_presence or message.HasField(name)
        }
        for raw, name in self._raw_values.items():
            if text := getattr(message, raw):
                written[name] = text
        return written


def raw_values(contract: Contract, descriptor: Descriptor) -> dict[str, str]:
    """The fields with the text of values that a service does not know, and the enum field that each is of, by name."""
    found: dict[str, str] = {}
    for field in descriptor.fields:
        name = contract.field_policy(field).raw_value_of
        if not name:
            continue
        of = descriptor.fields_by_name.get(name)
        if of is None or of.enum_type is None or of.is_repeated or field.type != FieldDescriptor.TYPE_STRING:
            raise ContractError(f"{field.full_name}: raw_value_of must name an enum of the same message, for a string")
        found[field.name] = name
    return found


def _writer(contract: Contract, field: FieldDescriptor) -> _Writer | None:
    """What turns the field's value into JSON; None: nothing needs to."""
    if is_map(field):
        return _map_writer(contract, field)
    write = _single(contract, field)
    if not field.is_repeated:
        return write
    if write is None:
        return list
    return lambda items: [write(item) for item in items]


def _map_writer(contract: Contract, field: FieldDescriptor) -> _Writer:
    """Names in their order, since a map has none of its own: equal messages become equal bytes."""
    write = _single(contract, map_value(field))
    if write is None:
        return lambda entries: dict(sorted(entries.items()))
    return lambda entries: {name: write(value) for name, value in sorted(entries.items())}


def _single(contract: Contract, field: FieldDescriptor) -> _Writer | None:
    if field.message_type is not None:
        return written_time if is_timestamp(field) else MessageWriter(contract, field.message_type).write
    if field.enum_type is not None:
        enum = field.enum_type
        names = {value.number: json_name(enum.name, value.name) for value in enum.values}
        return lambda number: names.get(number, str(number))
    if field.type in _AS_IT_IS:
        return None
    raise ContractError(f"{field.full_name}: JSON answers have no form for fields of this type")
