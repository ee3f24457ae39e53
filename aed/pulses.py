"""From log-mel frames to the tones in them, and when each tone was on.

An alarm's sounder is louder in its own narrow band than the room is, so a few thresholds below its
own level, not above the noise, tell when it was on: shallow ones see through the tail of a live
room (at RT60 = 0.9 s a tone falls 6.7 dB in 0.1 s), deep ones bridge fading. All of them are
returned; whoever looks for a rhythm tries each.

Axes: L log-mel frames (10 ms), F mel bands.

Sources: mel scale of Slaney, Auditory Toolbox (1998); levels in natural log of power, as the front
end gives them (`DECIBEL` converts).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import LOG_MEL_HOP_S

DECIBEL = math.log(10.0) / 10.0
"""One dB of power in natural log units."""

LOWEST_HZ = 380.0
HIGHEST_HZ = 4_800.0
"""Alarm sounders lie between 0.4 and 4.5 kHz; the margin is a mel band's width."""

MOST_TONES = 6
DROPS_DB = (5.0, 10.0, 16.0)
"""Thresholds below a tone's own level at which its pulses are measured."""

_LEVEL_FRAMES = 5  # a tone has the level it reaches for this long in all (50 ms)
_TONAL = 6.0 * DECIBEL  # above the bands on both sides: tonal
_MOST_TONAL = 24.0 * DECIBEL  # more than that says nothing more
_PULSE_TONAL = 4.0 * DECIBEL  # mean over a pulse; less is a bang or a consonant
_CONTRAST = 3.0 * DECIBEL  # a threshold must clear the floor by this
_SHORTEST_FRAMES = 3  # shorter pulses and gaps are fluctuation
_NEAR_BANDS = 3  # tones closer than this are one tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """A stretch of time in which a tone was on, in seconds from the start of the window.

    Attributes:
        onset_s: start.
        offset_s: end.
        is_cut: it touches an edge of the window, so its true length is unknown.
    """

    onset_s: float
    offset_s: float
    is_cut: bool

    @property
    def duration_s(self) -> float:
        """Length, in seconds."""
        return self.offset_s - self.onset_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """One tone of a window, binarised at one threshold.

    Attributes:
        pitch_hz: centre of its mel band.
        level: its own level, in natural log of power.
        drop_db: how far below that the threshold stood.
        prominence_db: how far it stands above the bands beside it, mean while on.
        ripple_db: standard deviation of its level while on.
        contrast_db: level above the band's own floor; near 0 for a tone that never stops.
        pulses: in order of time, not overlapping.
        window_s: length of the window.
    """

    pitch_hz: float
    level: float
    drop_db: float
    prominence_db: float
    ripple_db: float
    contrast_db: float
    pulses: tuple[Pulse, ...]
    window_s: float


def band_centres_hz(bands: int, fmin_hz: float, fmax_hz: float) -> NDArray[np.float64]:
    """Centre frequencies of a Slaney mel filter bank, in Hz.

    Args:
        bands: number of mel bands F.
        fmin_hz: lower edge of the lowest band.
        fmax_hz: upper edge of the highest band.

    Returns:
        (F,) float64: linear below 1 kHz (200/3 Hz a mel), logarithmic above (27 mel a factor 6.4).
    """
    step, knee_hz, knee_mel = math.log(6.4) / 27.0, 1000.0, 15.0

    def mel(hz: float) -> float:
        return hz * 3 / 200 if hz < knee_hz else knee_mel + math.log(hz / knee_hz) / step

    mels = np.linspace(mel(fmin_hz), mel(fmax_hz), bands + 2)[1:-1]
    hz: NDArray[np.float64] = np.where(
        mels < knee_mel,
        mels * 200 / 3,
        knee_hz * np.exp(step * (mels - knee_mel)),
    )
    return hz


def find_tones(log_mel: NDArray[np.float32], centres_hz: NDArray[np.float64]) -> Iterator[Tone]:
    """The most prominent tones of a window, each binarised at every usable threshold.

    Args:
        log_mel: (L, F) natural log of mel power, 10 ms apart.
        centres_hz: (F,) centre frequencies of the bands.

    Yields:
        Tones, the most prominent first, the shallowest threshold first.
    """
    if len(log_mel) < _LEVEL_FRAMES:
        return
    levels = np.ascontiguousarray(log_mel.T)  # (F, L)
    prominence = _prominence(levels)  # (F, L)
    prominence[(centres_hz < LOWEST_HZ) | (centres_hz > HIGHEST_HZ)] = 0.0
    strength = np.clip(prominence - _TONAL, 0.0, _MOST_TONAL).sum(axis=1)  # (F,)
    for band in _peaks(strength):
        yield from _binarised(
            _loudest_near(levels, band), _loudest_near(prominence, band), float(centres_hz[band])
        )


def _prominence(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(F, L): level above the louder of the two sides, three to five bands away."""
    sums = np.cumsum(np.pad(levels, ((6, 5), (0, 0)), mode="edge"), axis=0)  # (F + 11, L)
    means = (sums[3:] - sums[:-3]) / 3  # means[j]: padded bands j + 1 .. j + 3
    bands = len(levels)
    prominence: NDArray[np.float32] = levels - np.maximum(means[:bands], means[8 : 8 + bands])
    return prominence


def _loudest_near(values: NDArray[np.float32], band: int) -> NDArray[np.float32]:
    """(L,): the largest of a band and its two neighbours; a tone may lie between bands."""
    below, above = max(band - 1, 0), min(band + 1, len(values) - 1)
    loudest: NDArray[np.float32] = np.maximum(
        np.maximum(values[below], values[band]), values[above]
    )
    return loudest


def _peaks(strength: NDArray[np.float32]) -> list[int]:
    """The strongest bands, no two of them near each other."""
    chosen: list[int] = []
    for band in np.argsort(strength)[::-1]:
        if strength[band] <= 0 or len(chosen) == MOST_TONES:
            break
        if all(abs(int(band) - other) >= _NEAR_BANDS for other in chosen):
            chosen.append(int(band))
    return chosen


def _binarised(
    level: NDArray[np.float32], prominence: NDArray[np.float32], pitch_hz: float
) -> Iterator[Tone]:
    """A band's tone at each threshold that clears its floor; the shallowest in any case."""
    tonal = level[prominence > _TONAL]
    if len(tonal) < _LEVEL_FRAMES:
        return
    top = float(np.partition(tonal, -_LEVEL_FRAMES)[-_LEVEL_FRAMES])
    quietest_fifth = len(level) // 5
    floor = float(np.partition(level, quietest_fifth)[quietest_fifth])
    prominence_sums = np.concatenate([[0.0], np.cumsum(prominence, dtype=np.float64)])  # (L + 1,)
    for drop_db in DROPS_DB:
        threshold = top - drop_db * DECIBEL
        if threshold < floor + _CONTRAST and drop_db != DROPS_DB[0]:
            return
        is_on = level > threshold
        starts, stops = _runs(is_on)
        on_level = level[is_on]
        means = (prominence_sums[stops] - prominence_sums[starts]) / (stops - starts)
        pulses = [
            Pulse(
                onset_s=start * LOG_MEL_HOP_S,
                offset_s=stop * LOG_MEL_HOP_S,
                is_cut=start == 0 or stop == len(level),
            )
            for start, stop, mean in zip(
                starts.tolist(), stops.tolist(), means.tolist(), strict=True
            )
            if mean > _PULSE_TONAL
        ]
        yield Tone(
            pitch_hz=pitch_hz,
            level=top,
            drop_db=drop_db,
            prominence_db=float(prominence[is_on].mean()) / DECIBEL,
            ripple_db=float(on_level.std()) / DECIBEL,
            contrast_db=(top - floor) / DECIBEL,
            pulses=tuple(pulses),
            window_s=len(level) * LOG_MEL_HOP_S,
        )


def _runs(is_on: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and stops of what is on; short gaps are bridged, then short runs dropped."""
    padded = np.zeros(len(is_on) + 2, np.int8)
    padded[1:-1] = is_on
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    starts, stops = edges[::2], edges[1::2]
    is_gap = starts[1:] - stops[:-1] >= _SHORTEST_FRAMES
    starts = starts[np.concatenate([[True], is_gap])] if len(starts) else starts
    stops = stops[np.concatenate([is_gap, [True]])] if len(stops) else stops
    is_long = stops - starts >= _SHORTEST_FRAMES
    return starts[is_long], stops[is_long]
