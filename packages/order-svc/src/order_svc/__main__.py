"""The composition root of the order service: its parts, in the order in which they start."""

import sys
from datetime import timedelta
from functools import partial

import shared_contracts
from service_kit.cli import command
from service_kit.contract import Contract
from service_kit.grpc.client import GrpcClient
from service_kit.lifecycle import Lifecycle
from service_kit.lifecycle.backoff import Backoff
from service_kit.postgres.monthly_log import MonthlyLog
from service_kit.process import start_process
from service_kit.process.database import open_database
from service_kit.process.grpc_port import open_grpc_port
from service_kit.process.token_issuer import follow_issuer
from service_kit.runtime.release import this_release
from service_kit.telemetry import metrics

from order_svc.adapters.clock import utc_now
from order_svc.adapters.deleted_users import PostgresDeletedUsers
from order_svc.adapters.event_issuer import UserSvcEventIssuer
from order_svc.adapters.ids import new_id
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.adapters.processed_events import PostgresProcessedEvents
from order_svc.adapters.session_authority import KeySetSource, RevocationSource
from order_svc.adapters.sweeps import sweep_forever
from order_svc.commands.dead_letters import DROP, LIST, REPLAY
from order_svc.commands.migrate import MIGRATE
from order_svc.inbox.background import BackgroundInbox
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry
from order_svc.inbox.user_events import STREAM, UserEvents
from order_svc.rpc.error_table import ERROR_TABLE
from order_svc.rpc.order_service import OrderService
from order_svc.settings import PREFIX, Settings
from order_svc.use_cases.change_status import ChangeStatus
from order_svc.use_cases.create_order import CreateOrder
from order_svc.use_cases.delete_expired import DeleteExpired
from order_svc.use_cases.delete_order import DeleteOrder
from order_svc.use_cases.forget_user import ForgetUser
from order_svc.use_cases.get_order import GetOrder
from order_svc.use_cases.list_orders import ListOrders

_NAME = "order-svc"


async def _serve(settings: Settings) -> None:
    contract = Contract.load(shared_contracts.descriptor_set())

    async with Lifecycle(settings.drain_s) as lifecycle:
        tracer = await start_process(lifecycle, this_release(_NAME), settings, PREFIX)
        pool = await open_database(lifecycle, settings, service=_NAME, package="order_svc")

        targets = settings.key_set_upstream
        authority = [await lifecycle.enter(f"key-set-client {target}", GrpcClient(target)) for target in targets]
        verifier, revocations = follow_issuer(
            lifecycle,
            settings,
            metrics.meter(_NAME),
            fetch_keys=KeySetSource(authority).fetch,
            ask_revocations=RevocationSource(authority).ask,
        )

        orders = PostgresOrderRepository(pool)
        processed, deleted_users = PostgresProcessedEvents(pool), PostgresDeletedUsers(pool)
        sweeps = {
            "idempotency_key": DeleteExpired(orders, timedelta(seconds=settings.idempotency_ttl_s), utc_now),
            "processed_event": DeleteExpired(processed, timedelta(seconds=settings.processed_event_ttl_s), utc_now),
            "deleted_user": DeleteExpired(deleted_users, timedelta(seconds=settings.deleted_user_ttl_s), utc_now),
        }
        lifecycle.start("sweeps", partial(sweep_forever, sweeps, settings.idempotency_sweep_s))
        lifecycle.start("audit-months", MonthlyLog(pool, "order_events").maintain_forever)

        telemetry = InboxTelemetry()
        inbox = Inbox(
            UserEvents(contract, ForgetUser(orders, orders, deleted_users, utc_now)).handlers(),
            processed,
            UserSvcEventIssuer(authority),
            telemetry,
            max_deliveries=settings.event_max_deliveries,
            backoff=Backoff(0.1, 5.0),
        )
        events = BackgroundInbox(settings.redis_url.reveal(), STREAM, inbox, telemetry, settings.event_claim_idle_s)
        # Not required: without Redis, events wait and orders are served.
        lifecycle.readiness.add("redis", events.check, required=False)
        lifecycle.start("events", events.run)
        lifecycle.on_drain("events", events.drain)

        service = OrderService(
            create=CreateOrder(orders, new_id, utc_now),
            get=GetOrder(orders),
            list=ListOrders(orders),
            change_status=ChangeStatus(orders, utc_now),
            delete=DeleteOrder(orders, utc_now),
        )
        # Serve only once the revoked tokens are known, unless Redis is unavailable.
        await revocations.settled()
        await open_grpc_port(
            lifecycle,
            settings,
            [service],
            contract=contract,
            verifier=verifier,
            error_table=ERROR_TABLE,
            tracer=tracer,
        )
        await lifecycle.run()


def main() -> int:
    """Runs the command `order-svc`, and returns its exit code."""
    return command(
        Settings,
        program=_NAME,
        description="Headrace's order service: order.v1.OrderService over gRPC, on PostgreSQL.",
        prefix=PREFIX,
        serve=_serve,
        subcommands=[MIGRATE, LIST, REPLAY, DROP],
    )


if __name__ == "__main__":
    sys.exit(main())
