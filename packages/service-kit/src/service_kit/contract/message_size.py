"""Computes from the contract how large a valid request of a method can be on the wire."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from service_kit.contract.contract import Contract
from service_kit.contract.method import Method
from service_kit.contract.pattern_length import longest_match

#: A message that breaks a rule should be answered with that rule, not with its size; and a caller may send fields that
#: this contract does not have yet.
_LEAST_BYTES = 16 * 1024
_FACTOR = 2

#: UTF-8 takes at most 4 bytes a character.
_CHARACTER_BYTES = 4
_UUID_CHARACTERS = 36
#: A varint of 64 bits; fixed-width numbers are shorter.
_NUMBER_BYTES = 10
#: A tag of up to 3 bytes (field numbers to 262143), and a length of up to 5.
_TAG_BYTES = 3
_LENGTH_BYTES = 5


class _UnboundedError(Exception):
    """The contract does not bound a field."""


def max_request_bytes(contract: Contract, method: Method, most: int) -> int:
    """Returns the size limit of a method's requests in bytes: twice the largest valid message, and at least 16 KiB.

    A decoder makes up to 30 bytes of objects from each byte, so a request that cannot be valid is refused undecoded.

    Args:
        contract: Has the rules of the fields.
        method: Whose request it is.
        most: The largest limit. It applies as well if a field is unbounded: a string without `max_len`, a list without
            `max_items`, a recursive message.
    """
    try:
        largest = _message_bytes(contract, method.input, ())
    except _UnboundedError:
        return most
    return min(most, max(_LEAST_BYTES, _FACTOR * largest))


def _message_bytes(contract: Contract, descriptor: Descriptor, inside: tuple[str, ...]) -> int:
    if descriptor.full_name in inside:
        raise _UnboundedError
    return sum(_field_bytes(contract, field, (*inside, descriptor.full_name)) for field in descriptor.fields)


def _field_bytes(contract: Contract, field: FieldDescriptor, inside: tuple[str, ...]) -> int:
    rules = contract.field_rules(field)
    if not field.is_repeated:
        return _TAG_BYTES + _value_bytes(contract, field, rules, inside)
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        pairs = _rule(rules, "map")
        key, value = entry.fields
        item = _TAG_BYTES + _value_bytes(contract, key, _rule(pairs, "keys"), inside)
        item += _TAG_BYTES + _value_bytes(contract, value, _rule(pairs, "values"), inside)
        return _count(pairs, "max_pairs") * (_TAG_BYTES + _LENGTH_BYTES + item)
    items = _rule(rules, "repeated")
    item = _value_bytes(contract, field, _rule(items, "items"), inside)
    return _count(items, "max_items") * (_TAG_BYTES + item)


def _value_bytes(contract: Contract, field: FieldDescriptor, rules: Any | None, inside: tuple[str, ...]) -> int:
    if field.message_type is not None:
        return _LENGTH_BYTES + _message_bytes(contract, field.message_type, inside)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _LENGTH_BYTES + _string_bytes(_rule(rules, "string"))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _LENGTH_BYTES + _count(_rule(rules, "bytes"), "max_len", "len")
    return _NUMBER_BYTES


def _string_bytes(rules: Any | None) -> int:
    pattern = _rule(rules, "pattern")
    characters = (
        _rule(rules, "max_len"),
        _rule(rules, "len"),
        longest_match(pattern) if isinstance(pattern, str) else None,
        _UUID_CHARACTERS if _rule(rules, "uuid") else None,
        max(map(len, getattr(rules, "in", ())), default=None),
    )
    bounds = [_CHARACTER_BYTES * int(count) for count in characters if count is not None]
    bounds += [int(count) for name in ("max_bytes", "len_bytes") if (count := _rule(rules, name)) is not None]
    if not bounds:
        raise _UnboundedError
    return min(bounds)


def _count(rules: Any | None, *names: str) -> int:
    counts = [int(count) for name in names if (count := _rule(rules, name)) is not None]
    if not counts:
        raise _UnboundedError
    return min(counts)


def _rule(rules: Any | None, name: str) -> Any | None:
    """Returns a rule, None if it is not set or unknown to the contract's version of buf.validate."""
    if rules is None or name not in rules.DESCRIPTOR.fields_by_name or not rules.HasField(name):
        return None
    return getattr(rules, name)
