"""Level and cost of the last minute."""

import numpy as np
import pytest

from aed.posteriors import Posteriors
from daemon.health.meter import SPAN_S, Meter
from tests.daemon.fake_clock import FakeClock


def frames(*levels_dbfs: float) -> Posteriors:
    return Posteriors(
        values=np.zeros((len(levels_dbfs), 1), np.float32),
        start_frame=0,
        level_dbfs=np.array(levels_dbfs, np.float32),
        log_mel=np.zeros((10 * len(levels_dbfs), 4), np.float32),
    )


def test_the_level_is_that_of_the_power_and_the_cost_that_of_a_second() -> None:
    meter = Meter(clock=FakeClock())
    meter.note(frames(-20.0, -20.0, -120.0, -120.0), took_s=0.004)
    meter.note(frames(), took_s=0.001)
    meter.note(frames(-20.0), took_s=0.005)

    assert meter.level_dbfs == pytest.approx(-20.0 + 10 * np.log10(3 / 5))
    assert meter.heard_s == pytest.approx(0.5)
    assert meter.took_s == pytest.approx(0.010)
    assert meter.longest_s_per_s == pytest.approx(0.05)


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    clock = FakeClock()
    meter = Meter(clock=clock)
    meter.note(frames(0.0), took_s=1.0)
    finished_s = clock.boottime
    clock.advance(SPAN_S / 2)
    meter.note(frames(-60.0), took_s=0.001)
    clock.advance(SPAN_S / 2 + 1.0)

    assert meter.level_dbfs == pytest.approx(-60.0)
    assert meter.longest_s_per_s == pytest.approx(0.01)
    clock.advance(SPAN_S)
    assert meter.level_dbfs is None
    assert (meter.heard_s, meter.took_s, meter.longest_s_per_s) == (0.0, 0.0, 0.0)
    assert meter.finished_s == finished_s + SPAN_S / 2


def test_calls_that_complete_no_frame_are_no_sign_of_life() -> None:
    meter = Meter(clock=FakeClock())
    meter.note(frames(), took_s=0.1)

    assert meter.finished_s is None


@pytest.mark.parametrize("level_dbfs", [float("nan"), float("inf"), float("-inf")])
def test_a_level_that_is_no_number_is_not_told(level_dbfs: float) -> None:
    meter = Meter(clock=FakeClock())
    meter.note(frames(level_dbfs), took_s=0.001)

    assert meter.level_dbfs is None
