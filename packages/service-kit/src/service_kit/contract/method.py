"""One method of the contract, and the ways to call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor

from service_kit.contract.policy import Idempotency, MethodPolicy


@dataclass(frozen=True, slots=True)
class Binding:
    """One way to call a method over HTTP (google.api.http).

    http_method: "GET". path: the template, "/api/v1/orders/{order_id}". has_body: the request message is read from
    the body (`body: "*"`). response_body: the response's field that is the answer; None: all of it.
    """

    http_method: str
    path: str
    has_body: bool
    response_body: str | None


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC method.

    full_name: "order.v1.OrderService/GetOrder". upstream: the name of what serves it. input, output: the messages'
    descriptors. request_class, response_class: dynamic message classes. bindings: none for internal methods.
    location: where it stands in the protos, "order/v1/order_service.proto:88:3".
    idempotency_key: the request's field that makes a call repeatable when it is set; None: there is none.
    expected_versions: the request's field with the versions of which the resource must have one; None: there is none.
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
        """Whether sending ``message`` twice does no more than sending it once, by the word of the contract."""
        if self.policy.idempotency is not Idempotency.UNKNOWN:
            return True
        return self.idempotency_key is not None and bool(message.HasField(self.idempotency_key))
