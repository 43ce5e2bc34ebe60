"""Converted messages equal those that betterproto2 encodes and decodes, for every type of field."""

import importlib
import subprocess
import sys
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.grpc.message_conversion import MessageConverters
from shared_contracts.headrace.session.v1 import SessionServiceBase
from shared_contracts.order.v1 import OrderServiceBase
from shared_contracts.user.v1 import AuditServiceBase, UserDeleted, UserServiceBase

from tests.examples.contracts import PROTOS, headrace_contract

CONTRACT = headrace_contract()
CONVERTERS = MessageConverters()
SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

#: What the contract does not use, or not everywhere: each kind of field that betterproto2 represents differently.
EVERY_KIND = """
syntax = "proto3";
package kinds.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; COLOUR_NEGATIVE = -3; }
message Part { string text = 1; optional int32 number = 2; Part next = 3; }
message Kinds {
  double a_double = 1; float a_float = 2; int32 an_int32 = 3; int64 an_int64 = 4; uint32 a_uint32 = 5;
  uint64 a_uint64 = 6; sint32 a_sint32 = 7; sint64 a_sint64 = 8; fixed32 a_fixed32 = 9; fixed64 a_fixed64 = 10;
  sfixed32 a_sfixed32 = 11; sfixed64 a_sfixed64 = 12; bool a_bool = 13; string a_string = 14; bytes a_bytes = 15;
  Colour colour = 16; optional bool maybe_bool = 17; optional string maybe_string = 18;
  optional Colour maybe_colour = 19;
  repeated int64 numbers = 20; repeated string texts = 21; repeated Colour colours = 22; repeated Part parts = 23;
  Part part = 24; oneof choice { string choice_text = 25; Part choice_part = 26; int32 choice_number = 27; }
  map<string, string> text_by_text = 28; map<int32, Part> part_by_number = 29;
  google.protobuf.Timestamp at = 31; repeated google.protobuf.Timestamp times = 32;
  google.protobuf.Duration lasts = 33; google.protobuf.Int64Value wrapped = 34; google.protobuf.StringValue note = 35;
  map<string, google.protobuf.Timestamp> time_by_text = 36;
  // The last map: betterproto2's decoder takes the values of the last one for those of any map of enums.
  map<bool, Colour> colour_by_bool = 30;
  string from = 37; string camelCase = 38; bytes class = 39;
}
"""
_INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}
_OTHERS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(max_size=20),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=20),
    # 0.0 == -0.0, so betterproto2 does not send the latter, where C++ does.
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False).map(lambda number: number or 0.0),
    FieldDescriptor.TYPE_FLOAT: st.floats(allow_nan=False, width=32).map(lambda number: number or 0.0),
}


def _scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.type in _INTEGERS:
        return st.integers(*_INTEGERS[field.type])
    return _OTHERS[field.type]


def _fill(draw: st.DrawFn, message: Any, depth: int = 0) -> None:
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        message.seconds, message.nanos = (
            draw(st.integers(-62_135_596_800, 253_402_300_799)),
            1000 * draw(st.integers(0, 999_999)),
        )
        return
    if name == "google.protobuf.Duration":
        # Microseconds, since betterproto2 has a timedelta for it; and positive, since it mixes the signs up.
        message.seconds, message.nanos = draw(st.integers(0, 10**9)), 1000 * draw(st.integers(0, 999_999))
        return
    for field in message.DESCRIPTOR.fields:
        if depth < 3 and draw(st.booleans()):
            _fill_field(draw, message, field, depth)


def _fill_field(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, item = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        for drawn in draw(st.lists(_scalar(key), max_size=3, unique=True)):
            if item.message_type is None:
                value[drawn] = draw(_scalar(item))
            else:
                _fill(draw, value[drawn], depth + 1)
    elif field.is_repeated and field.message_type is not None:
        for _ in range(draw(st.integers(0, 3))):
            _fill(draw, value.add(), depth + 1)
    elif field.is_repeated:
        value.extend(draw(st.lists(_scalar(field), max_size=3)))
    elif field.message_type is not None:
        value.SetInParent()
        _fill(draw, value, depth + 1)
    else:
        setattr(message, field.name, draw(_scalar(field)))


@st.composite
def _messages(draw: st.DrawFn, dynamic_class: type[Any]) -> Any:
    message = dynamic_class()
    _fill(draw, message)
    return message


def _check(message_class: type[Any], expected: Any) -> None:
    encoded = expected.SerializeToString()
    converter = CONVERTERS.of(message_class, expected.DESCRIPTOR)
    decoded = message_class.parse(encoded)

    assert converter.build(expected) == decoded
    copied = type(expected)()
    converter.copy(decoded, copied)
    assert copied == expected
    assert type(expected).FromString(bytes(decoded)) == copied


def _message_types() -> dict[str, tuple[type[Any], type[Any]]]:
    """The betterproto2 and dynamic class of every message that a service receives, returns or publishes."""
    types: dict[str, tuple[type[Any], type[Any]]] = {}
    for base in (OrderServiceBase, UserServiceBase, AuditServiceBase, SessionServiceBase):
        service: Any = base()
        for path, handler in service.__mapping__().items():
            method = CONTRACT.methods[path]
            types[method.input.full_name] = (handler.request_type, method.request_class)
            types[method.output.full_name] = (handler.reply_type, method.response_class)
    deleted = CONTRACT.pool.FindMessageTypeByName("user.v1.UserDeleted")
    types[deleted.full_name] = (UserDeleted, GetMessageClass(deleted))
    return types


@pytest.mark.parametrize(("message_class", "dynamic_class"), _message_types().values(), ids=_message_types())
@SETTINGS
@given(data=st.data())
def test_converted_messages_of_the_contract_equal_decoded_ones(
    message_class: type[Any], dynamic_class: type[Any], data: st.DataObject
) -> None:
    _check(message_class, data.draw(_messages(dynamic_class)))


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[type[Any], Descriptor]:
    """The message of EVERY_KIND: its generated betterproto2 class, and its descriptor."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "kinds.proto").write_text(EVERY_KIND)
    (folder / "buf.gen.yaml").write_text("version: v2\n" + _plugin())
    subprocess.run(["buf", "generate", "--output", "kinds_contract"], cwd=folder, check=True, capture_output=True)
    command = ["buf", "build", "--as-file-descriptor-set", "--output", "set.binpb"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString((folder / "set.binpb").read_bytes()).file:
        pool.Add(file)
    sys.path.insert(0, str(folder))
    try:
        module: Any = importlib.import_module("kinds_contract.kinds.v1")
    finally:
        sys.path.remove(str(folder))
    return module.Kinds, pool.FindMessageTypeByName("kinds.v1.Kinds")


def _plugin() -> str:
    text = (PROTOS / "buf.gen.yaml").read_text()
    return "inputs:\n  - directory: .\n" + text[text.index("plugins:") :]


@SETTINGS
@given(data=st.data())
def test_every_kind_of_field_is_converted(kinds: tuple[type[Any], Descriptor], data: st.DataObject) -> None:
    message_class, descriptor = kinds
    _check(message_class, data.draw(_messages(GetMessageClass(descriptor))))


def test_unknown_fields_are_not_converted(kinds: tuple[type[Any], Descriptor]) -> None:
    message_class, descriptor = kinds
    dynamic: Any = GetMessageClass(descriptor)
    message = dynamic.FromString(dynamic(a_string="a").SerializeToString() + b"\xf8\x7f\x01")
    built = CONVERTERS.of(message_class, descriptor).build(message)
    assert built == message_class(a_string="a")
    assert bytes(built) == dynamic(a_string="a").SerializeToString()
