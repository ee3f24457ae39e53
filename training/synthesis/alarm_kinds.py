"""Which alarms there are, and how their parameters are drawn. `alarms.py` renders them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.synthesis.bell import BellParameters, draw_bell
from training.synthesis.cadence import T3, T4, Cadence
from training.synthesis.sounder import Sounder, draw_horn, draw_low_tone, draw_piezo
from training.synthesis.voice import VoiceParameters, draw_voice
from training.synthesis.waves import log_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One device.

    Attributes:
        sounder: what makes its tone.
        cadence: its rhythm, None for a tone without pause.
        phase_s: how far into the cadence it is when the sound begins.
        gain: linear, relative to the loudest unit.
    """

    sounder: Sounder
    cadence: Cadence | None
    phase_s: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmParameters:
    """One alarm as heard in one clip.

    Attributes:
        node: ontology node.
        units: devices sounding together; empty for a bell.
        lead_fraction: silence before it, as a fraction of the clip, 0 to below 1.
        sounding_s: how long it sounds at most; the end of the clip may cut it earlier.
        voice: who speaks in the pauses of a voice alarm.
        bell: the bell, if it is one.
    """

    node: str
    units: tuple[Unit, ...]
    lead_fraction: float
    sounding_s: float
    voice: VoiceParameters | None = None
    bell: BellParameters | None = None


def draw_smoke(rng: np.random.Generator) -> AlarmParameters:
    """A smoke alarm: T3 mostly, or low-pitched, continuous, pulsing, or with a voice."""
    kinds = ("t3", "low", "continuous", "pulsing", "voice")
    kind = str(rng.choice(kinds, p=(0.49, 0.12, 0.21, 0.12, 0.06)))
    draw = {"low": draw_low_tone, "continuous": draw_horn}.get(kind, draw_piezo)
    cadence = None if kind == "continuous" else T3.drawn(rng)
    if kind == "pulsing":
        pulse_s = log_uniform(rng, 0.04, 0.7)
        gap_s = pulse_s * float(rng.uniform(0.2, 1.1))
        cadence = Cadence(count=1, pulse_s=pulse_s, gap_s=0.0, pause_s=gap_s)
    if kind == "voice":
        cadence = Cadence(
            count=3, pulse_s=T3.pulse_s, gap_s=T3.gap_s, pause_s=float(rng.uniform(1.35, 4.0))
        )
    units = _draw_units(rng, draw, cadence)
    lead_fraction, sounding_s = _draw_window(rng)
    voice = draw_voice(rng) if kind == "voice" else None
    return AlarmParameters(
        node="smoke_alarm",
        units=units,
        lead_fraction=lead_fraction,
        sounding_s=sounding_s,
        voice=voice,
    )


def draw_co(rng: np.random.Generator) -> AlarmParameters:
    """A carbon monoxide alarm: T4."""
    lead_fraction, sounding_s = _draw_window(rng)
    return AlarmParameters(
        node="co_alarm",
        units=_draw_units(rng, draw_piezo, T4.drawn(rng)),
        lead_fraction=lead_fraction,
        sounding_s=sounding_s,
    )


def draw_chirp(rng: np.random.Generator) -> AlarmParameters:
    """A low-battery chirp: 20 to 120 ms, alone within 30 s at least."""
    pulse_s = log_uniform(rng, 0.02, 0.12)
    cadence = Cadence(count=1, pulse_s=pulse_s, gap_s=0.0, pause_s=float(rng.uniform(30.0, 60.0)))
    unit = Unit(sounder=draw_piezo(rng), cadence=cadence, phase_s=0.0, gain=1.0)
    return AlarmParameters(
        node="low_battery_chirp",
        units=(unit,),
        lead_fraction=float(rng.uniform(0.0, 0.95)),
        sounding_s=60.0,
    )


def draw_fire_bell(rng: np.random.Generator) -> AlarmParameters:
    """An electromechanical fire bell."""
    lead_fraction, sounding_s = _draw_window(rng)
    return AlarmParameters(
        node="fire_bell",
        units=(),
        lead_fraction=lead_fraction,
        sounding_s=max(sounding_s, 0.4),
        bell=draw_bell(rng),
    )


def _draw_window(rng: np.random.Generator) -> tuple[float, float]:
    """(lead fraction, sounding seconds): fragments from 0.15 s, or longer than most clips."""
    if rng.uniform() < _FRAGMENT_SHARE:
        sounding_s = log_uniform(rng, 0.15, 2.0)
        return float(rng.uniform(0.0, 0.9)), sounding_s
    lead_fraction = float(rng.uniform(0.0, 0.6)) if rng.uniform() < _LEAD_SHARE else 0.0
    return lead_fraction, float(rng.uniform(4.0, 60.0))


def _draw_units(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], Sounder],
    cadence: Cadence | None,
) -> tuple[Unit, ...]:
    """One device, or at times a second, quieter and unsynchronised, as interconnected alarms."""
    period_s = cadence.period_s if cadence else 1.0
    units = [
        Unit(
            sounder=draw(rng),
            cadence=cadence,
            phase_s=float(rng.uniform(0.0, period_s)) if rng.uniform() < _MID_SHARE else 0.0,
            gain=1.0,
        )
    ]
    if rng.uniform() < _SECOND_SHARE:
        second = Unit(
            sounder=draw(rng),
            cadence=cadence,
            phase_s=float(rng.uniform(0.0, period_s)),
            gain=float(rng.uniform(0.1, 0.9)),
        )
        units.append(second)
    return tuple(units)


_FRAGMENT_SHARE = 0.25
_LEAD_SHARE = 0.5
_MID_SHARE = 0.5
_SECOND_SHARE = 0.12
