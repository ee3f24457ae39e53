"""Clips: short recordings of what caused an alert, on this machine's disk; off by default.

Sound stays in memory until it is decided that it may be kept (`daemon.clips.recorder`), and is then
written a little in each turn of the main loop. A disk that takes none is said, counted, and keeps
no alert from being told.

Axes: S samples.
"""

import logging
import math
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from daemon.clips.file import ClipFile
from daemon.clips.folder import ClipFolder, clip_name, is_event_id
from daemon.clips.recorder import ClipRecorder
from daemon.clocks import SETTLED_S, Clock
from daemon.errors import ClipError
from daemon.settings.clips import ClipSettings

if TYPE_CHECKING:
    from ontology import LabelSet

_logger = logging.getLogger(__name__)

RESERVE_BYTES = 64 << 20
"""Free space that clips leave for the outbox, and everybody else."""

MOST_WAITING = 8
"""Clips that wait to be written, in memory: minutes of sound."""

TIDY_EVERY_S = 3_600.0
LOOK_AGAIN_S = 60.0
"""After the disk has refused."""

CLOSE_S = 0.8
"""What is not written yet gets so long when the daemon ends."""

_MOST_UNWANTED = 1_000
_DAY_S = 86_400.0


class Clips:
    """All clips, of all sources."""

    def __init__(self, state: Path, settings: ClipSettings | None, *, clock: Clock) -> None:
        """Remove what a killed process left half done.

        Args:
            state: the state directory.
            settings: how to record; None not to.
            clock: for ages, and when to tidy up.
        """
        self._settings = settings
        self._clock = clock
        self._folder = ClipFolder(state)
        # What is to be written, and being written; whose clips are not wanted any more.
        self._waiting: deque[tuple[str, NDArray[np.int16]]] = deque()
        self._file: ClipFile | None = None
        self._unwanted: deque[str] = deque(maxlen=_MOST_UNWANTED)
        self._tidy_s = self._look_s = clock.boottime_s()
        self.problem: str | None = None
        """What is wrong, as a sentence."""
        self.counts: Counter[str] = Counter(written=0, speech=0, failed=0, removed=0)
        """What became of clips: on disk, none since a person was heard, none since the disk
        refused, and removed as too old or too much."""
        self.size_bytes = 0
        """What they took on disk when that was last looked at."""
        try:
            num_left = self._folder.sweep()
        except ClipError as error:
            self._fail(error)
        else:
            if num_left:
                _logger.info("removed %d clips that were not finished", num_left)

    def follow(self, settings: ClipSettings | None) -> None:
        """Record otherwise from now on, or not at all; recorders must be made anew.

        Args:
            settings: how; None not to. What is on disk stays there then, all else is forgotten.
        """
        self._settings = settings
        self._tidy_s = self._clock.boottime_s()
        if settings is None:
            self.problem = None
            self._forget()

    def recorder(self, labels: "LabelSet") -> ClipRecorder | None:
        """Make what records one source; None if nothing is to be recorded.

        Args:
            labels: columns of what hears it.
        """
        if self._settings is None:
            return None
        return ClipRecorder(self._settings, labels=labels, keeper=self)

    def admit(self) -> bool:
        """Whether the disk would take a clip now; where not, counts one as failed."""
        if self._settings is None:
            return False
        try:
            self._look()
        except ClipError as error:
            self.counts["failed"] += 1
            self._fail(error)
            return False
        return True

    def write(self, event_id: str, samples: NDArray[np.int16], *, is_critical: bool) -> None:
        """Write a clip within the next turns.

        Args:
            event_id: of its event.
            samples: (S,) int16 at 16 kHz.
            is_critical: whether it goes last when there is too much.
        """
        if self._settings is not None and event_id not in self._unwanted:
            self._waiting.append((clip_name(event_id, is_critical=is_critical), samples))

    def note_speech(self) -> None:
        """Count a clip that there will not be, since a person was heard."""
        self.counts["speech"] += 1

    def delete(self, event_id: str) -> bool:
        """Delete the clip of an event, wherever it is: on disk, on its way there, or in the making.

        Args:
            event_id: of the event; any text, what is no event id has no clip.

        Returns:
            Whether one was on disk or on its way there.

        Raises:
            ClipError: the disk refuses.
        """
        if not is_event_id(event_id):
            return False
        self._unwanted.append(event_id)
        kept = [each for each in self._waiting if not each[0].startswith(f"{event_id}.")]
        is_found = len(kept) < len(self._waiting)
        self._waiting = deque(kept)
        if self._file is not None and self._file.path.name.startswith(f"{event_id}."):
            self._file.abandon()
            self._file, is_found = None, True
        return self._folder.delete(event_id) or is_found

    def tick(self) -> None:
        """Write the next piece; remove, now and then, what is too old or too much."""
        if self._settings is None:
            return
        now_s = self._clock.boottime_s()
        try:
            if self._is_busy:
                self._step()
            elif now_s >= self._tidy_s:
                self._tidy_s = now_s + TIDY_EVERY_S
                self._tidy(self._settings, now_s)
            elif self.problem is not None and now_s >= self._look_s:
                self._look_s = now_s + LOOK_AGAIN_S
                self._look()
                self.problem = None
        except ClipError as error:
            self._fail(error)

    def close(self, *, within_s: float = CLOSE_S) -> None:
        """Write what waits.

        Args:
            within_s: what is not written by then is lost: ending must not take long.
        """
        deadline_s = self._clock.boottime_s() + within_s
        while self._is_busy and self._clock.boottime_s() < deadline_s:
            try:
                self._step()
            except ClipError as error:
                self._fail(error)
        num_lost = self._forget()
        if num_lost:
            self.counts["failed"] += num_lost
            _logger.error("%d clips are lost: there was no time to write them", num_lost)

    @property
    def _is_busy(self) -> bool:
        return self._file is not None or bool(self._waiting)

    def _forget(self) -> int:
        """Give up what is not on disk yet; returns how many clips that were."""
        num_forgotten = len(self._waiting)
        self._waiting.clear()
        if self._file is not None:
            self._file.abandon()
            self._file = None
            num_forgotten += 1
        return num_forgotten

    def _look(self) -> None:
        """Check that there is room.

        Raises:
            ClipError: there is none.
        """
        self._folder.make()
        if self._folder.free_bytes() < RESERVE_BYTES:
            raise ClipError(f"the disk has less than {RESERVE_BYTES >> 20} MB left")
        if len(self._waiting) >= MOST_WAITING:
            raise ClipError("more of them wait to be written than may fill the memory")

    def _step(self) -> None:
        try:
            if self._file is None:
                name, samples = self._waiting.popleft()
                self._file = ClipFile(self._folder.path / name, samples)
            elif self._file.step():
                self._file, self.problem = None, None
                self.counts["written"] += 1
                self._tidy_s = self._clock.boottime_s()
        except ClipError:
            self._file = None
            self.counts["failed"] += 1
            raise

    def _tidy(self, settings: ClipSettings, now_s: float) -> None:
        tidied = self._folder.tidy(
            max_bytes=settings.max_mb * 1_000_000,
            max_age_s=settings.max_age_days * _DAY_S if now_s >= SETTLED_S else math.inf,
            now_s=self._clock.wall_s(),
        )
        self.counts["removed"] += tidied.num_removed
        self.size_bytes = tidied.size_bytes
        if not tidied.is_done:
            self._tidy_s = now_s

    def _fail(self, error: ClipError) -> None:
        """Note that the disk refused, and say so once until it does not."""
        if self._settings is None:
            return
        if self.problem is None:
            _logger.error("no clips for now, alerts are told all the same: %s", error)
        self.problem = f"there are no clips for now: {error}"
