"""The clips on disk: what they are called, which go when there are too many, and by whom.

The name says all there is to know: the event's id, in which the time stands, and whether the event
was critical. No other file of the folder is ever touched.
"""

import contextlib
import os
import re
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.clips.file import UNFINISHED
from daemon.clocks import EARLIEST_WALL_S
from daemon.errors import ClipError

FOLDER_NAME = "clips"

_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\.critical)?\.flac")

_SMALLEST_BYTES = 42
"""A FLAC file's marker and its stream info: a power cut leaves less of what was not on disk yet."""

MOST_CLIPS = 2_000
"""More are not kept, however small they are: they are all looked at now and then."""

_AT_A_TIME = 20
"""Clips removed in a call: a disk may take its time for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    path: Path
    is_critical: bool
    began_s: float
    """When its event began, by the wall clock of then."""
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What tidying up came to.

    Attributes:
        num_removed: how many clips were removed.
        size_bytes: what the others take.
        is_done: whether none of those is too old, or too much.
    """

    num_removed: int
    size_bytes: int
    is_done: bool


def is_event_id(text: str) -> bool:
    """Whether a text can be the id of an event."""
    return _NAME.fullmatch(clip_name(text, is_critical=False)) is not None


def clip_name(event_id: str, *, is_critical: bool) -> str:
    """What the clip of an event is called."""
    return f"{event_id}{'.critical' if is_critical else ''}.flac"


class ClipFolder:
    """The clips of one state directory."""

    def __init__(self, state: Path) -> None:
        """Name the folder; makes nothing.

        Args:
            state: the state directory.
        """
        self.path = state / FOLDER_NAME

    def make(self) -> None:
        """Make it, for our eyes only.

        Raises:
            ClipError: it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ClipError(f"{self.path} cannot be made: {error.strerror}") from error

    def free_bytes(self) -> int:
        """What the disk has left for us.

        Raises:
            ClipError: it is not known, or nothing may be written.
        """
        try:
            found = os.statvfs(self.path)
        except OSError as error:
            raise ClipError(f"{self.path} cannot be used: {error.strerror}") from error
        if found.f_flag & os.ST_RDONLY or not os.access(self.path, os.W_OK | os.X_OK):
            raise ClipError(f"{self.path} may not be written")
        return found.f_bavail * found.f_frsize

    def sweep(self) -> int:
        """Remove what a killed process left half done.

        Returns:
            How many files that were.

        Raises:
            ClipError: the disk refuses.
        """
        num_removed = 0
        for entry in self._files():
            name = entry.name.removesuffix(UNFINISHED)
            if _NAME.fullmatch(name) is None:
                continue
            try:
                is_whole = name == entry.name and entry.stat().st_size >= _SMALLEST_BYTES
            except FileNotFoundError:
                continue
            if not is_whole:
                self._remove(Path(entry.path))
                num_removed += 1
        return num_removed

    def tidy(self, *, max_bytes: int, max_age_s: float, now_s: float) -> Tidied:
        """Remove what is too old, then what is too much: the oldest, critical ones last.

        Args:
            max_bytes: what clips may take together.
            max_age_s: how old one may be.
            now_s: the wall clock.

        Raises:
            ClipError: the disk refuses.
        """
        clips = sorted(self._clips(), key=lambda clip: (clip.is_critical, clip.began_s))
        size_bytes = sum(clip.num_bytes for clip in clips)
        oldest_s = now_s - max_age_s
        going = [clip for clip in clips if EARLIEST_WALL_S < clip.began_s < oldest_s]
        kept = deque(clip for clip in clips if not EARLIEST_WALL_S < clip.began_s < oldest_s)
        kept_bytes = sum(clip.num_bytes for clip in kept)
        while kept_bytes > max_bytes or len(kept) > MOST_CLIPS:
            going.append(kept.popleft())
            kept_bytes -= going[-1].num_bytes
        removed = going[:_AT_A_TIME]
        for clip in removed:
            self._remove(clip.path)
        return Tidied(
            num_removed=len(removed),
            size_bytes=size_bytes - sum(clip.num_bytes for clip in removed),
            is_done=len(removed) == len(going),
        )

    def find(self, event_id: str) -> Path | None:
        """The clip of an event; None if there is none.

        Args:
            event_id: any text; what is no event id has no clip.
        """
        if not is_event_id(event_id):
            return None
        names = [clip_name(event_id, is_critical=is_critical) for is_critical in (False, True)]
        return next((path for name in names if (path := self.path / name).is_file()), None)

    def delete(self, event_id: str) -> bool:
        """Remove the clip of an event.

        Args:
            event_id: any text; what is no event id has no clip.

        Returns:
            Whether there was one.

        Raises:
            ClipError: the disk refuses.
        """
        if not is_event_id(event_id):
            return False
        names = [clip_name(event_id, is_critical=is_critical) for is_critical in (False, True)]
        removed = [self._remove(self.path / name) for name in names]
        return any(removed)

    def _remove(self, path: Path) -> bool:
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ClipError(f"{path.name} cannot be deleted: {error.strerror}") from error
        return True

    def _clips(self) -> Iterator[_Clip]:
        for entry in self._files():
            match = _NAME.fullmatch(entry.name)
            if match is None:
                continue
            with contextlib.suppress(FileNotFoundError):  # somebody has just removed it
                yield _Clip(
                    path=Path(entry.path),
                    is_critical=match[2] is not None,
                    began_s=(uuid.UUID(match[1]).int >> 80) / 1000,
                    num_bytes=entry.stat().st_size,
                )

    def _files(self) -> list["os.DirEntry[str]"]:
        try:
            with os.scandir(self.path) as entries:
                return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ClipError(f"{self.path} cannot be read: {error.strerror}") from error
