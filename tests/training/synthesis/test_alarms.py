import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthesis.envelopes import (
    energy_outside_spans,
    measured_pulses,
    peak_frequency_hz,
)
from training.synthesis.alarm_kinds import AlarmParameters, Unit
from training.synthesis.alarms import ALARM_NODES, draw_alarm, render_alarm, t3_alarm
from training.synthesis.cadence import T3, T4, Cadence, matches
from training.synthesis.sounder import Sounder, draw_low_tone, draw_piezo, sound

SEEDS = st.integers(0, 2**32 - 1)
RINGING_S = 0.025  # a pulse measured at half level may last so much longer than it is driven


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _steady(pitch_hz: float = 3_000.0) -> Sounder:
    return Sounder(pitch_hz=pitch_hz, harmonics=(1.0, 0.2), attack_s=0.02, decay_s=0.05)


def _alarm(node: str, cadence: Cadence | None, **settings_: float) -> AlarmParameters:
    unit = Unit(sounder=_steady(), cadence=cadence, phase_s=0.0, gain=1.0)
    return AlarmParameters(
        node=node,
        units=(unit,),
        lead_fraction=settings_.get("lead_fraction", 0.0),
        sounding_s=settings_.get("sounding_s", 60.0),
    )


def _plain_draws(node: str, count: int) -> list[AlarmParameters]:
    """Draws of one unit whose loudness neither beats nor trembles, from the start of a clip."""
    found = []
    for seed in itertools.count():
        params = draw_alarm(_rng(seed), node)
        if len(params.units) != 1 or params.voice is not None or params.sounding_s < 4.0:
            continue
        unit = params.units[0]
        groups = unit.cadence is not None and unit.cadence.count > 1
        if groups and unit.sounder.detune_hz == 0.0 and unit.phase_s == params.lead_fraction == 0.0:
            found.append(params)
        if len(found) == count:
            return found
    raise AssertionError


@pytest.mark.parametrize(("node", "nominal"), [("smoke_alarm", T3), ("co_alarm", T4)])
def test_the_sound_keeps_the_cadence_within_the_standard(node: str, nominal: Cadence) -> None:
    for params in _plain_draws(node, 8):
        rendered = render_alarm(params, 13.0, _rng())
        assert matches(rendered.pulses, nominal)
        heard = measured_pulses(rendered.samples)
        assert len(heard) == len(rendered.pulses)
        assert np.allclose(heard, rendered.pulses, atol=RINGING_S)


def test_textbook_t3_has_its_pitch_and_its_pulses() -> None:
    rendered = render_alarm(t3_alarm(3_100.0), 8.0, _rng())
    assert peak_frequency_hz(rendered.samples) == pytest.approx(3_100.0, abs=2.0)
    assert matches(measured_pulses(rendered.samples), T3)


@given(node=st.sampled_from(ALARM_NODES), seed=SEEDS, duration_s=st.floats(0.2, 6.0))
@settings(deadline=None, max_examples=60)
def test_any_alarm_is_finite_bounded_audible_and_inside_its_span(
    node: str, seed: int, duration_s: float
) -> None:
    rng = _rng(seed)
    params = draw_alarm(rng, node)
    rendered = render_alarm(params, duration_s, rng)
    assert rendered.samples.dtype == np.float32
    assert len(rendered.samples) == round(duration_s * 16_000)
    assert np.isfinite(rendered.samples).all()
    assert 0.5 < np.abs(rendered.samples).max() <= 1.0
    (span,) = rendered.spans
    assert span.node == params.node
    assert 0.0 <= span.onset_s < span.offset_s <= rendered.duration_s + 1e-9
    assert energy_outside_spans(rendered) < 0.01
    times = [time_s for pulse in rendered.pulses for time_s in pulse]
    assert times == sorted(times)
    assert times[0] == span.onset_s
    assert times[-1] <= span.offset_s


@pytest.mark.parametrize("node", ALARM_NODES)
def test_equal_generators_give_equal_sounds(node: str) -> None:
    first, second = (render_alarm(draw_alarm(rng, node), 3.0, rng) for rng in (_rng(7), _rng(7)))
    assert np.array_equal(first.samples, second.samples)
    assert first.spans == second.spans
    other_rng = _rng(8)
    other = render_alarm(draw_alarm(other_rng, node), 3.0, other_rng)
    assert not np.array_equal(first.samples, other.samples)


def test_a_fragment_may_be_shorter_than_a_beep() -> None:
    rendered = render_alarm(_alarm("smoke_alarm", T3, sounding_s=0.15), 2.0, _rng())
    assert rendered.pulses == ((0.0, 0.15),)
    assert rendered.spans[0].offset_s == 0.15


def test_draws_contain_fragments_and_whole_alarms() -> None:
    lengths_s = [draw_alarm(_rng(seed), "smoke_alarm").sounding_s for seed in range(300)]
    assert 0.15 <= min(lengths_s) < 0.3
    assert np.mean(np.array(lengths_s) > 4.0) > 0.5


def test_the_span_covers_pauses_and_goes_on_to_the_end_of_the_clip() -> None:
    rendered = render_alarm(_alarm("smoke_alarm", T3, lead_fraction=0.25), 4.0, _rng())
    (span,) = rendered.spans
    assert span.onset_s == pytest.approx(1.0)
    assert span.offset_s == 4.0
    assert rendered.pulses[-1][1] == pytest.approx(3.5)


def test_a_span_ends_with_the_last_pulse_of_an_alarm_that_ends() -> None:
    rendered = render_alarm(_alarm("smoke_alarm", T3, sounding_s=3.0), 6.0, _rng())
    assert rendered.spans[0].offset_s == pytest.approx(2.5)


def test_a_clip_never_holds_only_the_pause() -> None:
    unit = Unit(sounder=_steady(), cadence=T4, phase_s=1.5, gain=1.0)
    params = AlarmParameters(node="co_alarm", units=(unit,), lead_fraction=0.0, sounding_s=60.0)
    assert render_alarm(params, 2.0, _rng()).pulses[0] == (0.0, 0.1)


def test_a_continuous_alarm_is_one_pulse() -> None:
    rendered = render_alarm(_alarm("smoke_alarm", None), 3.0, _rng())
    assert rendered.pulses == ((0.0, 3.0),)


@given(seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_a_low_battery_chirp_sounds_exactly_once_in_a_short_clip(seed: int) -> None:
    rng = _rng(seed)
    rendered = render_alarm(draw_alarm(rng, "low_battery_chirp"), 10.0, rng)
    ((on_s, off_s),) = rendered.pulses
    assert 0.019 <= off_s - on_s <= 0.121


def test_pitches_are_often_usual_but_reach_from_horns_to_four_and_a_half_kilohertz() -> None:
    rng = _rng()
    pitches = np.array([draw_piezo(rng).pitch_hz for _ in range(800)])
    assert np.mean((pitches >= 2_800.0) & (pitches <= 3_600.0)) > 0.4
    assert 400.0 <= pitches.min() < 600.0
    assert 4_200.0 < pitches.max() <= 4_500.0


def test_two_tones_in_turn_have_two_pitches_and_nothing_between() -> None:
    sounder = replace(draw_piezo(_rng()), pitch_hz=1_000.0, harmonics=(1.0,), detune_hz=0.0)
    sounder = replace(sounder, sweep_hz=2.0, sweep_depth=0.4, sweep_steps=True, glide=0.0)
    heard = sound(sounder, ((0.0, 2.0),), 32_000, _rng())
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    hz = np.fft.rfftfreq(len(heard), 1 / 16_000)
    near = (np.abs(hz - 800) < 60) | (np.abs(hz - 1_200) < 60)
    assert power[near].sum() > 0.95 * power.sum()


def test_the_low_tone_is_a_square_wave_about_520_hz() -> None:
    rng = _rng()
    drawn = [draw_low_tone(rng) for _ in range(80)]
    usual = [sounder for sounder in drawn if 468.0 <= sounder.pitch_hz <= 572.0]
    assert len(usual) > 40
    for sounder in usual:
        odd, even = sounder.harmonics[0::2], sounder.harmonics[1::2]
        assert min(odd[:3]) > max(even)


def test_two_units_of_one_house_are_both_heard() -> None:
    units = (
        Unit(sounder=_steady(2_900.0), cadence=T3, phase_s=0.0, gain=1.0),
        Unit(sounder=_steady(3_400.0), cadence=T3, phase_s=1.0, gain=0.8),
    )
    params = AlarmParameters(node="smoke_alarm", units=units, lead_fraction=0.0, sounding_s=60.0)
    rendered = render_alarm(params, 4.0, _rng())
    spectrum = np.abs(np.fft.rfft(rendered.samples))
    assert spectrum[2_900 * 4] > 20.0 * np.median(spectrum)
    assert spectrum[3_400 * 4] > 20.0 * np.median(spectrum)


def test_a_voice_alarm_speaks_in_its_pauses() -> None:
    for seed in itertools.count():
        params = draw_alarm(_rng(seed), "smoke_alarm")
        is_long = params.sounding_s > 8.0 and params.lead_fraction < 0.3
        if params.voice is not None and is_long and len(params.units) == 1:
            break
    rendered = render_alarm(params, 12.0, _rng())
    level = np.abs(rendered.samples)
    pauses = [
        (before[1], after[0])
        for before, after in itertools.pairwise(rendered.pulses)
        if after[0] - before[1] > 1.2
    ]
    assert pauses
    for quiet_s, next_s in pauses:
        assert level[round((quiet_s + 0.2) * 16_000) : round(next_s * 16_000)].max() > 0.05


def test_a_fire_bell_is_struck_ten_to_twenty_five_times_a_second() -> None:
    for seed in range(20):
        params = draw_alarm(_rng(seed), "fire_bell")
        assert params.bell is not None
        assert 10.0 <= params.bell.strikes_hz <= 25.0
        ratios = np.array(params.bell.frequencies_hz) / params.bell.frequencies_hz[0]
        assert np.abs(ratios - np.round(ratios)).max() > 0.1  # inharmonic
