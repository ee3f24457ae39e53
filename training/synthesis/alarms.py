"""Life-safety alarms and the low-battery chirp.

Times and pitches follow the standards where there are any (`cadence.py`); what devices add to
them is drawn: a piezo sounder's resonance and harmonics, 520 Hz square waves for bedrooms, old
horns that sound or pulse without pause, voice alarms, two alarms of one house that answer each
other. A sound may begin and end anywhere in its cadence, since a microphone hears fragments.
"""

from collections.abc import Callable

import numpy as np

from training.synthesis.alarm_kinds import (
    AlarmParameters,
    Unit,
    draw_chirp,
    draw_co,
    draw_fire_bell,
    draw_smoke,
)
from training.synthesis.bell import render_bell
from training.synthesis.cadence import T3
from training.synthesis.rendered import (
    SAMPLE_RATE_HZ,
    Pulse,
    Rendered,
    Samples,
    Span,
    at_peak,
    sample_count,
)
from training.synthesis.sounder import Sounder, sound
from training.synthesis.voice import VoiceParameters, render_voice

ALARM_NODES = ("smoke_alarm", "co_alarm", "low_battery_chirp", "fire_bell")
"""Nodes `draw_alarm` can draw."""

_LEAST_HEARD_S = 0.1


def draw_alarm(rng: np.random.Generator, node: str) -> AlarmParameters:
    """Draw the parameters of an alarm.

    Args:
        rng: source of all choices.
        node: one of ALARM_NODES.

    Returns:
        Parameters for `render_alarm`.

    Raises:
        KeyError: no such alarm.
    """
    return _DRAW[node](rng)


def t3_alarm(
    pitch_hz: float, *, lead_fraction: float = 0.0, sounding_s: float = 60.0
) -> AlarmParameters:
    """A textbook T3 smoke alarm: exact times, one clean piezo tone."""
    sounder = Sounder(pitch_hz=pitch_hz, harmonics=(1.0, 0.15), attack_s=0.006, decay_s=0.02)
    unit = Unit(sounder=sounder, cadence=T3, phase_s=0.0, gain=1.0)
    return AlarmParameters(
        node="smoke_alarm", units=(unit,), lead_fraction=lead_fraction, sounding_s=sounding_s
    )


def render_alarm(params: AlarmParameters, duration_s: float, rng: np.random.Generator) -> Rendered:
    """Render an alarm into a clip.

    Args:
        params: from `draw_alarm`.
        duration_s: length of the clip.
        rng: phases, voices, irregular strikes.

    Returns:
        The clip with one span from the first to the last audible moment, pauses between included
        (to the end of the clip, if the alarm goes on), and the pulses of all units.
    """
    count = sample_count(duration_s)
    end_s = count / SAMPLE_RATE_HZ
    onset_s = params.lead_fraction * end_s
    onset_s = min(onset_s, max(0.0, end_s - 1.5 * _LEAST_HEARD_S))
    offset_s = min(onset_s + params.sounding_s, end_s)
    samples = np.zeros(count, dtype=np.float32)
    pulses: list[Pulse] = []
    for unit in params.units:
        heard = _unit_pulses(unit, onset_s, offset_s)
        samples += unit.gain * sound(unit.sounder, heard, count, rng)
        pulses.extend(heard)
    if params.bell is not None:
        pulses.append((onset_s, offset_s))
        samples += render_bell(params.bell, onset_s, offset_s, count, rng)
    merged = _merged(pulses)
    if params.voice is not None:
        samples += _spoken_pauses(params.voice, merged, count, offset_s, rng)
    goes_on = onset_s + params.sounding_s > end_s and params.node != "low_battery_chirp"
    span = Span(
        node=params.node, onset_s=merged[0][0], offset_s=end_s if goes_on else merged[-1][1]
    )
    return Rendered(samples=at_peak(samples), spans=(span,), pulses=merged)


def _unit_pulses(unit: Unit, onset_s: float, offset_s: float) -> tuple[Pulse, ...]:
    """Pulses of a unit, from the beginning of its cadence if its phase would leave silence."""
    if unit.cadence is None:
        return ((onset_s, offset_s),)
    least_s = min(_LEAST_HEARD_S, unit.cadence.pulse_s, offset_s - onset_s)
    for phase_s in (unit.phase_s, 0.0):
        heard = unit.cadence.pulses(onset_s=onset_s, offset_s=offset_s, phase_s=phase_s)
        if sum(off_s - on_s for on_s, off_s in heard) >= 0.9 * least_s:
            break
    return heard


def _merged(pulses: list[Pulse]) -> tuple[Pulse, ...]:
    """Union of the pulses of several units."""
    union: list[Pulse] = []
    for on_s, off_s in sorted(pulses):
        if union and on_s <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], off_s))
        else:
            union.append((on_s, off_s))
    return tuple(union)


def _spoken_pauses(
    voice: VoiceParameters,
    pulses: tuple[Pulse, ...],
    count: int,
    offset_s: float,
    rng: np.random.Generator,
) -> Samples:
    """A voice in every pause of at least a second."""
    out = np.zeros(count, dtype=np.float32)
    ends = [on_s for on_s, _ in pulses[1:]] + [offset_s]
    for (_, quiet_s), next_s in zip(pulses, ends, strict=True):
        if next_s - quiet_s < 1.0:
            continue
        words = render_voice(voice, next_s - quiet_s - 0.3, rng) * np.float32(0.6)
        start = round((quiet_s + 0.15) * SAMPLE_RATE_HZ)
        words = words[: count - start]
        out[start : start + len(words)] += words
    return out


_DRAW: dict[str, Callable[[np.random.Generator], AlarmParameters]] = {
    "smoke_alarm": draw_smoke,
    "co_alarm": draw_co,
    "low_battery_chirp": draw_chirp,
    "fire_bell": draw_fire_bell,
}
