"""Which metadata of another process is accepted."""

import pytest
from multidict import MultiDict
from service_kit.grpc.metadata import CLIENT_ADDRESS, bearer_token, incoming, outgoing
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace


@pytest.mark.parametrize("address", ["", "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"])
def test_client_address_is_forwarded(address: str) -> None:
    request = RequestContext("r", continue_trace(None), client_address=address)
    assert incoming(outgoing(request), None).client_address == address


@pytest.mark.parametrize(
    "address", ["a\0b", "192.0.2.7\n", "192.0.2.7, 192.0.2.8", "café", "1" * 46, "<script>", ":", "1:2", "fe80::1%eth0"]
)
def test_text_that_is_not_an_address_is_dropped(address: str) -> None:
    # It goes into the audit log, whose store takes no U+0000: one such event would be lost with all of its batch.
    assert incoming({CLIENT_ADDRESS: address}, None).client_address == ""


@pytest.mark.parametrize(
    ("entries", "token"),
    [
        ([], None),
        (["Bearer a"], "a"),
        (["Bearer a", "Bearer b"], "a, Bearer b"),
        (["Bearer a", "Basic b"], "a, Basic b"),
        (["Basic a", "Bearer b"], None),
        (["Bearer a", ""], "a, "),
        (["bearer a"], "a"),
        (["BEARER  a"], "a"),
        (["Bearer"], None),
        (["Bearera b"], None),
        ([""], None),
    ],
)
def test_two_authorization_entries_are_both_ignored(entries: list[str], token: str | None) -> None:
    metadata: MultiDict[str | bytes] = MultiDict(
        [("x-request-id", "r"), *(("authorization", each) for each in entries)]
    )
    assert bearer_token(metadata) == token
