"""Environment variables beside settings: printed values, service links of Kubernetes, misspelt names."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest
from gateway.settings import Settings as GatewaySettings
from hypothesis import given
from hypothesis import strategies as st
from order_svc.settings import Settings as OrderSettings
from service_kit.settings import Secret, SettingsError, in_force, load, setting, unknown_variables
from user_svc.settings import Settings as UserSettings

_REDIS = "redis://:password@localhost:6379/0"
_DATABASE = "postgresql://user:password@localhost:5432/database"
_GATEWAY = {"GATEWAY_UPSTREAMS": "user-svc=127.0.0.1:1,[::1]:2,order-svc=orders.example:3", "GATEWAY_REDIS_URL": _REDIS}
_USER = {
    "USER_SVC_DATABASE_URL": _DATABASE,
    "USER_SVC_REDIS_URL": _REDIS,
    "USER_SVC_KEY_DIR": "/keys",
    "USER_SVC_SESSION_SECRET": "s" * 64,
}
_ORDER = {
    "ORDER_SVC_DATABASE_URL": _DATABASE,
    "ORDER_SVC_REDIS_URL": _REDIS,
    "ORDER_SVC_KEY_SET_UPSTREAM": "127.0.0.1:50051,[::1]:50053",
}
_OTHER_VALUES = {
    "GATEWAY_RATE_LIMIT_DEFAULT": "10/1m",
    "GATEWAY_CORS_ORIGINS": "https://b.example,https://a.example",
    "GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8",
    "GATEWAY_DESCRIPTOR_SET": "/contract.binpb",
    "GATEWAY_COOKIE_SECURE": "false",
}
_SERVICES = [
    pytest.param(GatewaySettings, "GATEWAY_", {**_GATEWAY, **_OTHER_VALUES}, id="gateway"),
    pytest.param(GatewaySettings, "GATEWAY_", _GATEWAY, id="gateway-defaults"),
    pytest.param(UserSettings, "USER_SVC_", _USER, id="user-svc"),
    pytest.param(OrderSettings, "ORDER_SVC_", _ORDER, id="order-svc"),
]


@dataclass(frozen=True)
class Settings:
    url: Secret = setting(doc="where the store is", default=None)
    port: int = setting(doc="port", default=8080)
    max_connections: int = setting(doc="connections", default=10)


def unknown(environ: dict[str, str], known: tuple[str, ...] = ()) -> dict[str, str | None]:
    return dict(unknown_variables(Settings, "APP_", environ, known))


@pytest.mark.parametrize(("cls", "prefix", "environ"), _SERVICES)
def test_printed_settings_can_be_set_again(cls: Callable[..., Any], prefix: str, environ: dict[str, str]) -> None:
    settings = load(cls, prefix, environ)  # type: ignore[arg-type]
    secrets = {name: value for name, value in environ.items() if in_force(settings, prefix)[name] == "********"}
    printed = {**in_force(settings, prefix), **secrets}
    again = load(cls, prefix, printed)  # type: ignore[arg-type]
    for field in fields(again):
        assert getattr(again, field.name) == getattr(settings, field.name), field.name


def test_the_mask_of_a_printed_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="APP_URL is the mask of a printed secret"):
        load(Settings, "APP_", {"APP_URL": "********"})
    with pytest.raises(SettingsError, match="GATEWAY_REDIS_URL is the mask"):
        load(GatewaySettings, "GATEWAY_", {**_GATEWAY, "GATEWAY_REDIS_URL": "********"})


@pytest.mark.parametrize("value", ["tcp://10.0.0.1:8080", "udp://[fd00::1]:53", "sctp://10.0.0.1:1"])
def test_a_service_link_of_kubernetes_is_not_a_port(value: str) -> None:
    assert load(Settings, "APP_", {"APP_PORT": value}).port == 8080


def test_a_service_link_does_not_hide_the_file_of_a_setting(tmp_path: Any) -> None:
    (tmp_path / "port").write_text("9090\n")
    environ = {"APP_PORT": "tcp://10.0.0.1:8080", "APP_PORT_FILE": str(tmp_path / "port")}
    assert load(Settings, "APP_", environ).port == 9090


@pytest.mark.parametrize("value", ["tcp://", "http://10.0.0.1:8080", "tcp:8080", "eighty"])
def test_other_text_is_not_a_port(value: str) -> None:
    with pytest.raises(SettingsError, match="APP_PORT must be a whole number"):
        load(Settings, "APP_", {"APP_PORT": value})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("APP_MAX_CONECTIONS", "APP_MAX_CONNECTIONS"),
        ("APP_MAXCONNECTIONS", "APP_MAX_CONNECTIONS"),
        ("APP_PORTS", "APP_PORT"),
        ("APP_URL_FIEL", "APP_URL_FILE"),
        ("APP_SOMETHING_ELSE_ALTOGETHER", None),
    ],
)
def test_an_unknown_variable_is_reported_with_the_nearest_setting(variable: str, meant: str | None) -> None:
    assert unknown({variable: "1", "APP_PORT": "1", "PATH": "/bin"}) == {variable: meant}


def test_settings_their_files_and_further_variables_are_known() -> None:
    environ = {"APP_PORT": "1", "APP_URL_FILE": "/url", "APP_PASSWORD": "p", "APPLE": "x", "app_port": "1"}
    assert unknown(environ, known=("APP_PASSWORD",)) == {}


@pytest.mark.parametrize(
    "variable",
    [
        "APP_SERVICE_HOST",
        "APP_SERVICE_PORT",
        "APP_SERVICE_PORT_HTTP_ADMIN",
        "APP_PORT_8080_TCP",
        "APP_PORT_8080_TCP_ADDR",
        "APP_CANARY_SERVICE_HOST",
        "APP_CANARY_PORT_53_UDP_PROTO",
    ],
)
def test_service_links_are_not_reported(variable: str) -> None:
    assert unknown({variable: "10.0.0.1"}) == {}


def test_the_service_link_of_a_longer_service_name_is_not_reported() -> None:
    assert unknown({"APP_CANARY_PORT": "tcp://10.0.0.1:8080"}) == {}
    assert unknown({"APP_CANARY_PORT": "8080"}) != {}


@given(st.dictionaries(st.text(alphabet="APORT_XYZ019", max_size=12).map("APP_".__add__), st.text(max_size=20)))
def test_every_variable_is_a_setting_or_a_service_link_or_reported(environ: dict[str, str]) -> None:
    reported = unknown(environ)
    assert reported.keys() <= environ.keys()
    for variable in environ.keys() - reported.keys():
        known = variable.removesuffix("_FILE") in {"APP_URL", "APP_PORT", "APP_MAX_CONNECTIONS"}
        assert known or "_PORT" in variable or "_SERVICE_" in variable
