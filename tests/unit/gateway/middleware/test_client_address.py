import pytest
from gateway.middleware.client_address import ClientAddress

PROXY, CLIENT, FORGED = "10.0.0.9", "203.0.113.7", b"198.51.100.66"


def test_header_is_ignored_without_trusted_proxies() -> None:
    assert ClientAddress().of(CLIENT, [FORGED]) == CLIENT


def test_header_of_an_untrusted_peer_is_ignored() -> None:
    assert ClientAddress(["10.0.0.0/8"]).of(CLIENT, [FORGED]) == CLIENT


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ([], PROXY),
        ([b"203.0.113.7"], CLIENT),
        ([FORGED + b", 203.0.113.7"], CLIENT),
        ([FORGED, b"203.0.113.7"], CLIENT),
        ([FORGED + b", 203.0.113.7, 10.1.1.1"], CLIENT),
        ([b"203.0.113.7:4711"], CLIENT),
        ([b"[2001:db8::1]:4711"], "2001:db8::1"),
        ([b"2001:DB8:0::1"], "2001:db8::1"),
        ([b"10.1.1.1,10.2.2.2"], "10.1.1.1"),
        ([FORGED + b",unknown,10.1.1.1"], "10.1.1.1"),
        ([FORGED + b",,"], PROXY),
        ([b"\xff\xfe"], PROXY),
        ([b"::ffff:203.0.113.7"], CLIENT),
    ],
)
def test_header_is_read_from_the_right_as_far_as_proxies_are_trusted(forwarded: list[bytes], expected: str) -> None:
    assert ClientAddress(["10.0.0.0/8"]).of(PROXY, forwarded) == expected


def test_very_long_header_is_not_read_to_its_end() -> None:
    forwarded = [FORGED + b"," + b",".join([b"10.0.0.1"] * 5000)]
    assert ClientAddress(["10.0.0.0/8"]).of(PROXY, forwarded) == "10.0.0.1"


def test_mapped_ipv4_peer_is_the_ipv4_address() -> None:
    assert ClientAddress(["10.0.0.9"]).of("::ffff:10.0.0.9", [b"203.0.113.7"]) == CLIENT


@pytest.mark.parametrize(("peer", "expected"), [(None, ""), ("unix:", "")])
def test_peer_without_an_address_has_an_empty_one(peer: str | None, expected: str) -> None:
    assert ClientAddress(["10.0.0.0/8"]).of(peer, [FORGED]) == expected


def test_all_invalid_networks_are_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99.*proxy") as error:
        ClientAddress(["10.0.0.0/99", "::1", "proxy"])
    assert "::1" not in str(error.value)
