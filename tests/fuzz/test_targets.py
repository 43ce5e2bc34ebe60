"""The short form of every fuzzing target; `./just fuzz` runs longer and measures times."""

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

_EXAMPLES = 100


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_fuzz_target_accepts_any_input(target: Target) -> None:
    campaign = Campaign(target, measures_steps=False)
    campaign.run(_EXAMPLES)
    campaign.check_memory()
