"""What the order service can be told from outside: ORDER_SVC_ + NAME."""

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
    """Validated when the process starts, and never changed."""

    host: tuple[str, ...] = setting(
        doc="addresses to serve gRPC on, as HOST,…; :: takes IPv4 too", default=LOOPBACK, parse=parse_hosts
    )
    port: int = setting(doc="port to serve gRPC on", default=50052, minimum=1, maximum=65535)
    admin_host: tuple[str, ...] = setting(
        doc="addresses of the admin port: probes, metrics, log level", default=LOOPBACK, parse=parse_hosts
    )
    admin_port: int = setting(doc="admin port", default=9466, minimum=1, maximum=65535)
    pprof_host: tuple[str, ...] = setting(
        doc="addresses of profiles (/debug/pprof/)", default=LOOPBACK, parse=parse_hosts
    )
    pprof_port: int = setting(doc="port of profiles; 0 for none", default=6062, minimum=0, maximum=65535)

    database_url: Secret = setting(
        doc="PostgreSQL, postgresql://user:password@host:port/database; several host:port with commas",
        parse=postgres_url,
    )
    migration_database_url: Secret | None = setting(
        doc="the same database for `migrate` only, as the role that owns its tables; else the service's own role",
        default=None,
        parse=postgres_url,
    )
    pool_min_size: int = setting(doc="connections kept open", unit="connections", default=2, minimum=0, maximum=1000)
    pool_max_size: int = setting(doc="most connections", unit="connections", default=10, minimum=1, maximum=1000)
    pool_wait_s: float = setting(doc="longest wait for a free connection", unit="s", default=0.9, minimum=0.01)
    connect_timeout_s: int = setting(doc="longest wait for a new connection", unit="s", default=2, minimum=2)
    statement_timeout_ms: int = setting(
        doc="when PostgreSQL gives up on a statement; not below the longest deadline in the contract",
        unit="ms",
        default=3000,
        minimum=100,
    )

    key_set_upstream: tuple[str, ...] = setting(
        doc="user-svc, where the keys of access tokens come from, as HOST:PORT,…; one is asked if that before it fails",
        parse=_targets,
    )
    token_issuer: str = setting(doc="issuer that access tokens must name", default="headrace", min_length=1)
    token_audience: str = setting(doc="audience that access tokens must name", default="headrace", min_length=1)
    token_leeway_s: float = setting(doc="clock difference forgiven", unit="s", default=5.0, minimum=0, maximum=30)

    redis_url: Secret = setting(
        doc="Redis, for other services' events and revoked sessions: redis://user:password@host:port/database",
        parse=redis_url,
    )
    event_claim_idle_s: float = setting(
        doc="how long nothing is heard of a process with an event until another one takes the event over",
        unit="s",
        default=10,
        minimum=0.1,
    )
    event_max_deliveries: int = setting(
        doc="how often an event is tried that fails for no reason that passes; then it is a dead letter",
        default=10,
        minimum=1,
    )

    idempotency_ttl_s: int = setting(
        doc="how long an Idempotency-Key is remembered", unit="s", default=86400, minimum=86400
    )
    idempotency_sweep_s: float = setting(
        doc="how often what is outdated is deleted: Idempotency-Keys, marks of processed events, deleted users",
        unit="s",
        default=3600,
        minimum=1,
    )

    audit_retention_days: int = setting(
        doc="how long after its month an entry of the audit trail is kept; 0 for good; `migrate` puts it in force",
        unit="days",
        default=400,
        minimum=0,
        maximum=36500,
    )
    processed_event_ttl_s: int = setting(
        doc="how long it is remembered that an event was processed; after that, having it again does no harm",
        unit="s",
        default=2592000,
        minimum=86400,
    )
    deleted_user_ttl_s: int = setting(
        doc="how long orders of a deleted user are refused; access tokens live for a day at most",
        unit="s",
        default=604800,
        minimum=172800,
    )

    log_level: str = setting(
        doc="least severe level that is logged",
        default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_format: str = setting(doc="how log lines look", default="json", choices=("json", "human"))

    def __post_init__(self) -> None:
        if self.pool_min_size > self.pool_max_size:
            raise ValueError(f"{PREFIX}POOL_MIN_SIZE must not be above {PREFIX}POOL_MAX_SIZE")
