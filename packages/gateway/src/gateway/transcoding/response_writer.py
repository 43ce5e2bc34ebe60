"""The response message of a method into an HTTP response, by the rules of google.api.http and our options."""

from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import Binding, Contract, ContractError, Method
from service_kit.contract.policy import Access, HeaderBinding, SessionEffect

from gateway.transcoding.message_writer import MessageWriter

GRANT = "headrace.session.v1.SessionGrant"
_NO_CONTENT = 204
_JSON = (b"content-type", b"application/json")

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Grant:
    """A session key for the client to keep, for at most ``max_age_s`` seconds of idleness."""

    session_key: str
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, ready to be sent."""

    status: int
    headers: list[Header]
    body: bytes
    grant: Grant | None


class ResponseWriter:
    """Writes the responses of one binding. secret: they carry something that must not be stored or compressed."""

    def __init__(self, contract: Contract, method: Method, binding: Binding) -> None:
        policy = method.policy
        self._status = policy.success_status
        self._grant_field = _grant_field(method)
        self._body_field = binding.response_body
        self._headers = list(_header_writers(contract, method.output, None))
        body_type = body_type_of(method, binding)
        if self._body_field is not None:
            self._headers += _header_writers(contract, body_type, self._body_field)
        hidden = frozenset({self._grant_field} if self._grant_field else ())
        self._writer = MessageWriter(body_type, hidden) if self._status != _NO_CONTENT else None
        self.secret = self._grant_field is not None or _holds_secret(contract, body_type)
        # What only administrators may see is about other people: nobody keeps a copy of it.
        private = self.secret or policy.access is Access.ADMIN
        self._cache_control = _cache_control(policy.cache_max_age_s, private=private)

    def write(self, message: Any) -> Response:
        headers = [header for write in self._headers if (header := write(message)) is not None]
        if self._cache_control is not None:
            headers.append(self._cache_control)
        grant = None
        if self._grant_field is not None:
            raw = getattr(message, self._grant_field)
            grant = Grant(raw.session_key, raw.max_age_s)
        if self._writer is None:
            return Response(self._status, headers, b"", grant)
        printed = message if self._body_field is None else getattr(message, self._body_field)
        body = orjson.dumps(self._writer.write(printed), option=orjson.OPT_UTC_Z)
        headers += (_JSON, (b"content-length", b"%d" % len(body)))
        return Response(self._status, headers, body, grant)


def body_type_of(method: Method, binding: Binding) -> Descriptor:
    """The message that a binding prints. ContractError: its response_body names something else."""
    if binding.response_body is None:
        return method.output
    body_type = method.output.fields_by_name[binding.response_body].message_type
    if body_type is None:
        raise ContractError(f"{method.full_name}: response_body must name a message")
    return body_type


class _HeaderWriter:
    def __init__(self, field: FieldDescriptor, binding: HeaderBinding, parent: str | None) -> None:
        self._name = binding.name.lower().encode()
        self._format = binding.format
        self._field = field.name
        self._parent = parent

    def __call__(self, message: Any) -> Header | None:
        """The header; None where the field is not set or zero, which means that there is nothing to say."""
        holder = message if self._parent is None else getattr(message, self._parent)
        value = getattr(holder, self._field)
        if not value:
            return None
        text = "true" if value is True else str(value)
        return self._name, self._format.replace("{}", text).encode("latin-1")


def _header_writers(contract: Contract, descriptor: Descriptor, parent: str | None) -> list[_HeaderWriter]:
    return [
        _HeaderWriter(field, binding, parent)
        for field in descriptor.fields
        if (binding := contract.field_policy(field).to_header) is not None
    ]


def _grant_field(method: Method) -> str | None:
    names = [f.name for f in method.output.fields if f.message_type is not None and f.message_type.full_name == GRANT]
    if (method.policy.session is SessionEffect.ISSUES) != (len(names) == 1):
        raise ContractError(f"{method.full_name}: exactly the methods that issue a session have one {GRANT} to give")
    return names[0] if names else None


def _holds_secret(contract: Contract, descriptor: Descriptor) -> bool:
    return any(
        contract.field_policy(field).sensitive
        or (field.message_type is not None and _holds_secret(contract, field.message_type))
        for field in descriptor.fields
    )


def _cache_control(max_age_s: int | None, *, private: bool) -> Header | None:
    if private:
        return b"cache-control", b"no-store"
    if max_age_s is not None:
        return b"cache-control", b"public, max-age=%d" % max_age_s
    return None
