"""Events between services, as entries of a Redis stream.

A proto package has one stream for the events that it declares. The service that owns the package writes it, and every
service that subscribes reads it as one consumer group, named after the service. An entry is one event, with its message
in the protobuf encoding. All keys of a stream are in one hash slot, so that a script can use them together.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from uuid import UUID


class EnvelopeError(ValueError):
    """An entry of a stream is not an event."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its metadata.

    event_id: a UUIDv7, the same for every delivery of the event. type: the message's full name in the contract.
    payload: the message. request_id, traceparent: of the request that caused it; empty if there was none.
    """

    event_id: str
    type: str
    payload: bytes
    request_id: str
    traceparent: str

    def to_fields(self) -> dict[bytes, bytes]:
        """Returns the fields of a stream entry."""
        values = (value if isinstance(value, bytes) else value.encode() for value in astuple(self))
        return dict(zip(_FIELDS, values, strict=True))

    @classmethod
    def of_fields(cls, entry: Mapping[bytes, bytes]) -> "Envelope":
        """Reads an event from a stream entry, ignoring unknown fields; raises EnvelopeError if it is not an event."""
        try:
            event_id, type_, payload, request_id, traceparent = (entry[name] for name in _FIELDS)
            identified = str(UUID(event_id.decode()))
            return cls(identified, type_.decode(), payload, request_id.decode(), traceparent.decode())
        except KeyError as exc:
            raise EnvelopeError(f"the entry has no field {exc.args[0].decode()}") from exc
        except UnicodeDecodeError as exc:
            raise EnvelopeError("a field of the entry is not UTF-8") from exc
        except ValueError as exc:
            raise EnvelopeError("the event's id is not a UUID") from exc

    @property
    def made_at_s(self) -> float:
        """The Unix time of the event's creation, from its id."""
        return (UUID(self.event_id).int >> 80) / 1000


def stream_of(package: str) -> str:
    """Returns the stream with the events of a proto package ("user.v1")."""
    return f"{{events:{package}}}"


def dead_letters_of(stream: str, group: str) -> str:
    """Returns the stream with the entries of ``stream`` that a consumer group has given up, unchanged, with reasons."""
    return f"{stream}:dead-letters:{group}"


_FIELDS = tuple(field.name.encode() for field in fields(Envelope))
