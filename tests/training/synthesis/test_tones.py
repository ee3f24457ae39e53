import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthesis.envelopes import energy_outside_spans, measured_pulses
from training.synthesis.cadence import T3, T4, matches
from training.synthesis.notes import Note, Timbre, beeps, play, pulses_of
from training.synthesis.tones import TONE_NODES, draw_tone, render_tone

SEEDS = st.integers(0, 2**32 - 1)


@given(seed=SEEDS, node=st.sampled_from(TONE_NODES))
@settings(deadline=None, max_examples=150)
def test_no_everyday_signal_keeps_the_time_of_t3_or_t4(seed: int, node: str) -> None:
    params = draw_tone(np.random.default_rng(seed), node)
    pulses = pulses_of(params.notes)
    assert not matches(pulses, T3)
    assert not matches(pulses, T4)


@given(seed=SEEDS, node=st.sampled_from(TONE_NODES), duration_s=st.floats(0.3, 5.0))
@settings(deadline=None, max_examples=80)
def test_any_signal_is_finite_bounded_audible_and_inside_its_span(
    seed: int, node: str, duration_s: float
) -> None:
    rng = np.random.default_rng(seed)
    rendered = render_tone(draw_tone(rng, node), duration_s, rng)
    assert rendered.samples.dtype == np.float32
    assert np.isfinite(rendered.samples).all()
    assert 0.5 < np.abs(rendered.samples).max() <= 1.0
    (span,) = rendered.spans
    assert span.node == node
    assert 0.0 <= span.onset_s < span.offset_s <= rendered.duration_s + 1e-9
    assert energy_outside_spans(rendered) < 0.02


@pytest.mark.parametrize("node", TONE_NODES)
def test_equal_generators_give_equal_sounds(node: str) -> None:
    first, second = (
        render_tone(draw_tone(rng, node), 2.0, rng)
        for rng in (np.random.default_rng(3), np.random.default_rng(3))
    )
    assert np.array_equal(first.samples, second.samples)
    assert first.spans == second.spans


def test_beeps_sound_when_their_pulses_say() -> None:
    notes = beeps(count=4, length_s=0.3, gap_s=0.2, pitch_hz=2_000.0)
    samples = play(notes, Timbre(), 32_000, np.random.default_rng(0))
    assert np.allclose(measured_pulses(samples), pulses_of(notes), atol=0.015)


def test_a_note_glides_to_its_end() -> None:
    note = Note(on_s=0.0, length_s=1.0, pitch_hz=500.0, end_hz=2_000.0)
    samples = play((note,), Timbre(), 16_000, np.random.default_rng(0))
    for start_s, pitch_hz in ((0.1, 650.0), (0.5, 1_250.0), (0.9, 1_850.0)):
        part = samples[round((start_s - 0.02) * 16_000) : round((start_s + 0.02) * 16_000)]
        crossings = int(np.count_nonzero(np.diff(np.signbit(part))))
        assert crossings / 2.0 / 0.04 == pytest.approx(pitch_hz, rel=0.05)


def test_microwaves_beep_three_to_five_times_between_one_and_two_and_a_half_kilohertz() -> None:
    rng = np.random.default_rng(0)
    counts = set()
    for _ in range(400):
        params = draw_tone(rng, "timer_beep")
        lengths = {round(note.length_s, 6) for note in params.notes}
        if len(lengths) == 1 and min(lengths) > 0.43:
            assert all(1_000.0 <= note.pitch_hz <= 2_500.0 for note in params.notes)
            counts.add(len(params.notes))
    assert counts <= {3, 4, 5}
    assert len(counts) > 1


def test_alarm_clocks_beep_in_groups_about_once_a_second() -> None:
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(100):
        params = draw_tone(rng, "alarm_clock")
        if params.timbre.struck:
            continue
        onsets = [note.on_s for note in params.notes]
        rests = [after - before for before, after in itertools.pairwise(onsets)]
        groups = [rest for rest in rests if rest > 0.21]
        assert all(1_500.0 <= note.pitch_hz <= 3_200.0 for note in params.notes)
        assert max(groups) < 1.2
        checked += 1
    assert checked > 20
