"""JSON bodies of every method: parsed into a message or refused with violations, without errors and quickly."""

import json
from dataclasses import dataclass
from typing import Any

from gateway.problems import Problem
from gateway.transcoding.body_bounds import MAX_BODY_BYTES
from gateway.transcoding.endpoint import Endpoint, endpoints_of
from hypothesis import strategies as st

from tests.examples.contracts import headrace_contract
from tests.examples.hostile_requests import BODIES
from tests.fuzz.target import Target

_ENDPOINTS = [endpoint for endpoint in endpoints_of(headrace_contract()) if endpoint.binding.has_body]
_FIELDS = sorted(
    {field.name for endpoint in _ENDPOINTS for field in endpoint.method.input.fields} | {"sku", "quantity"}
)
_MAX_VIOLATIONS = 100


@dataclass(frozen=True)
class Body:
    """A body for one endpoint."""

    endpoint: Endpoint
    text: bytes

    def __repr__(self) -> str:
        return f"Body({self.endpoint.http_method} {self.endpoint.path}, {self.text!r})"


_NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, 10_000, 10_001, 2**31, 2**53, 2**63, 10**400, 1e300]),
)
_TEXT = st.one_of(st.text(), st.sampled_from(["", "EUR", "done", "a@b.example", "\0", "x" * 300, "\ud800"]))
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(_FIELDS) | st.text(), inner, max_size=5)
    ),
    max_leaves=30,
)
_OBJECTS = st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=5), _VALUES, max_size=6)
_SPELLINGS = [
    "1.0",
    "1e2",
    "1e400",
    "-0.0",
    "1e-99999",
    "0e999999",
    "9" * 500,
    "01",
    "1.",
    "+1",
    "NaN",
    "1e999999999999999999999",
]


@st.composite
def _texts(draw: st.DrawFn) -> bytes:
    """Generates JSON, JSON with other spellings of numbers, JSON with a few changes, or hostile bodies."""
    kind = draw(st.sampled_from(["json", "spelling", "changed", "hostile", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=300))
    if kind == "hostile":
        size = draw(st.sampled_from([64, 1024, 16 * 1024, 112 * 1024, MAX_BODY_BYTES]))
        return BODIES[draw(st.sampled_from(sorted(BODIES)))](size)
    text = json.dumps(draw(_OBJECTS), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
    if kind == "spelling":
        text = text.replace("1", draw(st.sampled_from(_SPELLINGS)))
    body = bytearray(text.encode("utf-8", "surrogatepass"))
    if kind == "changed" and body:
        for place, byte in draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=4)):
            body[place] = byte
    return bytes(body)


async def feed(body: Body) -> None:
    """Parses it as the transcoder does."""
    endpoint = body.endpoint
    path = dict.fromkeys(endpoint.path.split("{")[1:], "0190b3a1-0000-7000-8000-000000000000")
    path = {name.partition("}")[0]: value for name, value in path.items()}
    try:
        message = await endpoint.reader.read_sharing(path, b"", [], body.text)
    except Problem as problem:
        _check(problem)
    else:
        assert type(message).FromString(message.SerializeToString()) == message


def _check(problem: Problem) -> None:
    """Checks that a refusal has violations, and not too many."""
    assert problem.status in {400, 412}
    assert 0 < len(problem.violations) <= _MAX_VIOLATIONS
    document = json.loads(problem.body("title", "request-1"))
    assert len(document["violations"]) == len(problem.violations)


TARGET = Target(
    name="json-bodies",
    inputs=st.builds(Body, st.sampled_from(_ENDPOINTS), _texts()),
    feed=feed,
    # A body of the gateway's largest size, for a method with a lower limit.
    max_step_ms=20.0,
)
