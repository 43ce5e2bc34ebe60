"""Settings: parsing, refusal and description."""

import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_kit.settings import Secret, SettingsError, describe, load, reference, setting


def parse_quota(text: str) -> tuple[int, int]:
    limit, seconds = text.removesuffix("s").split("/")
    return int(limit), int(seconds)


@dataclass(frozen=True)
class Settings:
    url: Secret = setting(doc="where the store is")
    host: str = setting(doc="address", default="127.0.0.1")
    port: int = setting(doc="port", default=8080, minimum=1, maximum=65535)
    drain_s: float = setting(doc="time for requests in flight", unit="s", default=10.0, minimum=0)
    secure: bool = setting(doc="whether cookies are", default=True)
    level: str = setting(doc="least level", default="INFO", choices=("DEBUG", "INFO"))
    origins: tuple[str, ...] = setting(doc="allowed origins", default=("https://a.example",))
    folder: Path | None = setting(doc="where keys are", default=None)
    quota: tuple[int, int] = setting(doc="quota", default="600/60s", parse=parse_quota)


def read(**environ: str) -> Settings:
    return load(Settings, "APP_", {"APP_URL": "redis://u:hunter2@h"} | environ)


def problems(cls: type, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(cls, "APP_", environ)
    return caught.value.problems


def test_default_is_used_if_nothing_is_set() -> None:
    settings = read()
    assert settings.url.reveal() == "redis://u:hunter2@h"
    assert (settings.host, settings.port, settings.drain_s, settings.secure) == ("127.0.0.1", 8080, 10.0, True)
    assert (settings.level, settings.origins, settings.folder) == ("INFO", ("https://a.example",), None)
    assert settings.quota == (600, 60)


def test_each_type_is_read() -> None:
    settings = read(
        APP_HOST="::1",
        APP_PORT="1",
        APP_DRAIN_S="0.5",
        APP_SECURE="no",
        APP_LEVEL="debug",
        APP_ORIGINS=" https://b , https://c,",
        APP_FOLDER="/keys",
        APP_QUOTA="10/60s",
    )
    assert (settings.host, settings.port, settings.drain_s, settings.secure) == ("::1", 1, 0.5, False)
    assert (settings.level, settings.origins) == ("DEBUG", ("https://b", "https://c"))
    assert (settings.folder, settings.quota) == (Path("/keys"), (10, 60))


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", " on "])
def test_boolean_is_read_from_the_usual_words(text: str) -> None:
    assert read(APP_SECURE=text).secure is True


def test_all_problems_are_reported_at_once() -> None:
    found = problems(
        Settings,
        {"APP_PORT": "0", "APP_DRAIN_S": "nan", "APP_SECURE": "maybe", "APP_LEVEL": "LOUD", "APP_QUOTA": "many"},
    )
    assert [each.split()[0] for each in found] == [
        "APP_URL",
        "APP_PORT",
        "APP_DRAIN_S",
        "APP_SECURE",
        "APP_LEVEL",
        "APP_QUOTA",
    ]
    assert found[0] == "APP_URL is required: where the store is"
    assert found[1] == "APP_PORT must be from 1 to 65535 (is '0')"
    assert found[4] == "APP_LEVEL must be one of DEBUG, INFO (is 'LOUD')"


@pytest.mark.parametrize("text", ["", "8080.0", "8_080", "0x10", "٣", "9" * 30, "65536", "-1"])
def test_malformed_or_out_of_range_number_is_refused(text: str) -> None:
    if text == "":
        assert read(APP_PORT=text).port == 8080
    else:
        assert problems(Settings, {"APP_URL": "x", "APP_PORT": text})[0].startswith("APP_PORT must be ")


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "-0.1", "1s"])
def test_non_finite_number_is_refused(text: str) -> None:
    assert problems(Settings, {"APP_URL": "x", "APP_DRAIN_S": text})[0].startswith("APP_DRAIN_S must be ")


def test_empty_variable_is_an_empty_text_or_tuple_and_otherwise_not_set() -> None:
    settings = read(APP_HOST="", APP_ORIGINS="", APP_PORT="", APP_SECURE="", APP_FOLDER="")
    assert (settings.host, settings.origins) == ("", ())
    assert (settings.port, settings.secure, settings.folder) == (8080, True, None)


def test_an_empty_variable_does_not_satisfy_a_required_one() -> None:
    assert problems(Settings, {"APP_URL": ""}) == ("APP_URL must not be empty: where the store is",)


def test_any_setting_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://from-file\n")
    (tmp_path / "port").write_text("81\r\n")
    settings = load(Settings, "APP_", {"APP_URL_FILE": f"{tmp_path}/url", "APP_PORT_FILE": f"{tmp_path}/port"})
    assert (settings.url.reveal(), settings.port) == ("redis://from-file", 81)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    for name, reason in (("none", "No such file"), ("binary", "not UTF-8"), ("long", "over 65536 bytes")):
        found = problems(Settings, {"APP_URL_FILE": f"{tmp_path}/{name}"})
        assert found[0].startswith(f"APP_URL cannot be read from {tmp_path}/{name}: {reason}")


def test_a_setting_and_its_file_at_once_are_refused(tmp_path: Path) -> None:
    found = problems(Settings, {"APP_URL": "x", "APP_URL_FILE": f"{tmp_path}/url"})
    assert found == ("APP_URL is set twice: APP_URL_FILE is set too",)


@dataclass(frozen=True)
class Credentials:
    key: Secret = setting(doc="key", min_length=32)
    mode: Secret = setting(doc="mode", parse=lambda text: Secret(str(int(text))))
    count: int = setting(doc="count", default=1, minimum=1)

    def __post_init__(self) -> None:
        if self.count == 13:
            raise ValueError("APP_COUNT and APP_MODE do not go together")


def test_no_problem_quotes_a_secret() -> None:
    found = problems(Credentials, {"APP_KEY": "hunter2", "APP_MODE": "hunter3"})
    assert found == ("APP_KEY must be at least 32 bytes long, but is 7", "APP_MODE is malformed")


def test_contradictory_fields_are_a_problem() -> None:
    environ = {"APP_KEY": "k" * 32, "APP_MODE": "1", "APP_COUNT": "13"}
    assert problems(Credentials, environ) == ("APP_COUNT and APP_MODE do not go together",)


def test_min_length_of_a_text_counts_bytes() -> None:
    assert load(Credentials, "APP_", {"APP_KEY": "ü" * 16, "APP_MODE": "1"}).key.reveal() == "ü" * 16


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        read().port = 1  # type: ignore[misc]


def test_description_masks_secrets_and_keeps_to_one_line_each() -> None:
    lines = describe(read(APP_HOST="a\nb", APP_ORIGINS="x,y"), "APP_").split("\n")
    assert lines[:3] == ["APP_URL=********", "APP_HOST=a\\nb", "APP_PORT=8080"]
    assert "APP_ORIGINS=x,y" in lines
    assert "APP_SECURE=true" in lines
    assert "APP_FOLDER=" in lines
    assert len(lines) == 9


def test_description_of_a_mapping_can_be_parsed_again() -> None:
    @dataclass(frozen=True)
    class Upstreams:
        upstreams: dict[str, str] = setting(
            doc="services", parse=lambda text: dict(each.split("=") for each in text.split(","))
        )

    environ = {"APP_UPSTREAMS": "user-svc=h:1,order-svc=h:2"}
    assert describe(load(Upstreams, "APP_", environ), "APP_") == "APP_UPSTREAMS=user-svc=h:1,order-svc=h:2"


def test_reference_has_unit_range_and_default() -> None:
    texts = dict(reference(Settings, "APP_"))
    assert texts["APP_URL"] == "where the store is (secret; required)"
    assert texts["APP_DRAIN_S"] == "time for requests in flight (at least 0 s; default 10.0 s)"
    assert texts["APP_PORT"] == "port (1 to 65535; default 8080)"
    assert texts["APP_QUOTA"] == "quota (default 600/60s)"
    assert texts["APP_FOLDER"] == "where keys are (default none)"


def test_a_secret_is_masked_wherever_it_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", secret, secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>20}", repr(read()), repr({"k": secret}), caplog.text]
    assert not any("hunter2" in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@given(st.dictionaries(st.sampled_from([f"APP_{name.upper()}" for name in Settings.__annotations__]), st.text()))
def test_any_text_is_either_parsed_or_refused(environ: dict[str, Any]) -> None:
    try:
        load(Settings, "APP_", environ)
    except SettingsError as exc:
        assert all(each.startswith("APP_") for each in exc.problems)  # noqa: PT017
