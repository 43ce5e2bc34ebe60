r"""How large a request's body can be and still be valid: computed from the contract, once for each method.

The bound is that of the largest valid message in the longest spelling that JSON has for it:

- a string: its `max_len` characters (or those of `uuid`, `in`, or an anchored pattern), 12 bytes each, for a character
  beyond the Basic Multilingual Plane may be written as two escapes (`\ud83e\udd80`), and two quotation marks;
- a field's or an enum value's name: 6 bytes a character, since it may be escaped as well (`\u006e`);
- a number: 32 bytes; a boolean: 5; a time: 35 characters of 6 bytes;
- a list or map: `max_items` times its item, `max_pairs` times key and value; a message: the sum of its fields;
- for each value, room for a comma, a colon, a line break, and 8 blanks for each level that it is deep.

The limit in force is no less than 16 KiB. What the contract does not bound (a string without `max_len`, a list without
`max_items`, a message that holds itself) leaves the whole body unbounded: then only the gateway's own limits hold.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from service_kit.contract import Binding, Contract, Method
from service_kit.contract.pattern_length import longest_match

from gateway.transcoding.well_known import is_map, is_timestamp, message_type_of

#: No method takes a larger body, however little its contract bounds: looking through one takes some milliseconds.
MAX_BODY_BYTES = 1024 * 1024
#: A body that breaks a rule should hear which, and not only that it is large: looking through so much takes 0.1 ms.
_LEAST_BYTES = 16 * 1024
#: For the same reason, it may hold more values than a valid one.
_VALUES_FACTOR = 2
_VALUES_MARGIN = 100

_CHARACTER_BYTES = 12
_NAME_CHARACTER_BYTES = 6
_QUOTES_BYTES = 2
_NUMBER_BYTES = 32
_BOOLEAN_BYTES = 5
_TIME_CHARACTERS = 35
_UUID_CHARACTERS = 36
_PUNCTUATION_BYTES = 4
_INDENT_BYTES = 8


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """What no valid body exceeds; None: the contract does not say.

    max_bytes: of the body. max_values: of the JSON values in it, objects and lists included, with a margin.
    """

    max_bytes: int | None
    max_values: int | None

    def within_bytes(self, most: int) -> int:
        """Returns the limit in force where no body may have more than ``most`` bytes."""
        return most if self.max_bytes is None else min(most, self.max_bytes)


@dataclass(frozen=True, slots=True)
class _Size:
    """Of one value: bytes, and how many values it is, itself included."""

    length: int
    values: int = 1

    def times(self, count: int) -> "_Size":
        return _Size(self.length * count, self.values * count)


class _UnboundedError(Exception):
    """The contract does not bound a field."""


def body_bounds(contract: Contract, method: Method, binding: Binding) -> BodyBounds:
    """Returns the bounds of the bodies that a binding takes; one that takes none hears so of a small one."""
    fields = method.input.fields
    elsewhere = frozenset(
        field.name for field in fields if not binding.has_body or contract.field_policy(field).is_from_header
    )
    try:
        size = _Bounded(contract).message(method.input, elsewhere)
    except _UnboundedError:
        return BodyBounds(None, None)
    return BodyBounds(max(_LEAST_BYTES, size.length), _VALUES_FACTOR * size.values + _VALUES_MARGIN)


class _Bounded:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._inside: list[str] = []

    def message(self, descriptor: Descriptor, hidden: frozenset[str] = frozenset()) -> _Size:
        """An object. _UnboundedError: it has a field without bounds, or holds itself."""
        if descriptor.full_name in self._inside or descriptor.full_name.startswith("google.protobuf."):
            raise _UnboundedError
        self._inside.append(descriptor.full_name)
        length, values = self._room(), 1
        for field in descriptor.fields:
            if field.name not in hidden:
                size = self._field(field)
                length += len(field.name) * _NAME_CHARACTER_BYTES + _QUOTES_BYTES + size.length
                values += size.values
        self._inside.pop()
        return _Size(length, values)

    def _field(self, field: FieldDescriptor) -> _Size:
        rules = self._contract.field_rules(field)
        if not field.is_repeated:
            return self._value(field, rules)
        list_rules = _set(rules, "map" if is_map(field) else "repeated")
        if is_map(field):
            key, value = message_type_of(field).fields
            name = _scalar_bytes(key, _set(list_rules, "keys")) + _QUOTES_BYTES
            item = self._value(value, _set(list_rules, "values"))
            item = _Size(name + item.length, item.values)
        else:
            item = self._value(field, _set(list_rules, "items"))
        most = _set(list_rules, "max_pairs" if is_map(field) else "max_items")
        if most is None:
            raise _UnboundedError
        items = item.times(most)
        return _Size(items.length + self._room(), items.values + 1)

    def _value(self, field: FieldDescriptor, rules: Any | None) -> _Size:
        if field.message_type is not None and not is_timestamp(field):
            return self.message(field.message_type)
        return _Size(_scalar_bytes(field, rules) + self._room())

    def _room(self) -> int:
        """The punctuation and white space of one value."""
        return _PUNCTUATION_BYTES + _INDENT_BYTES * (len(self._inside) + 1)


def _scalar_bytes(field: FieldDescriptor, rules: Any | None) -> int:
    if field.message_type is not None:
        return _TIME_CHARACTERS * _NAME_CHARACTER_BYTES + _QUOTES_BYTES
    if field.enum_type is not None:
        return _longest_name(field.enum_type) * _NAME_CHARACTER_BYTES + _QUOTES_BYTES
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _BOOLEAN_BYTES
    if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}:
        return _longest_string(rules) * _CHARACTER_BYTES + _QUOTES_BYTES
    return _NUMBER_BYTES


def _longest_name(enum: EnumDescriptor) -> int:
    return max(len(value.name) for value in enum.values)


def _longest_string(rules: Any | None) -> int:
    """How many characters a string may have, or bytes a field of bytes. _UnboundedError: as many as it likes."""
    string = _set(rules, "string") or _set(rules, "bytes")
    pattern = _set(string, "pattern")
    bounds = (
        *(_set(string, name) for name in ("max_len", "len", "max_bytes", "len_bytes")),
        longest_match(pattern) if isinstance(pattern, str) else None,
        _UUID_CHARACTERS if _set(string, "uuid") else None,
        max(map(len, getattr(string, "in", ())), default=None),
    )
    known = [int(bound) for bound in bounds if bound is not None]
    if not known:
        raise _UnboundedError
    return min(known)


def _set(rules: Any | None, name: str) -> Any | None:
    """A rule, where it is set and the contract's version of buf.validate has it."""
    if rules is None or name not in rules.DESCRIPTOR.fields_by_name or not rules.HasField(name):
        return None
    return getattr(rules, name)
