"""JSON Schemas (draft 2020-12, as OpenAPI 3.1 takes it) of messages, with their rules and comments."""

from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from service_kit.contract import Contract
from service_kit.contract.enum_names import json_name

from gateway.transcoding.response_writer import GRANT
from gateway.transcoding.well_known import is_map, is_timestamp, map_value

Schema = dict[str, Any]

_JSON_SAFE = 2**53 - 1
_INTEGERS: dict[int, tuple[str, int, int]] = {
    FieldDescriptor.TYPE_INT32: ("int32", -(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: ("uint32", 0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: ("int64", -_JSON_SAFE, _JSON_SAFE),
    FieldDescriptor.TYPE_UINT64: ("uint64", 0, _JSON_SAFE),
}


class Schemas:
    """Makes schemas; those of named messages and enums are collected, to be referred to.

    components: by name, "Order". A name that two packages use is told apart by the package: "order.v1.Reason".
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names: dict[str, str] = {}
        self.components: dict[str, Schema] = {}

    def of_message(self, descriptor: Descriptor, *, for_request: bool, hidden: frozenset[str] = frozenset()) -> Schema:
        """The schema of an object, standing for itself. for_request: `required` lists what the client must send."""
        fields = [f for f in descriptor.fields if f.name not in hidden and not self._travels_apart(f)]
        schema: Schema = {
            "type": "object",
            "properties": {f.name: self.of_field(f, for_request=for_request) for f in fields},
        }
        required = [f.name for f in fields if (self._is_required(f) if for_request else not f.has_presence)]
        if required:
            schema["required"] = required
        if for_request:
            schema["additionalProperties"] = False
        return _described(schema, self._contract.comment(descriptor.full_name))

    def reference(self, descriptor: Descriptor, *, for_request: bool) -> Schema:
        """A reference to the component that a message is."""
        name = self._component_name(descriptor)
        if name not in self.components:
            self.components[name] = {}  # known before it is made: types may recurse
            self.components[name] = self.of_message(descriptor, for_request=for_request)
        return {"$ref": f"#/components/schemas/{name}"}

    def of_field(self, field: FieldDescriptor, *, for_request: bool) -> Schema:
        rules = self._contract.field_rules(field)
        is_object = is_map(field)
        schema = self._of_value(map_value(field) if is_object else field, rules, for_request=for_request)
        if is_object:
            schema = {"type": "object", "additionalProperties": schema}
        elif field.is_repeated:
            schema = {"type": "array", "items": schema}
            if rules is not None:
                _copy(rules.repeated, schema, {"min_items": "minItems", "max_items": "maxItems"})
        if self._contract.field_policy(field).sensitive and for_request:
            schema["writeOnly"] = True
        return _described(schema, self._contract.comment(field.full_name))

    def _of_value(self, field: FieldDescriptor, rules: Any | None, *, for_request: bool) -> Schema:
        if field.message_type is not None:
            if is_timestamp(field):
                return {"type": "string", "format": "date-time"}
            return self.reference(field.message_type, for_request=for_request)
        if field.enum_type is not None:
            return _of_enum(field.enum_type)
        if field.type == FieldDescriptor.TYPE_BOOL:
            return {"type": "boolean"}
        if field.type in _INTEGERS:
            return _of_integer(*_INTEGERS[field.type], rules)
        return _of_string(rules)

    def _is_required(self, field: FieldDescriptor) -> bool:
        rules = self._contract.field_rules(field)
        return rules is not None and (rules.required or rules.repeated.min_items > 0)

    def _travels_apart(self, field: FieldDescriptor) -> bool:
        """Whether the field is no part of the body: it is a header's, or becomes the cookie."""
        is_grant = field.message_type is not None and field.message_type.full_name == GRANT
        return is_grant or self._contract.field_policy(field).is_from_header

    def _component_name(self, descriptor: Descriptor) -> str:
        owner = self._names.setdefault(descriptor.name, descriptor.full_name)
        return descriptor.name if owner == descriptor.full_name else descriptor.full_name


def _of_enum(enum: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [json_name(enum.name, value.name) for value in enum.values if value.number]}


def _of_integer(form: str, least: int, most: int, rules: Any | None) -> Schema:
    schema: Schema = {"type": "integer", "format": form, "minimum": least, "maximum": most}
    if rules is not None and rules.WhichOneof("type") in {"int32", "int64"}:
        _copy(getattr(rules, rules.WhichOneof("type")), schema, {"gte": "minimum", "lte": "maximum"})
    return schema


def _of_string(rules: Any | None) -> Schema:
    schema: Schema = {"type": "string"}
    if rules is None:
        return schema
    string = rules.string
    _copy(string, schema, {"min_len": "minLength", "max_len": "maxLength", "pattern": "pattern"})
    if rules.required:
        schema.setdefault("minLength", 1)
    if string.email:
        schema["format"] = "email"
    if string.uuid:
        schema["format"] = "uuid"
    if getattr(string, "in"):
        schema["enum"] = list(getattr(string, "in"))
    return schema


def _copy(rules: Any, schema: Schema, keywords: dict[str, str]) -> None:
    for rule, keyword in keywords.items():
        if rules.HasField(rule):
            schema[keyword] = getattr(rules, rule)


def _described(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text} if text else schema
