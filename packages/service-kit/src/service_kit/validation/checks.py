"""Compiles the rules of single values into functions.

A check takes a value and yields (rule id, message) for each rule that the value breaks. Rule ids are protovalidate's
(https://protovalidate.com), with two additions: `string.no_nul`, because PostgreSQL cannot store U+0000, and
`timestamp.range`, for the bounds in google.protobuf.Timestamp's own definition.
"""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from service_kit.validation.formats import EMAIL, UUID, compile_pattern

Broken = tuple[str, str]
Check = Callable[[Any], Iterator[Broken]]

_INTEGERS = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
}
_TIMESTAMP = "google.protobuf.Timestamp"
#: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, and the nanoseconds of a second.
_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)


def value_checks(field: FieldDescriptor, rules: Any | None, pattern_message: str = "") -> list[Check]:
    """Returns the checks of one value of ``field``; for a repeated field, of one item.

    rules: buf.validate.FieldRules. pattern_message: for a value that breaks the rules' pattern; empty: a general one.
    """
    if field.type == FieldDescriptor.TYPE_STRING:
        return [_no_nul, *_string_checks(rules.string if rules is not None else None, pattern_message)]
    if field.message_type is not None and field.message_type.full_name == _TIMESTAMP:
        return [_in_range]
    if rules is None:
        return []
    if field.type in _INTEGERS:
        kind = _INTEGERS[field.type]
        return [_bounds(kind, getattr(rules, kind))] if rules.HasField(kind) else []
    if field.enum_type is not None:
        return [_enum(field.enum_type, rules.enum)] if rules.HasField("enum") else []
    return []


def list_check(rules: Any) -> Check:
    """Returns the check of a list as a whole. rules: buf.validate.RepeatedRules."""
    least = rules.min_items if rules.HasField("min_items") else None
    most = rules.max_items if rules.HasField("max_items") else None

    def check(value: Any) -> Iterator[Broken]:
        if least is not None and len(value) < least:
            yield "repeated.min_items", f"must have at least {least} {_plural(least, 'item')}"
        if most is not None and len(value) > most:
            yield "repeated.max_items", f"must have at most {most} {_plural(most, 'item')}"

    return check


def _no_nul(value: str) -> Iterator[Broken]:
    if "\0" in value:
        yield "string.no_nul", "must not contain U+0000"


def _in_range(value: Any) -> Iterator[Broken]:
    if value.seconds not in _SECONDS or value.nanos not in _NANOS:
        yield "timestamp.range", "must be in the years 1 to 9999 of UTC"


def _string_checks(rules: Any | None, pattern_message: str) -> list[Check]:
    if rules is None:
        return []
    checks: list[Check] = []
    if rules.HasField("min_len") or rules.HasField("max_len"):
        checks.append(_length(rules))
    if rules.HasField("pattern"):
        checks.append(
            _matches(compile_pattern(rules.pattern).search, "string.pattern", pattern_message or "has the wrong form")
        )
    if rules.email:
        checks.append(_well_known(EMAIL.fullmatch, "string.email", "must be an email address"))
    if rules.uuid:
        checks.append(_well_known(UUID.fullmatch, "string.uuid", "must be a UUID"))
    if getattr(rules, "in"):
        allowed = frozenset(getattr(rules, "in"))
        checks.append(_matches(allowed.__contains__, "string.in", f"must be one of {', '.join(sorted(allowed))}"))
    return checks


def _length(rules: Any) -> Check:
    least, most = rules.min_len, rules.max_len if rules.HasField("max_len") else None

    def check(value: str) -> Iterator[Broken]:
        if len(value) < least:
            yield "string.min_len", f"must be at least {least} {_plural(least, 'character')} long"
        if most is not None and len(value) > most:
            yield "string.max_len", f"must be at most {most} {_plural(most, 'character')} long"

    return check


def _matches(accepts: Callable[[str], object], rule: str, message: str) -> Check:
    def check(value: str) -> Iterator[Broken]:
        if not accepts(value):
            yield rule, message

    return check


def _well_known(accepts: Callable[[str], object], rule: str, message: str) -> Check:
    def check(value: str) -> Iterator[Broken]:
        if not accepts(value):
            yield rule if value else f"{rule}_empty", message

    return check


def _bounds(kind: str, rules: Any) -> Check:
    least = rules.gte if rules.HasField("gte") else None
    most = rules.lte if rules.HasField("lte") else None
    if least is not None and most is not None:
        rule, message = f"{kind}.gte_lte", f"must be from {least} to {most}"
    elif least is not None:
        rule, message = f"{kind}.gte", f"must be at least {least}"
    else:
        rule, message = f"{kind}.lte", f"must be at most {most}"

    def check(value: int) -> Iterator[Broken]:
        if (least is not None and value < least) or (most is not None and value > most):
            yield rule, message

    return check


def _enum(enum: EnumDescriptor, rules: Any) -> Check:
    defined = frozenset(enum.values_by_number) if rules.defined_only else None
    refused = frozenset(rules.not_in)

    def check(value: int) -> Iterator[Broken]:
        if defined is not None and value not in defined:
            yield "enum.defined_only", "must be a value that the enum defines"
        if value in refused:
            yield "enum.not_in", "must not be this value"

    return check


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
