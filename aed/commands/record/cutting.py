"""Cuts a stream into its sounds, at the silence between them.

A sound begins where the level rises clearly above the room's own, and ends when it has been back
there for a while. The room's level is learned: it follows what is quieter at once, and what is
louder slowly. What goes on for too long is cut, and the room learned anew: a fan that was turned on
is no sound.

Axes: S samples.
"""

import math

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""Levels are measured over 20 ms."""

LEARN_S = 0.5
"""How long the room is listened to before anything counts as a sound."""

RISE_DB, FALL_DB = 12.0, 7.0
"""A sound is so far above the room, and stays above it by so much."""

PEAK_DROP_DB = 30.0
"""What is so far below the loudest frame of a sound is silence too: it rings out, or is another."""

QUIETEST_DBFS = -65.0
"""Nothing below this is a sound, however quiet the room is."""

MARGIN_S = 0.25
"""What is kept before and after a sound."""

_CREEP_DB_PER_S = 3.0
_SILENCE_DBFS = -100.0
_FULL_SCALE = 32768.0


class SoundCutter:
    """Takes a stream piece by piece and gives the sounds in it.

    Args:
        shortest_s: shorter ones are dropped.
        longest_s: longer ones are cut there.
        silence_s: how much of it ends a sound.
    """

    def __init__(self, *, shortest_s: float, longest_s: float, silence_s: float) -> None:
        self._shortest = _frames(shortest_s)
        self._longest = _frames(longest_s)
        self._silence = _frames(silence_s)
        self.num_too_short = 0
        """Sounds that were dropped."""
        self.level_dbfs = _SILENCE_DBFS
        """Level of the latest frame."""
        # Live as long as the stream: samples that fill no frame, the latest frames of silence or
        # all frames of the sound, levels from which the room is learned, and its level.
        self._rest = np.zeros(0, np.int16)
        self._kept: list[NDArray[np.int16]] = []
        self._learned: list[float] = []
        self._room_dbfs = math.inf
        # Of the sound that goes on: its frames without the margin before (None while there is
        # none), since when it is quiet, and how loud it was.
        self._sounding: int | None = None
        self._quiet = 0
        self._loudest_dbfs = _SILENCE_DBFS

    @property
    def is_sounding(self) -> bool:
        """Whether a sound goes on."""
        return self._sounding is not None

    def feed(self, samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
        """Take the next samples.

        Args:
            samples: (S,) int16 at 16 kHz.

        Returns:
            The sounds that have ended in them, (S,) each.
        """
        joined = np.concatenate([self._rest, samples])
        count = len(joined) // FRAME_SAMPLES
        self._rest = joined[count * FRAME_SAMPLES :].copy()
        frames = joined[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
        return [sound for frame in frames if (sound := self._step(frame)) is not None]

    def end(self) -> NDArray[np.int16] | None:
        """End the stream: give what sounds, if it is long enough, and forget the room."""
        sound = self._ended() if self.is_sounding else None
        self._rest, self._kept = np.zeros(0, np.int16), []
        self._learned, self._room_dbfs = [], math.inf
        return sound

    def _step(self, frame: NDArray[np.int16]) -> NDArray[np.int16] | None:
        self.level_dbfs = _level_dbfs(frame)
        self._kept.append(frame)
        if self._is_learning():
            return None
        if self._sounding is None:
            self._wait()
            return None
        self._sounding += 1
        self._loudest_dbfs = max(self._loudest_dbfs, self.level_dbfs)
        silent_dbfs = max(
            self._room_dbfs + FALL_DB, QUIETEST_DBFS, self._loudest_dbfs - PEAK_DROP_DB
        )
        is_quiet = self.level_dbfs < silent_dbfs
        self._quiet = self._quiet + 1 if is_quiet else 0
        if self._quiet >= self._silence:
            return self._ended()
        if len(self._kept) >= self._longest:
            self._learned, self._room_dbfs = [], math.inf
            return self._ended()
        return None

    def _is_learning(self) -> bool:
        """Whether the room is still unknown."""
        if self._room_dbfs < math.inf:
            return False
        self._learned.append(self.level_dbfs)
        if len(self._learned) == _frames(LEARN_S):
            self._room_dbfs = float(np.median(self._learned))
        self._forget_all_but_margin()
        return True

    def _wait(self) -> None:
        """Learn the room, and look out for a sound."""
        if self.level_dbfs >= max(self._room_dbfs + RISE_DB, QUIETEST_DBFS):
            self._sounding, self._quiet = 1, 0
            self._loudest_dbfs = self.level_dbfs
            return
        creep_db = _CREEP_DB_PER_S * FRAME_SAMPLES / SAMPLE_RATE_HZ
        self._room_dbfs = min(self.level_dbfs, self._room_dbfs + creep_db)
        self._forget_all_but_margin()

    def _ended(self) -> NDArray[np.int16] | None:
        """The sound that has ended, without most of the silence after it."""
        sounding = (self._sounding or 0) - self._quiet
        surplus = max(0, self._quiet - _frames(MARGIN_S))
        sound = np.concatenate(self._kept[: len(self._kept) - surplus])
        self._sounding, self._quiet = None, 0
        self._forget_all_but_margin()
        if sounding < self._shortest:
            self.num_too_short += 1
            return None
        return sound

    def _forget_all_but_margin(self) -> None:
        self._kept = self._kept[-_frames(MARGIN_S) :]


def _frames(duration_s: float) -> int:
    return max(1, round(duration_s * SAMPLE_RATE_HZ / FRAME_SAMPLES))


def _level_dbfs(frame: NDArray[np.int16]) -> float:
    power = float(np.mean((frame / _FULL_SCALE) ** 2))
    return max(_SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else _SILENCE_DBFS
