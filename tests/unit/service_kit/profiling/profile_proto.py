"""profile.proto as the protobuf runtime knows it: the writer is checked against it.

Field by field from https://github.com/google/pprof/blob/main/proto/profile.proto, written down here independently.
"""

import gzip
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_MESSAGES = {
    "Profile": {
        "sample_type": (1, "[ValueType]"), "sample": (2, "[Sample]"), "mapping": (3, "[Mapping]"),
        "location": (4, "[Location]"), "function": (5, "[Function]"), "string_table": (6, "[string]"),
        "drop_frames": (7, "int64"), "keep_frames": (8, "int64"), "time_nanos": (9, "int64"),
        "duration_nanos": (10, "int64"), "period_type": (11, "ValueType"), "period": (12, "int64"),
        "comment": (13, "[int64]"), "default_sample_type": (14, "int64"),
    },
    "ValueType": {"type": (1, "int64"), "unit": (2, "int64")},
    "Sample": {"location_id": (1, "[uint64]"), "value": (2, "[int64]"), "label": (3, "[Label]")},
    "Label": {"key": (1, "int64"), "str": (2, "int64"), "num": (3, "int64"), "num_unit": (4, "int64")},
    "Mapping": {
        "id": (1, "uint64"), "memory_start": (2, "uint64"), "memory_limit": (3, "uint64"), "file_offset": (4, "uint64"),
        "filename": (5, "int64"), "build_id": (6, "int64"), "has_functions": (7, "bool"), "has_filenames": (8, "bool"),
        "has_line_numbers": (9, "bool"), "has_inline_frames": (10, "bool"),
    },
    "Location": {
        "id": (1, "uint64"), "mapping_id": (2, "uint64"), "address": (3, "uint64"), "line": (4, "[Line]"),
        "is_folded": (5, "bool"),
    },
    "Line": {"function_id": (1, "uint64"), "line": (2, "int64"), "column": (3, "int64")},
    "Function": {
        "id": (1, "uint64"), "name": (2, "int64"), "system_name": (3, "int64"), "filename": (4, "int64"),
        "start_line": (5, "int64"),
    },
}  # fmt: skip
_SCALARS = {"int64": 3, "uint64": 4, "bool": 8, "string": 9}
_MESSAGE, _OPTIONAL, _REPEATED = 11, 1, 3


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="profile.proto", package="pprof", syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            bare = kind.strip("[]")
            field: FieldDescriptorProto = described.field.add(name=name, number=number)
            field.label = _REPEATED if kind != bare else _OPTIONAL  # type: ignore[assignment]
            field.type = _SCALARS.get(bare, _MESSAGE)  # type: ignore[assignment]
            if bare not in _SCALARS:
                field.type_name = f".pprof.{bare}"
    return file


_POOL = DescriptorPool()
_POOL.Add(_file())
_Profile: Any = GetMessageClass(_POOL.FindMessageTypeByName("pprof.Profile"))


class ReadProfile:
    """A profile as a tool reads it: with names instead of numbers. Raises if it is malformed."""

    def __init__(self, content: bytes) -> None:
        self.raw = _Profile.FromString(gzip.decompress(content))
        # Nothing that the format does not know was written.
        assert self.raw.SerializeToString(deterministic=True) == _known_only(self.raw)
        self._functions = {each.id: each for each in self.raw.function}
        self._locations = {each.id: each for each in self.raw.location}

    def text(self, number: int) -> str:
        text: str = self.raw.string_table[number]
        return text

    @property
    def types(self) -> list[tuple[str, str]]:
        return [(self.text(each.type), self.text(each.unit)) for each in self.raw.sample_type]

    @property
    def comments(self) -> list[str]:
        return [self.text(number) for number in self.raw.comment]

    def samples(self) -> list[tuple[tuple[tuple[str, str, int, int], ...], tuple[int, ...], dict[str, str]]]:
        """Returns for each sample its frames (function, file, line, first line), values and labels."""
        return [
            (
                tuple(self._frame(number) for number in sample.location_id),
                tuple(sample.value),
                {self.text(label.key): self.text(label.str) for label in sample.label},
            )
            for sample in self.raw.sample
        ]

    def totals_by(self, label: str) -> dict[str, int]:
        """Returns the last value, summed by the value of a label; "" for samples without it."""
        totals: dict[str, int] = {}
        for _, values, labels in self.samples():
            totals[labels.get(label, "")] = totals.get(labels.get(label, ""), 0) + values[-1]
        return totals

    def _frame(self, number: int) -> tuple[str, str, int, int]:
        location = self._locations[number]
        assert location.mapping_id == self.raw.mapping[0].id
        (line,) = location.line
        function = self._functions[line.function_id]
        return self.text(function.name), self.text(function.filename), line.line, function.start_line


def _known_only(message: Any) -> bytes:
    copy = type(message)()
    copy.CopyFrom(message)
    copy.DiscardUnknownFields()
    content: bytes = copy.SerializeToString(deterministic=True)
    return content
