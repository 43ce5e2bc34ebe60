"""The user service's settings."""

import pytest
from service_kit.settings import SettingsError, describe, load
from user_svc.settings import PREFIX, Settings

REQUIRED = {
    "USER_SVC_DATABASE_URL": "postgresql://users:hunter2@127.0.0.1:5432/users",
    "USER_SVC_REDIS_URL": "redis://:hunter2@127.0.0.1:6379/0",
    "USER_SVC_KEY_DIR": "/var/lib/user-svc/keys",
    "USER_SVC_SESSION_SECRET": "hunter2" * 5,
}


def test_four_settings_are_required() -> None:
    settings = load(Settings, PREFIX, REQUIRED)
    assert (settings.port, settings.admin_port, settings.drain_s) == (50051, 9465, 10)
    assert "hunter2" not in describe(settings, PREFIX)


def test_revocation_outlives_every_token() -> None:
    """A verifier with a slow clock and the greatest leeway accepts a token signed just after its session ended."""
    settings = load(Settings, PREFIX, REQUIRED | {"USER_SVC_ACCESS_TOKEN_TTL_S": "60"})
    assert settings.tokens_live_s > 60 + 30 + 30


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://127.0.0.1/users"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("SESSION_SECRET", "hunter2"),
        ("PASSWORD_MIN_LENGTH", "7"),
        ("POOL_MIN_SIZE", "11"),
    ],
)
def test_invalid_setting_is_named_and_a_secret_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Settings, PREFIX, REQUIRED | {PREFIX + name: value})
    assert PREFIX + name in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_default_cost_of_a_password_hash_is_at_least_the_minimum() -> None:
    settings = load(Settings, PREFIX, REQUIRED)
    cost = (settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism)
    assert all(set_to >= floor for set_to, floor in zip(cost, (19_456, 2, 1), strict=True))
    throttle = (settings.login_free_per_account, settings.login_free_per_address, settings.login_longest_delay_s)
    assert throttle == (5, 50, 60)
