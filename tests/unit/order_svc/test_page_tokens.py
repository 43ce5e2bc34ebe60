"""Page tokens of a list of orders."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from order_svc.domain.order import OrderStatus
from order_svc.domain.order_listing import OrderFilters, OrderPosition
from order_svc.rpc.page_tokens import decode, encode
from service_kit.request.page_tokens import PageTokenInvalidError

from tests.examples.orders import ALICE, BOB, NOON, unknown_id

POSITION = OrderPosition(NOON, unknown_id())
FILTERS = OrderFilters(ALICE, OrderStatus.DONE)

_moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_moments, st.uuids(), st.sampled_from([None, *OrderStatus]))
def test_token_decodes_to_its_position(moment: datetime, order_id: object, status: OrderStatus | None) -> None:
    position, filters = OrderPosition(moment, str(order_id)), OrderFilters(ALICE, status)
    token = encode(position, filters)
    assert decode(token, filters) == position
    assert len(token) == 43


@pytest.mark.parametrize(
    "other", [OrderFilters(ALICE), OrderFilters(ALICE, OrderStatus.CANCELLED), OrderFilters(BOB, OrderStatus.DONE)]
)
def test_token_of_another_list_is_refused(other: OrderFilters) -> None:
    with pytest.raises(PageTokenInvalidError) as caught:
        decode(encode(POSITION, FILTERS), other)
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


@given(st.text(max_size=256))
def test_random_text_is_refused(token: str) -> None:
    assume(token != encode(POSITION, FILTERS))
    with pytest.raises(PageTokenInvalidError):
        decode(token, FILTERS)


@given(st.binary(min_size=32, max_size=32))
def test_random_bytes_of_the_right_size_are_refused(content: bytes) -> None:
    with pytest.raises(PageTokenInvalidError):
        decode(base64.urlsafe_b64encode(content).rstrip(b"=").decode(), FILTERS)


@given(st.integers(0, 42), st.sampled_from("AZaz09-_=+/ \n.é"))
def test_token_with_one_changed_character_is_refused(place: int, character: str) -> None:
    token = encode(POSITION, FILTERS)
    assume(token[place] != character)
    for changed in (token[:place] + character + token[place + 1 :], token[:place] + "\n" + token[place:], token + "="):
        with pytest.raises(PageTokenInvalidError):
            decode(changed, FILTERS)
