"""The gRPC server and client of service_kit over real sockets, with a foreign client (grpcio) where it matters."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status as RpcStatus
from grpclib.client import Stream
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from h2.exceptions import StreamClosedError
from loguru import logger
from service_kit.grpc.client import GrpcClient, parse_target
from service_kit.grpc.errors import from_grpc_error
from service_kit.grpc.metadata import outgoing
from service_kit.lifecycle.readiness import Readiness
from service_kit.request.errors import CallError
from shared_contracts.order.v1 import DeleteOrderRequest, GetOrderRequest, GetOrderResponse, OrderServiceStub

from tests.integration.service_kit.grpc.raw_client import headers_of, raw_client
from tests.integration.service_kit.grpc.running_server import (
    GET_ORDER,
    ORDER_ID,
    NoSuchThingError,
    Running,
    running_server,
    server_of,
)
from tests.running.polling import in_time
from tests.running.servers import free_port


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_server() as running:
        yield running


async def _get(running: Running, order_id: str = ORDER_ID, timeout_s: float = 5) -> GetOrderResponse:
    async with GrpcClient(running.target) as client:
        return await OrderServiceStub(client.channel).get_order(GetOrderRequest(order_id=order_id), timeout=timeout_s)


async def _refusal(running: Running) -> CallError | None:
    try:
        await _get(running, timeout_s=0.2)
    except GRPCError as exc:
        return from_grpc_error(exc)
    except TimeoutError:
        return None
    return None


async def _refused(running: Running, **kwargs: object) -> CallError:
    with pytest.raises(GRPCError) as refused:
        await _get(running, **kwargs)  # type: ignore[arg-type]
    return from_grpc_error(refused.value)


async def test_request_context_is_forwarded_between_services(running: Running) -> None:
    request = running.call_as(running.issuer.token(sub="u1"))
    before = time.monotonic()

    answer = await _get(running)

    after = time.monotonic()
    assert answer.order is not None
    assert (answer.order.order_id, answer.order.user_id) == (ORDER_ID, "u1")
    seen = running.orders.seen
    assert seen is not None
    assert (seen.request_id, seen.client_address, seen.user_agent) == ("req-1", "192.0.2.7", "café/1")
    assert seen.trace.trace_id == request.trace.trace_id
    assert seen.trace.span_id != request.trace.span_id
    assert seen.deadline is not None
    assert before < seen.deadline <= after + 5


async def test_deadline_of_the_request_limits_that_of_a_call(running: Running) -> None:
    request = running.call_as(running.issuer.token())
    request.deadline = time.monotonic() + 0.8

    await _get(running, timeout_s=60)

    seen = running.orders.seen
    assert seen is not None
    assert seen.deadline is not None
    assert seen.deadline - request.deadline < 0.1


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "CREDENTIALS_MISSING"), ("rubbish", "TOKEN_INVALID"), ("expired", "TOKEN_EXPIRED")]
)
async def test_service_verifies_tokens_itself(running: Running, token: str | None, reason: str) -> None:
    running.call_as(running.issuer.token(exp=int(time.time()) - 60) if token == "expired" else token)

    error = await _refused(running)

    assert (error.status, error.reason) == (Status.UNAUTHENTICATED, reason)
    assert not running.orders.entered.is_set()


async def test_messages_are_validated_before_the_handler(running: Running) -> None:
    running.call_as(running.issuer.token())

    error = await _refused(running, order_id="not-a-uuid")

    assert (error.status, error.reason) == (Status.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert [(v.field, v.rule) for v in error.violations] == [("order_id", "string.uuid")]
    assert not running.orders.entered.is_set()


@pytest.mark.parametrize(
    ("raised", "status", "reason", "detail"),
    [
        (NoSuchThingError("no order 7"), Status.NOT_FOUND, "ORDER_NOT_FOUND", "no order 7"),
        (CallError(Status.UNAVAILABLE, "DRAINING", retry_after_s=1.5), Status.UNAVAILABLE, "DRAINING", ""),
        (RuntimeError("a secret"), Status.INTERNAL, "INTERNAL", ""),
    ],
)
async def test_exceptions_are_mapped_by_the_error_table(
    running: Running, raised: Exception, status: Status, reason: str, detail: str
) -> None:
    running.call_as(running.issuer.token())
    running.orders.error = raised

    error = await _refused(running)

    assert (error.status, error.reason, error.detail) == (status, reason, detail)
    assert error.retry_after_s == getattr(raised, "retry_after_s", None)


async def test_caller_that_leaves_just_before_the_response_is_not_logged_as_error(running: Running) -> None:
    running.call_as(running.issuer.token())
    running.orders.error = StreamClosedError(1)
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message} {extra[status]}", filter=lambda r: "status" in r["extra"])

    with pytest.raises((GRPCError, asyncio.TimeoutError)):
        await _get(running, timeout_s=0.3)

    logger.remove(sink)
    assert [line.split() for line in lines] == [["INFO", "rpc", "CANCELLED"]]


async def test_call_without_any_deadline_is_an_error(running: Running) -> None:
    async with GrpcClient(running.target) as client:
        with pytest.raises(ValueError, match="without a deadline"):
            await OrderServiceStub(client.channel).get_order(GetOrderRequest(order_id=ORDER_ID))


async def test_call_ends_at_its_deadline(running: Running) -> None:
    running.call_as(running.issuer.token())
    running.orders.go_on.clear()

    with pytest.raises((GRPCError, asyncio.TimeoutError)):
        await _get(running, timeout_s=0.2)


async def test_drain_waits_for_calls_and_refuses_new_ones(running: Running) -> None:
    running.call_as(running.issuer.token())
    running.orders.go_on.clear()
    in_flight = asyncio.create_task(_get(running))
    await running.orders.entered.wait()

    draining = asyncio.create_task(running.server.drain(5))
    error = await in_time(lambda: _refusal(running), within_s=2)
    assert (error.status, error.reason) == (Status.UNAVAILABLE, "DRAINING")
    assert not draining.done()
    running.orders.go_on.set()

    assert (await in_flight).order is not None
    await draining


async def test_drain_ends_after_its_maximum(running: Running) -> None:
    running.call_as(running.issuer.token())
    running.orders.go_on.clear()
    in_flight = asyncio.create_task(_get(running))
    await running.orders.entered.wait()

    await running.server.drain(0.05)

    assert not in_flight.done()
    in_flight.cancel()


def _health(target: str, service: str) -> int:
    with grpc.insecure_channel(target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )
        return int(check(HealthCheckRequest(service=service), timeout=5).status)


def _reflect(target: str, question: ServerReflectionRequest) -> ServerReflectionResponse:
    with grpc.insecure_channel(target) as channel:
        ask = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ServerReflectionRequest.SerializeToString,
            ServerReflectionResponse.FromString,
        )
        answer: ServerReflectionResponse = next(ask(iter([question]), timeout=5))
        return answer


async def test_health_works_with_grpcio(running: Running) -> None:
    for service in ("", "order.v1.OrderService"):
        assert await asyncio.to_thread(_health, running.target, service) == HealthCheckResponse.SERVING

    await running.server.drain(1)

    assert await asyncio.to_thread(_health, running.target, "") == HealthCheckResponse.NOT_SERVING


async def test_reflection_works_with_grpcio(running: Running) -> None:
    listed = await asyncio.to_thread(_reflect, running.target, ServerReflectionRequest(list_services=""))
    names = {service.name for service in listed.list_services_response.service}
    assert {"order.v1.OrderService", "grpc.health.v1.Health"} <= names

    for symbol, name in {
        "order.v1.OrderService": "order/v1/order_service.proto",
        "grpc.health.v1.Health": "grpclib/health/v1/health.proto",
    }.items():
        question = ServerReflectionRequest(file_containing_symbol=symbol)
        found = await asyncio.to_thread(_reflect, running.target, question)
        (file,) = found.file_descriptor_response.file_descriptor_proto
        assert FileDescriptorProto.FromString(file).name == name


SYMBOLS = {
    "order.v1.OrderService": "order/v1/order_service.proto",
    ".order.v1.OrderService.GetOrder": "order/v1/order_service.proto",
    "order.v1.Order.lines": "order/v1/order_service.proto",
    "order.v1.ORDER_STATUS_DONE": "order/v1/order_service.proto",
    "user.v1.AuditEvent.DetailEntry": "user/v1/audit_service.proto",
    "google.api.HttpRule.pattern": "google/api/http.proto",
    "headrace.v1.method": "headrace/v1/policy.proto",
    "google.rpc.ErrorInfo": "google/rpc/error_details.proto",
    "google.rpc.BadRequest.FieldViolation": "google/rpc/error_details.proto",
    "google.rpc.Status": "google/rpc/status.proto",
    "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
    "google.protobuf.Duration": "google/protobuf/duration.proto",
    "grpc.health.v1.Health.Check": "grpclib/health/v1/health.proto",
}


@pytest.mark.parametrize(("symbol", "name"), SYMBOLS.items())
async def test_reflection_finds_the_file_of_every_kind_of_symbol(running: Running, symbol: str, name: str) -> None:
    question = ServerReflectionRequest(host="h", file_containing_symbol=symbol)
    found = await asyncio.to_thread(_reflect, running.target, question)
    (file,) = found.file_descriptor_response.file_descriptor_proto
    assert FileDescriptorProto.FromString(file).name == name
    assert (found.valid_host, found.original_request) == ("h", question)


async def test_reflection_has_the_imports_of_every_file(running: Running) -> None:
    wanted, seen = {"order/v1/order_service.proto", "google/rpc/error_details.proto"}, set[str]()
    while wanted - seen:
        name = min(wanted - seen)
        found = await asyncio.to_thread(_reflect, running.target, ServerReflectionRequest(file_by_filename=name))
        (file,) = found.file_descriptor_response.file_descriptor_proto
        wanted |= set(FileDescriptorProto.FromString(file).dependency)
        seen.add(name)
    assert len(seen) > 5


async def test_reflection_finds_extensions(running: Running) -> None:
    type_name = "google.protobuf.MethodOptions"
    question = ServerReflectionRequest(all_extension_numbers_of_type=type_name)
    numbers = await asyncio.to_thread(_reflect, running.target, question)
    assert {50101, 72295728} <= set(numbers.all_extension_numbers_response.extension_number)
    question = ServerReflectionRequest()
    question.file_containing_extension.containing_type = type_name
    question.file_containing_extension.extension_number = 50101
    found = await asyncio.to_thread(_reflect, running.target, question)
    (file,) = found.file_descriptor_response.file_descriptor_proto
    assert FileDescriptorProto.FromString(file).name == "headrace/v1/policy.proto"


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (ServerReflectionRequest(file_containing_symbol="order.v1.Nothing"), Status.NOT_FOUND),
        (ServerReflectionRequest(file_by_filename="nothing.proto"), Status.NOT_FOUND),
        (ServerReflectionRequest(all_extension_numbers_of_type="order.v1.Nothing"), Status.NOT_FOUND),
        (ServerReflectionRequest(), Status.INVALID_ARGUMENT),
    ],
)
async def test_reflection_answers_not_found_for_unknown_names(
    running: Running, question: ServerReflectionRequest, status: Status
) -> None:
    answer = await asyncio.to_thread(_reflect, running.target, question)
    assert answer.error_response.error_code == status.value


async def test_compressed_message_is_refused_with_the_accepted_encodings(running: Running) -> None:
    def call() -> grpc.RpcError:
        with grpc.insecure_channel(running.target, compression=grpc.Compression.Gzip) as channel:
            get = channel.unary_unary(GET_ORDER)
            metadata = [("authorization", f"BEARER {running.issuer.token()}")]
            with pytest.raises(grpc.RpcError) as refused:
                get(b"\x0a\x24" + ORDER_ID.encode() * 1 + b"\x12\xff\x01" + bytes(255), metadata=metadata, timeout=5)
        return refused.value

    error: Any = await asyncio.to_thread(call)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_unimplemented_call_names_the_accepted_encodings(running: Running) -> None:
    async with raw_client(running.port) as client:
        stream = client.begin(running.issuer.token(), more=(("grpc-encoding", "gzip"),))
        client.h2.send_data(stream, b"\1\0\0\0\1x", end_stream=True)
        await client.flush()
        assert await client.status(stream) is Status.UNIMPLEMENTED
        answered = [headers_of(event) for event in client.events if getattr(event, "stream_id", None) == stream]
        assert {"grpc-accept-encoding": "identity"}.items() <= answered[0].items()


async def test_error_details_work_with_grpcio(running: Running) -> None:
    running.orders.error = CallError(Status.RESOURCE_EXHAUSTED, "PASSWORD_QUEUE_FULL", "full", retry_after_s=2)
    token = running.issuer.token()

    def call(payload: bytes) -> grpc.RpcError:
        with grpc.insecure_channel(running.target) as channel:
            get = channel.unary_unary("/order.v1.OrderService/GetOrder")
            with pytest.raises(grpc.RpcError) as refused:
                get(payload, timeout=5, metadata=[("authorization", f"Bearer {token}")])
            return refused.value

    failed = await asyncio.to_thread(call, bytes(GetOrderRequest(order_id=ORDER_ID)))
    details = _details(failed)
    assert failed.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failed.details() == "full"
    assert details[0].Is(ErrorInfo.DESCRIPTOR)
    assert details[1].Is(RetryInfo.DESCRIPTOR)

    invalid = await asyncio.to_thread(call, b"")
    assert invalid.code() is grpc.StatusCode.INVALID_ARGUMENT
    broken = BadRequest()
    _details(invalid)[1].Unpack(broken)
    assert [(v.field, v.reason) for v in broken.field_violations] == [("order_id", "required")]

    malformed = await asyncio.to_thread(call, b"\xff\xff")
    assert malformed.code() is grpc.StatusCode.INVALID_ARGUMENT


#: Messages as gRPC frames them: a flag, a length in 4 bytes, and the bytes.
FRAMES = {
    "no message": (b"", Status.INVALID_ARGUMENT),
    "half a prefix": (b"\0\0", Status.INVALID_ARGUMENT),
    "a message cut short": (b"\0\0\0\0\x09abc", Status.INVALID_ARGUMENT),
    "a compressed message": (b"\1\0\0\0\1x", Status.UNIMPLEMENTED),
    "4 GiB announced": (b"\0\xff\xff\xff\xffabc", Status.RESOURCE_EXHAUSTED),
}


@pytest.mark.parametrize(("framed", "status"), FRAMES.values(), ids=FRAMES)
async def test_malformed_framing_is_an_invalid_argument(running: Running, framed: bytes, status: Status) -> None:
    request = running.call_as(running.issuer.token())
    errors: list[str] = []
    sink = logger.add(errors.append, level="ERROR", format="{message}")
    async with GrpcClient(running.target) as client:
        stream = client.channel.request(
            GET_ORDER, Cardinality.UNARY_UNARY, GetOrderRequest, GetOrderResponse, metadata=outgoing(request), timeout=5
        )
        with pytest.raises(GRPCError) as refused:
            await _exchange(stream, framed, end=status is not Status.RESOURCE_EXHAUSTED)
    logger.remove(sink)

    assert refused.value.status is status
    assert errors == []
    assert not running.orders.entered.is_set()


async def _exchange(stream: Stream[Any, Any], framed: bytes, *, end: bool) -> None:
    async with stream:
        await stream.send_request()
        await stream._stream.send_data(framed, end_stream=end)
        await stream.recv_message()


def _details(error: grpc.RpcError) -> list[Any]:
    trailer = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return list(RpcStatus.FromString(trailer).details)


@pytest.mark.parametrize("target", ["", "host", "host:", ":1", "host:0", "host:65536", "host:x"])
def test_malformed_target_is_rejected(target: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_target(target)


def test_target_is_split_into_host_and_port() -> None:
    assert parse_target("user-svc:50051") == ("user-svc", 50051)
    assert parse_target("[::1]:50051") == ("::1", 50051)


async def test_process_that_lacks_a_method_of_the_contract_is_not_ready(running: Running) -> None:
    readiness = Readiness()
    await server_of(running.orders, running.issuer, free_port(), readiness=readiness)
    check = (await readiness.report()).checks["contract"]
    assert not check.ok
    assert check.required
    for name in ("CreateOrder", "ListOrders", "UpdateOrderStatus", "DeleteOrder"):
        assert f"order.v1.OrderService/{name}" in check.reason
    assert "GetOrder" not in check.reason
    assert "user.v1" not in check.reason


async def test_unimplemented_method_is_named_and_logged(running: Running) -> None:
    running.call_as(running.issuer.token())
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message} {extra[rpc]}", filter=lambda record: "rpc" in record["extra"])
    try:
        with pytest.raises(GRPCError) as refused:
            async with GrpcClient(running.target) as client:
                await OrderServiceStub(client.channel).delete_order(DeleteOrderRequest(order_id=ORDER_ID), timeout=5)
    finally:
        logger.remove(sink)
    error = from_grpc_error(refused.value)
    assert (error.status, error.reason) == (Status.UNIMPLEMENTED, "NOT_IMPLEMENTED")
    assert any("is not implemented order.v1.OrderService/DeleteOrder" in line for line in lines)
