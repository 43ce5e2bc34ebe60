"""JSON Schemas (draft 2020-12, as OpenAPI 3.1 takes it) of messages, with their rules and comments.

A message has a schema for each direction, since they differ: a request must have what the rules require, and nothing
that is unknown; null means that a field is left out. A response has every field that cannot be left out.
"""

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import Contract
from service_kit.contract.policy import TextForm

from gateway.openapi.values import (
    NO_NUL,
    VISIBLE,
    Schema,
    copy_rules,
    enum_schema,
    integer_schema,
    is_integer,
    or_null,
    string_schema,
    time_schema,
)
from gateway.transcoding.response_writer import GRANT
from gateway.transcoding.well_known import is_map, is_timestamp, map_value


class Schemas:
    """Makes schemas; those of named messages are collected, to be referred to.

    components: by name: "Order" as a response shows it, "OrderLineInput" as a request holds it, "CreateOrderRequest".
    A name that two packages use is qualified by the package: "order.v1.Session".
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._owners: dict[str, str] = {}
        self.components: dict[str, Schema] = {}

    def of_message(self, descriptor: Descriptor, *, for_request: bool, hidden: frozenset[str] = frozenset()) -> Schema:
        """The schema of an object, standing for itself. for_request: `required` lists what the client must send."""
        fields = [f for f in descriptor.fields if f.name not in hidden and not self._travels_apart(f)]
        schema: Schema = {
            "type": "object",
            "properties": {f.name: self._property(f, for_request=for_request) for f in fields},
        }
        required = [f.name for f in fields if self.is_required(f) or not (for_request or f.has_presence)]
        if required:
            schema["required"] = required
        if for_request:
            schema["additionalProperties"] = False
        return _described(schema, self._contract.comment(descriptor.full_name))

    def of_body(self, descriptor: Descriptor, name: str, hidden: frozenset[str]) -> tuple[Schema, bool]:
        """The schema of a request's body, as a component, and whether there must be a body.

        Args:
            descriptor: the request message.
            name: of the component where the path has fields of the message; else it has the message's own name.
            hidden: the fields that the path has.
        """
        schema = self.of_message(descriptor, for_request=True, hidden=hidden)
        name = self._component_name(descriptor.full_name, name if hidden else descriptor.name)
        self.components[name] = schema
        return _reference(name), "required" in schema

    def reference(self, descriptor: Descriptor, *, for_request: bool) -> Schema:
        """A reference to the component that a message is in one direction."""
        name = self._component_name(descriptor.full_name, f"{descriptor.name}Input" if for_request else descriptor.name)
        if name not in self.components:
            self.components[name] = {}  # known before it is made: types may recurse
            self.components[name] = self.of_message(descriptor, for_request=for_request)
        return _reference(name)

    def of_field(self, field: FieldDescriptor, *, for_request: bool) -> Schema:
        """The schema of a field's value, null aside."""
        rules = self._contract.field_rules(field)
        is_object = is_map(field)
        schema = self._of_value(map_value(field) if is_object else field, for_request=for_request)
        if is_object:
            schema = {"type": "object", "additionalProperties": schema}
        elif field.is_repeated:
            schema = {"type": "array", "items": schema}
            if rules is not None:
                copy_rules(rules.repeated, schema, {"min_items": "minItems", "max_items": "maxItems"})
        if self._contract.field_policy(field).sensitive and for_request:
            schema["writeOnly"] = True
        return _described(schema, self._contract.comment(field.full_name))

    def is_required(self, field: FieldDescriptor) -> bool:
        """Whether the rules require the field."""
        rules = self._contract.field_rules(field)
        return rules is not None and (rules.required or rules.repeated.min_items > 0)

    def _property(self, field: FieldDescriptor, *, for_request: bool) -> Schema:
        schema = self.of_field(field, for_request=for_request)
        return or_null(schema) if for_request and not self.is_required(field) else schema

    def _of_value(self, field: FieldDescriptor, *, for_request: bool) -> Schema:
        rules = self._contract.field_rules(field)
        if field.message_type is not None:
            if is_timestamp(field):
                return time_schema(for_request=for_request)
            return self.reference(field.message_type, for_request=for_request)
        if field.enum_type is not None:
            return enum_schema(field.enum_type, rules)
        if field.type == FieldDescriptor.TYPE_BOOL:
            return {"type": "boolean"}
        if is_integer(field):
            return integer_schema(field, rules)
        policy = self._contract.field_policy(field)
        default_min_len = policy.default_min_len if for_request else 0
        schema = string_schema(rules, default_min_len, for_request=for_request)
        if for_request and policy.text_form is TextForm.TRIMMED and schema.get("pattern") == NO_NUL:
            schema["pattern"] = VISIBLE  # of blanks alone, nothing is left
        return schema

    def _travels_apart(self, field: FieldDescriptor) -> bool:
        """Whether the field is no part of the body: it is a header's, becomes the cookie, or stands in for another."""
        is_grant = field.message_type is not None and field.message_type.full_name == GRANT
        policy = self._contract.field_policy(field)
        return is_grant or policy.is_from_header or policy.raw_value_of != ""

    def _component_name(self, full_name: str, name: str) -> str:
        owner = self._owners.setdefault(name, full_name)
        return name if owner == full_name else f"{full_name.rpartition('.')[0]}.{name}"


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _described(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text} if text else schema
