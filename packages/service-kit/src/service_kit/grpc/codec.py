"""Decodes and validates requests, and encodes responses, for all methods of a service."""

from typing import Any

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.encoding.base import CodecBase

from service_kit.contract import Method
from service_kit.grpc.message_conversion import MessageConverter, MessageConverters
from service_kit.request.deadline import time_left
from service_kit.request.errors import CallError
from service_kit.validation import Validator


class ContractCodec(CodecBase):
    """Validates every request against the contract before a handler sees it, and encodes responses.

    Bytes are only decoded and encoded by protobuf's C codec, as dynamic messages. That is up to 30 times as fast as
    betterproto2, and it rejects strings that are not UTF-8 and messages that are nested more than 100 deep. Only a
    valid request becomes a betterproto2 message, with only those fields that the contract knows.
    Messages of other libraries (health, reflection) use their own classes.
    """

    __content_subtype__ = "proto"

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self._converters = MessageConverters()
        self._requests: dict[type[Any], tuple[Method, MessageConverter]] = {}
        self._responses: dict[type[Any], tuple[Method, MessageConverter]] = {}

    def add(self, method: Method, request_class: type[Any], response_class: type[Any]) -> None:
        """Registers a method of the contract, with the betterproto2 classes of its messages."""
        self._validator.prepare(method.input)
        self._requests[request_class] = method, self._converters.of(request_class, method.input)
        self._responses[response_class] = method, self._converters.of(response_class, method.output)

    def encode(self, message: Any, message_type: Any) -> bytes:
        response, registered = message, self._responses.get(message_type)
        if registered is not None:
            method, converter = registered
            response = method.response_class()
            converter.copy(message, response)
        encoded: bytes = response.SerializeToString()
        return encoded

    def decode(self, data: bytes, message_type: Any) -> Any:
        time_left()  # it may have run out while the message arrived
        registered = self._requests.get(message_type)
        if registered is None:
            return _decode(data, message_type)
        method, converter = registered
        request = _decode(data, method.request_class)
        self._validator.normalize(request)
        violations = self._validator.violations(request)
        if not violations:
            return converter.build(request)
        del request  # otherwise the traceback of the error would keep the message in memory, once per call
        raise CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", violations=violations)


def _decode(data: bytes, message_class: Any) -> Any:
    try:
        return message_class.FromString(data)
    except DecodeError as exc:
        raise CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", "not a message of this method") from exc
