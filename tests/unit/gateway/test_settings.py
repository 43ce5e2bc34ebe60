"""Where upstreams are, as the environment says it."""

import pytest
from gateway.settings import parse_upstreams


def test_item_without_a_name_is_a_further_address() -> None:
    text = "user-svc=127.0.0.1:1, 127.0.0.1:2,order-svc=[::1]:3,orders:4"
    assert parse_upstreams(text) == {
        "user-svc": (("127.0.0.1", 1), ("127.0.0.1", 2)),
        "order-svc": (("::1", 3), ("orders", 4)),
    }


NONSENSE = ["", "127.0.0.1:1", "=127.0.0.1:1", "a", "a=", "a=h", "a=h:0", "a=h:1,", "a=h:1,,b=h:2", "a=h:1,a=h:2"]


@pytest.mark.parametrize("text", NONSENSE)
def test_invalid_upstreams_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_upstreams(text)
