"""Every row of the drill in its short form, without the findings that depend on the speed of the machine."""

from collections.abc import Iterator

import pytest

from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill
from tests.faults.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(long=False) as stage:
        yield stage


@pytest.mark.timeout(300)
@pytest.mark.parametrize("drill", [pytest.param(drill, id=str(number)) for number, drill in catalogue().items()])
def test_platform_behaves_as_required_under_fault(drill: Drill, stage: Stage) -> None:
    findings = drill.run(stage)
    print(*findings, sep="\n")
    assert findings
    assert not [str(finding) for finding in findings if not (finding.passed or finding.clock)]
