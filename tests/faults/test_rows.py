"""Every row in its short form; what depends on the speed of the machine is `just drill`'s to judge."""

from collections.abc import Mapping

import pytest

from tests.conftest import StartStack
from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill
from tests.faults.stage import Stage
from tests.running.stacks import Stack


@pytest.fixture(scope="session")
def stage(start_stack: StartStack) -> Stage:
    def start(environ: Mapping[str, str], replicas: Mapping[str, int]) -> Stack:
        return start_stack(environ, replicas)

    return Stage(start, long=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("drill", [pytest.param(drill, id=str(number)) for number, drill in catalogue().items()])
def test_what_must_happen_happens(drill: Drill, stage: Stage) -> None:
    findings = drill.run(stage)
    print(*findings, sep="\n")
    assert findings
    assert not [str(finding) for finding in findings if not (finding.passed or finding.clock)]
