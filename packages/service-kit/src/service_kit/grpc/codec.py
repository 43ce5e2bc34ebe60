"""Decodes and validates what comes in, in one place for all methods of a service."""

from typing import Any

import betterproto2
from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.encoding.base import CodecBase

from service_kit.contract import Method
from service_kit.deadline import time_left
from service_kit.errors import CallError
from service_kit.validation import Validator


class InboundCodec(CodecBase):
    """Checks every inbound message against the contract before a handler sees it.

    The dynamic class (a C codec) decodes and is validated first: 12 µs where betterproto2 takes 84 µs for the same
    order, and it refuses what is no UTF-8, or nested more than 100 deep. Only a valid message becomes a betterproto2
    one, and only what the contract knows of it: betterproto2 takes seconds for a megabyte of unknown fields.
    Messages of other libraries (health, reflection) pass through their own classes.
    """

    __content_subtype__ = "proto"

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self._methods: dict[type[Any], Method] = {}

    def add(self, message_type: type[Any], method: Method) -> None:
        """Have messages of the betterproto2 class ``message_type`` checked as requests of ``method``."""
        self._validator.prepare(method.input)
        self._methods[message_type] = method

    def encode(self, message: Any, message_type: Any) -> bytes:
        return bytes(message) if isinstance(message, betterproto2.Message) else message.SerializeToString()

    def decode(self, data: bytes, message_type: Any) -> Any:
        time_left()  # which may have run out while the message was arriving
        method = self._methods.get(message_type)
        checked_type = method.request_class if method is not None else message_type
        try:
            checked = checked_type.FromString(data)
        except DecodeError as exc:
            raise CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", "not a message of this method") from exc
        if method is None:
            return checked
        violations = self._validator.violations(checked)
        if violations:
            raise CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", violations=violations)
        checked.DiscardUnknownFields()
        return message_type.parse(checked.SerializeToString())
