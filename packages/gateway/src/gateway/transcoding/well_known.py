"""Fields that are messages in protobuf and something simpler in JSON: timestamps and maps."""

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import ContractError

TIMESTAMP = "google.protobuf.Timestamp"


def message_type_of(field: FieldDescriptor) -> Descriptor:
    """The message that the field holds. ContractError: it holds none."""
    if field.message_type is None:
        raise ContractError(f"{field.full_name} holds no message")
    return field.message_type


def is_timestamp(field: FieldDescriptor) -> bool:
    """Whether the field holds times, which are text in JSON."""
    return field.message_type is not None and field.message_type.full_name == TIMESTAMP


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map, which is an object in JSON. To protobuf it is a list of entries."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """What the values of a map are. ContractError: its keys are no strings, as the names in an object are."""
    entry = message_type_of(field)
    if entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
        raise ContractError(f"{field.full_name}: JSON has no form for maps whose keys are no strings")
    return entry.fields_by_name["value"]
