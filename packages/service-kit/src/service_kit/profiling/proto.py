"""profile.proto, gzip-compressed: what `go tool pprof` reads.

Source: https://github.com/google/pprof/blob/main/proto/profile.proto. Encoded by hand, with field numbers in place:
calling generated code would take about as many lines.
"""

import gzip
from collections.abc import Iterable

from service_kit.profiling.profile import Frame, Profile, ValueType

_MAPPING = 1
#: The numbers that take one byte: most of those in a profile.
_SHORT = [bytes([value]) for value in range(0x80)]


def encode(profile: Profile, *, program: str) -> bytes:
    """Returns the encoded profile. program: pprof shows it as the name of the binary."""
    return gzip.compress(_Writer(profile, program).message(), compresslevel=6, mtime=0)


class _Writer:
    def __init__(self, profile: Profile, program: str) -> None:
        self._profile, self._program = profile, program
        self._strings: dict[str, int] = {"": 0}
        self._functions: dict[tuple[str, str, int], int] = {}
        self._locations: dict[Frame, int] = {}
        # The same by the frames' identity: most frames repeat, and comparing their contents is slow.
        self._written: dict[int, bytes] = {}

    def message(self) -> bytes:
        """Returns the message `Profile`."""
        profile = self._profile
        parts = [_bytes(1, self._value_type(each)) for each in profile.types]
        for sample in profile.samples:
            labels = b"".join(_bytes(3, self._label(*label)) for label in sample.labels)
            locations = b"".join([self._location(frame) for frame in sample.stack])
            parts.append(_bytes(2, _bytes(1, locations) + _packed(2, sample.values) + labels))
        # has_functions, has_filenames, has_line_numbers: pprof looks nothing up.
        names = _int(7, 1) + _int(8, 1) + _int(9, 1)
        parts.append(_bytes(3, _int(1, _MAPPING) + _int(5, self._string(self._program)) + names))
        parts += [_bytes(4, self._location_message(*item)) for item in self._locations.items()]
        parts += [_bytes(5, self._function_message(*item)) for item in self._functions.items()]
        parts += [_int(9, profile.started_ns), _int(10, profile.duration_ns)]
        if profile.period_type is not None:
            parts += [_bytes(11, self._value_type(profile.period_type)), _int(12, profile.period)]
        parts.append(_packed(13, (self._string(comment) for comment in profile.comments)))
        parts.append(_int(14, self._string(profile.types[-1].kind)))
        # Last, because only now every string is known; the order of fields is free.
        parts += [_bytes(6, text.encode("utf-8", "replace")) for text in self._strings]
        return b"".join(parts)

    def _value_type(self, value_type: ValueType) -> bytes:
        return _int(1, self._string(value_type.kind)) + _int(2, self._string(value_type.unit))

    def _label(self, name: str, value: str) -> bytes:
        return _int(1, self._string(name)) + _int(2, self._string(value))

    def _location(self, frame: Frame) -> bytes:
        written = self._written.get(id(frame))
        if written is None:
            number = self._locations.setdefault(frame, len(self._locations) + 1)
            written = self._written[id(frame)] = _varint(number)
        return written

    def _location_message(self, frame: Frame, number: int) -> bytes:
        key = (frame.function, frame.file, frame.first_line)
        function = self._functions.setdefault(key, len(self._functions) + 1)
        line = _int(1, function) + _int(2, frame.line)
        return _int(1, number) + _int(2, _MAPPING) + _bytes(4, line)

    def _function_message(self, key: tuple[str, str, int], number: int) -> bytes:
        name, file, first_line = key
        texts = _int(2, self._string(name)) + _int(3, self._string(name)) + _int(4, self._string(file))
        return _int(1, number) + texts + _int(5, first_line)

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))


def _varint(value: int) -> bytes:
    if 0 <= value <= 0x7F:
        return _SHORT[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF  # a negative int64 is written in two's complement
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _packed(field: int, values: Iterable[int]) -> bytes:
    return _bytes(field, b"".join(map(_varint, values)))
