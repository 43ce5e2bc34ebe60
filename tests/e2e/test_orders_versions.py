"""If-Match and If-None-Match on orders."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order, move, order_line, stored
from tests.e2e.shapes import assert_problem, assert_success


def delete(api: Api, style: Style, account: Account, order_id: str, headers: Headers) -> httpx2.Response:
    return api.call("DeleteOrder", style, {"order_id": order_id}, token=account.token, headers=headers)


def show(api: Api, style: Style, account: Account, order_id: str, headers: Headers) -> httpx2.Response:
    return api.call("GetOrder", style, {"order_id": order_id}, token=account.token, headers=headers)


def test_if_match_with_a_stale_version_is_refused(api: Api, style: Style, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    stale = move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"2"'})
    assert_problem(stale, 412, "VERSION_MISMATCH")
    assert stored(api, alice.token, order_id)["version"] == 1
    assert_success(move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"1"'}), 200)
    stale = move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"1"'})
    assert_problem(stale, 412, "VERSION_MISMATCH")
    assert_problem(delete(api, style, alice, order_id, {"If-Match": '"1"'}), 412, "VERSION_MISMATCH")
    assert stored(api, alice.token, order_id)["version"] == 2
    assert_success(delete(api, style, alice, order_id, {"If-Match": '"2"'}), 204)


def test_etag_is_accepted_as_if_match(api: Api, style: Style, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    etag = api.call("GetOrder", style, {"order_id": order_id}, token=alice.token).headers["ETag"]
    moved = move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": etag})
    assert_success(moved, 200)
    assert_success(delete(api, style, alice, order_id, {"If-Match": moved.headers["ETag"]}), 204)


def test_etag_of_a_compressed_response_is_accepted(api: Api, style: Style, alice: Account) -> None:
    lines = [order_line(sku=f"sku-{number}") for number in range(100)]
    order_id = create_order(api, alice.token, lines=lines)["order_id"]
    tags = {
        coding: show(api, style, alice, order_id, {"Accept-Encoding": coding}).headers["ETag"]
        for coding in ("gzip", "identity")
    }
    assert tags == {"gzip": '"1-gzip"', "identity": '"1"'}
    for tag in tags.values():
        unchanged = show(api, style, alice, order_id, {"Accept-Encoding": "gzip", "If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    assert_success(move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": tags["gzip"]}), 200)


@pytest.mark.parametrize("value", ["*", '"1", "2"', '"2","1"', '"x", W/"1", "1"', '"1-gzip"', '"1" ,, "9"'])
def test_if_match_list_with_the_version_is_accepted(api: Api, style: Style, alice: Account, value: str) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    assert_success(show(api, style, alice, order_id, {"If-Match": value}), 200)
    assert_success(move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": value}), 200)
    order_id = create_order(api, alice.token)["order_id"]
    assert_success(delete(api, style, alice, order_id, {"If-Match": value}), 204)


NO_VERSIONS = ["", '""', '"x"', '"abc"', '"0"', '"-1"', '"1.0"', '"+1"', '"01"', 'W/"1"', '"99"', '"2", "3"', '"1_0"']
MALFORMED = ["1", "abc", '"', '" 1"', '"1', '1"', "'1'", 'w/"1"', "*, *", '"1", *', '"1" "2"']


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        *((value, (412, "VERSION_MISMATCH")) for value in NO_VERSIONS),
        *((f'"{2**power}"', (412, "VERSION_MISMATCH")) for power in (53, 63, 100)),
        *((value, (400, "INVALID_REQUEST")) for value in MALFORMED),
    ],
)
def test_if_match_without_the_version_changes_nothing(
    api: Api, style: Style, alice: Account, value: str, refusal: tuple[int, str]
) -> None:
    order = create_order(api, alice.token)
    headers = {"If-Match": value}
    order_id = order["order_id"]
    assert_problem(move(api, style, alice.token, order_id, "cancelled", headers=headers), *refusal)
    assert_problem(delete(api, style, alice, order_id, headers), *refusal)
    assert_problem(show(api, style, alice, order_id, headers), *refusal)
    assert stored(api, alice.token, order_id) == order


@pytest.mark.parametrize("value", ["*", '"1"', '"99"', '"abc"', 'W/"1"'])
def test_missing_order_is_not_found_before_the_version_is_checked(
    api: Api, style: Style, alice: Account, value: str
) -> None:
    headers = {"If-Match": value}
    assert_problem(move(api, style, alice.token, UNKNOWN_ID, "cancelled", headers=headers), 404, "ORDER_NOT_FOUND")
    assert_problem(delete(api, style, alice, UNKNOWN_ID, headers), 404, "ORDER_NOT_FOUND")
    for name in ("If-Match", "If-None-Match"):
        assert_problem(show(api, style, alice, UNKNOWN_ID, {name: value}), 404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize("value", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_if_none_match_with_the_current_version_returns_304(api: Api, style: Style, alice: Account, value: str) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    response = show(api, style, alice, order_id, {"If-None-Match": value})
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", '"1"')
    assert "Content-Type" not in response.headers
    assert_success(move(api, style, alice.token, order_id, "cancelled"), 200)
    if value != "*":
        assert_success(show(api, style, alice, order_id, {"If-None-Match": value}), 200)


def test_head_is_answered_like_get(api: Api, alice: Account) -> None:
    path = f"/api/v1/orders/{create_order(api, alice.token)['order_id']}"
    for headers, status in (
        ({"If-None-Match": '"1"'}, 304),
        ({"If-None-Match": '"2"'}, 200),
        ({"If-Match": '"1"'}, 200),
        ({"If-Match": '"2"'}, 412),
    ):
        head, get = (api.send(verb, path, token=alice.token, headers=headers) for verb in ("HEAD", "GET"))
        assert (head.status_code, get.status_code, head.content) == (status, status, b"")
        assert head.headers.get("ETag") == get.headers.get("ETag")


def test_one_of_many_concurrent_updates_succeeds(api: Api, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    headers = {"If-Match": '"1"'}
    with ThreadPoolExecutor(20) as pool:
        calls = [
            pool.submit(move, api, style, alice.token, order_id, "cancelled", headers=headers)
            for style in list(Style) * 10
        ]
    statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [200] + [412] * 19
    assert stored(api, alice.token, order_id)["version"] == 2


def test_one_of_many_concurrent_updates_and_deletions_succeeds(api: Api, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    headers = {"If-Match": '"1"'}
    with ThreadPoolExecutor(20) as pool:
        moves = [
            pool.submit(move, api, style, alice.token, order_id, "cancelled", headers=headers)
            for style in list(Style) * 5
        ]
        deletions = [pool.submit(delete, api, style, alice, order_id, headers) for style in list(Style) * 5]
    statuses = [call.result().status_code for call in [*moves, *deletions]]
    won = [status for status in statuses if status < 300]
    assert len(won) == 1
    assert set(statuses) - set(won) == {412 if won == [200] else 404}
