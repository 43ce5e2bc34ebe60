"""A JSON number is an integer by its value, and not by its spelling."""

from time import process_time

import pytest
from gateway.problems import Problem
from gateway.transcoding.endpoint import Endpoint, endpoints_of

from tests.examples.contracts import headrace_contract

(CREATE_ORDER, _) = (e for e in endpoints_of(headrace_contract()) if e.method.name == "CreateOrder")


def _quantity(endpoint: Endpoint, spelling: str) -> int:
    line = f'{{"sku": "pen", "quantity": {spelling}, "unit_price_minor": 1}}'
    message = endpoint.reader.read({}, b"", [], f'{{"currency": "EUR", "lines": [{line}]}}'.encode())
    return int(message.lines[0].quantity)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("1.0", 1),
        ("1e0", 1),
        ("1e2", 100),
        ("1E+2", 100),
        ("10000.000", 10_000),
        ("0.1e3", 100),
        ("123000e-3", 123),
        ("1." + "0" * 300, 1),
    ],
)
def test_an_integer_in_any_spelling(spelling: str, value: int) -> None:
    assert _quantity(CREATE_ORDER, spelling) == value


@pytest.mark.parametrize(
    ("spelling", "rule"),
    [
        ("1.5", "json.type"),
        ("1.00000000000000000001", "json.type"),
        ("1e-1", "json.type"),
        ("1e-999999999", "json.type"),
        ("1e400", "json.range"),
        ("-1e999999999999", "json.range"),
        ("3e9", "json.range"),
        ("1e5", "int32.gte_lte"),
        ("0", "int32.gte_lte"),
        ("-0.0", "int32.gte_lte"),
        ("0e999999", "int32.gte_lte"),
        ("1e" + "9" * 5000, "json.syntax"),
        ("9" * 100_000, "json.syntax"),
        ("0." + "0" * 100_000 + "1", "json.syntax"),
    ],
)
def test_other_numbers_are_refused_within_no_time(spelling: str, rule: str) -> None:
    started = process_time()
    with pytest.raises(Problem) as refused:
        _quantity(CREATE_ORDER, spelling)
    assert [violation.rule for violation in refused.value.violations] == [rule]
    # Expanding such an exponent takes minutes; refusing it takes microseconds.
    assert process_time() - started < 1


def test_zero_hears_what_is_allowed_and_nothing_that_it_is_required() -> None:
    with pytest.raises(Problem) as refused:
        _quantity(CREATE_ORDER, "0")
    (violation,) = refused.value.violations
    assert (violation.field, violation.message) == ("lines[0].quantity", "must be from 1 to 10000")


def test_a_number_that_did_not_come_is_required() -> None:
    with pytest.raises(Problem) as refused:
        _quantity(CREATE_ORDER, "null")
    (violation,) = refused.value.violations
    assert (violation.field, violation.rule) == ("lines[0].quantity", "required")
