"""Events between services, as they stand in a Redis stream.

A proto package has one stream for the events that it declares. The service that owns the package writes it, and every
service that wants to know reads it as one consumer group, named after itself. An entry is one event, whose message is
in the protobuf encoding. All keys of a stream are in one hash slot, so that a script may touch them together.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from uuid import UUID


class EnvelopeError(ValueError):
    """An entry of a stream is not an event."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event, and what is to be known of it before its message is read.

    event_id: a UUIDv7, the same however often the event comes. type: the message's full name in the contract.
    payload: the message. request_id, traceparent: of the request that it came from; empty where there was none.
    """

    event_id: str
    type: str
    payload: bytes
    request_id: str
    traceparent: str

    def to_fields(self) -> dict[bytes, bytes]:
        """The fields of an entry."""
        values = (value if isinstance(value, bytes) else value.encode() for value in astuple(self))
        return dict(zip(_FIELDS, values, strict=True))

    @classmethod
    def of_fields(cls, entry: Mapping[bytes, bytes]) -> "Envelope":
        """The event that an entry is; further fields are left alone. EnvelopeError: it is none."""
        try:
            event_id, type_, payload, request_id, traceparent = (entry[name] for name in _FIELDS)
            identified = str(UUID(event_id.decode()))
            return cls(identified, type_.decode(), payload, request_id.decode(), traceparent.decode())
        except KeyError as exc:
            raise EnvelopeError(f"the entry has no field {exc.args[0].decode()}") from exc
        except UnicodeDecodeError as exc:
            raise EnvelopeError("a field of the entry is no UTF-8") from exc
        except ValueError as exc:
            raise EnvelopeError("the event's id is no UUID") from exc

    @property
    def made_at_s(self) -> float:
        """When the event was made (Unix time), as its id says."""
        return (UUID(self.event_id).int >> 80) / 1000


def stream_of(package: str) -> str:
    """The stream with the events of a proto package ("user.v1")."""
    return f"{{events:{package}}}"


def dead_letters_of(stream: str, group: str) -> str:
    """The stream with the entries of ``stream`` that a consumer group has given up: as they were, and why."""
    return f"{stream}:dead-letters:{group}"


_FIELDS = tuple(field.name.encode() for field in fields(Envelope))
