"""The settings of the user service: environment variables, USER_SVC_ + NAME."""

from dataclasses import dataclass
from pathlib import Path

from service_kit.grpc.settings import GrpcServerSettings
from service_kit.listening import LOOPBACK, parse_hosts
from service_kit.settings import Secret, redis_url, setting
from service_kit.settings.postgres import postgres_url
from service_kit.tokens.verifier import MAX_LEEWAY_S
from service_kit.tracing.settings import TracingSettings

PREFIX = "USER_SVC_"
#: How long after the end of a session a concurrent renewal may still sign a token (seconds): the call's time-outs.
_LATEST_SIGNING_S = 10


@dataclass(frozen=True)
class Settings(GrpcServerSettings, TracingSettings):
    """The settings, validated when the process starts."""

    host: tuple[str, ...] = setting(
        doc="addresses to serve gRPC on, as HOST,…; :: includes IPv4", default=LOOPBACK, parse=parse_hosts
    )
    port: int = setting(doc="port to serve gRPC on", default=50051, minimum=1, maximum=65535)
    admin_host: tuple[str, ...] = setting(
        doc="addresses to serve probes, metrics and the log level on", default=LOOPBACK, parse=parse_hosts
    )
    admin_port: int = setting(doc="admin port", default=9465, minimum=1, maximum=65535)
    pprof_host: tuple[str, ...] = setting(
        doc="addresses to serve profiles on (/debug/pprof/)", default=LOOPBACK, parse=parse_hosts
    )
    pprof_port: int = setting(doc="port of profiles; 0 disables them", default=6061, minimum=0, maximum=65535)

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
    pool_wait_s: float = setting(doc="maximum wait for a free connection", unit="s", default=1.0, minimum=0.01)
    connect_timeout_s: int = setting(doc="maximum wait for a new connection", unit="s", default=2, minimum=2)
    statement_timeout_ms: int = setting(doc="time limit of a statement", unit="ms", default=2000, minimum=100)

    redis_url: Secret = setting(
        doc="Redis, for sessions, events and revocations, as redis://USER:PASSWORD@HOST:PORT/DATABASE",
        parse=redis_url,
    )

    key_dir: Path = setting(doc="folder of the private keys that sign access tokens")
    key_lead_s: int = setting(
        doc="how long a rotated key is published before it signs; shared caches keep the key set for 600 s",
        unit="s",
        default=600,
        minimum=15,
    )
    token_issuer: str = setting(doc="the issuer (iss) of access tokens", default="headrace", min_length=1)
    token_audience: str = setting(doc="the audience (aud) of access tokens", default="headrace", min_length=1)
    token_leeway_s: float = setting(doc="tolerated clock difference", unit="s", default=5.0, minimum=0, maximum=30)
    access_token_ttl_s: int = setting(
        doc="lifetime of an access token", unit="s", default=900, minimum=1, maximum=86400
    )

    session_secret: Secret = setting(doc="authenticates session keys; at least 32 random bytes", min_length=32)
    session_idle_ttl_s: int = setting(doc="lifetime of an idle session", unit="s", default=86400, minimum=1)
    session_absolute_ttl_s: int = setting(
        doc="lifetime of a session, however much it is used", unit="s", default=2592000, minimum=1, maximum=31536000
    )
    session_grace_s: float = setting(
        doc="how long a session key is still accepted after its renewal",
        unit="s",
        default=10.0,
        minimum=0,
        maximum=300,
    )

    password_min_length: int = setting(
        doc="minimum length of new passwords", unit="characters", default=15, minimum=8, maximum=128
    )
    argon2_memory_kib: int = setting(
        doc="memory of one password hash; below 19456 for tests only",
        unit="KiB",
        default=19456,
        minimum=1024,
        maximum=4194304,
    )
    argon2_time_cost: int = setting(
        doc="passes of one password hash", unit="passes", default=2, minimum=1, maximum=1000
    )
    argon2_parallelism: int = setting(doc="lanes of one password hash", unit="lanes", default=1, minimum=1, maximum=64)
    password_threads: int = setting(
        doc="concurrent password hashes; 0: as many as there are cores", default=0, minimum=0, maximum=1024
    )
    password_queue: int = setting(
        doc="password hashes that may wait for a thread", unit="hashes", default=200, minimum=0, maximum=100000
    )

    login_free_per_account: int = setting(
        doc="failed logins of one account without a delay", unit="failures", default=5, minimum=1, maximum=1000000
    )
    login_free_per_address: int = setting(
        doc="failed logins from one address (IPv6: one /64) without a delay",
        unit="failures",
        default=50,
        minimum=1,
        maximum=1000000,
    )
    login_longest_delay_s: float = setting(
        doc="maximum delay of a login after further failures; it doubles from 1 s",
        unit="s",
        default=60.0,
        minimum=1,
        maximum=3600,
    )

    audit_retention_days: int = setting(
        doc="retention of an audit event after the end of its month; 0: unlimited; `migrate` applies it",
        unit="days",
        default=400,
        minimum=0,
        maximum=36500,
    )
    event_retention_s: int = setting(
        doc="retention of events after all services have read them, to restore a Redis that lost its data",
        unit="s",
        default=604800,
        minimum=1,
    )

    log_level: str = setting(
        doc="minimum log level",
        default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_format: str = setting(doc="format of log lines", default="json", choices=("json", "human"))

    @property
    def tokens_live_s(self) -> float:
        """How long after the end of a session, or of a signing key, a verifier may still accept its tokens."""
        # A verifier accepts a token up to MAX_LEEWAY_S after its expiry, and its clock may be behind by as much.
        return self.access_token_ttl_s + 2 * MAX_LEEWAY_S + _LATEST_SIGNING_S

    @property
    def superseded_key_ttl_s(self) -> int:
        """How long a signing key is published after its successor began to sign: until its last token has expired."""
        return self.access_token_ttl_s + MAX_LEEWAY_S

    def __post_init__(self) -> None:
        if self.pool_min_size > self.pool_max_size:
            raise ValueError(f"{PREFIX}POOL_MIN_SIZE must not be above {PREFIX}POOL_MAX_SIZE")
