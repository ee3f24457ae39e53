"""How tonal and how pulsed a window is, told from windows whose tones are known."""

import numpy as np
import pytest

from aed.tone_measures import TONE_MEASURES, tone_measures
from tests.aed.tables import FMAX_HZ, FMIN_HZ, noise_log_mel, with_tone


def measured(pulses: list[tuple[float, float]], pitch_hz: float = 3100.0) -> dict[str, float]:
    log_mel = with_tone(noise_log_mel(3.0), pulses, pitch_hz=pitch_hz)
    found = tone_measures(log_mel, FMIN_HZ, FMAX_HZ)
    return dict(zip(TONE_MEASURES, found.tolist(), strict=True))


def test_a_quiet_room_has_no_tone() -> None:
    found = tone_measures(np.full((300, 64), -8.0, np.float32), FMIN_HZ, FMAX_HZ)

    assert found.tolist() == [0.0] * len(TONE_MEASURES)


def test_a_steady_tone_is_on_all_the_time() -> None:
    found = measured([(0.0, 3.0)])

    assert found["pulses"] == 1.0
    assert found["on_share"] == pytest.approx(1.0)
    assert found["prominence_db"] > 20
    assert 2 ** found["log2_khz"] == pytest.approx(3.1, rel=0.05)


def test_pulses_are_counted_and_measured() -> None:
    found = measured([(0.2, 0.7), (1.2, 1.7), (2.2, 2.7)], pitch_hz=1000.0)

    assert found["pulses"] == 3.0
    assert found["longest_pulse_s"] == pytest.approx(0.5, abs=0.03)
    assert found["mean_pulse_s"] == pytest.approx(0.5, abs=0.03)
    assert found["on_share"] == pytest.approx(0.5, abs=0.03)
    assert 2 ** found["log2_khz"] == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("frames", [0, 1, 10])
def test_a_stream_that_has_just_begun_can_be_measured(frames: int) -> None:
    found = tone_measures(noise_log_mel(3.0)[:frames], FMIN_HZ, FMAX_HZ)

    assert np.isfinite(found).all()
