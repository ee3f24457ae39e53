import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.synthesis.cadence import T3, T4, TOLERANCE, Cadence, matches

SEEDS = st.integers(0, 2**32 - 1)


def test_t3_has_the_times_of_iso_8201() -> None:
    pulses = T3.pulses(onset_s=0.0, offset_s=8.0)
    expected = [(0.0, 0.5), (1.0, 1.5), (2.0, 2.5), (4.0, 4.5), (5.0, 5.5), (6.0, 6.5)]
    assert np.allclose(pulses, expected)
    assert T3.period_s == pytest.approx(4.0)


def test_t4_has_four_pulses_of_a_tenth_and_five_seconds_of_silence() -> None:
    pulses = T4.pulses(onset_s=1.0, offset_s=7.0)
    expected = [(1.0, 1.1), (1.2, 1.3), (1.4, 1.5), (1.6, 1.7), (6.7, 6.8), (6.9, 7.0)]
    assert np.allclose(pulses, expected)


@given(phase_s=st.floats(0.0, 20.0), onset_s=st.floats(0.0, 5.0), length_s=st.floats(0.2, 9.0))
@settings(deadline=None, max_examples=60)
def test_pulses_stay_ordered_and_inside_at_any_phase(
    phase_s: float, onset_s: float, length_s: float
) -> None:
    pulses = T3.pulses(onset_s=onset_s, offset_s=onset_s + length_s, phase_s=phase_s)
    times = [time_s for pulse in pulses for time_s in pulse]
    assert times == sorted(times)
    assert all(onset_s <= time_s <= onset_s + length_s for time_s in times)


def test_a_phase_of_a_whole_period_changes_nothing() -> None:
    first = T3.pulses(onset_s=0.5, offset_s=9.0, phase_s=0.3)
    later = T3.pulses(onset_s=0.5, offset_s=9.0, phase_s=0.3 + 3.0 * T3.period_s)
    assert np.allclose(first, later)


@given(seed=SEEDS)
@settings(deadline=None, max_examples=60)
def test_a_drawn_cadence_is_within_tolerance_and_matches_only_its_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for nominal, other in ((T3, T4), (T4, T3)):
        drawn = nominal.drawn(rng)
        for name in ("pulse_s", "gap_s", "pause_s"):
            wanted = getattr(nominal, name)
            assert abs(getattr(drawn, name) - wanted) <= TOLERANCE * wanted + 1e-9
        pulses = drawn.pulses(onset_s=0.0, offset_s=15.0)
        assert matches(pulses, nominal)
        assert not matches(pulses, other)


def test_two_or_four_pulses_are_no_t3() -> None:
    for count in (2, 4):
        cadence = Cadence(count=count, pulse_s=0.5, gap_s=0.5, pause_s=1.5)
        assert not matches(cadence.pulses(onset_s=0.0, offset_s=5.9), T3)


def test_steady_beeping_is_no_t3() -> None:
    cadence = Cadence(count=1, pulse_s=0.5, gap_s=0.0, pause_s=0.5)
    assert not matches(cadence.pulses(onset_s=0.0, offset_s=12.2), T3)
