"""The settings of the order service: environment variables, ORDER_SVC_ + NAME."""

from dataclasses import dataclass

from service_kit.grpc.client import parse_target
from service_kit.grpc.settings import GrpcServerSettings
from service_kit.listening import LOOPBACK, parse_hosts
from service_kit.settings import Secret, redis_url, setting
from service_kit.settings.postgres import postgres_url
from service_kit.tracing.settings import TracingSettings

PREFIX = "ORDER_SVC_"


def _targets(text: str) -> tuple[str, ...]:
    targets = tuple(target.strip() for target in text.split(","))
    for target in targets:
        parse_target(target)
    return targets


@dataclass(frozen=True)
class Settings(GrpcServerSettings, TracingSettings):
    """The settings, validated when the process starts."""

    host: tuple[str, ...] = setting(
        doc="addresses to serve gRPC on, as HOST,…; :: includes IPv4", default=LOOPBACK, parse=parse_hosts
    )
    port: int = setting(doc="port to serve gRPC on", default=50052, minimum=1, maximum=65535)
    admin_host: tuple[str, ...] = setting(
        doc="addresses to serve probes, metrics and the log level on", default=LOOPBACK, parse=parse_hosts
    )
    admin_port: int = setting(doc="admin port", default=9466, minimum=1, maximum=65535)
    pprof_host: tuple[str, ...] = setting(
        doc="addresses to serve profiles on (/debug/pprof/)", default=LOOPBACK, parse=parse_hosts
    )
    pprof_port: int = setting(doc="port of profiles; 0 disables them", default=6062, minimum=0, maximum=65535)

    database_url: Secret = setting(
        doc="PostgreSQL, as postgresql://USER:PASSWORD@HOST:PORT/DATABASE; several HOST:PORT with commas",
        parse=postgres_url,
    )
    migration_database_url: Secret | None = setting(
        doc="for `migrate` only: the same database as the role that owns its tables; default: the service's role",
        default=None,
        parse=postgres_url,
    )
    pool_min_size: int = setting(
        doc="minimum number of open connections", unit="connections", default=2, minimum=0, maximum=1000
    )
    pool_max_size: int = setting(
        doc="maximum number of connections", unit="connections", default=10, minimum=1, maximum=1000
    )
    pool_wait_s: float = setting(doc="maximum wait for a free connection", unit="s", default=0.9, minimum=0.01)
    connect_timeout_s: int = setting(doc="maximum wait for a new connection", unit="s", default=2, minimum=2)
    statement_timeout_ms: int = setting(
        doc="time limit of a statement; at least the longest deadline in the contract",
        unit="ms",
        default=3000,
        minimum=100,
    )

    key_set_upstream: tuple[str, ...] = setting(
        doc="user-svc, the source of the keys of access tokens, as HOST:PORT,…; the next is used when one fails",
        parse=_targets,
    )
    token_issuer: str = setting(doc="the issuer (iss) of access tokens", default="headrace", min_length=1)
    token_audience: str = setting(doc="the audience (aud) of access tokens", default="headrace", min_length=1)
    token_leeway_s: float = setting(doc="tolerated clock difference", unit="s", default=5.0, minimum=0, maximum=30)

    redis_url: Secret = setting(
        doc="Redis, for events and revocations, as redis://USER:PASSWORD@HOST:PORT/DATABASE",
        parse=redis_url,
    )
    event_claim_idle_s: float = setting(
        doc="how long a process with a pending event must be silent before another one claims the event",
        unit="s",
        default=10,
        minimum=0.1,
    )
    event_max_deliveries: int = setting(
        doc="how often a failing event is tried before it becomes a dead letter",
        default=10,
        minimum=1,
    )

    idempotency_ttl_s: int = setting(doc="retention of Idempotency-Keys", unit="s", default=86400, minimum=86400)
    idempotency_sweep_s: float = setting(
        doc="interval of deleting expired Idempotency-Keys, ids of processed events and ids of deleted users",
        unit="s",
        default=3600,
        minimum=1,
    )

    audit_retention_days: int = setting(
        doc="retention of an audit entry after the end of its month; 0: unlimited; `migrate` applies it",
        unit="days",
        default=400,
        minimum=0,
        maximum=36500,
    )
    processed_event_ttl_s: int = setting(
        doc="retention of the ids of processed events; a later redelivery is processed again, without effect",
        unit="s",
        default=2592000,
        minimum=86400,
    )
    deleted_user_ttl_s: int = setting(
        doc="how long orders of a deleted user are refused; access tokens are valid for a day at most",
        unit="s",
        default=604800,
        minimum=172800,
    )

    log_level: str = setting(
        doc="minimum log level",
        default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_format: str = setting(doc="format of log lines", default="json", choices=("json", "human"))

    def __post_init__(self) -> None:
        if self.pool_min_size > self.pool_max_size:
            raise ValueError(f"{PREFIX}POOL_MIN_SIZE must not be above {PREFIX}POOL_MAX_SIZE")
