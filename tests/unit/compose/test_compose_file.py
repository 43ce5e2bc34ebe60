"""The defaults of the platform in containers."""

from pathlib import Path

_COMPOSE = Path(__file__).resolve().parents[3] / "infra" / "compose"


def test_session_cookie_is_secure_by_default() -> None:
    assert "GATEWAY_COOKIE_SECURE: ${GATEWAY_COOKIE_SECURE:-true}" in (_COMPOSE / "compose.yaml").read_text()
    example = (_COMPOSE / ".env.example").read_text().splitlines()
    assert not [line for line in example if line.startswith("GATEWAY_COOKIE_SECURE")]
