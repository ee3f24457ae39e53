"""Writes one clip as FLAC, piece by piece, so that nobody has to wait for the whole.

By a descriptor: soundfile reads and writes objects of Python by callbacks, for which the service
may not make memory executable.

Axes: S samples.
"""

import contextlib
import os
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from daemon.errors import ClipError

UNFINISHED = ".part"
"""Ending of the name while a clip is being written."""

_PIECE_SAMPLES = 2 * SAMPLE_RATE_HZ


class ClipFile:
    """One clip on its way to the disk."""

    def __init__(self, path: Path, samples: NDArray[np.int16]) -> None:
        """Begin a file that only its owner may read.

        Args:
            path: what it will be called once it is whole.
            samples: (S,) int16 at 16 kHz.

        Raises:
            ClipError: the disk refuses.
        """
        self.path = path
        self._part = path.with_name(path.name + UNFINISHED)
        self._samples = samples
        self._written = 0
        try:
            self._part.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._part, flags, 0o600)
        except OSError as error:
            raise ClipError(f"clip {path.name} cannot be begun: {error.strerror}") from error
        try:
            self._file = soundfile.SoundFile(
                self._descriptor,
                "w",
                samplerate=SAMPLE_RATE_HZ,
                channels=1,
                format="FLAC",
                subtype="PCM_16",
                closefd=False,
            )
        except (OSError, soundfile.SoundFileError) as error:
            self._close()
            raise ClipError(f"clip {path.name} cannot be begun: {error}") from error

    def step(self) -> bool:
        """Write the next piece.

        Returns:
            Whether that was the last one, and the clip has its name.

        Raises:
            ClipError: the disk refuses; nothing of the clip is left.
        """
        piece = self._samples[self._written : self._written + _PIECE_SAMPLES]
        try:
            if len(piece):
                self._file.write(piece)
                self._written += len(piece)
                return False
            self._file.close()
            os.close(self._descriptor)
            self._descriptor = -1
            self._check()
            self._part.replace(self.path)
        except (OSError, soundfile.SoundFileError, AssertionError, ClipError) as error:
            # soundfile asserts that everything was written.
            self.abandon()
            raise ClipError(f"clip {self.path.name} cannot be written: {error}") from error
        return True

    def abandon(self) -> None:
        """Leave nothing of it."""
        with contextlib.suppress(soundfile.SoundFileError, OSError):
            self._file.close()
        self._close()

    def _check(self) -> None:
        """Find out what libsndfile does not tell: whether the disk took all of it."""
        found = soundfile.info(os.fsencode(self._part)).frames
        if found != len(self._samples):
            raise ClipError(f"wanted {len(self._samples)} samples, the disk took {found}")

    def _close(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)
