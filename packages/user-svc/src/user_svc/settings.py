"""The settings of the user service, from the environment: USER_SVC_ + NAME."""

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
        default=LOOPBACK, doc="addresses to serve gRPC on, as HOST,…; :: takes IPv4 too", parse=parse_hosts
    )
    port: int = setting(default=50051, minimum=1, maximum=65535, doc="port to serve gRPC on")
    admin_host: tuple[str, ...] = setting(
        default=LOOPBACK, doc="addresses of the admin port: probes, metrics, log level", parse=parse_hosts
    )
    admin_port: int = setting(default=9465, minimum=1, maximum=65535, doc="admin port")
    pprof_host: tuple[str, ...] = setting(
        default=LOOPBACK, doc="addresses of profiles (/debug/pprof/)", parse=parse_hosts
    )
    pprof_port: int = setting(default=6061, minimum=0, maximum=65535, doc="port of profiles; 0 for none")
    database_url: Secret = setting(
        parse=postgres_url,
        doc="PostgreSQL, as postgresql://USER:PASSWORD@HOST:PORT/DATABASE; several HOST:PORT with commas",
    )
    migration_database_url: Secret | None = setting(
        default=None,
        parse=postgres_url,
        doc="the same database for `migrate` only, as the role that owns its tables; else the service's own role",
    )
    pool_min_size: int = setting(default=2, unit="connections", minimum=0, maximum=1000, doc="connections kept open")
    pool_max_size: int = setting(default=10, unit="connections", minimum=1, maximum=1000, doc="most connections")
    pool_wait_s: float = setting(default=1.0, unit="s", minimum=0.01, doc="longest wait for a free connection")
    connect_timeout_s: int = setting(default=2, unit="s", minimum=2, doc="longest wait for a new connection")
    statement_timeout_ms: int = setting(
        default=2000, unit="ms", minimum=100, doc="longest time of a statement in PostgreSQL"
    )
    redis_url: Secret = setting(parse=redis_url, doc="Redis, as redis://USER:PASSWORD@HOST:PORT/DATABASE")
    key_dir: Path = setting(doc="folder of the private keys that sign access tokens")
    key_lead_s: int = setting(
        default=600,
        unit="s",
        minimum=15,
        doc="how long a rotated key is published before it signs; shared caches keep the key set for 600 s",
    )
    session_secret: Secret = setting(min_length=32, doc="authenticates session keys; at least 32 random bytes")
    token_issuer: str = setting(default="headrace", min_length=1, doc="the issuer (iss) of access tokens")
    token_audience: str = setting(default="headrace", min_length=1, doc="the audience (aud) of access tokens")
    token_leeway_s: float = setting(default=5.0, unit="s", minimum=0, maximum=30, doc="tolerated clock difference")
    access_token_ttl_s: int = setting(
        default=900, unit="s", minimum=1, maximum=86400, doc="lifetime of an access token"
    )
    session_idle_ttl_s: int = setting(default=86400, unit="s", minimum=1, doc="lifetime of an idle session")
    session_absolute_ttl_s: int = setting(
        default=2592000, unit="s", minimum=1, maximum=31536000, doc="lifetime of a session, however much it is used"
    )
    session_grace_s: float = setting(
        default=10.0, unit="s", minimum=0, maximum=300, doc="how long a session key is still accepted after its renewal"
    )
    password_min_length: int = setting(
        default=15, unit="characters", minimum=8, maximum=128, doc="least length of new passwords"
    )
    argon2_memory_kib: int = setting(
        default=19456,
        unit="KiB",
        minimum=1024,
        maximum=4194304,
        doc="memory of one password hash; below 19456 is for tests only",
    )
    argon2_time_cost: int = setting(
        default=2, unit="passes", minimum=1, maximum=1000, doc="passes of one password hash"
    )
    argon2_parallelism: int = setting(default=1, unit="lanes", minimum=1, maximum=64, doc="lanes of one password hash")
    password_threads: int = setting(
        default=0, minimum=0, maximum=1024, doc="password hashes at once; 0 for as many as there are cores"
    )
    password_queue: int = setting(
        default=200, unit="hashes", minimum=0, maximum=100000, doc="password hashes that may wait for a thread"
    )
    login_free_per_account: int = setting(
        default=5,
        unit="failures",
        minimum=1,
        maximum=1000000,
        doc="failed logins of one account without a delay",
    )
    login_free_per_address: int = setting(
        default=50,
        unit="failures",
        minimum=1,
        maximum=1000000,
        doc="failed logins from one address (IPv6: one /64) without a delay",
    )
    login_longest_delay_s: float = setting(
        default=60.0,
        unit="s",
        minimum=1,
        maximum=3600,
        doc="longest delay of a login after further failures; it doubles from 1 s",
    )
    audit_retention_days: int = setting(
        default=400,
        unit="days",
        minimum=0,
        maximum=36500,
        doc="how long after its month an audit event is kept; 0 for ever; applied by `migrate`",
    )
    event_retention_s: int = setting(
        default=604800,
        unit="s",
        minimum=1,
        doc="how long events are kept even after all services have read them, to restore a Redis that lost its data",
    )
    log_level: str = setting(
        default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"), doc="least severe level that is logged"
    )
    log_format: str = setting(default="json", choices=("json", "human"), doc="how log lines look")

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
