"""The inventory of a stack."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.inventory import Inventory, build_inventory
from local_stack.ports import LARGEST_OFFSET

DATA = DataDir(Path("/data"))
OFFSET = 11_500


def inventory(replicas: dict[str, int] | None = None, environ: dict[str, str] | None = None) -> Inventory:
    return build_inventory(DATA, offset=OFFSET, replicas=replicas or {}, environ=environ or {})


def test_offset_is_added_to_every_port() -> None:
    claims = {(claim.process, claim.purpose): claim.port - OFFSET for claim in inventory().claims()}

    assert claims == {
        ("postgres", "public"): 5432,
        ("redis", "public"): 6379,
        ("user-svc", "public"): 50051,
        ("user-svc", "admin"): 9465,
        ("order-svc", "public"): 50052,
        ("order-svc", "admin"): 9466,
        ("gateway", "public"): 8080,
        ("gateway", "admin"): 9464,
        ("user-svc", "pprof"): 6061,
        ("order-svc", "pprof"): 6062,
        ("gateway", "pprof"): 6060,
    }


def test_prometheus_has_a_port_and_scrapes_every_process_when_planned() -> None:
    planned = build_inventory(DATA, offset=OFFSET, replicas={"user-svc": 2}, environ={}, prometheus_port=9090 + OFFSET)

    assert ("prometheus", 9090 + OFFSET) in {(claim.process, claim.port) for claim in planned.claims()}
    addresses = planned.admin_addresses()
    assert {service: len(each) for service, each in addresses.items()} == {"user-svc": 2, "order-svc": 1, "gateway": 1}
    assert addresses["gateway"] == [f"127.0.0.1:{9464 + OFFSET}"]


def test_upstream_settings_hold_the_ports_of_this_stack() -> None:
    environ = inventory().environ

    assert environ["GATEWAY_UPSTREAMS"] == "user-svc=127.0.0.1:61551,order-svc=127.0.0.1:61552"
    assert environ["ORDER_SVC_KEY_SET_UPSTREAM"] == "127.0.0.1:61551"


def test_gateways_share_only_their_public_port() -> None:
    replicas = inventory({"gateway": 3, "order-svc": 2}).replicas

    assert [replica.name for replica in replicas] == [
        "user-svc", "order-svc", "order-svc-2", "gateway", "gateway-2", "gateway-3",
    ]  # fmt: skip
    assert {replica.url for replica in replicas if replica.service == "gateway"} == {"http://127.0.0.1:19580"}
    assert len({replica.admin_url for replica in replicas}) == len(replicas)


def test_each_replica_of_a_service_has_its_own_port() -> None:
    planned = inventory({"user-svc": 2, "order-svc": 3})

    users, orders = (
        [replica.url.removeprefix("grpc://") for replica in planned.replicas if replica.service == service]
        for service in ("user-svc", "order-svc")
    )
    assert (users[0], orders[0]) == ("127.0.0.1:61551", "127.0.0.1:61552")
    assert len({*users, *orders}) == 5
    for replica in planned.replicas:
        assert replica.environ["GATEWAY_UPSTREAMS"] == f"user-svc={','.join(users)},order-svc={','.join(orders)}"
        assert replica.environ["ORDER_SVC_KEY_SET_UPSTREAM"] == ",".join(users)
    public = [f"127.0.0.1:{claim.port}" for claim in planned.claims() if claim.purpose == "public"]
    assert {*users, *orders} <= {*public}


def test_offset_that_leaves_too_few_ports_is_refused() -> None:
    with pytest.raises(StackError, match="--port-offset is too large"):
        build_inventory(DATA, offset=LARGEST_OFFSET, replicas={"user-svc": 2}, environ={})


def test_shared_port_of_the_gateways_is_claimed_once() -> None:
    public = [claim for claim in inventory({"gateway": 2}).claims() if claim.process.startswith("gateway")]

    assert [(claim.process, claim.purpose) for claim in public] == [
        ("gateway", "public"), ("gateway", "admin"), ("gateway-2", "admin"),
        ("gateway", "pprof"), ("gateway-2", "pprof"),
    ]  # fmt: skip


def test_gateways_know_how_many_share_a_quota_with_them() -> None:
    gateways = [each for each in inventory({"gateway": 3}).replicas if each.service == "gateway"]

    assert [each.environ["GATEWAY_RATE_LIMIT_REPLICAS"] for each in gateways] == ["3", "3", "3"]


def test_single_gateway_does_not_share_its_port() -> None:
    assert "GATEWAY_SHARE_PORT" not in inventory({"gateway": 1}).environ
    assert inventory({"gateway": 2}).environ["GATEWAY_SHARE_PORT"] == "true"


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1, ::1", "127.0.0.1"),
        ("::1,127.0.0.1", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_url_of_a_process_has_the_first_of_its_addresses(hosts: str, found: str) -> None:
    planned = inventory(environ={"GATEWAY_HOST": hosts, "GATEWAY_ADMIN_HOST": hosts, "USER_SVC_HOST": hosts})
    gateway = next(replica for replica in planned.replicas if replica.name == "gateway")

    assert urlsplit(gateway.url).netloc.rpartition(":")[0] == found
    assert urlsplit(gateway.admin_url).netloc.rpartition(":")[0] == found
    assert planned.environ["ORDER_SVC_KEY_SET_UPSTREAM"].rpartition(":")[0] == found


def test_each_replica_has_a_pprof_port_unless_it_is_set_to_0() -> None:
    profiled = [claim for claim in inventory({"gateway": 2}).claims() if claim.purpose == "pprof"]
    assert len({claim.port for claim in profiled}) == len(profiled) == 4

    without = inventory({"gateway": 2}, environ={"USER_SVC_PPROF_PORT": "0"}).claims()
    assert [claim.process for claim in without if claim.purpose == "pprof"] == ["order-svc", "gateway", "gateway-2"]


def test_settings_of_the_caller_win_over_the_defaults() -> None:
    environ = {"GATEWAY_PORT": "7000", "GATEWAY_HOST": "0.0.0.0", "USER_SVC_PORT": "7001", "GATEWAY_DRAIN_S": "3"}

    planned = inventory(environ=environ)
    gateway = next(replica for replica in planned.replicas if replica.name == "gateway")

    assert gateway.url == "http://127.0.0.1:7000"
    assert gateway.claim("public").hosts == ("0.0.0.0",)
    assert planned.environ["GATEWAY_UPSTREAMS"].startswith("user-svc=127.0.0.1:7001,")
    assert gateway.environ["GATEWAY_DRAIN_S"] == "3"


def test_setting_of_the_caller_replaces_both_forms_of_the_default(tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.write_text("7002\n")

    planned = inventory(environ={"GATEWAY_REDIS_URL": "redis://elsewhere", "GATEWAY_PORT_FILE": str(port)})

    assert "GATEWAY_REDIS_URL_FILE" not in planned.environ
    assert "GATEWAY_PORT" not in planned.environ
    assert planned.replicas[-1].url == "http://127.0.0.1:7002"


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "", "٣"])
def test_invalid_port_is_refused_with_the_name_of_the_setting(port: str) -> None:
    with pytest.raises(StackError, match="GATEWAY_PORT"):
        inventory(environ={"GATEWAY_PORT": port}).claims()


def _changed(planned: Inventory, names: list[str], **environ: str) -> Inventory:
    return planned.changed(names, {**planned.caller, **environ})


def test_restart_applies_new_settings_to_the_restarted_service() -> None:
    planned = inventory({"gateway": 2}, environ={"GATEWAY_DRAIN_S": "3", "GATEWAY_ADMIN_PORT": "7000"})

    changed = _changed(planned, ["gateway-2"], GATEWAY_DRAIN_S="4", USER_SVC_DRAIN_S="5", PATH="/elsewhere")

    drains = {each.name: each.environ.get("GATEWAY_DRAIN_S") for each in changed.replicas}
    assert drains == {"user-svc": "3", "order-svc": "3", "gateway": "3", "gateway-2": "4"}
    assert changed.environ["GATEWAY_DRAIN_S"] == "4"
    assert "USER_SVC_DRAIN_S" not in changed.environ
    assert "PATH" not in changed.environ
    assert [each.url for each in changed.replicas] == [each.url for each in planned.replicas]
    assert [each.admin_url for each in changed.replicas] == [each.admin_url for each in planned.replicas]


def test_restart_replaces_both_forms_of_a_setting(tmp_path: Path) -> None:
    secret = tmp_path / "redis-url"
    secret.write_text("redis://elsewhere")

    changed = _changed(inventory(), ["gateway"], GATEWAY_REDIS_URL="redis://elsewhere")
    again = _changed(changed, ["gateway"], GATEWAY_REDIS_URL_FILE=str(secret))

    assert "GATEWAY_REDIS_URL_FILE" not in changed.environ
    assert again.environ["GATEWAY_REDIS_URL_FILE"] == str(secret)


@pytest.mark.parametrize("name", ["GATEWAY_PORT", "GATEWAY_HOST_FILE", "GATEWAY_ADMIN_PORT", "GATEWAY_PPROF_HOST"])
def test_restart_refuses_settings_that_move_a_process(name: str) -> None:
    with pytest.raises(StackError, match=f"{name}: a restart keeps every process at its address"):
        _changed(inventory(), ["gateway"], **{name: "7000"})
    assert _changed(inventory(), ["user-svc"], **{name: "7000"}) == inventory()
    unchanged = inventory(environ={name: "7000"}) if not name.endswith("_FILE") else inventory()
    assert _changed(unchanged, ["gateway"]) == unchanged


def test_restart_of_a_server_changes_no_setting() -> None:
    assert _changed(inventory(), ["postgres"], GATEWAY_DRAIN_S="4", PGPORT="1") == inventory()


def test_secrets_are_passed_as_files() -> None:
    environ = inventory().environ

    assert environ["GATEWAY_REDIS_URL_FILE"] == "/data/secrets/gateway-redis-url"
    assert environ["USER_SVC_DATABASE_URL_FILE"] == "/data/secrets/user-svc-database-url"
    assert not any(name.endswith(("_URL", "_SECRET")) for name in environ)
