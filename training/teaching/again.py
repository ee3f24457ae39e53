"""One recording over and over, as a device at home sounds: other levels, other noise, one room.

Axes: S samples, D embedding, T posterior frames.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle import Bundle
from training.clips.bank import ClipRow, Clips
from training.labels import ROOM_LABEL
from training.session import TrainingData
from training.teaching.heard import hear_all

TAUGHT_SNR_DB = (15.0, 30.0)
"""A user records in a quiet moment."""

HEARD_SNR_DB = (3.0, 25.0)
"""Nobody waits for one before they ring."""

NOISES = ("background", "background_quiet", "air_conditioner", "engine_idling", "music", "speech")
_LEVEL_DBFS = (-30.0, -8.0)
_SWAY_DB = 4.0
_ROOM_SAMPLES = SAMPLE_RATE_HZ // 2
_TAIL_SAMPLES = SAMPLE_RATE_HZ // 4


class Again:
    """Makes copies of dev recordings.

    Args:
        bundle: hears them.
        data: has the rooms, and noise that no copy that is heard is taught with.
        rows: dev recordings.
        bank: their samples.
    """

    def __init__(
        self, bundle: Bundle, data: TrainingData, rows: Sequence[ClipRow], bank: Clips
    ) -> None:
        self._bundle, self._bank = bundle, bank
        rooms = tuple(row for row in data.rows if row.label == ROOM_LABEL)
        self._rooms = data.bank(rooms)
        noises = tuple(row for row in data.rows if row.label in NOISES and row.split == "train")
        self._taught_noise = data.bank(noises)
        self._heard_noise = bank.only([row for row in rows if row.label in NOISES])

    def taught(self, place: int, count: int) -> list[NDArray[np.float32]]:
        """Copies (S,) to teach by."""
        rng = np.random.default_rng((place, 1))
        return list(self._copies(place, count, self._taught_noise, TAUGHT_SNR_DB, rng))

    def heard(self, place: int, count: int) -> list[NDArray[np.float32]]:
        """Embeddings (T, D) of other copies, in one stream."""
        rng = np.random.default_rng((place, 2))
        copies = self._copies(place, count, self._heard_noise, HEARD_SNR_DB, rng)
        return hear_all(self._bundle, copies, seed=place)

    def _copies(
        self,
        place: int,
        count: int,
        noises: Clips,
        snr_db: tuple[float, float],
        rng: np.random.Generator,
    ) -> Iterator[NDArray[np.float32]]:
        of_the_home = np.random.default_rng((place, 0))
        dry = self._bank.clip(place)
        room = self._rooms.clip(int(of_the_home.integers(len(self._rooms.rows))))
        room = room[int(np.abs(room).argmax()) :][:_ROOM_SAMPLES]
        sound = np.convolve(dry, room)[: len(dry) + _TAIL_SAMPLES].astype(np.float32)
        sound /= max(float(np.abs(sound).max()), 1e-6)
        level_dbfs = of_the_home.uniform(*_LEVEL_DBFS)
        rms = float(np.sqrt(np.mean(sound**2)))
        for _ in range(count):
            noise = noises.clip(int(rng.integers(len(noises.rows))))
            length = len(sound) + int(rng.integers(1, SAMPLE_RATE_HZ))
            noise = np.resize(noise, length)
            noise_rms = max(float(np.sqrt(np.mean(noise**2))), 1e-6)
            noise = noise * (rms / noise_rms * 10 ** (-rng.uniform(*snr_db) / 20))
            noise[length - len(sound) :] += sound
            gain = 10 ** ((level_dbfs + rng.uniform(-_SWAY_DB, _SWAY_DB)) / 20)
            yield np.clip(noise * gain, -1, 1).astype(np.float32)
