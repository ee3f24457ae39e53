"""The floors of all sources, in a file of the state directory."""

import hashlib
import logging
import math
from pathlib import Path

from daemon.clocks import Clock
from daemon.settings.models import SourceSettings
from daemon.sources.floor import LearnedFloor
from daemon.state_file import read_state, write_state

_logger = logging.getLogger(__name__)

FILE_NAME = "floors.json"

_SAVE_EVERY_S = 3_600.0
"""A floor moves by a dB a day: more often would only wear the card."""


class Floors:
    """Gives each source its floor and keeps them over restarts."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        """Read what former runs have learned; a file that cannot be read teaches nothing.

        Args:
            folder: the state directory.
            clock: for when to save.
        """
        self._path = folder / FILE_NAME
        self._clock = clock
        self._saved_s = clock.boottime_s()
        # What former runs have learned, and the floors in use: only those are saved.
        self._former: dict[str, LearnedFloor] = {}
        self._floors: dict[str, LearnedFloor] = {}
        try:
            stored = read_state(self._path)
        except (OSError, ValueError) as error:
            _logger.warning("%s cannot be read (%s): floors are learned anew", self._path, error)
            return
        for key, value in stored.items():
            floor = _parsed(value)
            if floor is not None:
                self._former[key] = floor

    def of(self, settings: SourceSettings) -> LearnedFloor:
        """The floor of a source; another device, or another gain of a command, has another.

        Args:
            settings: those of the source.
        """
        digest = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()
        key = f"{settings.name} {digest[:12]}"
        return self._floors.setdefault(key, self._former.get(key) or LearnedFloor())

    def tick(self) -> None:
        """Save when it is time to."""
        now_s = self._clock.boottime_s()
        if now_s - self._saved_s >= _SAVE_EVERY_S:
            self._saved_s = now_s
            self.save()

    def save(self) -> None:
        """Save now; a disk that refuses is said and costs what was learned since."""
        content = {
            key: {"floor_dbfs": round(floor.floor_dbfs, 2), "minutes": floor.minutes}
            for key, floor in self._floors.items()
            if floor.floor_dbfs is not None
        }
        if not content:
            return
        try:
            write_state(self._path, content)
        except OSError as error:
            _logger.warning("%s cannot be written: %s", self._path, error.strerror)


def _parsed(value: object) -> LearnedFloor | None:
    if not isinstance(value, dict):
        return None
    floor_dbfs, minutes = value.get("floor_dbfs"), value.get("minutes")
    if not isinstance(floor_dbfs, int | float) or not isinstance(minutes, int):
        return None
    if not math.isfinite(floor_dbfs) or not -120 <= floor_dbfs <= 0:  # noqa: PLR2004 - dBFS
        return None
    return LearnedFloor(floor_dbfs=float(floor_dbfs), minutes=max(0, minutes))
