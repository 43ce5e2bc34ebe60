"""Validates whole messages: walks their fields, and applies the compiled checks of the contract's rules."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from service_kit.contract import Contract
from service_kit.contract.policy import TextForm
from service_kit.request.errors import Violation
from service_kit.validation.checks import Check, list_check, value_checks

#: Takes a message and the path prefix of its fields ("" or "lines[3]."), and yields the violations.
MessageCheck = Callable[[Any, str], Iterator[Violation]]

_IGNORE_IF_ZERO_VALUE = 1
_FORMS: Mapping[TextForm, Callable[[str], str]] = {
    TextForm.NFC: lambda text: unicodedata.normalize("NFC", text),
    TextForm.TRIMMED: str.strip,
}


class Validator:
    """Validates dynamic messages (of the contract's own classes) by buf.validate's rules, compiled once per type."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._compiled: dict[str, list[MessageCheck]] = {}
        self._forms: dict[str, _TextForms] = {}

    def prepare(self, descriptor: Descriptor) -> None:
        """Compiles the rules of a message type now, not at its first message."""
        self._checks_of(descriptor)

    def normalize(self, message: Any) -> None:
        """Normalizes the strings of a request as the contract says, before validation."""
        descriptor = message.DESCRIPTOR
        forms = self._forms.get(descriptor.full_name)
        if forms is None:
            forms = self._forms[descriptor.full_name] = _TextForms(self._contract, descriptor)
        forms.apply(message)

    def violations(self, message: Any, path: str = "") -> list[Violation]:
        """Returns the violations of a message, in the order of its fields; none if it is valid."""
        return list(self._walk(message, path))

    def _walk(self, message: Any, path: str) -> Iterator[Violation]:
        for check in self._checks_of(message.DESCRIPTOR):
            yield from check(message, path)

    def _checks_of(self, descriptor: Descriptor) -> list[MessageCheck]:
        compiled = self._compiled.get(descriptor.full_name)
        if compiled is None:
            compiled = self._compiled[descriptor.full_name] = []  # stored before it is filled: types may recurse
            compiled.extend(check for field in descriptor.fields if (check := self._compile(field)) is not None)
        return compiled

    def _compile(self, field: FieldDescriptor) -> MessageCheck | None:
        rules = self._contract.field_rules(field)
        if field.is_repeated:
            return self._compile_list(field, rules)
        checks = value_checks(field, rules, self._contract.field_policy(field).pattern_message)
        if field.message_type is not None:
            self._checks_of(field.message_type)
        elif not checks and rules is None:
            return None
        return self._compile_single(field, rules, checks)

    def _compile_single(self, field: FieldDescriptor, rules: Any | None, checks: list[Check]) -> MessageCheck:
        name, has_presence, zero = field.name, field.has_presence, field.default_value
        required = rules is not None and rules.required
        skip_zero = rules is not None and rules.ignore == _IGNORE_IF_ZERO_VALUE
        nested = field.message_type is not None

        def check(message: Any, path: str) -> Iterator[Violation]:
            if has_presence and not message.HasField(name):
                if required:
                    yield Violation(path + name, "required", "is required")
                return
            value = getattr(message, name)
            if not has_presence and value == zero and (required or skip_zero):
                if required:
                    yield Violation(path + name, "required", "is required")
                return
            for value_check in checks:
                for rule, text in value_check(value):
                    yield Violation(path + name, rule, text)
            if nested:
                yield from self._walk(value, f"{path}{name}.")

        return check

    def _compile_list(self, field: FieldDescriptor, rules: Any | None) -> MessageCheck:
        name = field.name
        required = rules is not None and rules.required
        whole = list_check(rules.repeated) if rules is not None and rules.HasField("repeated") else None
        item_checks = value_checks(field, None)
        nested = field.message_type is not None
        if field.message_type is not None:
            self._checks_of(field.message_type)

        def check(message: Any, path: str) -> Iterator[Violation]:
            items = getattr(message, name)
            if required and not items:
                yield Violation(path + name, "required", "is required")
                return
            broken = list(whole(items)) if whole is not None else []
            yield from (Violation(path + name, rule, text) for rule, text in broken)
            if broken:
                return  # the items of an overlong list are not validated
            for i, item in enumerate(items):
                for item_check in item_checks:
                    yield from (Violation(f"{path}{name}[{i}]", rule, text) for rule, text in item_check(item))
                if nested:
                    yield from self._walk(item, f"{path}{name}[{i}].")

        return check


class _TextForms:
    """Normalizes the strings of one message type; nested messages are left alone."""

    def __init__(self, contract: Contract, descriptor: Descriptor) -> None:
        forms = ((field.name, contract.field_policy(field).text_form) for field in descriptor.fields)
        self._forms = [(name, _FORMS[form]) for name, form in forms if form is not TextForm.AS_IT_CAME]

    def apply(self, message: Any) -> None:
        """Replaces the strings that are not in their form."""
        for name, form in self._forms:
            value = getattr(message, name)
            if (normalized := form(value)) != value:
                setattr(message, name, normalized)
