"""A minute at home, for the demonstration: talk, dishes, a smoke alarm, a broken window.

`python -m training.synthesis.scene OUT.wav` writes it for people to listen to.
"""

import argparse
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.synthesis.alarms import render_alarm, t3_alarm
from training.synthesis.breaking import BreakParameters, render_glass
from training.synthesis.cadence import T3
from training.synthesis.flows import FlowParameters, render_flow
from training.synthesis.hits import HitsParameters, render_hits
from training.synthesis.rendered import (
    SAMPLE_RATE_HZ,
    Rendered,
    Samples,
    Span,
    place,
    sample_count,
)
from training.synthesis.rooms import RoomParameters, apply, render_room
from training.synthesis.voice import VoiceParameters, render_voice

DURATION_S = 60.0
ALARM_PITCH_HZ = 3_100.0
ALARM_ONSET_S = 16.0
ALARM_CYCLES = 4
BREAK_ONSET_S = 44.0

_ROOM = RoomParameters(rt60_s=0.4, volume_m3=45.0, distance_m=2.0, reflections=8, door_hz=None)
_BACKGROUND = FlowParameters(
    node=None, slope_db_per_octave=-4.0, low_hz=40.0, high_hz=6_000.0, hum_hz=50.0, hum_gain=0.3
)
_TALKERS = (
    VoiceParameters(
        pitch_hz=115.0,
        intonation=0.2,
        tract=1.0,
        syllables_hz=4.2,
        fricatives=0.35,
        pauses=0.15,
        breath=0.03,
    ),
    VoiceParameters(
        pitch_hz=205.0,
        intonation=0.25,
        tract=1.17,
        syllables_hz=4.8,
        fricatives=0.35,
        pauses=0.15,
        breath=0.04,
    ),
)
_DISHES = HitsParameters(
    node="dishes",
    interval_s=0.16,
    irregularity=0.9,
    times=7,
    rest_s=0.6,
    low_hz=1_200.0,
    high_hz=4_200.0,
    decay_s=0.02,
    click=0.3,
    click_s=0.002,
    pieces=8,
    spread=0.6,
    lead_fraction=0.0,
)
_PANE = BreakParameters(
    node="window_glass",
    low_hz=1_700.0,
    high_hz=7_600.0,
    decay_s=0.016,
    fragments_hz=900.0,
    cascade_s=0.18,
    lasting_s=1.4,
    thud_hz=110.0,
    thud_decay_s=0.06,
    thud_gain=0.6,
    lag_s=0.012,
    crack_gain=1.0,
    crack_s=0.015,
    landing_s=0.4,
    landing_gain=0.7,
    landing_fragments=110.0,
)


def home_scene(seed: int = 0) -> Rendered:
    """Synthesise the scene.

    Args:
        seed: every seed gives another minute with the same events at the same times.

    Returns:
        60 s, peak below 1, with spans of `speech` (2 to 9 s), `dishes` (10 to 14 s), `smoke_alarm`
        (T3 at 3.1 kHz, four cycles from 16 s), `speech` again (34 to 40 s) and `window_glass`
        (from 44 s). Spans name the direct sound; the room rings on after them.
    """
    rng = np.random.default_rng(seed)
    background = render_flow(_BACKGROUND, DURATION_S, rng)
    mix = _at_level(background.samples, -58.0)
    alarm_s = (ALARM_CYCLES - 1) * T3.period_s + T3.group_s
    alarm = render_alarm(t3_alarm(ALARM_PITCH_HZ, sounding_s=alarm_s), alarm_s + 0.2, rng)
    events = (
        (2.0, 2.0, -32.0, _babble(_TALKERS[0], 7.0, rng)),
        (10.0, 2.5, -32.0, render_hits(_DISHES, 4.0, rng)),
        (ALARM_ONSET_S, 4.0, -16.0, alarm),
        (34.0, 2.5, -32.0, _babble(_TALKERS[1], 6.0, rng)),
        (BREAK_ONSET_S, 3.0, -17.0, render_glass(_PANE, rng)),
    )
    spans: list[Span] = []
    for onset_s, distance_m, level_dbfs, event in events:
        placed = place(event, onset_s=onset_s, duration_s=DURATION_S)
        response = render_room(replace(_ROOM, distance_m=distance_m), rng)
        heard = apply(placed.samples, response)
        mix += heard * _gain(apply(event.samples, response), level_dbfs)
        spans.extend(placed.spans)
    loudest = float(np.max(np.abs(mix)))
    mix *= np.float32(min(1.0, _CEILING / loudest))
    return Rendered(samples=mix, spans=tuple(spans), pulses=alarm_pulses(alarm))


def alarm_pulses(alarm: Rendered) -> tuple[tuple[float, float], ...]:
    """Pulses of the alarm in the time of the scene."""
    return tuple((on_s + ALARM_ONSET_S, off_s + ALARM_ONSET_S) for on_s, off_s in alarm.pulses)


def write_wav(path: Path, samples: Samples) -> None:
    """Write mono samples as 16-bit PCM at SAMPLE_RATE_HZ.

    Args:
        path: where; an existing file is replaced.
        samples: (S,) float32; clipped to full scale.
    """
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32_767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm.tobytes())


def main(arguments: list[str] | None = None) -> int:
    """Write the scene and say what sounds when."""
    parser = argparse.ArgumentParser(prog="python -m training.synthesis.scene")
    parser.add_argument("out", type=Path, metavar="OUT.wav")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    scene = home_scene(options.seed)
    write_wav(options.out, scene.samples)
    for span in scene.spans:
        print(f"{span.onset_s:6.2f} s to {span.offset_s:6.2f} s  {span.node}")
    return 0


def _babble(voice: VoiceParameters, duration_s: float, rng: np.random.Generator) -> Rendered:
    samples = render_voice(voice, duration_s, rng)
    span = Span(node="speech", onset_s=0.0, offset_s=sample_count(duration_s) / SAMPLE_RATE_HZ)
    return Rendered(samples=samples, spans=(span,))


def _gain(samples: Samples, level_dbfs: float) -> np.float32:
    """Factor that brings samples to an RMS level."""
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    return np.float32(10.0 ** (level_dbfs / 20.0) / max(rms, 1e-9))


def _at_level(samples: Samples, level_dbfs: float) -> Samples:
    return samples * _gain(samples, level_dbfs)


_CEILING = 0.95

if __name__ == "__main__":
    raise SystemExit(main())
