"""Simulated rooms: impulse responses by early reflections and exponentially decaying noise.

A response begins with the direct path at sample 0 with strength 1, so that a sound convolved
with it stays where it was; reflections follow, then a diffuse tail whose strength relative to the
direct path follows from the distance and the room's critical distance
(0.057 sqrt(V / RT60) metres), and which falls by 60 dB in RT60, faster at high frequencies.
A door between takes away the highs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthesis.rendered import SAMPLE_RATE_HZ, Samples, sample_count
from training.synthesis.waves import log_uniform

SPEED_OF_SOUND_M_S = 343.0

_SPLIT_HZ = 2_000.0
_HIGH_DECAY = 0.7
"""The tail above the split decays in this fraction of RT60 (air and soft furniture)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParameters:
    """One way from a source to the microphone.

    Attributes:
        rt60_s: time in which the tail falls by 60 dB, 0.15 (furnished) to 0.9 (bare).
        volume_m3: size of the room.
        distance_m: from source to microphone.
        reflections: distinct early reflections.
        door_hz: corner of the low-pass of a closed door or wall, None for the same room.
    """

    rt60_s: float
    volume_m3: float
    distance_m: float
    reflections: int
    door_hz: float | None


def draw_room(rng: np.random.Generator) -> RoomParameters:
    """A room of a home: RT60 0.15 to 0.9 s, source 0.3 to 8 m away, at times behind a door."""
    behind_door = rng.uniform() < _DOOR_SHARE
    return RoomParameters(
        rt60_s=log_uniform(rng, 0.15, 0.9),
        volume_m3=log_uniform(rng, 15.0, 150.0),
        distance_m=log_uniform(rng, 0.3, 8.0),
        reflections=int(rng.integers(4, 14)),
        door_hz=log_uniform(rng, 500.0, 3_000.0) if behind_door else None,
    )


def render_room(room: RoomParameters, rng: np.random.Generator) -> Samples:
    """Impulse response of a room.

    Args:
        room: from `draw_room`.
        rng: reflections and tail.

    Returns:
        (R,) float32; sample 0 is the direct path, strength 1 before a door's low-pass.
    """
    count = sample_count(1.1 * room.rt60_s)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    critical_m = 0.057 * np.sqrt(room.volume_m3 / room.rt60_s)
    diffuse_energy = (room.distance_m / critical_m) ** 2
    tail = _tail(room, time_s, rng)
    tail *= np.sqrt(diffuse_energy / np.sum(tail**2))
    response = tail
    response[0] = 1.0
    response += _early(room, count, rng)
    if room.door_hz is not None:
        response = _door(response, room.door_hz)
    return response.astype(np.float32)


def apply(samples: Samples, response: Samples) -> Samples:
    """Let a sound be heard through a room.

    Args:
        samples: (S,) float32.
        response: (R,) impulse response with the direct path at sample 0.

    Returns:
        (S,) float32: same length and alignment; the tail beyond the end is cut. The level
        changes with the response: scale afterwards.
    """
    size = _fft_size(len(samples) + len(response) - 1)
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def _tail(
    room: RoomParameters, time_s: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Diffuse tail, beginning softly after the first reflections could arrive."""
    noise = rng.standard_normal(len(time_s))
    spectrum = np.fft.rfft(noise)
    frequencies = np.fft.rfftfreq(len(time_s), 1.0 / SAMPLE_RATE_HZ)
    low_pass = 1.0 / (1.0 + (frequencies / _SPLIT_HZ) ** 2)
    low = np.fft.irfft(spectrum * low_pass, len(time_s))
    rate = np.log(1_000.0) / room.rt60_s
    mean_free_s = 4.0 * room.volume_m3 / _surface_m2(room.volume_m3) / SPEED_OF_SOUND_M_S
    build_up = 1.0 - np.exp(-time_s / (0.5 * mean_free_s))
    high = (noise - low) * np.exp(-rate / _HIGH_DECAY * time_s)
    tail: NDArray[np.float64] = build_up * (low * np.exp(-rate * time_s) + high)
    return tail


def _early(room: RoomParameters, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Some distinct reflections; a longer way is later and weaker."""
    out = np.zeros(count)
    side_m = room.volume_m3 ** (1.0 / 3.0)
    detours_m = rng.uniform(0.3, 2.5 * side_m, room.reflections)
    ways = room.distance_m / (room.distance_m + detours_m)
    absorbed = np.exp(-0.5 * np.log(1_000.0) * detours_m / SPEED_OF_SOUND_M_S / room.rt60_s)
    signs = rng.choice((-1.0, 1.0), room.reflections)
    places = np.round(detours_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ).astype(np.int64)
    inside = places < count
    np.add.at(out, places[inside], (0.7 * signs * ways * absorbed)[inside])
    return out


def _door(response: NDArray[np.float64], corner_hz: float) -> NDArray[np.float64]:
    """Second-order low-pass, causal and of unit gain at low frequencies."""
    decay = np.exp(-2.0 * np.pi * corner_hz / SAMPLE_RATE_HZ)
    time = np.arange(256)
    kernel = (1.0 - decay) ** 2 * (time + 1) * decay**time
    return np.convolve(response, kernel)[: len(response)]


def _surface_m2(volume_m3: float) -> float:
    """Surface of a room 2.5 m high with a square floor."""
    floor_m2 = volume_m3 / 2.5
    return 2.0 * floor_m2 + 4.0 * 2.5 * float(np.sqrt(floor_m2))


def _fft_size(least: int) -> int:
    """Smallest 2^k, 3 * 2^k or 5 * 2^k that is at least `least`."""
    return min(odd << max(0, math.ceil(math.log2(least / odd))) for odd in (1, 3, 5))


_DOOR_SHARE = 0.2
