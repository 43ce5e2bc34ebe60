"""Log lines: form, interception, redaction and level."""

import asyncio
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from service_kit import logs
from service_kit.logs.redaction import redact
from service_kit.request.context import RequestContext, _current, enter_request, within_request
from service_kit.request.principal import Principal
from service_kit.settings import Secret
from service_kit.telemetry.trace_context import TraceContext

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    logger.add(sys.stderr)
    logs.request_lines.send_to(None, "INFO")
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def in_request() -> Iterator[None]:
    token = _current.set(None)
    enter_request(RequestContext(request_id="req-1", trace=TraceContext("a" * 32, "b" * 16)))
    yield
    _current.reset(token)


def configure(level: str = "INFO", form: str = "json") -> logs.LogLevel:
    return logs.configure(service="demo", version="1.2", level=level, form=form)


def entries(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_one_json_object(capsys: Capture) -> None:
    configure()
    logger.bind(order_id="o-1", lines=3).info("order {} created\nand more", "o-1")
    [entry] = entries(capsys)
    time = datetime.fromisoformat(entry.pop("time"))
    assert time.tzinfo == UTC
    assert abs((datetime.now(UTC) - time).total_seconds()) < 5
    assert entry == {
        "level": "INFO",
        "service": "demo",
        "version": "1.2",
        "message": "order o-1 created\nand more",
        "request_id": None,
        "trace_id": None,
        "user_id": None,
        "logger": __name__,
        "order_id": "o-1",
        "lines": 3,
    }


@pytest.mark.usefixtures("in_request")
def test_line_has_the_ids_of_its_request(capsys: Capture) -> None:
    configure()
    logger.bind(request_id="forged", level="forged").info("x")
    [entry] = entries(capsys)
    assert (entry["request_id"], entry["trace_id"], entry["level"]) == ("req-1", "a" * 32, "INFO")


@pytest.mark.parametrize("form", ["json", "human"])
def test_line_has_the_user_once_the_token_was_verified(capsys: Capture, form: str) -> None:
    configure(form=form)
    request = RequestContext(request_id="req-1", trace=TraceContext("a" * 32, "b" * 16))
    with within_request(request):
        logger.info("before")
        request.principal = Principal("user-1", "user", "session-1", "token-1", 0, issued_at=0, expires_at=2**31)
        logger.info("after")
        logger.bind(user_id="user-2").info("another user is the subject")
    before, after, other = capsys.readouterr().out.splitlines()
    assert "user-1" not in before
    assert "user-1" in after
    assert ("user-1" if form == "json" else "user-2") in other


def test_lower_levels_are_left_out(capsys: Capture) -> None:
    configure(level="warning")
    logger.info("x")
    logging.getLogger("redis").info("x")
    logger.warning("y")
    assert [entry["message"] for entry in entries(capsys)] == ["y"]


@pytest.mark.usefixtures("in_request")
def test_access_line_has_the_form_of_other_lines(capsys: Capture) -> None:
    configure()
    token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl"  # no secret: the shape of one
    fields = {"status": 200, "code": "", "request_id": "forged", "path": token}
    logs.request_lines.write("a.module", "INFO", "GET /{x}", fields)
    logger.bind(**fields).info("GET /{}", "{x}")
    ours, loguru_s = entries(capsys)
    assert ours.pop("logger") == "a.module"
    assert loguru_s.pop("logger") == __name__
    del ours["time"], loguru_s["time"]
    assert ours == loguru_s
    assert ours["path"] == "********"


def test_access_line_obeys_the_level(capsys: Capture) -> None:
    level = configure("ERROR")
    for line in ("INFO", "ERROR"):
        logs.request_lines.write("a.module", line, "before", {})
    level.change("INFO")
    logs.request_lines.write("a.module", "INFO", "after", {})
    logged = [(entry["level"], entry["message"]) for entry in entries(capsys) if entry["logger"] == "a.module"]
    assert logged == [("ERROR", "before"), ("INFO", "after")]


@pytest.mark.parametrize("form", ["json", "human"])
def test_access_line_keeps_its_order_among_other_lines(capsys: Capture, form: str) -> None:
    async def tell() -> None:
        logger.info("one")
        logs.request_lines.write("a.module", "INFO", "two", {})
        logger.info("three")

    configure(form=form)
    asyncio.run(tell())
    lines = capsys.readouterr().out.splitlines()
    assert [next(word for word in ("one", "two", "three") if word in line) for line in lines] == ["one", "two", "three"]


def test_standard_logging_is_intercepted_under_its_own_name(capsys: Capture) -> None:
    configure()
    logging.getLogger("psycopg.pool").warning("lost %s {braces}", "a connection")
    [entry] = entries(capsys)
    assert entry["message"] == "lost a connection {braces}"
    assert (entry["logger"], entry["level"]) == ("psycopg.pool", "WARNING")


def test_warnings_are_intercepted(capsys: Capture) -> None:
    configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("deprecated", stacklevel=1)
    assert "deprecated" in entries(capsys)[0]["message"]


def test_noisy_loggers_are_quiet(capsys: Capture) -> None:
    configure(level="DEBUG")
    logging.getLogger("hpack.hpack").debug("a header")
    logging.getLogger("hypercorn.error").info("Running on")
    logging.getLogger("grpclib.server").info("Request was cancelled")
    logging.getLogger("grpclib.server").error("Server error")
    logging.getLogger("redis").debug("seen")
    assert [entry["message"] for entry in entries(capsys)] == ["Server error", "seen"]


def fail_with(password: str) -> None:
    raise ConnectionError(f"cannot connect ({len(password)})")


@pytest.mark.parametrize("standard", [True, False])
@pytest.mark.parametrize("form", ["json", "human"])
def test_traceback_shows_no_values_of_variables(capsys: Capture, form: str, standard: bool) -> None:
    configure(form=form)
    try:
        fail_with("hunter2".upper())
    except ConnectionError:
        if standard:
            logging.getLogger("psycopg").exception("failed")
        else:
            logger.exception("failed")
    shown = capsys.readouterr().out
    assert "ConnectionError: cannot connect (7)" in shown
    assert "Traceback" in shown
    assert "HUNTER2" not in shown
    if form == "json":
        assert "fail_with" in json.loads(shown)["exception"]


@pytest.mark.parametrize("form", ["json", "human"])
def test_secrets_are_masked(capsys: Capture, form: str) -> None:
    configure(form=form)
    token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0xx.c2lnbmF0dXJl"
    logger.bind(url="postgresql://app:hunter2@db/app", key=Secret("hunter2")).info(
        "token {} and password=hunter2, password='hunter2'", token
    )
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    assert token not in shown
    assert "postgresql://app:********@db/app" in shown


@pytest.mark.parametrize("kept", ["eyJhbGciOiJFZERTQSJ9.eyJz", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0xx.c2l"])
def test_truncated_token_is_masked(kept: str) -> None:
    assert redact(f"/a/{kept}…") == "/a/********…"


@pytest.mark.parametrize("text", ["http://host:80/a@b", "see https://a.b/c", "eyJ", "password is wrong", "a@b.c"])
def test_text_without_secrets_is_unchanged(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("value", [float("nan"), {("a", "b"): 1}, {1, 2}, "\ud800", object()])
def test_line_with_unserializable_fields_is_still_written(capsys: Capture, value: object) -> None:
    configure()
    logger.bind(value=value).info("x")
    assert [entry["message"] for entry in entries(capsys)] == ["x"]


def test_human_form_has_no_colour_without_a_terminal(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    configure(form="human")
    logger.bind(order_id="o-1").warning("slow\nINFO forged")
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "WARNING  demo slow\n    INFO forged order_id=o-1\n" in shown


def test_force_color_and_no_color_are_respected(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    configure(form="human")
    logger.error("x")
    assert "\x1b[31mERROR" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    configure(form="human")
    logger.error("x")
    assert "\x1b" not in capsys.readouterr().out


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text() | st.floats() | st.none() | st.integers()))
def test_redacted_json_line_is_valid_json(message: str, extra: dict[str, Any]) -> None:
    line = json.dumps({"message": f"password={message} x://u:{message}@h", **extra})
    json.loads(redact(line))


def test_change_of_the_level_is_logged_at_either_level(capsys: Capture) -> None:
    level = configure("ERROR")
    logger.info("not yet")
    level.change("DEBUG")
    logger.debug("ours")
    logging.getLogger("theirs").debug("theirs")
    level.change("ERROR")
    logger.warning("no more")
    logging.getLogger("theirs").warning("no more")
    assert [entry["message"] for entry in entries(capsys)] == [
        "log level changed from ERROR to DEBUG",
        "ours",
        "theirs",
        "log level changed from DEBUG to ERROR",
    ]
    assert (level.at_start, level.current) == ("ERROR", "ERROR")


def test_same_or_unknown_level_changes_nothing(capsys: Capture) -> None:
    level = configure("INFO")
    level.change("INFO")
    with pytest.raises(ValueError, match="DEBUG, INFO, WARNING, ERROR"):
        level.change("TRACE")
    assert entries(capsys) == []
    assert (level.current, level.changed_at) == ("INFO", None)
