"""A verifier with its own issuer and clock."""

import pytest
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.service_kit.tokens.issuer import NOW, Issuer, Published


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
