"""The cost of encoding and decoding, compared with betterproto2."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from service_kit.grpc.codec import ContractCodec
from service_kit.validation import Validator
from shared_contracts.order.v1 import (
    CreateOrderRequest,
    CreateOrderResponse,
    ListOrdersRequest,
    ListOrdersResponse,
    Order,
    OrderLine,
    OrderStatus,
)

from tests.examples.contracts import headrace_contract

CONTRACT = headrace_contract()
LINES = [OrderLine(sku=f"item-{number}", quantity=1, unit_price_minor=100) for number in range(100)]
#: The ratio is about 20. A machine that is busy with other things may slow either down.
TIMES_FASTER = 5


def codec() -> ContractCodec:
    made = ContractCodec(Validator(CONTRACT))
    made.add(CONTRACT.methods["/order.v1.OrderService/ListOrders"], ListOrdersRequest, ListOrdersResponse)
    made.add(CONTRACT.methods["/order.v1.OrderService/CreateOrder"], CreateOrderRequest, CreateOrderResponse)
    return made


def cpu_s(work: Callable[[], Any]) -> float:
    """Returns the least processor time of several runs, in seconds."""
    times_s = []
    for _ in range(5):
        began_s = time.thread_time()
        work()
        times_s.append(time.thread_time() - began_s)
    return min(times_s)


def test_full_page_is_encoded_many_times_faster_than_by_betterproto2() -> None:
    now = datetime.now(UTC)
    orders = [
        Order(order_id=str(number), lines=LINES, status=OrderStatus.DONE, created_at=now, updated_at=now)
        for number in range(50)
    ]
    page = ListOrdersResponse(orders=orders, next_page_token="next")
    encoding = codec()
    assert ListOrdersResponse.parse(encoding.encode(page, ListOrdersResponse)) == page
    assert cpu_s(lambda: encoding.encode(page, ListOrdersResponse)) * TIMES_FASTER < cpu_s(lambda: bytes(page))


def test_large_order_is_decoded_many_times_faster_than_by_betterproto2() -> None:
    request = CreateOrderRequest(currency="EUR", lines=LINES)
    encoded, decoding = bytes(request), codec()
    assert decoding.decode(encoded, CreateOrderRequest) == request
    decoded_s = cpu_s(lambda: [decoding.decode(encoded, CreateOrderRequest) for _ in range(20)])
    # Validation included, which betterproto2 leaves out.
    assert decoded_s < cpu_s(lambda: [CreateOrderRequest.parse(encoded) for _ in range(20)])
