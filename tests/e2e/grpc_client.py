"""A third-party gRPC client: grpcio, with message classes from the descriptor set."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory
from google.rpc import error_details_pb2, status_pb2
from shared_contracts import descriptor_set

from tests.running.secret_hooks import note_message
from tests.running.secrets_seen import SEEN

TIMEOUT_S = 10
AUDIT = "user.v1.AuditService"
USERS, SESSIONS, ORDERS = "user.v1.UserService", "headrace.session.v1.SessionService", "order.v1.OrderService"


def contract_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set()).file:
        pool.Add(file)
    return pool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed call: status, reason, domain, and the violated fields with their rules."""

    status: grpc.StatusCode
    reason: str
    domain: str
    violations: dict[str, str]


class GrpcClient:
    """Calls the services at one address by method name, with fields as JSON-like mappings."""

    def __init__(self, target: str) -> None:
        self.channel = grpc.insecure_channel(target)
        self._pool = contract_pool()

    def __enter__(self) -> "GrpcClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()

    def request(self, method: str, fields: Mapping[str, Any]) -> message.Message:
        """Returns the request message of `package.Service.Method` with these fields."""
        described = self._pool.FindMethodByName(method)
        built: message.Message = message_factory.GetMessageClass(described.input_type)()
        return json_format.ParseDict(dict(fields), built)

    def call(self, method: str, fields: Mapping[str, Any] | None = None, *, token: str | None = None) -> Any:
        """Returns the response message.

        Raises:
            grpc.RpcError: the call failed.
        """
        return self.call_raw(method, self.request(method, fields or {}).SerializeToString(), token=token)

    def call_raw(self, method: str, request: bytes, *, token: str | None = None) -> Any:
        """Calls a method with the request as bytes."""
        described = self._pool.FindMethodByName(method)
        response = message_factory.GetMessageClass(described.output_type)
        self._note(described, request, token)
        service, _, name = method.rpartition(".")
        invoke = self.channel.unary_unary(f"/{service}/{name}", response_deserializer=response.FromString)
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        answer = invoke(request, metadata=metadata, timeout=TIMEOUT_S)
        note_message(answer)
        return answer

    @staticmethod
    def _note(described: Any, request: bytes, token: str | None) -> None:
        SEEN.note("access token", token or "")
        with suppress(message.DecodeError):
            note_message(message_factory.GetMessageClass(described.input_type).FromString(request))

    def refusal(self, method: str, fields: Mapping[str, Any] | None = None, *, token: str | None = None) -> Refusal:
        """Returns why the call fails.

        Raises:
            AssertionError: it did not fail.
        """
        try:
            answer = self.call(method, fields, token=token)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError(f"{method} was answered: {answer}")


def refusal_of(error: Any) -> Refusal:
    """Reads google.rpc.Status from the trailers of a failed call."""
    trailers = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        for known in (info, bad):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    violations = {violation.field: violation.reason for violation in bad.field_violations}
    return Refusal(error.code(), info.reason, info.domain, violations)
