import pytest
from service_kit.listening.port_sharing import has_other_listener

# As Linux prints it on a little-endian machine; 1F90 is port 8080.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
   3: 00000000:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0 100 0 0 10 0
   4: 0100007F:1F93 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 555 1 0 100 0 0 10 0
   5: 0100007F:1F94 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 666 1 0 100 0 0 10 0
"""
TABLE6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 777 1
"""


@pytest.mark.parametrize(
    ("host", "port", "inode", "shared"),
    [
        ("127.0.0.1", 8080, 111, False),
        ("127.0.0.1", 8081, 222, True),
        ("127.0.0.1", 8082, 999, True),
        ("127.0.0.2", 8081, 999, False),
        ("127.0.0.1", 8083, 999, False),
        ("127.0.0.1", 8084, 999, False),
    ],
    ids=["itself", "another one", "on all addresses", "another address", "a connection", "behind the connections"],
)
def test_other_listener_is_found_in_the_kernel_table(host: str, port: int, inode: int, shared: bool) -> None:
    assert has_other_listener(TABLE.splitlines(), (host, port), inode) is shared


def test_other_listener_is_found_in_the_ipv6_table() -> None:
    assert has_other_listener(TABLE6.splitlines(), ("::1", 8080), 999)
    assert not has_other_listener(TABLE6.splitlines(), ("::1", 8080), 777)
