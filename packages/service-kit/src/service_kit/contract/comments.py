"""Reads the comments and locations of a contract's elements from its source info."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

# Field numbers of FileDescriptorProto, DescriptorProto, EnumDescriptorProto and ServiceDescriptorProto: the elements of
# the paths in SourceCodeInfo.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM = 2, 3, 4
_ENUM_VALUE = 2
_SERVICE_METHOD = 2


def read_comments(file: FileDescriptorProto) -> dict[str, str]:
    """Returns the leading comment of every element that has one, by its full name; lines joined by spaces."""
    texts: Mapping[tuple[int, ...], str] = {
        tuple(location.path): " ".join(location.leading_comments.split())
        for location in file.source_code_info.location
        if location.leading_comments
    }
    return {name: texts[path] for path, name in _elements(file) if path in texts}


def read_locations(file: FileDescriptorProto) -> dict[str, str]:
    """Returns the location of every element, by its full name: "order/v1/order_service.proto:88:3", as compilers do."""
    spans: Mapping[tuple[int, ...], tuple[int, int]] = {
        tuple(location.path): (location.span[0] + 1, location.span[1] + 1)
        for location in file.source_code_info.location
    }
    return {name: "{}:{}:{}".format(file.name, *spans[path]) for path, name in _elements(file) if path in spans}


def _elements(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    for i, message in enumerate(file.message_type):
        yield from _of_message((_FILE_MESSAGE, i), file.package, message)
    for i, enum in enumerate(file.enum_type):
        yield from _of_enum((_FILE_ENUM, i), file.package, enum)
    for i, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (_FILE_SERVICE, i), name
        for j, method in enumerate(service.method):
            yield (_FILE_SERVICE, i, _SERVICE_METHOD, j), f"{name}.{method.name}"


def _of_message(path: tuple[int, ...], scope: str, message: DescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    name = f"{scope}.{message.name}"
    yield path, name
    for i, field in enumerate(message.field):
        yield (*path, _MESSAGE_FIELD, i), f"{name}.{field.name}"
    for i, nested in enumerate(message.nested_type):
        yield from _of_message((*path, _MESSAGE_NESTED, i), name, nested)
    for i, enum in enumerate(message.enum_type):
        yield from _of_enum((*path, _MESSAGE_ENUM, i), name, enum)


def _of_enum(path: tuple[int, ...], scope: str, enum: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    name = f"{scope}.{enum.name}"
    yield path, name
    for i, value in enumerate(enum.value):
        yield (*path, _ENUM_VALUE, i), f"{name}.{value.name}"
