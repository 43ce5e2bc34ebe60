"""An HTTP request into the request message of a method, by the rules of google.api.http and our field options."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from service_kit.contract import Binding, Contract, ContractError, Method
from service_kit.request.errors import Violation
from service_kit.validation import Validator

from gateway.problems import Problem
from gateway.transcoding.body_bounds import body_bounds
from gateway.transcoding.expected_versions import PRECONDITIONS, ExpectedVersions
from gateway.transcoding.json_reader import BODY, MAX_VALUES, JsonError, has_more_values, read_object
from gateway.transcoding.message_reader import MessageReader
from gateway.transcoding.parameters import HeaderField, QueryReader, TextField
from gateway.transcoding.path_template import parse_template

# What a client learns of at once; the rest of a hostile body is not worth the time that all requests share.
_MAX_VIOLATIONS = 100
_MAX_FIELD_CHARACTERS = 256
# Reading and validating one value takes up to 3 µs: so many keep the event loop for a few milliseconds.
_VALUES_AT_ONCE = 2_000
# Looking through text takes up to 12 ns a byte, where all of it is escapes.
_BYTES_AT_ONCE = 256 * 1024
# One after the other: each competes with the event loop for the interpreter.
_LARGE_BODIES = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-body")


class _TooManyError(Exception):
    """As many violations were found as are told."""


class _Violations(list[Violation]):
    """What was found so far. _TooManyError: enough to stop looking."""

    def append(self, violation: Violation) -> None:
        super().append(violation)
        if len(self) >= _MAX_VIOLATIONS:
            raise _TooManyError


class RequestReader:
    """Reads the requests of one binding. Compiled at start-up; ContractError: the binding makes no sense.

    bounds: what no valid body exceeds.
    """

    def __init__(self, contract: Contract, validator: Validator, method: Method, binding: Binding) -> None:
        self._message_class = method.request_class
        self._validator = validator
        validator.prepare(method.input)
        fields = method.input.fields_by_name
        self._path_fields: dict[str, TextField] = {}
        for segment in parse_template(binding.path):
            if segment.is_variable:
                if segment.text not in fields:
                    raise ContractError(f"{method.full_name}: the path names no field with {{{segment.text}}}")
                self._path_fields[segment.text] = TextField(fields[segment.text])
        self._header_fields = _header_fields(contract, method)
        self._expected = None if method.expected_versions is None else ExpectedVersions(method.expected_versions)
        self._labels = {header.field_name: header.label for header in self._header_fields}
        if self._expected is not None:
            self._labels[self._expected.field_name] = self._expected.label
        from_headers = frozenset(self._labels)
        self._body = MessageReader(contract, method.input, hidden=from_headers) if binding.has_body else None
        self.bounds = body_bounds(contract, method, binding)
        self._max_values = MAX_VALUES if self.bounds.max_values is None else min(MAX_VALUES, self.bounds.max_values)
        # With a body, it has every field that the path has not; without, the query string has.
        not_in_query = frozenset(fields) if binding.has_body else from_headers | self._path_fields.keys()
        self._query = QueryReader(method.input, not_in_query)

    async def read_sharing(
        self,
        path_parameters: Mapping[str, str],
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes | bytearray,
    ) -> Any:
        """As `read`, but a body that holds more than a few milliseconds of work is read beside the event loop."""
        if len(body) <= _BYTES_AT_ONCE and (
            self._max_values <= _VALUES_AT_ONCE or not has_more_values(body, _VALUES_AT_ONCE)
        ):
            return self.read(path_parameters, query, headers, body)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_LARGE_BODIES, self.read, path_parameters, query, headers, body)

    def read(
        self,
        path_parameters: Mapping[str, str],
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes | bytearray,
    ) -> Any:
        """The request message. Problem: the request breaks a rule of the contract; all violations are named."""
        message = self._message_class()
        violations = _Violations()
        try:
            if body:
                self._read_body(message, body, path_parameters, violations)
            for name, text in path_parameters.items():
                self._path_fields[name].set(message, text, violations)
            if query:
                self._query.fill(message, query, violations)
            for header in self._header_fields:
                header.fill(message, headers, violations)
            if self._expected is not None:
                self._expected.fill(message, headers, violations)
            self._validate(message, violations)
        except _TooManyError as exc:
            raise _invalid(violations) from exc
        return message

    def _read_body(
        self, message: Any, body: bytes | bytearray, path_parameters: Mapping[str, str], violations: list[Violation]
    ) -> None:
        if self._body is None:
            violations.append(Violation(BODY, "body.not_allowed", "this request takes no body"))
            return
        try:
            members = read_object(body, self._max_values)
        except JsonError as exc:
            raise _invalid([exc.violation]) from exc
        in_both = self._path_fields.keys() & members.keys()
        violations += [
            Violation(name, "body.conflict", "differs from the one in the path")
            for name in in_both
            if members.pop(name) != path_parameters[name]
        ]
        self._body.fill(message, members, "", violations)

    def _validate(self, message: Any, violations: list[Violation]) -> None:
        # A list or message with something unreadable in it was not filled: its own rules would say nothing new.
        self._validator.normalize(message)
        known = {name for violation in violations for name in (violation.field, _outermost(violation.field))}
        for broken in self._validator.violations(message):
            label = self._labels.get(broken.field, broken.field)
            if label not in known:
                violations.append(Violation(label, broken.rule, broken.message))
        if violations:
            raise _invalid(violations)


def _header_fields(contract: Contract, method: Method) -> list[HeaderField]:
    found: list[HeaderField] = []
    for field in method.input.fields:
        header = contract.field_policy(field).from_header
        if header is None:
            continue
        if header.name.lower() in PRECONDITIONS:
            raise ContractError(f"{field.full_name}: only expected_versions are read from a precondition")
        found.append(HeaderField(field, header))
    return found


def _outermost(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]


def _shown(field: str) -> str:
    """A name may be as long as the body; an answer that repeats it must not."""
    return field if len(field) <= _MAX_FIELD_CHARACTERS else f"{field[:_MAX_FIELD_CHARACTERS]}…"


def _invalid(violations: Sequence[Violation]) -> Problem:
    violations = [replace(violation, field=_shown(violation.field)) for violation in violations]
    named = ", ".join(dict.fromkeys(violation.field for violation in violations[:10]))
    return Problem(400, "INVALID_REQUEST", f"The request is not valid: see {named}.", violations=violations)
