"""Server reflection, v1 and v1alpha (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).

grpclib's own reflection knows neither methods and fields, which grpcurl and ghz request, nor types of error details.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.reflection.v1 import reflection_pb2 as v1
from grpclib.reflection.v1alpha import reflection_pb2 as v1alpha
from grpclib.server import Stream

from service_kit.grpc.descriptor_index import DescriptorIndex

#: The versions of the service, which differ in their package only.
_VERSIONS: Mapping[str, ModuleType] = {"grpc.reflection.v1": v1, "grpc.reflection.v1alpha": v1alpha}
SERVICES = tuple(f"{package}.ServerReflection" for package in _VERSIONS)
#: The files that describe the services.
FILES = tuple(module.DESCRIPTOR for module in _VERSIONS.values())


class Reflection:
    """Answers requests from ``index``."""

    def __init__(self, index: DescriptorIndex) -> None:
        self._index = index

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/{package}.ServerReflection/ServerReflectionInfo": Handler(
                self._handler(messages),
                Cardinality.STREAM_STREAM,
                messages.ServerReflectionRequest,
                messages.ServerReflectionResponse,
            )
            for package, messages in _VERSIONS.items()
        }

    def _handler(self, messages: Any) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        async def answer_all(stream: Stream[Any, Any]) -> None:
            async for request in stream:
                answer = messages.ServerReflectionResponse(valid_host=request.host, original_request=request)
                self._answer(request, answer)
                await stream.send_message(answer)

        return answer_all

    def _answer(self, request: Any, answer: Any) -> None:
        question = request.WhichOneof("message_request")
        if question == "list_services":
            for name in self._index.services:
                answer.list_services_response.service.add(name=name)
        elif question == "all_extension_numbers_of_type":
            self._answer_numbers(request.all_extension_numbers_of_type, answer)
        elif question is None:
            _refuse(answer, Status.INVALID_ARGUMENT, "the request is empty")
        else:
            self._answer_file(self._file_name(request, question), answer)

    def _file_name(self, request: Any, question: str) -> str | None:
        if question == "file_by_filename":
            return str(request.file_by_filename)
        if question == "file_containing_symbol":
            return self._index.symbols.get(request.file_containing_symbol.removeprefix("."))
        wanted = request.file_containing_extension
        return self._index.extensions.get(wanted.containing_type, {}).get(wanted.extension_number)

    def _answer_file(self, name: str | None, answer: Any) -> None:
        file = self._index.files.get(name) if name is not None else None
        if file is None:
            _refuse(answer, Status.NOT_FOUND, "not found")
        else:
            answer.file_descriptor_response.file_descriptor_proto.append(file)

    def _answer_numbers(self, type_name: str, answer: Any) -> None:
        if type_name not in self._index.symbols:
            _refuse(answer, Status.NOT_FOUND, "not found")
            return
        numbers = answer.all_extension_numbers_response
        numbers.base_type_name = type_name
        numbers.extension_number.extend(sorted(self._index.extensions.get(type_name, ())))


def _refuse(answer: Any, status: Status, message: str) -> None:
    answer.error_response.error_code = status.value
    answer.error_response.error_message = message
