"""The signing keys of a running service, and the tokens that they sign."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from loguru import logger
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenError, TokenVerifier
from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.signing_key import SigningKey, SigningKeyError, new_key
from user_svc.adapters.signing.signing_keys import SigningKeys
from user_svc.adapters.tokens import JwtMinter, JwtReader
from user_svc.domain.session import HeldSession
from user_svc.domain.session_key import SessionKey
from user_svc.domain.user import Role

from tests.examples.users import a_user
from tests.running.polling import eventually

IN_A_DAY = datetime.now(UTC) + timedelta(days=1)


def held(ends_at: datetime = IN_A_DAY) -> HeldSession:
    key = SessionKey("S" * 22, 7, "user", 1, 0, round(ends_at.timestamp() * 1000))
    return HeldSession(key, 60, rotated=True)


TOKENS_LIVE_S = 930


def add_key(directory: Path, signs_from: float) -> SigningKey:
    folder, key = KeyFolder(directory), new_key(signs_from)
    with folder.locked():
        folder.write(key)
    return key


def only_file(directory: Path) -> Path:
    (path,) = directory.glob("*.json")
    return path


def age(directory: Path) -> None:
    """Makes the folder's mtime so old that no further change can have the same."""
    os.utime(directory, (time.time() - 60, time.time() - 60))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keys(directory: Path) -> SigningKeys:
    add_key(directory, time.time())
    return SigningKeys(directory, TOKENS_LIVE_S)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The messages logged during the test."""
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(message.record["message"]), level="INFO")
    yield messages
    logger.remove(sink)


def minter(keys: SigningKeys, ttl_s: int = 900) -> JwtMinter:
    return JwtMinter(keys, issuer="headrace", audience="headrace", ttl_s=ttl_s)


async def verifier(keys: SigningKeys) -> TokenVerifier:
    async def own_keys() -> list[dict[str, str]]:
        return keys.public()

    key_set = KeySet(own_keys)
    await key_set.refresh()
    return TokenVerifier(key_set, issuer="headrace", audience="headrace", leeway_s=0)


def test_key_file_is_readable_by_its_owner_only(keys: SigningKeys, directory: Path) -> None:
    path = only_file(directory)
    assert path.name == f"{keys.current().kid}.json"
    assert {entry.stat().st_mode & 0o777 for entry in directory.iterdir()} == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_public_half_has_no_private_member(keys: SigningKeys) -> None:
    (jwk,) = keys.public()
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")


def test_latest_key_signs_once_its_time_has_come(keys: SigningKeys, directory: Path) -> None:
    first = keys.current()
    add_key(directory, time.time() + 60)
    assert keys.current().kid == first.kid
    assert len(keys.public()) == 2
    third = add_key(directory, time.time())
    assert keys.current().kid == third.kid


def test_superseded_key_is_published_until_its_last_token_has_expired(directory: Path) -> None:
    now = 1_000_000.0
    keys = SigningKeys(directory, TOKENS_LIVE_S, lambda: now)
    first, second = add_key(directory, now - 10), add_key(directory, now + 15)
    assert [jwk["kid"] for jwk in keys.public()] == [first.kid, second.kid]
    assert keys.current().kid == first.kid
    now = second.signs_from
    assert keys.current().kid == second.kid
    now = second.signs_from + TOKENS_LIVE_S - 0.1
    assert [jwk["kid"] for jwk in keys.public()] == [first.kid, second.kid]
    now = second.signs_from + TOKENS_LIVE_S
    assert [jwk["kid"] for jwk in keys.public()] == [second.kid]


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["empty", "missing"])
async def test_folder_without_keys_is_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "none")
    keys = SigningKeys(tmp_path / "none", TOKENS_LIVE_S)
    assert keys.public() == []
    with pytest.raises(SigningKeyError, match=str(tmp_path / "none")):
        keys.current()
    with pytest.raises(SigningKeyError):
        await keys.check()


def test_change_is_seen_at_once_and_nothing_is_read_without_one(keys: SigningKeys, directory: Path) -> None:
    first = keys.current()
    age(directory)
    assert keys.current() is not first
    assert keys.current() is keys.current()
    only_file(directory).unlink()
    second = add_key(directory, time.time())
    assert keys.current().kid == second.kid
    assert [jwk["kid"] for jwk in keys.public()] == [second.kid]


def test_change_with_the_same_mtime_is_seen(keys: SigningKeys, directory: Path) -> None:
    keys.current()
    before = directory.stat()
    second = add_key(directory, time.time())
    os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert keys.current().kid == second.kid


def test_folder_swapped_by_a_symbolic_link_is_seen(tmp_path: Path) -> None:
    kids = [add_key(tmp_path / version, time.time()).kid for version in ("v1", "v2")]
    for version in ("v1", "v2"):
        age(tmp_path / version)
    (tmp_path / "keys").symlink_to("v1")
    keys = SigningKeys(tmp_path / "keys", TOKENS_LIVE_S)
    assert keys.current().kid == kids[0]
    (tmp_path / "new").symlink_to("v2")
    (tmp_path / "new").replace(tmp_path / "keys")
    assert keys.current().kid == kids[1]


def test_files_that_link_into_a_swapped_volume_are_seen(tmp_path: Path) -> None:
    """As Kubernetes mounts a secret: KID.json -> ..data/KID.json, ..data -> ..VERSION."""
    mount = tmp_path / "keys"
    kids = [add_key(mount / version, time.time() - 1).kid for version in ("..v1", "..v2")]
    (mount / "..data").symlink_to("..v1")
    (mount / f"{kids[0]}.json").symlink_to(f"..data/{kids[0]}.json")
    keys = SigningKeys(mount, TOKENS_LIVE_S)
    assert keys.current().kid == kids[0]
    (mount / "..data_tmp").symlink_to("..v2")
    (mount / "..data_tmp").replace(mount / "..data")
    assert keys.current().kid == kids[0], "no key is at hand before its link is made"
    (mount / f"{kids[1]}.json").symlink_to(f"..data/{kids[1]}.json")
    (mount / f"{kids[0]}.json").unlink()
    assert keys.current().kid == kids[1]


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
async def test_damaged_key_is_reported_unquoted_and_the_keys_stay_in_use(
    keys: SigningKeys, directory: Path, damage: Callable[[str], str], logged: list[str]
) -> None:
    first = keys.current()
    path = only_file(directory)
    text = path.read_text()
    path.write_text(damage(text))
    os.utime(directory)
    for _ in range(3):
        assert keys.current().kid == first.kid
        assert keys.public() == [first.public_jwk]
        with pytest.raises(SigningKeyError) as error:
            await keys.check()
    assert str(path) in str(error.value)
    assert json.loads(text)["d"] not in str(error.value) + repr(error.value.__cause__)
    assert len(logged) == 1
    path.write_text(text)
    os.utime(directory)
    await keys.check()
    assert len(logged) == 2
    assert "valid again" in logged[1]


async def test_file_repaired_in_place_is_found(keys: SigningKeys, directory: Path) -> None:
    keys.current()
    path = only_file(directory)
    text = path.read_text()
    path.write_text("{}")
    age(directory)
    with pytest.raises(SigningKeyError):
        await keys.check()
    path.write_text(text)

    def in_order() -> bool | None:
        with suppress(SigningKeyError):
            asyncio.run(keys.check())
            return True
        return None

    assert await asyncio.to_thread(eventually, in_order, within_s=10)


def emptied(directory: Path) -> str:
    only_file(directory).unlink()
    return "holds no signing key"


def gone(directory: Path) -> str:
    shutil.rmtree(directory)
    return "holds no signing key"


def no_folder(directory: Path) -> str:
    shutil.rmtree(directory)
    directory.write_text("")
    return "Not a directory"


@pytest.mark.parametrize("spoil", [emptied, gone, no_folder])
async def test_unreadable_folder_leaves_the_keys_in_use(
    keys: SigningKeys, directory: Path, spoil: Callable[[Path], str]
) -> None:
    first = keys.current()
    problem = spoil(directory)
    assert keys.current().kid == first.kid
    assert keys.public() == [first.public_jwk]
    with pytest.raises(SigningKeyError, match=problem):
        await keys.check()


def test_repr_shows_no_key(keys: SigningKeys) -> None:
    assert str(keys.current().jwk.as_dict(private=True)["d"]) not in repr(keys.current())


async def test_verifier_of_the_platform_accepts_tokens(keys: SigningKeys) -> None:
    user = a_user(role=Role.ADMIN)
    token = minter(keys).mint(user, held())
    principal = await (await verifier(keys)).verify(token.text)
    assert (principal.user_id, principal.role, principal.session_id) == (user.user_id, "admin", "S" * 22)
    assert principal.key_counter == 7
    assert token.expires_in_s == 900
    assert principal.expires_at - principal.issued_at == 900


def test_foreign_verifier_accepts_tokens(keys: SigningKeys) -> None:
    token = minter(keys).mint(a_user(), held()).text
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "EdDSA", "typ": "at+jwt", "kid": keys.current().kid}
    key = jwt.PyJWK(keys.public()[0])
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="headrace", issuer="headrace")
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "role", "skc"}


def test_tokens_are_unique(keys: SigningKeys) -> None:
    user = a_user()
    assert minter(keys).mint(user, held()).text != minter(keys).mint(user, held()).text


def test_token_does_not_outlive_its_session(keys: SigningKeys) -> None:
    token = minter(keys).mint(a_user(), held(datetime.now(UTC) + timedelta(seconds=30)))
    assert 28 <= token.expires_in_s <= 30


async def test_token_signed_by_another_key_is_refused(keys: SigningKeys, tmp_path: Path) -> None:
    add_key(tmp_path / "other", 0)
    other = SigningKeys(tmp_path / "other", TOKENS_LIVE_S)
    token = minter(other).mint(a_user(), held()).text
    ours = await verifier(keys)
    with pytest.raises(TokenError):
        await ours.verify(token)
    assert await JwtReader(ours).read(token) is None


async def test_reader_returns_the_claims_of_a_token(keys: SigningKeys) -> None:
    user = a_user()
    contents = await JwtReader(await verifier(keys)).read(minter(keys).mint(user, held()).text)
    assert contents is not None
    assert (contents.user_id, contents.role, contents.session_id) == (user.user_id, Role.USER, "S" * 22)
    assert contents.expires_at - contents.issued_at == timedelta(seconds=900)


def test_key_id_never_begins_with_a_hyphen() -> None:
    assert not any(new_key(0).kid.startswith("-") for _ in range(500))  # as 1 of 64 thumbprints does
