"""Which deliveries are at the wrong rate."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sources.byte_rate import PAUSE_S, SETTLE_S, WINDOW_S, ByteRate


def verdicts(
    *, speed: float, block_s: float, duration_s: float, start_burst_s: float = 0.0
) -> list[float]:
    """What a source of that speed that delivers in blocks is told."""
    rate = ByteRate()
    found = [rate.note(start_burst_s, now_s=100.0, is_caught_up=True)]
    found += [
        rate.note(block_s * speed, now_s=100.0 + number * block_s, is_caught_up=True)
        for number in range(1, int(duration_s / block_s))
    ]
    return [ratio for ratio in found if ratio is not None]


@settings(max_examples=60, deadline=None)
@given(st.floats(0.96, 1.04), st.floats(0.01, PAUSE_S), st.floats(0.0, 10.0))
def test_the_right_rate_is_right_in_blocks_of_any_size_after_any_burst(
    speed: float, block_s: float, start_burst_s: float
) -> None:
    assert (
        verdicts(speed=speed, block_s=block_s, duration_s=60.0, start_burst_s=start_burst_s) == []
    )


@pytest.mark.parametrize("speed", [0.5, 0.94, 1.06, 3.0])
def test_a_wrong_rate_is_found_within_a_window_after_settling(speed: float) -> None:
    found = verdicts(speed=speed, block_s=0.2, duration_s=SETTLE_S + WINDOW_S + 1.0)

    assert found == [pytest.approx(speed, rel=0.02)]


def test_a_flood_is_found_though_it_never_ebbs() -> None:
    rate = ByteRate()
    found = [
        rate.note(1.0, now_s=number * 0.1, is_caught_up=False)
        for number in range(int((SETTLE_S + WINDOW_S) / 0.1) + 3)
    ]

    assert [ratio for ratio in found if ratio] == [pytest.approx(10.0, rel=0.02)]


def test_what_waits_unread_is_not_missing() -> None:
    rate = ByteRate()
    for number in range(150):
        assert rate.note(0.1, now_s=number * 0.1, is_caught_up=True) is None
    # We were busy for 1.5 s, at the very end of the window.
    assert rate.note(1.0, now_s=16.4, is_caught_up=False) is None
    assert rate.note(0.5, now_s=16.4, is_caught_up=True) is None


def arrivals(*gaps_s: float, block_s: float = 0.2, duration_s: float = 600.0) -> list[float]:
    """What a source is told that delivers in time, but for what falls into its gaps.

    They come again and again; we turn whenever there could be a block.
    """
    rate, found, now_s = ByteRate(), [], 0.0
    gaps = itertools.cycle(gaps_s)
    due_s = next(gaps)
    while now_s < duration_s:
        now_s += block_s
        rate.turn(now_s)
        due_s -= block_s
        if due_s > 0:
            found.append(rate.note(block_s, now_s=now_s, is_caught_up=True))
            continue
        silent_s = next(gaps)
        for _ in range(int(silent_s / block_s)):
            now_s += block_s
            rate.turn(now_s)
        due_s = next(gaps)
    return [ratio for ratio in found if ratio is not None]


@pytest.mark.parametrize(
    ("sound_s", "gap_s", "within_s"), [(0.4, 2.8, 30.0), (11.5, 2.5, 60.0), (20.0, 4.0, 60.0)]
)
def test_a_source_that_pauses_again_and_again_is_losing_sound(
    sound_s: float, gap_s: float, within_s: float
) -> None:
    assert arrivals(sound_s, gap_s, duration_s=within_s) != []


def test_a_source_that_pauses_now_and_then_is_left_alone() -> None:
    assert arrivals(150.0, 4.0) == []


def test_what_a_source_has_buffered_over_its_pause_is_not_lost() -> None:
    rate, now_s = ByteRate(), 0.0
    for _ in range(40):
        for _ in range(40):
            now_s += 0.2
            rate.turn(now_s)
            assert rate.note(0.2, now_s=now_s, is_caught_up=True) is None
        for _ in range(20):
            now_s += 0.2
            rate.turn(now_s)
        for is_last in (False, False, False, True):
            assert rate.note(1.0, now_s=now_s, is_caught_up=is_last) is None


def test_a_night_of_the_machine_is_no_fault_of_the_source() -> None:
    rate = ByteRate()
    for number in range(100):
        rate.turn(number * 0.1)
        rate.note(0.1, now_s=number * 0.1, is_caught_up=True)
    for number in range(400):
        rate.turn(30_000 + number * 0.1)
        assert rate.note(0.1, now_s=30_000 + number * 0.1, is_caught_up=True) is None
