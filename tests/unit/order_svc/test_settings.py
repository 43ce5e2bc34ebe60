"""The order service's settings."""

import pytest
from order_svc.settings import PREFIX, Settings
from service_kit.settings import SettingsError, describe, load

REQUIRED = {
    "ORDER_SVC_DATABASE_URL": "postgresql://orders:hunter2@127.0.0.1:5432/orders",
    "ORDER_SVC_KEY_SET_UPSTREAM": "127.0.0.1:50051",
    "ORDER_SVC_REDIS_URL": "redis://:hunter3@127.0.0.1:6379/0",
}


def test_three_settings_are_required_and_secrets_are_not_shown() -> None:
    settings = load(Settings, PREFIX, REQUIRED)
    assert (settings.port, settings.admin_port, settings.drain_s) == (50052, 9466, 10)
    assert "hunter" not in describe(settings, PREFIX)


def test_key_set_upstream_accepts_several_addresses() -> None:
    settings = load(Settings, PREFIX, REQUIRED | {"ORDER_SVC_KEY_SET_UPSTREAM": "[::1]:50051, user-svc:50053"})
    assert settings.key_set_upstream == ("[::1]:50051", "user-svc:50053")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://127.0.0.1/orders"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("KEY_SET_UPSTREAM", "user-svc"),
        ("KEY_SET_UPSTREAM", "user-svc:http"),
        ("KEY_SET_UPSTREAM", "user-svc:50051,"),
        ("PORT", "65536"),
        ("IDEMPOTENCY_TTL_S", "3600"),
        ("LOG_FORMAT", "xml"),
        ("POOL_MIN_SIZE", "11"),
    ],
)
def test_invalid_setting_is_named_without_showing_secrets(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Settings, PREFIX, REQUIRED | {PREFIX + name: value})
    assert PREFIX + name in str(caught.value)
    assert "hunter2" not in str(caught.value)
