"""The use cases on in-memory stores and a fixed clock."""

from dataclasses import dataclass

from order_svc.adapters.ids import new_id
from order_svc.use_cases.change_status import ChangeStatus
from order_svc.use_cases.create_order import CreateOrder
from order_svc.use_cases.delete_order import DeleteOrder
from order_svc.use_cases.forget_user import ForgetUser
from order_svc.use_cases.get_order import GetOrder
from order_svc.use_cases.list_orders import ListOrders

from tests.examples.orders import Clock
from tests.fakes.orders import InMemoryDeletedUsers, InMemoryOrderRepository


@dataclass(frozen=True)
class Shop:
    """The use cases, their store and their clock."""

    store: InMemoryOrderRepository
    clock: Clock
    create: CreateOrder
    get: GetOrder
    list: ListOrders
    change_status: ChangeStatus
    delete: DeleteOrder
    forget_user: ForgetUser


def build_shop(store: InMemoryOrderRepository) -> Shop:
    clock = Clock()
    return Shop(
        store=store,
        clock=clock,
        create=CreateOrder(store, new_id, clock),
        get=GetOrder(store),
        list=ListOrders(store),
        change_status=ChangeStatus(store, clock),
        delete=DeleteOrder(store, clock),
        forget_user=ForgetUser(store, store, InMemoryDeletedUsers(store), clock),
    )
