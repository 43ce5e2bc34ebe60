"""The validator of service_kit and protovalidate find the same violations in the same messages."""

from typing import Any

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.contract.method import Method
from service_kit.validation import Validator

from tests.examples.contracts import headrace_contract

CONTRACT = headrace_contract()
VALIDATOR = Validator(CONTRACT)
#: Rules of service_kit's validator only: no store accepts U+0000, and times outside of Timestamp's range are invalid.
OWN_RULES = {"string.no_nul", "timestamp.range"}
INTERESTING = st.sampled_from(
    ["", "me", "a@b.example", "EUR", "eur", "0190b3a1-0000-7000-8000-000000000000", "x" * 15, "x" * 129, "é" * 50]
)
TEXT = st.one_of(INTERESTING, st.text(max_size=300))


def _message(draw: st.DrawFn, message_class: Any) -> Any:
    message = message_class()
    for field in message.DESCRIPTOR.fields:
        if draw(st.booleans()):
            _fill(draw, message, field)
    return message


def _fill(draw: st.DrawFn, message: Any, field: Any) -> None:
    if field.message_type is not None and field.is_repeated:
        for _ in range(draw(st.integers(0, 3))):
            _fill_all(draw, getattr(message, field.name).add())
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
        _fill_all(draw, getattr(message, field.name))
    elif field.type == field.TYPE_STRING:
        setattr(message, field.name, draw(TEXT))
    elif field.type == field.TYPE_ENUM:
        setattr(message, field.name, draw(st.integers(0, 5)))
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(_NUMBERS, max_size=4) | st.just([1] * 101)))
    else:
        setattr(message, field.name, draw(_NUMBERS))


_NUMBERS = st.sampled_from([-1, 0, 1, 20, 100, 101, 10_000, 10_001])


def _fill_all(draw: st.DrawFn, message: Any) -> None:
    for field in message.DESCRIPTOR.fields:
        if draw(st.booleans()):
            _fill(draw, message, field)


@st.composite
def messages(draw: st.DrawFn, message_class: Any) -> Any:
    return _message(draw, message_class)


def _path(violation: Any) -> str:
    elements = violation.proto.field.elements
    return ".".join(f"{e.field_name}[{e.subscript.value}]" if e.subscript else e.field_name for e in elements)


@pytest.mark.parametrize("method", CONTRACT.methods.values(), ids=lambda method: method.name)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_validator_and_protovalidate_find_the_same_violations(method: Method, data: st.DataObject) -> None:
    message = data.draw(messages(method.request_class))

    ours = {(v.field, v.rule) for v in VALIDATOR.violations(message) if v.rule not in OWN_RULES}

    standard = {(_path(v), v.proto.rule_id) for v in protovalidate.collect_violations(message)}
    assert ours == standard
