"""ListOrders refuses invalid and unknown parameters."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.shapes import assert_invalid, assert_problem

NO_PAGE_SIZES = [
    "0",
    "101",
    "-1",
    "",
    "ten",
    "1.5",
    "1.0",
    "1e1",
    "+5",
    " 5",
    "5 ",
    "1_0",
    "٣",
    "0x5",
    str(2**31),
    "9" * 30,
]
NO_STATUSES = [
    "",
    "unknown",
    "unspecified",
    "PROCESSING",
    "ORDER_STATUS_DONE",
    "2",
    "done,cancelled",
    "done\n",
    "done\x00",
]
NO_USER_IDS = ["", "me", "1", UNKNOWN_ID[:-1], UNKNOWN_ID + "\n"]
NO_PAGE_TOKENS = ["x", "====", "AAAA", "ä", "1", "t" * 256, "\n", "null", UNKNOWN_ID]
INVALID = (
    [("page_size", value) for value in NO_PAGE_SIZES]
    + [("status", value) for value in NO_STATUSES]
    + [("user_id", value) for value in NO_USER_IDS]
    + [("page_token", value) for value in ("t" * 257, "t\x00")]
    + [("offset", "1"), ("PAGE_SIZE", "1"), ("pageSize", "1"), ("page_size[]", "1"), ("order_id", UNKNOWN_ID)]
)


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_list_refuses_invalid_parameters(api: Api, style: Style, alice: Account, name: str, value: str) -> None:
    assert_invalid(api.call("ListOrders", style, {name: value}, token=alice.token), name)


@pytest.mark.parametrize("page_token", NO_PAGE_TOKENS)
def test_list_refuses_a_page_token_that_it_did_not_issue(
    api: Api, style: Style, alice: Account, page_token: str
) -> None:
    response = api.call("ListOrders", style, {"page_token": page_token}, token=alice.token)
    assert_problem(response, 400, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(
    "query", ["page_size=1&page_size=2", "status=done&status=done", "page_size=%FF", "%FF=1", "=", "a"]
)
def test_list_refuses_a_malformed_query(api: Api, alice: Account, query: str) -> None:
    assert_invalid(api.send("GET", f"/api/v1/orders?{query}", token=alice.token))
