"""How quiet a source is when all is quiet, learned over days, and whether it is far quieter now.

A microphone whose cable has come loose, or that somebody has turned down, still delivers noise of
its own. Only what it used to deliver tells that from a quiet night, so nights must have been heard
before anything is said, and what is quieter than ever by less than `FAR_DB` is believed.
"""

import math

import numpy as np

from aed.audio import AudioChunk

FAR_DB = 15.0
"""A fridge that stops and a street that sleeps make less than this below former nights."""

SILENT_MINUTES = 5
LEARN_MINUTES = 24 * 60
"""Sound heard before the floor counts: a day, with its night."""

RISE_DB_PER_MINUTE = 1.0 / (24 * 60)
"""One dB a day: a noisier home is learned in weeks, a holiday by the sea not at all."""

_NOTHING_DBFS = -120.0
_NO_SOUND_DBFS = -100.0
"""Not even a microphone's own noise; what delivers that teaches nothing about the room."""


class LearnedFloor:
    """Follows the level of one source, over all its restarts."""

    def __init__(self, *, floor_dbfs: float | None = None, minutes: int = 0) -> None:
        """Begin, or go on where a former run was.

        Args:
            floor_dbfs: the quietest minute so far, in dB relative to full scale.
            minutes: how many minutes have been heard.
        """
        self.floor_dbfs = floor_dbfs
        self.minutes = minutes
        self.is_far_below = False
        # The present second: its sum of squares and seconds heard; the present minute's levels.
        self._power_s = 0.0
        self._heard_s = 0.0
        self._levels_dbfs: list[float] = []
        self._quiet_minutes = 0

    def note(self, chunk: AudioChunk) -> bool:
        """Note what has been heard.

        Args:
            chunk: the next of the stream.

        Returns:
            Whether a minute has been completed.
        """
        samples, duration_s = chunk.samples, chunk.duration_s  # (S,) or (S, C)
        if not len(samples):
            return False
        # A constant offset is no sound.
        self._power_s += float(np.var(samples, axis=0).mean()) * duration_s
        self._heard_s += duration_s
        if self._heard_s < 1.0:
            return False
        power = self._power_s / self._heard_s
        level_dbfs = 10 * math.log10(power) if power > 0 else _NOTHING_DBFS
        self._power_s = self._heard_s = 0.0
        self._levels_dbfs.append(max(level_dbfs, _NOTHING_DBFS))
        if len(self._levels_dbfs) < 60:  # noqa: PLR2004 - seconds of a minute
            return False
        levels, self._levels_dbfs = sorted(self._levels_dbfs), []
        self.note_minute(middle_dbfs=levels[len(levels) // 2], loudest_dbfs=levels[-1])
        return True

    def note_minute(self, *, middle_dbfs: float, loudest_dbfs: float) -> None:
        """Note a minute.

        Args:
            middle_dbfs: the median of its seconds' levels: what the floor is learned from.
            loudest_dbfs: the loudest of them: any sound at all shows that the source lives.
        """
        floor_dbfs = self.floor_dbfs
        is_learned = floor_dbfs is not None and self.minutes >= LEARN_MINUTES
        is_far = is_learned and floor_dbfs is not None and loudest_dbfs < floor_dbfs - FAR_DB
        self._quiet_minutes = self._quiet_minutes + 1 if is_far else 0
        self.is_far_below = self._quiet_minutes >= SILENT_MINUTES
        if is_far or middle_dbfs < _NO_SOUND_DBFS:
            return  # a dead microphone must not become the measure
        self.minutes += 1
        if floor_dbfs is None:
            self.floor_dbfs = middle_dbfs
        else:
            self.floor_dbfs = min(middle_dbfs, floor_dbfs + RISE_DB_PER_MINUTE)
