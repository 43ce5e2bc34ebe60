"""Text parameters into message fields: what stands in the path, the query string, or a header."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract.policy import HeaderBinding
from service_kit.request.errors import Violation

from gateway.transcoding.mismatch import ValueMismatch
from gateway.transcoding.values import put_value, text_value_reader


class TextField:
    """A field that can be set from text. label: how the client knows it, for violations."""

    def __init__(self, field: FieldDescriptor, label: str | None = None) -> None:
        self.label = label or field.name
        self.is_repeated = field.is_repeated
        self._field = field
        self._read = text_value_reader(field)

    def set(self, message: Any, text: str, violations: list[Violation]) -> None:
        try:
            value = self._read(text)
        except ValueMismatch as mismatch:
            violations.append(Violation(self.label, mismatch.rule, str(mismatch)))
            return
        if self.is_repeated:
            getattr(message, self._field.name).append(value)
        else:
            put_value(message, self._field, value)


class QueryReader:
    """Sets the fields of a message from a query string; parameters that are no fields are violations.

    ContractError: the message has a field that has no text form, so no client could set it.
    """

    def __init__(self, descriptor: Descriptor, hidden: frozenset[str]) -> None:
        self._fields = {field.name: TextField(field) for field in descriptor.fields if field.name not in hidden}

    def fill(self, message: Any, query: bytes, violations: list[Violation]) -> None:
        seen: set[str] = set()
        for name, text in _pairs(query, violations):
            field = self._fields.get(name)
            if field is None:
                violations.append(Violation(name, "query.unknown_parameter", "is not a parameter of this request"))
            elif name in seen and not field.is_repeated:
                violations.append(Violation(name, "query.duplicate", "must not be given twice"))
            else:
                seen.add(name)
                field.set(message, text, violations)


def _pairs(query: bytes, violations: list[Violation]) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except UnicodeDecodeError:
        violations.append(Violation("query", "query.utf8", "is not percent-encoded UTF-8"))
    except ValueError:
        violations.append(Violation("query", "query.max_fields", "must have at most 100 parameters"))
    return []


class HeaderField:
    """A field that is read from a request header."""

    def __init__(self, field: FieldDescriptor, binding: HeaderBinding) -> None:
        self._name = binding.name.lower().encode()
        self._format = binding.format
        self._prefix, _, self._suffix = binding.format.partition("{}")
        self._field = TextField(field, label=binding.name)
        self.field_name = field.name
        self.label = binding.name

    def fill(self, message: Any, headers: Sequence[tuple[bytes, bytes]], violations: list[Violation]) -> None:
        values = [value for name, value in headers if name == self._name]
        if not values:
            return
        text = values[0].decode("latin-1")
        inner = text.removeprefix(self._prefix).removesuffix(self._suffix)
        if len(values) > 1:
            violations.append(Violation(self.label, "header.duplicate", "must not be given twice"))
        elif f"{self._prefix}{inner}{self._suffix}" != text:
            violations.append(Violation(self.label, "header.format", f"must have the form {self._format}"))
        else:
            self._field.set(message, inner, violations)
