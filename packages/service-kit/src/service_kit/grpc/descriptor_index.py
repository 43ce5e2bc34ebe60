"""An index of descriptor files by name, by symbol and by extension, for server reflection."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)


class DescriptorIndex:
    """Files, and the files that they import.

    Attributes:
        services: The full names of the services that the server has.
        files: The serialised files by name.
        symbols: The file of each message, field, oneof, enum, enum value, extension, service and method, by full name.
        extensions: The file of each extension, by the message that it extends and by its number.
    """

    def __init__(self, roots: Iterable[FileDescriptor], services: Iterable[str]) -> None:
        self.services = tuple(services)
        files: dict[str, FileDescriptorProto] = {}
        for root in roots:
            _add(files, root)
        self.files: Mapping[str, bytes] = {name: file.SerializeToString() for name, file in files.items()}
        self.symbols: dict[str, str] = {}
        self.extensions: dict[str, dict[int, str]] = {}
        for name, file in files.items():
            self.symbols.update(dict.fromkeys(_symbols(file), name))
            for extension in _extensions(file):
                numbers = self.extensions.setdefault(extension.extendee.removeprefix("."), {})
                numbers[extension.number] = name


def _add(files: dict[str, FileDescriptorProto], descriptor: FileDescriptor) -> None:
    if descriptor.name in files:
        return
    file = files[descriptor.name] = FileDescriptorProto()
    descriptor.CopyToProto(file)
    for imported in descriptor.dependencies:
        _add(files, imported)


def _symbols(file: FileDescriptorProto) -> Iterator[str]:
    for message in file.message_type:
        yield from _of_message(file.package, message)
    for enum in file.enum_type:
        yield from _of_enum(file.package, enum)
    yield from _full_names(file.package, file.extension)
    for service in file.service:
        name = _full_name(file.package, service.name)
        yield name
        yield from _full_names(name, service.method)


def _of_message(scope: str, message: DescriptorProto) -> Iterator[str]:
    name = _full_name(scope, message.name)
    yield name
    for parts in (message.field, message.oneof_decl, message.extension):
        yield from _full_names(name, parts)
    for nested in message.nested_type:
        yield from _of_message(name, nested)
    for enum in message.enum_type:
        yield from _of_enum(name, enum)


def _of_enum(scope: str, enum: EnumDescriptorProto) -> Iterator[str]:
    yield _full_name(scope, enum.name)
    # Values are siblings of their enum, as in C++ (descriptor.proto).
    yield from _full_names(scope, enum.value)


def _extensions(parent: FileDescriptorProto | DescriptorProto) -> Iterator[FieldDescriptorProto]:
    yield from parent.extension
    for message in parent.message_type if isinstance(parent, FileDescriptorProto) else parent.nested_type:
        yield from _extensions(message)


def _full_names(scope: str, parts: Iterable[Any]) -> Iterator[str]:
    return (_full_name(scope, part.name) for part in parts)


def _full_name(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
