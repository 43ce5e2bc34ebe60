"""The schedule of signing keys: when they sign, and until when they are published."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from user_svc.adapters.signing.key_schedule import KeyState, schedule
from user_svc.adapters.signing.signing_key import new_key

TOKENS_LIVE_S = 930
KEY = new_key(0)
times = st.integers(0, 5000).map(float)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(starts=st.lists(times, min_size=1, max_size=6), now=times)
def test_one_key_signs_while_earlier_ones_are_superseded_and_later_ones_wait(starts: list[float], now: float) -> None:
    keys = [replace(KEY, kid=f"k{at}", signs_from=start) for at, start in enumerate(starts)]
    scheduled = schedule(keys, now, TOKENS_LIVE_S)
    states = [each.state for each in scheduled]
    signing = states.index(KeyState.SIGNING)
    assert states[signing + 1 :] == [KeyState.NEXT] * (len(states) - signing - 1)
    assert set(states[:signing]) <= {KeyState.VERIFYING, KeyState.EXPIRED}
    assert sorted(states[:signing], key=lambda state: state is KeyState.VERIFYING) == states[:signing]
    assert scheduled[signing].key.signs_from <= now or signing == 0
    assert all(each.key.signs_from > now for each in scheduled[signing + 1 :])
    assert [each.retires_at for each in scheduled] == [
        *(each.key.signs_from + TOKENS_LIVE_S for each in scheduled[1:]),
        None,
    ]


def test_key_expires_with_the_last_token_that_it_signed() -> None:
    old, new = replace(KEY, kid="old"), replace(KEY, kid="new", signs_from=100.0)
    states = {now: schedule([new, old], now, TOKENS_LIVE_S)[0].state for now in (99, 100, 1029.9, 1030)}
    assert list(states.values()) == [KeyState.SIGNING, KeyState.VERIFYING, KeyState.VERIFYING, KeyState.EXPIRED]


def test_some_key_signs_even_if_the_clock_is_behind() -> None:
    assert [each.state for each in schedule([replace(KEY, signs_from=100.0)], 99, TOKENS_LIVE_S)] == [KeyState.SIGNING]
