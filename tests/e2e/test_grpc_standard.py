"""The standard gRPC services, health and reflection, with a third-party client."""

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpclib.health.v1 import health_pb2
from grpclib.reflection.v1 import reflection_pb2

from tests.e2e.grpc_client import AUDIT, ORDERS, SESSIONS, TIMEOUT_S, USERS, GrpcClient

SERVICES = {"user-svc": (USERS, AUDIT, SESSIONS), "order-svc": (ORDERS,)}
HOSTED = [(name, service) for name, services in SERVICES.items() for service in services]
HEALTH = "/grpc.health.v1.Health/Check"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def check(client: GrpcClient, service: str) -> health_pb2.HealthCheckResponse:
    call = client.channel.unary_unary(HEALTH, response_deserializer=health_pb2.HealthCheckResponse.FromString)
    request = health_pb2.HealthCheckRequest(service=service)
    answer: health_pb2.HealthCheckResponse = call(request.SerializeToString(), timeout=TIMEOUT_S)
    return answer


def reflect(
    client: GrpcClient, request: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    parse = reflection_pb2.ServerReflectionResponse.FromString
    call = client.channel.stream_stream(REFLECTION, response_deserializer=parse)
    answer: reflection_pb2.ServerReflectionResponse
    (answer,) = call(iter([request.SerializeToString()]), timeout=TIMEOUT_S)
    return answer


@pytest.mark.parametrize(("name", "service"), [("user-svc", ""), ("order-svc", ""), *HOSTED])
def test_health_check_reports_serving(grpc_clients: dict[str, GrpcClient], name: str, service: str) -> None:
    assert check(grpc_clients[name], service).status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("name", SERVICES)
def test_health_check_of_an_unknown_service_is_not_found(grpc_clients: dict[str, GrpcClient], name: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        check(grpc_clients[name], "nobody.v1.Nothing")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("name", SERVICES)
def test_reflection_lists_the_services(grpc_clients: dict[str, GrpcClient], name: str) -> None:
    answer = reflect(grpc_clients[name], reflection_pb2.ServerReflectionRequest(list_services="*"))
    listed = {service.name for service in answer.list_services_response.service}
    assert {*SERVICES[name], "grpc.health.v1.Health"} <= listed


@pytest.mark.parametrize(("name", "service"), HOSTED)
def test_reflection_describes_the_services(grpc_clients: dict[str, GrpcClient], name: str, service: str) -> None:
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)
    answer = reflect(grpc_clients[name], request)
    files = map(descriptor_pb2.FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    assert service in {f"{file.package}.{described.name}" for file in files for described in file.service}
