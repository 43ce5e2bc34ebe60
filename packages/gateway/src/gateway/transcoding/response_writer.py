"""The response message of a method into an HTTP response, by the rules of google.api.http and our options."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from service_kit.contract import Binding, Contract, ContractError, Method
from service_kit.contract.policy import Access, HeaderBinding, MethodPolicy, SessionEffect

from gateway.entity_tags import tag_of
from gateway.transcoding.message_writer import MessageWriter

GRANT = "headrace.session.v1.SessionGrant"
_NO_CONTENT = 204
#: Visible ASCII, less the percent sign. A line break in a field would end it, and other characters have no one reading.
_SAFE_IN_HEADER = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")
_JSON = (b"content-type", b"application/json")

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Grant:
    """A session key for the client to keep, for at most ``max_age_s`` seconds of idleness."""

    session_key: str
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, ready to be sent. version: of the resource that it is; None: it has none."""

    status: int
    headers: list[Header]
    body: bytes
    grant: Grant | None
    version: int | None = None


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
        self._version = version_field(contract, body_type)
        hidden = frozenset({self._grant_field} if self._grant_field else ())
        self._writer = MessageWriter(contract, body_type, hidden) if self._status != _NO_CONTENT else None
        self.secret = self._grant_field is not None or _holds_secret(contract, body_type)
        # An answer without content holds nothing to keep.
        self._cache_control = _cache_control(policy, self.secret, self._version) if self._writer is not None else None

    def write(self, message: Any) -> Response:
        headers = [header for write in self._headers if (header := write(message)) is not None]
        if self._cache_control is not None:
            headers.append(self._cache_control)
        printed = message if self._body_field is None else getattr(message, self._body_field)
        version = getattr(printed, self._version) or None if self._version is not None else None
        if version is not None:
            headers.append((b"etag", tag_of(version)))
        grant = None
        if self._grant_field is not None:
            raw = getattr(message, self._grant_field)
            grant = Grant(raw.session_key, raw.max_age_s)
        if self._writer is None:
            return Response(self._status, headers, b"", grant, version)
        body = orjson.dumps(self._writer.write(printed), option=orjson.OPT_UTC_Z)
        headers += (_JSON, (b"content-length", b"%d" % len(body)))
        return Response(self._status, headers, body, grant, version)


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
        text = "true" if value is True else quote(str(value), safe=_SAFE_IN_HEADER)
        return self._name, self._format.replace("{}", text).encode("latin-1")


def version_field(contract: Contract, descriptor: Descriptor) -> str | None:
    """The field with the version of a message; None: it has none."""
    fields = [field for field in descriptor.fields if contract.field_policy(field).version]
    if not fields:
        return None
    if len(fields) > 1 or fields[0].is_repeated or fields[0].type != FieldDescriptor.TYPE_INT64:
        raise ContractError(f"{descriptor.full_name}: a version must be the only one, and an int64")
    return fields[0].name


def _header_writers(contract: Contract, descriptor: Descriptor, parent: str | None) -> list[_HeaderWriter]:
    writers: list[_HeaderWriter] = []
    for field in descriptor.fields:
        binding = contract.field_policy(field).to_header
        if binding is None:
            continue
        if binding.name.lower() == "etag":
            raise ContractError(f"{field.full_name}: the ETag is made of the field that is marked as version")
        writers.append(_HeaderWriter(field, binding, parent))
    return writers


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


def _cache_control(policy: MethodPolicy, is_secret: bool, version: str | None) -> Header | None:
    """Answers to a user are personal: no shared cache keeps them.

    The user's own cache may keep what has an entity tag, and asks each time whether it is still the same; the rest, and
    what only administrators may see, which is about others, is not kept at all.
    """
    if policy.access is Access.PUBLIC and not is_secret:
        max_age_s = policy.cache_max_age_s
        return None if max_age_s is None else (b"cache-control", b"public, max-age=%d" % max_age_s)
    if version is not None and not is_secret and policy.access is Access.USER:
        return b"cache-control", b"private, no-cache"
    return b"cache-control", b"no-store"
