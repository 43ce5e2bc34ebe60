"""One method of the contract, and its HTTP bindings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor

from service_kit.contract.policy import Idempotency, MethodPolicy


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP binding of a method (google.api.http).

    http_method: "GET". path: the template, "/api/v1/orders/{order_id}". has_body: the request message is read from
    the body (`body: "*"`). response_body: the field of the response that is the answer; None: the whole response.
    """

    http_method: str
    path: str
    has_body: bool
    response_body: str | None


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC method.

    full_name: "order.v1.OrderService/GetOrder". upstream: the name of the service that serves it. input, output: the
    messages' descriptors. request_class, response_class: dynamic message classes. bindings: none for internal methods.
    location: in the protos, "order/v1/order_service.proto:88:3".
    idempotency_key: the request's field that makes a call repeatable if it is set; None: there is none.
    expected_versions: the request's field with the acceptable versions of the resource; None: there is none.
    """

    full_name: str
    upstream: str
    policy: MethodPolicy
    bindings: Sequence[Binding]
    input: Descriptor
    output: Descriptor
    request_class: type[Any]
    response_class: type[Any]
    description: str
    location: str
    idempotency_key: str | None = None
    expected_versions: str | None = None

    @property
    def path(self) -> str:
        """The HTTP/2 path of the RPC."""
        return "/" + self.full_name

    @property
    def service(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    def may_repeat(self, message: Any) -> bool:
        """Returns whether the contract declares a call with ``message`` idempotent."""
        if self.policy.idempotency is not Idempotency.UNKNOWN:
            return True
        return self.idempotency_key is not None and bool(message.HasField(self.idempotency_key))
