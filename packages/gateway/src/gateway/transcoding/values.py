"""Single values: from JSON and from text (path, query, header) into what a protobuf field takes.

A reader takes what came and returns the value. ValueMismatch: it is of the wrong type or out of the type's range.
Nothing is coerced: 2.7 is no integer, "2" in JSON is none either. But 1.0 and 1e2 are: to JSON Schema and to protobuf's
JSON, a number is an integer by its value, and not by its spelling.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from service_kit.contract import ContractError
from service_kit.contract.enum_names import json_name

from gateway.transcoding.mismatch import ValueMismatch
from gateway.transcoding.timestamps import parse_time
from gateway.transcoding.well_known import is_timestamp, message_type_of

Reader = Callable[[Any], Any]

#: The integers that a JSON number holds exactly in every client (RFC 8259, section 6).
_JSON_SAFE = 2**53 - 1
_RANGES = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-_JSON_SAFE, _JSON_SAFE),
    FieldDescriptor.TYPE_UINT64: (0, _JSON_SAFE),
}
#: No 64-bit integer has more than 20 digits.
_MAX_EXPONENT = 19
#: Stands for every integer of more digits: it is out of the range of every type, too.
_TOO_LARGE = 100_000_000_000_000_000_000
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def json_value_reader(field: FieldDescriptor) -> Reader:
    """The reader for a JSON value of a scalar, enum or time field. ContractError: JSON has no form for the type."""
    if is_timestamp(field):
        return _time_reader(message_type_of(field), _json_string)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _json_string
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _json_boolean
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    if field.type in _RANGES:
        return _integer_reader(field.type, _json_integer)
    raise ContractError(f"{field.full_name}: JSON requests have no form for fields of this type")


def text_value_reader(field: FieldDescriptor) -> Reader:
    """The reader for a value that is text, as in a path, a query or a header. ContractError: as above."""
    if is_timestamp(field):
        return _time_reader(message_type_of(field), _utf8)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _utf8
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _text_boolean
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    if field.type in _RANGES:
        return _integer_reader(field.type, _text_integer)
    raise ContractError(f"{field.full_name}: text has no form for fields of this type")


def put_value(message: Any, field: FieldDescriptor, value: Any) -> None:
    """Set a field that is no list to what its reader returned."""
    if field.message_type is None:
        setattr(message, field.name, value)
        return
    nested = getattr(message, field.name)
    nested.CopyFrom(value)
    nested.SetInParent()  # an empty message, such as the beginning of 1970, is one too


def _json_string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueMismatch("json.type", "must be a string")
    return _utf8(value)


def _utf8(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise ValueMismatch("string.utf8", "must not contain half a surrogate pair") from exc
    return value


def _json_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueMismatch("json.type", "must be true or false")
    return value


def _text_boolean(value: str) -> bool:
    if value not in _BOOLEANS:
        raise ValueMismatch("query.type", "must be true or false")
    return _BOOLEANS[value]


def _json_integer(value: Any) -> int:
    if isinstance(value, Decimal):
        return _whole(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueMismatch("json.type", "must be an integer")
    return value


def _whole(number: Decimal) -> int:
    """The integer that a number is. Its size is looked at first: 1e999999 has a million digits."""
    if number and number.adjusted() > _MAX_EXPONENT:
        return _TOO_LARGE if number > 0 else -_TOO_LARGE
    whole = number.to_integral_value()
    if whole != number:
        raise ValueMismatch("json.type", "must be an integer")
    return int(whole) if whole else 0


def _text_integer(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueMismatch("query.type", "must be an integer")
    return int(value)


def _integer_reader(kind: int, read: Callable[[Any], int]) -> Reader:
    least, most = _RANGES[kind]

    def read_in_range(value: Any) -> int:
        number = read(value)
        if not least <= number <= most:
            raise ValueMismatch("json.range", f"must be from {least} to {most}")
        return number

    return read_in_range


def _enum_reader(enum: EnumDescriptor) -> Reader:
    numbers = {json_name(enum.name, value.name): value.number for value in enum.values}
    known = ", ".join(name for name, number in numbers.items() if number)

    def read(value: Any) -> int:
        number = numbers.get(value) if isinstance(value, str) else None
        if number is None:
            raise ValueMismatch("enum.defined_only", f"must be one of {known}")
        return number

    return read


def _time_reader(timestamp: Descriptor, read: Reader) -> Reader:
    message_class = GetMessageClass(timestamp)

    def read_time(value: Any) -> Any:
        moment = parse_time(read(value))
        return message_class(seconds=moment.seconds, nanos=moment.nanos)

    return read_time
