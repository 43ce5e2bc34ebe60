"""Changes of the folder of signing keys, with a clock that the tests move."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest
from user_svc.adapters.signing import key_rotation
from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.key_rotation import KeyRotation
from user_svc.adapters.signing.key_schedule import schedule
from user_svc.adapters.signing.signing_key import SigningKey, SigningKeyError

TOKENS_LIVE_S = 930
LEAD_S = 600
START = 1_000_000.0


class Keys:
    """A folder with one key that signs, and its rotation."""

    def __init__(self, path: Path) -> None:
        self.now = START
        self.folder = KeyFolder(path)
        self.rotation = KeyRotation(self.folder, lambda: self.now, TOKENS_LIVE_S)
        first = self.rotation.create()
        assert first is not None
        self.first = first

    def states(self) -> dict[str, str]:
        scheduled = schedule(self.folder.read(), self.now, TOKENS_LIVE_S)
        return {each.key.kid: each.state.value for each in scheduled}

    def rotate(self) -> SigningKey:
        return self.rotation.rotate(LEAD_S).made


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


def test_first_key_signs_at_once_and_is_made_once(keys: Keys) -> None:
    assert keys.states() == {keys.first.kid: "signing"}
    assert keys.rotation.create() is None
    assert keys.states() == {keys.first.kid: "signing"}


def test_next_key_is_published_before_it_signs(keys: Keys) -> None:
    keys.now += 0.25
    made = keys.rotate()
    assert made.signs_from == START + 1 + LEAD_S, "whole seconds, and not before the lead is over"
    assert keys.states() == {keys.first.kid: "signing", made.kid: "next"}
    keys.now = made.signs_from
    assert keys.states() == {keys.first.kid: "verifying", made.kid: "signing"}
    keys.now += TOKENS_LIVE_S
    assert keys.states() == {keys.first.kid: "expired", made.kid: "signing"}


def test_rotation_is_refused_while_a_key_waits_to_sign(keys: Keys) -> None:
    made = keys.rotate()
    before = keys.states()
    with pytest.raises(SigningKeyError, match=f"the key {made.kid} is waiting to sign already"):
        keys.rotate()
    assert keys.states() == before


def test_rotation_removes_expired_keys(keys: Keys) -> None:
    second = keys.rotate()
    keys.now = second.signs_from + TOKENS_LIVE_S - 1
    assert keys.rotation.rotate(LEAD_S).removed == []
    keys.now = START + 10 * LEAD_S
    rotated = keys.rotation.rotate(LEAD_S)
    assert keys.first.kid in {key.kid for key in rotated.removed}
    assert keys.first.kid not in keys.states()
    assert not (keys.folder.path / f"{keys.first.kid}.json").exists()


def test_rotation_is_refused_without_a_key(tmp_path: Path) -> None:
    rotation = KeyRotation(KeyFolder(tmp_path / "none"), lambda: START, TOKENS_LIVE_S)
    with pytest.raises(SigningKeyError, match="holds no signing key; `user-svc keys create` makes one"):
        rotation.rotate(LEAD_S)
    with pytest.raises(SigningKeyError, match="holds no signing key"):
        rotation.retire("x")


def test_retired_signing_key_is_replaced_by_a_new_one(keys: Keys) -> None:
    keys.now += 5
    retired = keys.rotation.retire(keys.first.kid)
    assert retired.successor is not None
    assert retired.successor.signs_from == keys.now
    assert keys.states() == {retired.successor.kid: "signing"}


def test_retired_signing_key_is_replaced_by_the_waiting_one(keys: Keys) -> None:
    waiting = keys.rotate()
    keys.now += 5
    retired = keys.rotation.retire(keys.first.kid)
    assert retired.successor is not None
    assert (retired.successor.kid, retired.successor.signs_from) == (waiting.kid, keys.now)
    assert retired.successor.public_jwk == waiting.public_jwk
    assert keys.states() == {waiting.kid: "signing"}


def test_superseded_or_waiting_key_is_retired_without_a_successor(keys: Keys) -> None:
    second = keys.rotate()
    assert keys.rotation.retire(second.kid).successor is None
    assert keys.states() == {keys.first.kid: "signing"}
    third = keys.rotate()
    keys.now = third.signs_from
    assert keys.rotation.retire(keys.first.kid).successor is None
    assert keys.states() == {third.kid: "signing"}


def test_expired_key_is_not_published_again_when_its_successor_is_retired(keys: Keys) -> None:
    second = keys.rotate()
    keys.now = second.signs_from + TOKENS_LIVE_S
    retired = keys.rotation.retire(second.kid)
    assert retired.successor is not None
    assert keys.states() == {retired.successor.kid: "signing"}


def test_some_key_signs_at_every_moment_of_a_retirement(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader between two changes of the folder, or after a crash there, finds a key that signs."""
    superseding = keys.rotate()
    keys.now = superseding.signs_from + 1
    seen: list[dict[str, str]] = []
    for name in ("replace", "unlink"):
        original = getattr(Path, name)

        def watched(path: Path, *args: object, original: object = original, **kwargs: object) -> object:
            result = original(path, *args, **kwargs)  # type: ignore[operator]
            seen.append(keys.states())
            return result

        monkeypatch.setattr(Path, name, watched)
    retired = keys.rotation.retire(superseding.kid)
    assert retired.successor is not None
    signing = [next(kid for kid, state in states.items() if state == "signing") for states in seen]
    assert len(signing) >= 2
    assert set(signing) == {retired.successor.kid}, "never the superseded key, and never none"


@pytest.mark.parametrize("kid", ["", "nobody", "../keys", "a/b", "..", "/etc/passwd", "nobody\x00"])
def test_unknown_key_cannot_be_retired(keys: Keys, kid: str) -> None:
    with pytest.raises(SigningKeyError, match=r"holds no key .*; `user-svc keys list` shows them"):
        keys.rotation.retire(kid)
    assert keys.states() == {keys.first.kid: "signing"}


def test_damaged_key_file_leaves_the_folder_unchanged(keys: Keys) -> None:
    (keys.folder.path / "damaged.json").write_text("{}")
    before = sorted(keys.folder.path.iterdir())
    for change in (keys.rotate, lambda: keys.rotation.retire(keys.first.kid), keys.rotation.create):
        with pytest.raises(SigningKeyError, match=r"damaged\.json"):
            change()
    assert sorted(keys.folder.path.iterdir()) == before


def test_read_only_folder_is_left_unchanged(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int, mode: int = 0) -> int:
        if flags & os.O_EXCL:
            raise PermissionError(13, "Permission denied", str(path))
        return opening(path, flags, mode)  # type: ignore[arg-type]

    opening = os.open
    monkeypatch.setattr(os, "open", refuse)
    for change in (keys.rotate, lambda: keys.rotation.retire(keys.first.kid)):
        with pytest.raises(SigningKeyError, match="Permission denied"):
            change()
    assert keys.states() == {keys.first.kid: "signing"}


def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rotation = KeyRotation(KeyFolder(tmp_path / "file" / "keys"), lambda: START, TOKENS_LIVE_S)
    with pytest.raises(SigningKeyError, match="Not a directory"):
        rotation.create()


def test_file_left_by_a_killed_writer_is_ignored_and_removed(keys: Keys) -> None:
    waiting = keys.rotate()
    (keys.folder.path / f"{waiting.kid}.new").write_text(json.dumps({"d": "half a private"}))
    (keys.folder.path / "another.new").write_text("")
    assert keys.states() == {keys.first.kid: "signing", waiting.kid: "next"}
    assert keys.rotation.retire(keys.first.kid).successor is not None
    assert {path.name for path in keys.folder.path.iterdir()} == {".lock", f"{waiting.kid}.json"}


def rotate_at_once(
    path: Path, start: "multiprocessing.synchronize.Barrier", made: "multiprocessing.Queue[str]"
) -> None:
    rotation = key_rotation.KeyRotation(KeyFolder(path), lambda: START, TOKENS_LIVE_S)
    start.wait()
    try:
        made.put(rotation.rotate(LEAD_S).made.kid)
    except SigningKeyError as exc:
        made.put(str(exc))


def test_concurrent_rotations_make_one_key(keys: Keys) -> None:
    spawned = multiprocessing.get_context("spawn")
    start, made = spawned.Barrier(4), spawned.Queue()
    jobs = [spawned.Process(target=rotate_at_once, args=(keys.folder.path, start, made)) for _ in range(4)]
    for job in jobs:
        job.start()
    said = [made.get(timeout=60) for _ in jobs]
    for job in jobs:
        job.join()
    (waiting,) = (kid for kid, state in keys.states().items() if state == "next")
    assert sorted(said) == sorted([waiting, *[f"the key {waiting} is waiting to sign already"] * 3])
