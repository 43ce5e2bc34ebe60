"""The folder of signing keys, and the tokens that they sign."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenError, TokenVerifier
from user_svc.adapters.signing_keys import SigningKeyError, SigningKeys
from user_svc.adapters.token_minter import JwtMinter
from user_svc.adapters.token_reader import JwtReader
from user_svc.domain.session import HeldSession
from user_svc.domain.user import Role

from tests.examples.users import a_user

IN_A_DAY = datetime.now(UTC) + timedelta(days=1)


def held(ends_at: datetime = IN_A_DAY) -> HeldSession:
    return HeldSession("S" * 22, "user", 1, 7, 60, ends_at, rotated=True)


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    keys = SigningKeys(tmp_path / "keys")
    keys.create(signs_from=time.time())
    return keys


def minter(keys: SigningKeys, ttl_s: int = 900) -> JwtMinter:
    return JwtMinter(keys, issuer="headrace", audience="headrace", ttl_s=ttl_s)


async def verifier(keys: SigningKeys) -> TokenVerifier:
    async def own_keys() -> list[dict[str, str]]:
        return keys.public()

    key_set = KeySet(own_keys)
    await key_set.refresh()
    return TokenVerifier(key_set, issuer="headrace", audience="headrace", leeway_s=0)


def test_a_key_is_its_owners_only(keys: SigningKeys, tmp_path: Path) -> None:
    (path,) = (tmp_path / "keys").iterdir()
    assert path.name == f"{keys.current().kid}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_was_made_is_read_again(keys: SigningKeys, tmp_path: Path) -> None:
    again = SigningKeys(tmp_path / "keys")
    again.read()
    assert again.public() == keys.public()
    assert again.current().kid == keys.current().kid


def test_the_public_half_has_no_private_member(keys: SigningKeys) -> None:
    (jwk,) = keys.public()
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")


def test_the_latest_key_signs_once_its_time_has_come(keys: SigningKeys) -> None:
    first = keys.current()
    keys.create(signs_from=time.time() + 60)
    assert keys.current() == first
    assert len(keys.public()) == 2
    third = keys.create(signs_from=time.time())
    assert keys.current() == third


def test_an_empty_folder_signs_nothing(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "none")
    keys.read()
    assert keys.public() == []
    with pytest.raises(SigningKeyError, match="holds no signing key; `user-svc keys create` makes one"):
        keys.current()


def changed(text: str, **members: object) -> str:
    return json.dumps({**json.loads(text), **members})


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda _: "[]",
        lambda _: "",
        lambda text: changed(text, kty="oct"),
        lambda text: changed(text, alg="HS256"),
        lambda text: changed(text, kid="another"),
        lambda text: changed(text, signs_from="soon"),
        lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "d"}),
    ],
)
def test_a_damaged_key_is_refused_unquoted_and_the_others_stay(
    keys: SigningKeys, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    (path,) = (tmp_path / "keys").iterdir()
    private = json.loads(path.read_text())["d"]
    path.write_text(damage(path.read_text()))
    with pytest.raises(SigningKeyError) as refused:
        keys.read()
    assert str(path) in str(refused.value)
    assert private not in str(refused.value)
    assert keys.current().kid == path.stem


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SigningKeyError, match="file"):
        SigningKeys(tmp_path / "file" / "keys").create(signs_from=0)


def test_shows_no_key(keys: SigningKeys) -> None:
    assert str(keys.current().jwk.as_dict(private=True)["d"]) not in repr(keys.current())


async def test_our_verifier_takes_our_tokens(keys: SigningKeys) -> None:
    user = a_user(role=Role.ADMIN)
    token = minter(keys).mint(user, held())
    principal = await (await verifier(keys)).verify(token.text)
    assert (principal.user_id, principal.role, principal.session_id) == (user.user_id, "admin", "S" * 22)
    assert principal.key_counter == 7
    assert token.expires_in_s == 900
    assert principal.expires_at - principal.issued_at == 900


def test_a_foreign_verifier_takes_our_tokens(keys: SigningKeys) -> None:
    token = minter(keys).mint(a_user(), held()).text
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "EdDSA", "typ": "at+jwt", "kid": keys.current().kid}
    key = jwt.PyJWK(keys.public()[0])
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="headrace", issuer="headrace")
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "role", "skc"}


def test_no_two_tokens_are_the_same(keys: SigningKeys) -> None:
    user = a_user()
    assert minter(keys).mint(user, held()).text != minter(keys).mint(user, held()).text


def test_a_token_does_not_outlive_its_session(keys: SigningKeys) -> None:
    token = minter(keys).mint(a_user(), held(datetime.now(UTC) + timedelta(seconds=30)))
    assert 28 <= token.expires_in_s <= 30


async def test_another_services_key_is_not_ours(keys: SigningKeys, tmp_path: Path) -> None:
    other = SigningKeys(tmp_path / "other")
    other.create(signs_from=0)
    token = minter(other).mint(a_user(), held()).text
    ours = await verifier(keys)
    with pytest.raises(TokenError):
        await ours.verify(token)
    assert await JwtReader(ours).read(token) is None


async def test_the_reader_says_what_a_token_says(keys: SigningKeys) -> None:
    user = a_user()
    contents = await JwtReader(await verifier(keys)).read(minter(keys).mint(user, held()).text)
    assert contents is not None
    assert (contents.user_id, contents.role, contents.session_id) == (user.user_id, Role.USER, "S" * 22)
    assert contents.expires_at - contents.issued_at == timedelta(seconds=900)
