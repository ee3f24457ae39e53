"""A pause is caught up with; a machine that is too slow drops what is oldest, and says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sources.backlog import LEAST_GAIN_S, LONGEST_LAG_S, SAY_AGAIN_S, WINDOW_S, Backlog
from tests.daemon.fake_clock import FakeClock

ROOM_S = 30.0


def turns_until_dropped(*, behind_s: float, gain_s: float, room_s: float = ROOM_S) -> int | None:
    """Turns of half a second, in each of which `gain_s` is made good; None if nothing is dropped.

    A negative gain makes it worse, at most until the pipe is full.
    """
    clock = FakeClock()
    backlog = Backlog("mic", clock=clock)
    for turn in range(200):
        if backlog.is_hopeless(behind_s, room_s=room_s):
            return turn
        if behind_s == 0.0:
            return None
        behind_s = min(room_s, max(0.0, behind_s - gain_s))
        clock.advance(0.5)
    return None


def test_what_is_caught_up_with_is_not_dropped() -> None:
    assert turns_until_dropped(behind_s=25.0, gain_s=0.25) is None


def test_a_machine_that_is_too_slow_drops_within_seconds_of_the_bound() -> None:
    turns = turns_until_dropped(behind_s=0.01, gain_s=-0.25)

    assert turns is not None
    assert LONGEST_LAG_S / 0.25 < turns < (LONGEST_LAG_S / 0.25) + (WINDOW_S / 0.5) + 2


def test_a_small_pipe_is_given_up_before_it_is_full() -> None:
    assert turns_until_dropped(behind_s=0.01, gain_s=-0.25, room_s=2.0) is not None


def test_a_pipe_that_a_turn_empties_is_never_given_up() -> None:
    assert turns_until_dropped(behind_s=0.4, gain_s=0.0, room_s=0.4) is None


@given(st.floats(0.0, ROOM_S), st.floats(LEAST_GAIN_S / WINDOW_S, 5.0))
def test_whoever_gains_on_it_loses_nothing(behind_s: float, gain_s_per_s: float) -> None:
    assert turns_until_dropped(behind_s=behind_s, gain_s=gain_s_per_s / 2 + 1e-6) is None


@given(st.floats(LONGEST_LAG_S + 0.01, ROOM_S), st.floats(0.0, 0.9 * LEAST_GAIN_S / WINDOW_S))
def test_no_lag_grows_or_stays_silently(behind_s: float, loss_s_per_s: float) -> None:
    assert turns_until_dropped(behind_s=behind_s, gain_s=-loss_s_per_s / 2) is not None


def test_dropped_sound_is_counted_told_for_a_minute_and_said_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    backlog = Backlog("mic", clock=clock)

    for _ in range(70):
        backlog.note_dropped(6.0)
        clock.advance(1.0)

    assert backlog.dropped_s == 420.0
    assert backlog.lag_s == 0.0
    assert [record.getMessage()[:46] for record in caplog.records] == [
        "source mic: dropped 6.0 s of sound unheard: th",
        "source mic: dropped 360.0 s of sound unheard: ",
    ]
    assert "source mic: sound is dropped" in str(backlog.problem)
    clock.advance(SAY_AGAIN_S)
    assert backlog.problem is None
