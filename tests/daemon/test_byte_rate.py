"""Which deliveries are at the wrong rate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.byte_rate import PAUSE_S, SETTLE_S, WINDOW_S, ByteRate


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


def test_a_night_of_the_machine_is_no_fault_of_the_source() -> None:
    rate = ByteRate()
    for number in range(100):
        rate.note(0.1, now_s=number * 0.1, is_caught_up=True)
    for number in range(400):
        assert rate.note(0.1, now_s=30_000 + number * 0.1, is_caught_up=True) is None
