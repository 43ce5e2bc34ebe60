"""Validation by rules: violations with their field paths and rule ids."""

from typing import Any

import pytest
from service_kit.validation import Validator
from service_kit.validation.formats import EMAIL, compile_pattern

from tests.examples.contracts import headrace_contract

CONTRACT = headrace_contract()
VALIDATOR = Validator(CONTRACT)


def _broken(method: str, **fields: Any) -> list[tuple[str, str]]:
    message = CONTRACT.methods[method].request_class(**fields)
    return [(violation.field, violation.rule) for violation in VALIDATOR.violations(message)]


def test_every_violated_field_is_named() -> None:
    assert _broken("/user.v1.UserService/Register") == [
        ("email", "required"),
        ("name", "required"),
        ("password", "required"),
    ]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("a", ["string.min_len"]),
        ("é" * 2, []),
        ("\U0001f600" * 50, []),
        ("x" * 51, ["string.max_len"]),
        ("ab\0", ["string.no_nul", "string.pattern"]),
    ],
)
def test_lengths_count_code_points(name: str, rules: list[str]) -> None:
    broken = _broken("/user.v1.UserService/Register", email="a@b.example", name=name, password="p" * 15)
    assert broken == [("name", rule) for rule in rules]


def test_items_are_named_by_their_index() -> None:
    lines = [{"sku": "a", "quantity": 1, "unit_price_minor": 0}, {"sku": "a", "quantity": 10_001}]
    assert _broken("/order.v1.OrderService/CreateOrder", currency="EUR", lines=lines) == [
        ("lines[1].quantity", "int32.gte_lte"),
        ("lines[1].unit_price_minor", "required"),
    ]


def test_items_of_an_overlong_list_are_not_validated() -> None:
    assert _broken("/order.v1.OrderService/CreateOrder", currency="EUR", lines=[{}] * 101) == [
        ("lines", "repeated.max_items")
    ]


def test_optional_fields_are_checked_only_when_set() -> None:
    assert _broken("/order.v1.OrderService/ListOrders") == []
    assert _broken("/order.v1.OrderService/ListOrders", page_size=0) == [("page_size", "int32.gte_lte")]


@pytest.mark.parametrize(
    ("time", "rules"),
    [
        ({}, []),
        ({"seconds": -62_135_596_800}, []),
        ({"seconds": -62_135_596_801, "nanos": 999_999_999}, ["timestamp.range"]),
        ({"seconds": 253_402_300_799, "nanos": 999_999_999}, []),
        ({"seconds": 253_402_300_800}, ["timestamp.range"]),
        ({"nanos": 1_000_000_000}, ["timestamp.range"]),
        ({"nanos": -1}, ["timestamp.range"]),
    ],
)
def test_timestamp_out_of_range_is_refused(time: dict[str, int], rules: list[str]) -> None:
    assert _broken("/user.v1.AuditService/ListAuditEvents", since=time) == [("since", rule) for rule in rules]


def test_final_dollar_of_a_pattern_matches_at_the_very_end_only() -> None:
    assert compile_pattern("^a$").search("a")
    assert not compile_pattern("^a$").search("a\n")
    assert compile_pattern(r"^a\$").search("a$b")


@pytest.mark.parametrize("address", ["a@b", "first.last+tag@sub.example.org", "x" * 64 + "@example.org"])
def test_valid_email_address_is_accepted(address: str) -> None:
    assert EMAIL.fullmatch(address)


@pytest.mark.parametrize("address", ["", "a", "@b", "a@", "a@b..c", "a b@c", "a@-b", "a@b-", "é@b", "a@b\n", "a@b@c"])
def test_invalid_email_address_is_refused(address: str) -> None:
    assert not EMAIL.fullmatch(address)
