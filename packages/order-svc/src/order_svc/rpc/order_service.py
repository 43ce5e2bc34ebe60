"""order.v1.OrderService: message in, use case, message out."""

from dataclasses import dataclass

from shared_contracts.order.v1 import (
    CreateOrderRequest,
    CreateOrderResponse,
    DeleteOrderRequest,
    DeleteOrderResponse,
    GetOrderRequest,
    GetOrderResponse,
    ListOrdersRequest,
    ListOrdersResponse,
    OrderServiceBase,
    UpdateOrderStatusRequest,
    UpdateOrderStatusResponse,
)

from order_svc.rpc import page_tokens
from order_svc.rpc.caller import caller
from order_svc.rpc.translation import (
    canonical_id,
    filters,
    order_lines,
    order_message,
    order_status,
)
from order_svc.use_cases.change_status import ChangeStatus
from order_svc.use_cases.create_order import CreateOrder
from order_svc.use_cases.delete_order import DeleteOrder
from order_svc.use_cases.get_order import GetOrder
from order_svc.use_cases.list_orders import ListOrders

_DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class OrderService(OrderServiceBase):
    """The contract's service. Requests arrive validated; ERROR_TABLE maps the errors that it raises."""

    create: CreateOrder
    get: GetOrder
    list: ListOrders
    change_status: ChangeStatus
    delete: DeleteOrder

    async def create_order(self, message: CreateOrderRequest) -> CreateOrderResponse:
        key = message.idempotency_key
        created = await self.create(caller(), message.currency, order_lines(message), key)
        order = order_message(created.order)
        return CreateOrderResponse(order=order, order_id=order.order_id, replayed=created.replayed)

    async def get_order(self, message: GetOrderRequest) -> GetOrderResponse:
        order = await self.get(caller(), canonical_id(message.order_id))
        return GetOrderResponse(order=order_message(order))

    async def list_orders(self, message: ListOrdersRequest) -> ListOrdersResponse:
        actor = caller()
        wanted = filters(message, actor)
        behind = page_tokens.decode(message.page_token, wanted) if message.page_token else None
        page = await self.list(actor, wanted, behind, message.page_size or _DEFAULT_PAGE_SIZE)
        return ListOrdersResponse(
            orders=[order_message(order) for order in page.orders],
            next_page_token=page_tokens.encode(page.next, wanted) if page.next else "",
        )

    async def update_order_status(self, message: UpdateOrderStatusRequest) -> UpdateOrderStatusResponse:
        wanted, versions = order_status(message.status), message.expected_versions
        order = await self.change_status(caller(), canonical_id(message.order_id), wanted, versions)
        return UpdateOrderStatusResponse(order=order_message(order))

    async def delete_order(self, message: DeleteOrderRequest) -> DeleteOrderResponse:
        await self.delete(caller(), canonical_id(message.order_id), message.expected_versions)
        return DeleteOrderResponse()
