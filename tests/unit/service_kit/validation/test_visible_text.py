"""Names and stock keeping units: people read them, so every character in them is visible or a space."""

import time
from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from service_kit.request.errors import Violation
from service_kit.validation import Validator

from tests.examples.contracts import headrace_contract

CONTRACT = headrace_contract()
VALIDATOR = Validator(CONTRACT)
PATTERN = ("string.pattern", "must have a visible character, and no control, bidirectional or invisible ones")


def violations(text: str) -> Iterator[list[Violation]]:
    """Returns the violations of a name and of a stock keeping unit."""
    register = CONTRACT.methods["/user.v1.UserService/Register"].request_class()
    register.name = text
    yield [each for each in VALIDATOR.violations(register) if each.field == "name"]
    create: Any = CONTRACT.methods["/order.v1.OrderService/CreateOrder"].request_class()
    create.lines.add().sku = text
    yield [each for each in VALIDATOR.violations(create) if each.field.endswith("sku")]


INVISIBLE = [
    "\t", "\n", "\r", "\x01", "\x1b", "\x7f", "\x85",
    "\x9f", "\xad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b",
    "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2060", "\u2066",
    "\u2069", "\u206f",
    "\u2800", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\uffff",
    "\U0001d173", "\U000e0001", "\U000e0041", "\U000e0100",
]  # fmt: skip


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("text", ["A{}b", "{}Ab", "Ab{}", " {} A", "{}{}"])
def test_control_bidirectional_and_invisible_characters_are_refused(text: str, character: str) -> None:
    for found in violations(text.replace("{}", character)):
        assert [(each.rule, each.message) for each in found] == [PATTERN]


@pytest.mark.parametrize("text", ["  ", "\xa0\xa0", "\u2003 \u3000", "\u205f\u202f\u1680"], ids=ascii)
def test_text_of_white_space_only_is_refused(text: str) -> None:
    for found in violations(text):
        assert [(each.rule, each.message) for each in found] == [PATTERN]


VISIBLE = [
    "Zoë 🦀 O'Brien",
    " Ada",
    "Ada ",
    "李 小龙",
    "بيتر",
    "שרה כהן",
    "Renée\xa0B.",
    "e\u0301mile",
    "नीना",
    "A\u3000B",
    "--",
]


@pytest.mark.parametrize("text", VISIBLE, ids=ascii)
def test_names_in_many_scripts_are_accepted(text: str) -> None:
    assert list(violations(text)) == [[], []]


@pytest.mark.parametrize("text", [*VISIBLE, *(f"A{character}b" for character in INVISIBLE), "  ", "\u3000 "], ids=ascii)
def test_protovalidate_has_the_same_result(text: str) -> None:
    request = CONTRACT.methods["/user.v1.UserService/Register"].request_class()
    request.name = text
    standard = [each.proto.rule_id for each in protovalidate.collect_violations(request)]
    assert ("string.pattern" in standard) == bool(next(violations(text)))


def test_cost_of_a_long_text_is_linear() -> None:
    def cost_s(length: int) -> float:
        texts = " " * length, " " * length + "\u200b", "a" * length + "\u200b", ("a " * length)[:length] + "\u200b"
        begun = time.process_time()
        for _ in range(20):
            for text in texts:
                list(violations(text))
        return time.process_time() - begun

    cost_s(1_000)
    assert cost_s(32_000) <= 200 * cost_s(1_000)
