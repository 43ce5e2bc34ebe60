"""How many examples hypothesis tries: few in `just test-fast`, the numbers in the tests otherwise."""

from hypothesis import settings

FAST = "fast"
_FEW = 5


def register_profiles() -> None:
    """Makes `--hypothesis-profile=fast` known."""
    settings.register_profile(FAST, max_examples=_FEW, stateful_step_count=20, deadline=None)


def examples(count: int) -> int:
    """Returns the number of examples for a test that tries ``count`` of them in a full run.

    A test with its own `max_examples` is not affected by a profile unless the number comes from here.
    """
    return min(count, _FEW) if settings.get_current_profile_name() == FAST else count
