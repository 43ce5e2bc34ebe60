"""The composition root of the order service: its parts, in the order in which they start."""

import sys
from datetime import timedelta
from functools import partial

import shared_contracts
from service_kit import logs
from service_kit.admin import admin_server
from service_kit.cli import command
from service_kit.contract import Contract
from service_kit.grpc.client import GrpcClient
from service_kit.grpc.server import GrpcServer
from service_kit.lifecycle import Lifecycle
from service_kit.lifecycle.backoff import Backoff
from service_kit.postgres import PoolLimits, open_pool, ping
from service_kit.postgres.monthly_log import MonthlyLog
from service_kit.postgres.schema import SchemaCheck
from service_kit.profiling import PprofServer
from service_kit.runtime.release import this_release
from service_kit.settings import in_force
from service_kit.telemetry import metrics
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.key_set import KEY_PUSH_WITHIN_S, KeySet
from service_kit.tokens.revocation_feed import RevocationFeed
from service_kit.tokens.revocation_telemetry import RevocationTelemetry
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.exporting import exported_traces

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
    release = this_release(_NAME)
    log_level = logs.configure(
        service=_NAME, version=release.version, level=settings.log_level, form=settings.log_format
    )
    metrics.start(service=_NAME, version=release.version, revision=release.commit)
    contract = Contract.load(shared_contracts.descriptor_set())

    async with Lifecycle(settings.drain_s) as lifecycle:
        readiness = lifecycle.readiness
        admin = admin_server(
            hosts=settings.admin_host,
            port=settings.admin_port,
            readiness=readiness,
            release=release,
            settings=in_force(settings, PREFIX),
            log_level=log_level,
        )
        await lifecycle.enter("admin", admin)
        pprof = PprofServer(hosts=settings.pprof_host, port=settings.pprof_port, release=release)
        profiles = await lifecycle.enter("pprof", pprof)
        lifecycle.on_drain("pprof", profiles.drain)
        tracer = await lifecycle.enter("traces", exported_traces(settings, release))

        limits = PoolLimits(
            min_size=settings.pool_min_size,
            max_size=settings.pool_max_size,
            wait_s=settings.pool_wait_s,
            connect_timeout_s=settings.connect_timeout_s,
            statement_timeout_ms=settings.statement_timeout_ms,
        )
        database_url = settings.database_url.reveal()
        pool = await lifecycle.enter("postgres", open_pool(database_url, limits, application_name=_NAME))
        for_probes = open_pool(database_url, limits.for_probes(), application_name=f"{_NAME} probe")
        probe = await lifecycle.enter("postgres-probe", for_probes)
        readiness.add("postgres", lambda: ping(probe))
        readiness.add("schema", SchemaCheck(probe, "order_svc").check)

        targets = settings.key_set_upstream
        authority = [await lifecycle.enter(f"key-set-client {target}", GrpcClient(target)) for target in targets]
        keys = KeySet(KeySetSource(authority).fetch, await_push_s=KEY_PUSH_WITHIN_S)
        lifecycle.start("key-set", keys.keep_fresh)
        readiness.add("key_set", keys.check_loaded)
        denylist = Denylist()
        revocations = RevocationFeed(
            settings.redis_url.reveal(),
            denylist,
            RevocationTelemetry(metrics.meter(_NAME), denylist),
            RevocationSource(authority).ask,
            on_key=keys.refresh_soon,
        )
        lifecycle.start("revocations", revocations.follow)
        verifier = TokenVerifier(
            keys,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            leeway_s=settings.token_leeway_s,
            revoked=denylist,
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
        readiness.add("redis", events.check, required=False)
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
        server = await lifecycle.enter(
            "grpc",
            GrpcServer(
                [service],
                contract=contract,
                readiness=readiness,
                verifier=verifier,
                hosts=settings.host,
                port=settings.port,
                error_table=ERROR_TABLE,
                share_port=settings.share_port,
                drain_notice_s=settings.drain_notice_s,
                limits=settings.grpc_limits,
                tracer=tracer,
            ),
        )
        lifecycle.on_drain("grpc", server.drain)
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
