"""The rules on the host of a request."""

import pytest
from gateway.server.refusals import Refusal
from gateway.server.request_rules import check_hosts

GOOD = [
    b"localhost",
    b"localhost:8080",
    b"localhost:",
    b"api.example.com",
    b"API.Example.com.",
    b"order_svc-1:80",
    b"127.0.0.1",
    b"127.0.0.1:65535",
    b"[::1]",
    b"[::1]:8080",
    b"[2001:db8::1]:1",
    b"[::ffff:127.0.0.1]",
    b"xn--bcher-kva.example",
]
BAD = [
    b"",
    b":80",
    b"a b",
    b"a,b",
    b"a;b",
    b"user@a",
    b"user:password@a",
    b"a/b",
    b"a?b",
    b"a#b",
    b"a\\b",
    b"a<b",
    b'a"b',
    b"a%20b",
    b"a..b",
    b".a",
    b"http://a",
    b"b\xc3\xbccher.example",
    b"a\x00",
    b"a:b",
    b"a:-1",
    b"a:65536",
    b"a:99999999999999999999",
    b"a:80:80",
    b"::1",
    b"[::1",
    b"::1]",
    b"[]",
    b"[:::1]",
    b"[1::2::3]",
    b"[12345::1]",
    b"[::1]80",
    b"[::1]:x",
    b"[fe80::1%eth0]",
    b"[fe80::1%25eth0]",
    b"[v1.a]",
    b"[127.0.0.1]",
    b"a" * 300,
]


@pytest.mark.parametrize("host", GOOD)
def test_host_that_is_a_name_or_an_address_is_accepted(host: bytes) -> None:
    check_hosts([host])
    check_hosts([host, host.lower()])


@pytest.mark.parametrize("host", BAD)
def test_host_that_is_neither_name_nor_address_is_refused(host: bytes) -> None:
    for hosts in ([host], [b"localhost", host]):
        with pytest.raises(Refusal) as refused:
            check_hosts(hosts)
        assert refused.value.problem.status == 400


def test_hosts_that_differ_are_refused() -> None:
    with pytest.raises(Refusal):
        check_hosts([b"a", b"b"])
