"""Rules for every method, field and reason of the contract."""

import re
from collections.abc import Iterator

import pycountry
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from service_kit.contract.method import Method
from service_kit.contract.policy import Access, SessionEffect
from service_kit.validation import Validator

from tests.examples.contracts import ROOT, headrace_contract

CONTRACT = headrace_contract()
VALIDATOR = Validator(CONTRACT)
METHODS = pytest.mark.parametrize("method", CONTRACT.methods.values(), ids=lambda method: method.name)
#: Methods that were added after the first release have no short path.
RESOURCE_PATH_ONLY = {"ListUsers", "SetUserRole"}
#: Codes that are no currency: the test code and "no currency".
NO_CURRENCIES = {"XTS", "XXX"}


@METHODS
def test_public_method_has_a_resource_path_and_at_most_one_short_path(method: Method) -> None:
    paths = [binding.path for binding in method.bindings]
    if method.policy.access is Access.INTERNAL or paths == ["/.well-known/jwks.json"]:
        return
    *short, resource = paths
    assert resource.startswith("/api/v1/")
    assert len(short) == (0 if method.name in RESOURCE_PATH_ONLY else 1)
    assert not any(path.startswith("/api/v1/") for path in short)


@METHODS
def test_method_has_a_description_and_a_deadline(method: Method) -> None:
    assert method.description
    assert 0 < method.policy.deadline_s <= 10


@METHODS
def test_every_string_of_a_request_has_a_maximum_length(method: Method) -> None:
    for field in method.input.fields:
        if field.type == field.TYPE_STRING:
            rules = CONTRACT.field_rules(field)
            assert rules is not None, field.full_name
            bounded = rules.string.HasField("max_len") or rules.string.HasField("pattern") or rules.string.uuid
            assert bounded, field.full_name


@METHODS
def test_every_example_keeps_the_rules_of_its_field(method: Method) -> None:
    for owner, field in _fields(method.input):
        rules = CONTRACT.field_rules(field)
        for example in rules.string.example if rules is not None else ():
            message = GetMessageClass(owner)(**{field.name: example})
            broken = {violation.field for violation in VALIDATOR.violations(message)}
            assert field.name not in broken, (field.full_name, example)


def _fields(message: Descriptor) -> Iterator[tuple[Descriptor, FieldDescriptor]]:
    """Yields each field of a message, and of the messages in it, with the message that it belongs to."""
    for field in message.fields:
        yield message, field
        if field.message_type is not None:
            yield from _fields(field.message_type)


def test_methods_that_issue_sessions_have_the_strict_rate_limit() -> None:
    for method in CONTRACT.methods.values():
        if method.policy.session is SessionEffect.ISSUES:
            assert method.policy.rate_class.value == "credentials"
            assert method.policy.degraded.value == "refuse"


def test_reasons_are_upper_snake_case_and_have_a_title() -> None:
    assert len(CONTRACT.reasons) > 20
    for name, reason in CONTRACT.reasons.items():
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", name)
        assert reason.title


def test_every_reason_in_the_code_is_in_the_catalogue() -> None:
    named = re.compile(r'(?:Problem\(\s*\d+,|CallError\(\s*Status\.[A-Z_]+,|reason=)\s*"([A-Z][A-Z_]+)"')
    sources = [*(ROOT / "packages").glob("*/src/**/*.py")]
    found = {name for path in sources for name in named.findall(path.read_text())}
    assert found
    # CANCELLED never reaches a client: the client has disconnected.
    assert found - CONTRACT.reasons.keys() <= {"CANCELLED"}


def test_currencies_are_those_of_iso_4217() -> None:
    field = CONTRACT.methods["/order.v1.OrderService/CreateOrder"].input.fields_by_name["currency"]
    rules = CONTRACT.field_rules(field)
    assert rules is not None
    listed = set(rules.string.pattern.removeprefix("^(").removesuffix(")$").split("|"))
    assert listed == {currency.alpha_3 for currency in pycountry.currencies} - NO_CURRENCIES
