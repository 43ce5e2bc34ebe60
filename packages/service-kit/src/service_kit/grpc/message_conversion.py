"""Converts betterproto2 messages to and from the classes of protobuf's C codec, by steps compiled once per type.

betterproto2 encodes and decodes in Python: 147 ms for a page of 100 orders with 100 lines each, during which the event
loop is blocked. Copying the fields into a dynamic message, which the C codec encodes, takes 7 ms.

This is the only module that reads betterproto2's own description of a message (`Message._betterproto`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import betterproto2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

#: Copies one field. Takes the message to read and the message to write to.
_Copy = Callable[[Any, Any], None]
#: Reads one field of a dynamic message, as betterproto2 represents it.
_Read = Callable[[Any], Any]


class _Field(NamedTuple):
    """A field as both libraries describe it.

    Attributes:
        descriptor: Of protobuf.
        attribute: The name in betterproto2, which differs where the field's name is a keyword of Python.
        meta: Of betterproto2.
        value_meta: Of one value: for maps, that of their values.
        value_class: The class of one value.
    """

    descriptor: FieldDescriptor
    attribute: str
    meta: betterproto2.FieldMetadata
    value_meta: betterproto2.FieldMetadata
    value_class: type[Any]

    @property
    def value_descriptor(self) -> FieldDescriptor:
        """The field, or the value field of a map's entries."""
        entry = self.descriptor.message_type
        return entry.fields_by_name["value"] if self.is_map and entry is not None else self.descriptor

    @property
    def is_map(self) -> bool:
        return self.meta.map_meta is not None


class MessageConverter:
    """Converts messages of one type, without fields that the contract does not know.

    `MessageConverters` makes them.
    """

    def __init__(self, message_class: type[Any]) -> None:
        self._message_class = message_class
        #: The name in betterproto2 and that in the contract, of the fields that are copied without conversion.
        self._scalars: list[tuple[str, str]] = []
        self._copies: list[_Copy] = []
        self._plain_reads: list[tuple[str, str]] = []
        self._reads: list[tuple[str, _Read]] = []

    def add(self, field: _Field, copy_value: _Copy | None, read_value: _Read | None) -> None:
        """Adds a field; ``copy_value`` and ``read_value`` convert one value, None: it needs no conversion."""
        descriptor, names = field.descriptor, (field.attribute, field.descriptor.name)
        if descriptor.is_repeated or copy_value is not None:
            self._copies.append(_copy(field, copy_value))
        else:
            self._scalars.append(names)
        if descriptor.is_repeated or descriptor.has_presence or read_value is not None:
            self._reads.append((field.attribute, _read(field, read_value)))
        else:
            self._plain_reads.append(names)

    def copy(self, message: Any, target: Any) -> None:
        """Copies a betterproto2 message into an empty dynamic one."""
        for attribute, name in self._scalars:
            value = getattr(message, attribute)
            if value is not None:
                setattr(target, name, value)
        for copy in self._copies:
            copy(message, target)

    def build(self, source: Any) -> Any:
        """Returns the betterproto2 message that holds what a dynamic one holds."""
        fields = {attribute: getattr(source, name) for attribute, name in self._plain_reads}
        for attribute, read in self._reads:
            fields[attribute] = read(source)
        return self._message_class(**fields)


class MessageConverters:
    """The converters of all message types in use."""

    def __init__(self) -> None:
        self._converters: dict[type[Any], MessageConverter] = {}

    def of(self, message_class: type[Any], descriptor: Descriptor) -> MessageConverter:
        """Returns the converter between a betterproto2 class and the dynamic class of ``descriptor``."""
        converter = self._converters.get(message_class)
        if converter is None:
            # Registered before it is complete: message types can be recursive.
            converter = self._converters[message_class] = MessageConverter(message_class)
            for field in _fields_of(message_class, descriptor):
                converter.add(field, *self._value_steps(field))
        return converter

    def _value_steps(self, field: _Field) -> tuple[_Copy | None, _Read | None]:
        """Returns how one value of a field is copied and read; None: it needs no conversion."""
        descriptor = field.value_descriptor
        if descriptor.enum_type is not None:
            return None, field.value_class
        if descriptor.message_type is None:
            return None, None
        unwrap = field.value_meta.unwrap
        if unwrap is None:
            converter = self.of(field.value_class, descriptor.message_type)
            return converter.copy, converter.build
        # A well-known type that betterproto2 represents as a Python value, such as a datetime.
        wrapper: Any = unwrap()
        wrapped = self.of(wrapper, descriptor.message_type)
        return (
            lambda value, target: wrapped.copy(wrapper.from_wrapped(value), target),
            lambda source: wrapped.build(source).to_wrapped(),
        )


def _fields_of(message_class: type[Any], descriptor: Descriptor) -> list[_Field]:
    known = message_class._betterproto  # noqa: SLF001 - the only description of which attribute is which field
    fields = []
    for field in descriptor.fields:
        attribute = known.field_name_by_number[field.number]
        meta = known.meta_by_field_name[attribute]
        value_meta = meta.map_meta[1] if meta.map_meta is not None else meta
        value_class = known.cls_by_field[attribute if meta.map_meta is None else f"{attribute}.value"]
        fields.append(_Field(field, attribute, meta, value_meta, value_class))
    return fields


def _copy(field: _Field, copy_value: _Copy | None) -> _Copy:
    attribute, name = field.attribute, field.descriptor.name
    if field.is_map:
        return _copy_map(attribute, name, copy_value)
    if copy_value is None:
        return lambda message, target: getattr(target, name).extend(getattr(message, attribute))
    return (
        _copy_list(attribute, name, copy_value)
        if field.descriptor.is_repeated
        else _copy_part(attribute, name, copy_value)
    )


def _copy_map(attribute: str, name: str, copy_value: _Copy | None) -> _Copy:
    def copy(message: Any, target: Any) -> None:
        entries = getattr(target, name)
        for key, value in getattr(message, attribute).items():
            if copy_value is None:
                entries[key] = value
            else:
                copy_value(value, entries[key])

    return copy


def _copy_list(attribute: str, name: str, copy_value: _Copy) -> _Copy:
    def copy(message: Any, target: Any) -> None:
        add = getattr(target, name).add
        for value in getattr(message, attribute):
            copy_value(value, add())

    return copy


def _copy_part(attribute: str, name: str, copy_value: _Copy) -> _Copy:
    def copy(message: Any, target: Any) -> None:
        value = getattr(message, attribute)
        if value is not None:
            part = getattr(target, name)
            part.SetInParent()  # so that an empty message is set too
            copy_value(value, part)

    return copy


def _read(field: _Field, read_value: _Read | None) -> _Read:
    read_plain = read_value or _unchanged
    name = field.descriptor.name
    if field.is_map:
        return lambda source: {key: read_plain(value) for key, value in getattr(source, name).items()}
    if field.descriptor.is_repeated:
        return lambda source: [read_plain(value) for value in getattr(source, name)]
    if field.descriptor.has_presence:
        return lambda source: read_plain(getattr(source, name)) if source.HasField(name) else None
    return lambda source: read_plain(getattr(source, name))


def _unchanged(value: Any) -> Any:
    return value
