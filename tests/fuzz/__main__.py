"""`just fuzz`: feeds every target for a while, and reports."""

import argparse
import sys
import traceback
from time import monotonic

from loguru import logger

from tests.fuzz.campaign import Campaign
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

_EXAMPLES_A_ROUND = 300


def _fuzz(target: Target, seconds: float) -> bool:
    """Fuzzes one target, and returns whether it passed."""
    campaign = Campaign(target, measures_steps=True)
    end = monotonic() + seconds
    try:
        while monotonic() < end:
            campaign.run(_EXAMPLES_A_ROUND)
        campaign.check_memory()
    except Exception:
        traceback.print_exc()
        passed = False
    else:
        passed = True
    found = campaign.findings
    sys.stdout.write(
        f"{'pass' if passed else 'FAIL'}  {target.name:<24} {found.inputs:>8} inputs, longest step "
        f"{found.longest_step_ms:.1f} ms (at most {target.max_step_ms:g}), {found.growth_blocks} blocks retained\n"
    )
    sys.stdout.flush()
    return passed


def main() -> int:
    """Runs the command line, and returns the exit code: 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="just fuzz", description="Fuzz everything that parses external input.")
    parser.add_argument("seconds", nargs="?", type=float, default=60.0, help="for each target (60)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"only these: {', '.join(TARGETS)}")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.targets) - set(TARGETS)):
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    logger.remove()
    results = [_fuzz(TARGETS[name], arguments.seconds) for name in arguments.targets or TARGETS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
