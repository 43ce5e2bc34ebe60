"""Listening on one address or several, alone or with others."""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from service_kit.listening import listen, parse_hosts, url_host


@contextmanager
def listening(hosts: str, port: int = 0, *, share_port: bool = False) -> Iterator[int]:
    sockets = listen(parse_hosts(hosts), port, share_port=share_port, share_setting="X_SHARE_PORT")
    try:
        ports = {each.getsockname()[1] for each in sockets}
        assert len(ports) == 1
        yield ports.pop()
    finally:
        for each in sockets:
            each.close()


def answers(host: str, port: int) -> bool:
    try:
        with closing(socket.create_connection((host, port), timeout=5)):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        (" 127.0.0.1 , ::1", ("127.0.0.1", "::1")),
        ("[::1]", ("::1",)),
        ("::", ("::",)),
        ("localhost,localhost", ("localhost",)),
        ("gateway_1.internal.", ("gateway_1.internal.",)),
        ("fe80::1%eth0", ("fe80::1%eth0",)),
    ],
)
def test_hosts_are_addresses_and_names(text: str, hosts: tuple[str, ...]) -> None:
    assert parse_hosts(text) == hosts


@pytest.mark.parametrize("text", ["", ",", "127.0.0.1,", "127.0.0.1:8080", "[::1]:80", "http://a", "a b", "[::1", "*"])
def test_text_that_is_neither_address_nor_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor the name"):
        parse_hosts(text)


@pytest.mark.parametrize(
    ("hosts", "reached", "not_reached"),
    [
        ("127.0.0.1", ["127.0.0.1"], ["::1", "127.0.0.2"]),
        ("::1", ["::1"], ["127.0.0.1"]),
        ("127.0.0.1,::1", ["127.0.0.1", "::1"], ["127.0.0.2"]),
        ("127.0.0.1,127.0.0.2", ["127.0.0.1", "127.0.0.2"], ["127.0.0.3"]),
        ("::", ["127.0.0.1", "127.0.0.2", "::1"], []),
        ("0.0.0.0", ["127.0.0.1", "127.0.0.2"], ["::1"]),
        ("0.0.0.0,::", ["127.0.0.1", "::1"], []),
        ("::,127.0.0.1", ["127.0.0.1", "::1"], ["127.0.0.2"]),
        ("localhost", ["127.0.0.1"], []),
    ],
)
def test_server_is_reachable_at_its_addresses_and_no_other(
    hosts: str, reached: list[str], not_reached: list[str]
) -> None:
    with listening(hosts) as port:
        assert [host for host in reached if not answers(host, port)] == []
        assert [host for host in not_reached if answers(host, port)] == []


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("hosts", ["127.0.0.1", "::1", "127.0.0.1,::1", "::"])
def test_port_is_shared_only_if_all_listeners_allow_it(hosts: str, first: bool, second: bool) -> None:
    with listening(hosts, share_port=first) as port:
        if first and second:
            with listening(hosts, port, share_port=True):
                return
        with (
            pytest.raises(OSError, match="Address already in use") as refused,
            listening(hosts, port, share_port=second),
        ):
            pass
        where = url_host(hosts.partition(",")[0])
        assert refused.value.errno == errno.EADDRINUSE
        assert f"cannot listen on {where}:{port}: " in str(refused.value)
        assert "X_SHARE_PORT=true" in str(refused.value)


def test_either_all_addresses_are_bound_or_none() -> None:
    with listening("127.0.0.2") as port:
        with pytest.raises(OSError, match="Address already in use"), listening("127.0.0.1,127.0.0.2", port):
            pass
        assert not answers("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid"])
def test_error_names_an_address_that_is_not_of_this_machine(host: str) -> None:
    with pytest.raises(OSError, match="cannot listen on") as refused, listening(host):
        pass
    assert url_host(host) in str(refused.value)
