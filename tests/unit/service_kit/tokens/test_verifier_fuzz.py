"""The verifier: any input is accepted or refused with a TokenError."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.tokens.verifier import TokenError, TokenVerifier

from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, Issuer, b64, refusal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


async def accepts_or_refuses(verifier: TokenVerifier, token: str) -> None:
    try:
        await verifier.verify(token)
    except TokenError as exc:
        assert exc.kind in {"malformed", "invalid", "expired"}  # noqa: PT017


@FUZZ
@given(text=st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
async def test_any_text_is_refused(verifier: TokenVerifier, text: str) -> None:
    assert await refusal(verifier, text) == "malformed"


@FUZZ
@given(parts=st.lists(st.binary(min_size=1, max_size=80), min_size=3, max_size=3))
async def test_any_three_segments_are_refused(verifier: TokenVerifier, parts: list[bytes]) -> None:
    assert await refusal(verifier, ".".join(map(b64, parts))) in {"malformed", "invalid"}


@FUZZ
@given(changes=st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "cnf"]), JSON, max_size=4))
async def test_any_signed_claims_are_accepted_or_refused(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    await accepts_or_refuses(verifier, issuer.mint(claims=CLAIMS | changes))


@FUZZ
@given(changes=st.dictionaries(st.sampled_from([*HEADER, "crit", "b64", "jwk", "jku", "x5u", "zip"]), JSON, max_size=4))
async def test_any_signed_header_is_accepted_or_refused(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    await accepts_or_refuses(verifier, issuer.mint(header=HEADER | changes))


@FUZZ
@given(data=st.data())
async def test_no_changed_token_is_accepted(verifier: TokenVerifier, issuer: Issuer, data: st.DataObject) -> None:
    token = issuer.mint()
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_."))
    changed = token[:at] + other + token[at + 1 :]
    if changed != token:
        assert await refusal(verifier, changed) in {"malformed", "invalid"}
