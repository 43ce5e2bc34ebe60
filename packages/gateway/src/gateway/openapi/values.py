"""JSON Schemas of single values: exactly what the gateway reads, and what it writes."""

from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from service_kit.contract.enum_names import json_name
from service_kit.validation.formats import EMAIL, UUID

Schema = dict[str, Any]

_JSON_SAFE = 2**53 - 1
_INTEGERS: dict[int, tuple[str, int, int]] = {
    FieldDescriptor.TYPE_INT32: ("int32", -(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: ("uint32", 0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: ("int64", -_JSON_SAFE, _JSON_SAFE),
    FieldDescriptor.TYPE_UINT64: ("uint64", 0, _JSON_SAFE),
}
#: No string that the gateway takes holds U+0000.
NO_NUL = r"^[^\u0000]*$"
#: The same for text that is trimmed and must not be empty then.
VISIBLE = r"^[^\u0000]*[^\u0000\s][^\u0000]*$"
#: RFC 3339 without leap seconds, to the nanosecond. Validators ignore `format` unless they are configured to check it.
_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def is_integer(field: FieldDescriptor) -> bool:
    """Whether the field holds integers that JSON has a form for."""
    return field.type in _INTEGERS


def time_schema(*, for_request: bool) -> Schema:
    """A time of RFC 3339."""
    return {"type": "string", "format": "date-time", **({"pattern": _TIME} if for_request else {})}


def enum_schema(enum: EnumDescriptor, rules: Any | None) -> Schema:
    """The names of an enum's values, less those that the rules exclude; 0 is never given."""
    excluded = {0, *(rules.enum.not_in if rules is not None else ())}
    return {"type": "string", "enum": [json_name(enum.name, v.name) for v in enum.values if v.number not in excluded]}


def integer_schema(field: FieldDescriptor, rules: Any | None) -> Schema:
    """An integer in the range of its type and its rules."""
    form, least, most = _INTEGERS[field.type]
    schema: Schema = {"type": "integer", "format": form, "minimum": least, "maximum": most}
    if rules is not None and rules.WhichOneof("type") in {"int32", "int64"}:
        copy_rules(getattr(rules, rules.WhichOneof("type")), schema, {"gte": "minimum", "lte": "maximum"})
    return schema


def string_schema(rules: Any | None, default_min_len: int, *, for_request: bool) -> Schema:
    """A string by its rules.

    Args:
        rules: buf.validate.FieldRules; None: there are none.
        default_min_len: the least length that the service demands unless it is set otherwise.
        for_request: whether the gateway reads it, and so refuses what the rules do not name: U+0000.
    """
    schema: Schema = {"type": "string"}
    if rules is not None:
        string = rules.string
        copy_rules(string, schema, {"min_len": "minLength", "max_len": "maxLength"})
        if for_request:  # an answer may hold what was stored before there was the pattern
            copy_rules(string, schema, {"pattern": "pattern"})
            if string.example:
                schema["examples"] = list(string.example)
        if rules.required:
            schema["minLength"] = max(1, schema.get("minLength", 0))
        if string.email:
            schema |= {"format": "email", "pattern": f"^{EMAIL.pattern}$"}
        if string.uuid:
            schema |= {"format": "uuid", "pattern": f"^{UUID.pattern}$"}
        if getattr(string, "in"):
            schema["enum"] = list(getattr(string, "in"))
    if default_min_len:
        schema["minLength"] = max(default_min_len, schema.get("minLength", 0))
    if for_request and "enum" not in schema:
        schema.setdefault("pattern", NO_NUL)
    return schema


def copy_rules(rules: Any, schema: Schema, keywords: dict[str, str]) -> None:
    """Copies the rules that are set into ``schema``, each to the keyword that says the same."""
    for rule, keyword in keywords.items():
        if rules.HasField(rule):
            schema[keyword] = getattr(rules, rule)


def or_null(schema: Schema) -> Schema:
    """What a field takes that may be left out: null means the same (ProtoJSON)."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable
