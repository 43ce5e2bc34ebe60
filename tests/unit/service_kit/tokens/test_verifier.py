"""The verifier: which tokens are accepted, and how each other is refused."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from grpclib.const import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.principal import Principal
from service_kit.tokens.verifier import KeySetUnavailableError, TokenError, TokenVerifier

from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, NOW, Issuer, Published, b64


class Clock:
    def __init__(self) -> None:
        self.time: float = NOW

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def published(issuer: Issuer) -> Published:
    return Published(issuer.jwk())


@pytest.fixture
def keys(published: Published) -> KeySet:
    return KeySet(published.fetch)


@pytest.fixture
def verifier(keys: KeySet, clock: Clock) -> TokenVerifier:
    return TokenVerifier(keys, issuer="headrace", audience="headrace", leeway_s=5, now=clock)


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(TokenError) as caught:
        await verifier.verify(token)
    return caught.value.kind


async def test_a_good_token_names_its_principal(verifier: TokenVerifier, issuer: Issuer) -> None:
    expected = Principal("user-1", "user", "session-1", "token-1", 3, NOW, NOW + 900)
    token = issuer.mint()
    assert await verifier.verify(token) == expected
    assert await verifier.verify(token) == expected


async def test_what_the_profile_leaves_open_is_accepted(verifier: TokenVerifier, issuer: Issuer) -> None:
    for header in ({"typ": "AT+JWT"}, {"typ": "application/at+jwt"}, {"jku": "https://evil.example"}, {"cty": "x"}):
        await verifier.verify(issuer.mint(header=HEADER | header))
    await verifier.verify(issuer.mint(aud=["other", "headrace"], jti="2", scope="anything"))
    await verifier.verify(issuer.mint(nbf=NOW))


async def test_a_token_minted_by_pyjwt(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = jwt.encode(CLAIMS, issuer.private, "EdDSA", headers={"kid": "k1", "typ": "at+jwt"})
    assert (await verifier.verify(token)).user_id == "user-1"


async def test_expiry_within_the_leeway_at_every_look(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    token = issuer.mint()
    clock.time = NOW + 904.9
    await verifier.verify(token)
    clock.time = NOW + 905
    assert await refusal(verifier, token) == "expired"
    assert await refusal(verifier, token) == "expired"


async def test_only_a_token_that_is_good_otherwise_is_expired(verifier: TokenVerifier, clock: Clock) -> None:
    clock.time = NOW + 5000
    assert await refusal(verifier, Issuer().mint()) == "invalid"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_token_from_the_future_is_invalid(verifier: TokenVerifier, issuer: Issuer, claim: str) -> None:
    await verifier.verify(issuer.mint(**{claim: NOW + 5}))
    assert await refusal(verifier, issuer.mint(**{claim: NOW + 6})) == "invalid"


@pytest.mark.parametrize("leeway_s", [-1, 31])
def test_the_leeway_has_limits(keys: KeySet, leeway_s: float) -> None:
    with pytest.raises(ValueError, match="leeway"):
        TokenVerifier(keys, issuer="i", audience="a", leeway_s=leeway_s)


@pytest.mark.parametrize("claim", sorted(CLAIMS))
async def test_every_claim_is_required(verifier: TokenVerifier, issuer: Issuer, claim: str) -> None:
    assert await refusal(verifier, issuer.mint(**{claim: None})) == "malformed"


WRONG: list[Any] = [True, 1.5, float("nan"), float("inf"), -1, 2**53, 10**400, "", "x" * 1025, [], [1], {}]


@pytest.mark.parametrize("claim", sorted(CLAIMS))
@pytest.mark.parametrize("value", WRONG, ids=repr)
async def test_every_claim_is_type_checked(verifier: TokenVerifier, issuer: Issuer, claim: str, value: object) -> None:
    assert await refusal(verifier, issuer.mint(**{claim: value})) in {"malformed", "invalid"}


@pytest.mark.parametrize("changes", [{"iss": "other"}, {"aud": "other"}, {"aud": ["other"]}], ids=repr)
async def test_another_issuer_or_audience_is_invalid(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, issuer.mint(**changes)) == "invalid"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"typ": "JWT"}, "invalid"),
        ({"typ": None}, "invalid"),
        ({"typ": 3}, "invalid"),
        ({"alg": "none"}, "invalid"),
        ({"alg": "HS256"}, "invalid"),
        ({"alg": "Ed25519"}, "invalid"),
        ({"alg": ["EdDSA"]}, "invalid"),
        ({"alg": None}, "invalid"),
        ({"kid": None}, "malformed"),
        ({"kid": ""}, "malformed"),
        ({"kid": 1}, "malformed"),
        ({"kid": ["k1"]}, "malformed"),
        ({"kid": "k2"}, "invalid"),
        ({"kid": "\ud800"}, "invalid"),
        ({"crit": ["exp"]}, "invalid"),
        ({"crit": []}, "invalid"),
        ({"b64": False}, "invalid"),
    ],
    ids=repr,
)
async def test_headers(verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any], kind: str) -> None:
    header = {name: value for name, value in (HEADER | changes).items() if value is not None}
    assert await refusal(verifier, issuer.mint(header=header)) == kind


async def test_a_key_in_the_header_is_never_used(verifier: TokenVerifier) -> None:
    thief = Issuer()
    header = HEADER | {"jwk": thief.jwk(), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/x5u"}
    assert await refusal(verifier, thief.mint(header=header)) == "invalid"


async def test_hs256_signed_with_the_public_key(verifier: TokenVerifier, issuer: Issuer) -> None:
    public = issuer.private.public_key().public_bytes_raw()
    token = jwt.encode(CLAIMS, public, "HS256", headers={"kid": "k1", "typ": "at+jwt"})
    assert await refusal(verifier, token) == "invalid"


async def test_alg_none_and_no_signature(verifier: TokenVerifier, issuer: Issuer) -> None:
    unsigned = jwt.encode(CLAIMS, None, "none", headers={"kid": "k1", "typ": "at+jwt"})
    assert await refusal(verifier, unsigned) == "malformed"
    assert await refusal(verifier, issuer.mint().rpartition(".")[0] + ".") == "malformed"


@pytest.mark.parametrize("signature", [b"\0", b"\0" * 64, b"\0" * 63, b"\0" * 4000], ids=len)
async def test_a_signature_of_any_length_is_invalid(verifier: TokenVerifier, issuer: Issuer, signature: bytes) -> None:
    assert await refusal(verifier, issuer.mint().rpartition(".")[0] + "." + b64(signature)) == "invalid"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "." + token,
        lambda token: token + ".",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.replace(".", " ."),
        lambda token: token + ".a.b",
        lambda token: "ü" + token,
        lambda token: "A" + token,
        lambda token: "e30." + token,
        lambda token: "a" * 8193,
    ],
)
async def test_no_compact_jws_is_malformed(
    verifier: TokenVerifier, issuer: Issuer, spoil: Callable[[str], str]
) -> None:
    assert await refusal(verifier, spoil(issuer.mint())) == "malformed"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"' + b"x" * 40 + b'"',
        b"\xff\xfe{}",
        b"[" * 5000,
        b'{"exp":' + b"9" * 5000 + b"}",
        json.dumps(CLAIMS).encode()[:-1] + b',"sub":"admin"}',
        json.dumps(CLAIMS).encode()[:-1] + b',"x":NaN}',
        json.dumps(CLAIMS).encode()[:-1] + b',"x":1e999,"exp":1e999}',
    ],
)
async def test_signed_nonsense_is_malformed(verifier: TokenVerifier, issuer: Issuer, payload: bytes) -> None:
    assert await refusal(verifier, issuer.sign(json.dumps(HEADER).encode(), payload)) == "malformed"


async def test_a_nested_token_is_malformed(verifier: TokenVerifier, issuer: Issuer) -> None:
    nested = issuer.sign(json.dumps(HEADER | {"cty": "JWT"}).encode(), issuer.mint().encode())
    assert await refusal(verifier, nested) == "malformed"


async def test_over_8_kib_is_refused_before_any_key_is_fetched(
    verifier: TokenVerifier, issuer: Issuer, published: Published
) -> None:
    assert await refusal(verifier, issuer.mint(padding="x" * 8192)) == "malformed"
    assert published.fetches == 0


async def test_without_any_key_nobody_is_blamed(verifier: TokenVerifier, issuer: Issuer, published: Published) -> None:
    published.failure = OSError("refused")
    with pytest.raises(KeySetUnavailableError) as caught:
        await verifier.verify(issuer.mint())
    assert caught.value.status is Status.UNAVAILABLE
    assert caught.value.retry_after_s == 1.0


async def test_a_rotated_key_is_found_and_a_retired_one_forgotten(
    verifier: TokenVerifier, keys: KeySet, issuer: Issuer, published: Published
) -> None:
    old, successor = issuer.mint(), Issuer()
    await verifier.verify(old)
    published.jwks = [successor.jwk("k2")]
    await keys.refresh()
    assert (await verifier.verify(successor.mint(header=HEADER | {"kid": "k2"}))).user_id == "user-1"
    assert await refusal(verifier, old) == "invalid"


async def test_another_key_under_the_same_id_forgets_too(
    verifier: TokenVerifier, keys: KeySet, issuer: Issuer, published: Published
) -> None:
    token = issuer.mint()
    await verifier.verify(token)
    published.jwks = [Issuer().jwk("k1")]
    await keys.refresh()
    assert await refusal(verifier, token) == "invalid"


async def test_what_is_remembered_is_bounded_and_holds_no_token(
    verifier: TokenVerifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_kit.tokens.verifier._REMEMBERED_TOKENS", 3)
    tokens = [issuer.mint(jti=str(number)) for number in range(10)]
    for token in tokens:
        await verifier.verify(token)
    assert [seen.principal.token_id for seen in verifier._remembered.values()] == ["7", "8", "9"]
    assert not any(token.encode() in verifier._remembered for token in tokens)


async def test_a_remembered_token_costs_far_less(verifier: TokenVerifier, issuer: Issuer) -> None:
    token = issuer.mint()
    began = time.perf_counter()
    await verifier.verify(token)
    first_s = time.perf_counter() - began
    again_s = []
    for _ in range(200):
        began = time.perf_counter()
        await verifier.verify(token)
        again_s.append(time.perf_counter() - began)
    assert min(again_s) < first_s / 5


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
    # The last character of the signature has bits that carry nothing; all others count.
    at = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from("ABCabc019-_."))
    changed = token[:at] + other + token[at + 1 :]
    if changed != token:
        assert await refusal(verifier, changed) in {"malformed", "invalid"}
