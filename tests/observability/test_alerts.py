"""Every alert has rule tests, and a runbook that says what to do."""

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


def test_required_alerts_exist() -> None:
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
def test_alert_has_a_severity_and_a_runbook(alert: Alert) -> None:
    assert alert.severity in {"page", "ticket"}
    assert alert.runbook is not None
    assert alert.runbook.is_file()
    introduction = alert.runbook.read_text().partition("\n## ")[0]
    assert f"`{alert.name}`" in introduction


@every_alert
def test_alert_is_listed_in_the_readme(alert: Alert) -> None:
    assert f"`{alert.name}`" in (OBSERVABILITY / "README.md").read_text()


@every_alert
def test_alert_has_rule_tests_where_it_fires_and_where_it_does_not(alert: Alert) -> None:
    tests = "".join(path.read_text() for path in RULE_TESTS)
    assert re.search(rf"alertname: {alert.name}, eval_time: \w+, exp_alerts: \[\]", tests)
    assert re.search(rf"alertname: {alert.name}\n +eval_time: \w+\n +exp_alerts:(?: &\w+)?\n", tests)


@every_runbook
def test_runbook_has_the_three_sections(runbook: Path) -> None:
    text = runbook.read_text()
    assert _CHAPTER.findall(text) == _SECTIONS
    for section in re.split(_CHAPTER, text)[2::2]:
        assert len(section.split()) > 20, runbook


@every_runbook
def test_runbook_names_its_alerts(runbook: Path) -> None:
    listed = re.search(r"^Alerts?: (.+?)\n\n", runbook.read_text(), re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == {alert.name for alert in alerts() if alert.runbook == runbook}


@pytest.mark.parametrize("runbook", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_links_of_a_runbook_exist(runbook: Path) -> None:
    for link in _LINK.findall(runbook.read_text()):
        target = (runbook.parent / link).resolve()
        assert target.is_file(), link
        assert target.is_relative_to(ROOT)
