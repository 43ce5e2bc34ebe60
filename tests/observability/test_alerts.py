"""Every alert is worth its noise: somebody has tried when it fires, and whoever is called is told what to do."""

import re
from pathlib import Path

import pytest

from tests.observability.alerts import RUNBOOKS, Alert, alerts
from tests.observability.sources import OBSERVABILITY, ROOT, RULE_TESTS

_SECTIONS = ["What it means", "How to look", "What to do"]
_CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

every_alert = pytest.mark.parametrize("alert", [*alerts()], ids=lambda alert: alert.name)
every_runbook = pytest.mark.parametrize(
    "runbook", sorted({alert.runbook for alert in alerts() if alert.runbook}), ids=lambda path: path.stem
)


def test_what_an_operator_would_miss_has_an_alert() -> None:
    assert {
        "AvailabilityBudgetBurnsFast",
        "LatencyBudgetBurnsFast",
        "ServiceGone",
        "BreakerOpen",
        "RateLimitDegraded",
        "RevocationFeedLost",
        "EventsGivenUp",
        "EventsWait",
    } <= {alert.name for alert in alerts()}


@every_alert
def test_it_says_whom_to_wake_and_what_to_read(alert: Alert) -> None:
    assert alert.severity in {"page", "ticket"}
    assert alert.runbook is not None
    assert alert.runbook.is_file()
    said = alert.runbook.read_text().partition("\n## ")[0]
    assert f"`{alert.name}`" in said


@every_alert
def test_it_is_in_the_list(alert: Alert) -> None:
    assert f"`{alert.name}`" in (OBSERVABILITY / "README.md").read_text()


@every_alert
def test_it_has_fired_in_a_test_and_kept_silent_in_one(alert: Alert) -> None:
    tried = "".join(path.read_text() for path in RULE_TESTS)
    assert re.search(rf"alertname: {alert.name}, eval_time: \w+, exp_alerts: \[\]", tried)
    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n +exp_alerts:(?: &\w+)?\n", tried)


@every_runbook
def test_it_says_what_it_means_how_to_look_and_what_to_do(runbook: Path) -> None:
    text = runbook.read_text()
    assert _CHAPTER.findall(text) == _SECTIONS
    for section in re.split(_CHAPTER, text)[2::2]:
        assert len(section.split()) > 20, runbook


@every_runbook
def test_it_calls_alerts_by_their_names(runbook: Path) -> None:
    said = re.search(r"^Alerts?: (.+?)\n\n", runbook.read_text(), re.MULTILINE | re.DOTALL)
    assert said is not None
    assert set(re.findall(r"`(\w+)`", said[1])) == {alert.name for alert in alerts() if alert.runbook == runbook}


@pytest.mark.parametrize("runbook", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_its_links_lead_somewhere(runbook: Path) -> None:
    for link in _LINK.findall(runbook.read_text()):
        target = (runbook.parent / link).resolve()
        assert target.is_file(), link
        assert target.is_relative_to(ROOT)
