"""The recordings of taught sounds, in the state directory: a folder of FLAC files for each sound.

They are kept so that the sound can be learned anew by another model. A sound's folder is prepared
beside its place, as `<id>.new`, and gets its name once the sound is learned.

Axes: S samples.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.errors import AudioError, TeachingError
from aed.recordings import read_recording
from aed.taught.examples import condition

FOLDER_NAME = "taught"
_PREPARED = ".new"
_FULL_SCALE = 32767


class TaughtFolder:
    """Where the recordings of all taught sounds lie.

    Attributes:
        path: the folder; it need not be there.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self.path = state / FOLDER_NAME

    def prepare(self, id_: str, recordings: Iterable[NDArray[np.float32]]) -> None:
        """Write the recordings of a sound that is to be taught, for whom the state belongs to.

        Args:
            id_: of the sound.
            recordings: (S,) each, at 16 kHz.

        Raises:
            TeachingError: they cannot be written.
        """
        folder = self._prepared(id_)
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._give(self.path)
            self.discard(id_)
            folder.mkdir(mode=0o700)
            self._give(folder)
            for number, samples in enumerate(recordings, start=1):
                self._write(folder / f"{number:02d}.flac", samples)
        except (OSError, soundfile.SoundFileError) as error:
            self.discard(id_)
            raise TeachingError(
                f"the recordings cannot be kept in {self.path} ({error}); as the user that aed "
                f"runs as, or with sudo, they can"
            ) from error

    def discard(self, id_: str) -> None:
        """Remove what was prepared of a sound, if anything."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._prepared(id_))

    def settle(self, id_: str) -> None:
        """Give what was prepared its name; a folder that no sound belongs to gives way.

        Raises:
            TeachingError: the disk refuses.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.path / id_)
            self._prepared(id_).replace(self.path / id_)
        except OSError as error:
            raise TeachingError(f"{self.path / id_} cannot be made: {error.strerror}") from error

    def remove(self, id_: str) -> None:
        """Remove the recordings of a sound.

        Raises:
            TeachingError: the disk refuses.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.path / id_)
        except OSError as error:
            raise TeachingError(
                f"{self.path / id_} cannot be removed: {error.strerror}; remove it yourself"
            ) from error

    def prepared(self, id_: str) -> Sequence[tuple[str, NDArray[np.float32]]]:
        """Recordings that were prepared: name and samples (S,) of each.

        Raises:
            TeachingError: there are none, or one cannot be read.
        """
        return _read(self._prepared(id_))

    def read(self, id_: str) -> Sequence[tuple[str, NDArray[np.float32]]]:
        """Recordings of a taught sound, as `prepared` gives them.

        Raises:
            TeachingError: there are none, or one cannot be read.
        """
        return _read(self.path / id_)

    def _prepared(self, id_: str) -> Path:
        return self.path / f"{id_}{_PREPARED}"

    def _write(self, path: Path, samples: NDArray[np.float32]) -> None:
        pcm = np.rint(np.clip(samples, -1, 1) * _FULL_SCALE).astype(np.int16)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            soundfile.write(
                descriptor, pcm, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16", closefd=False
            )
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._give(path)

    def _give(self, path: Path) -> None:
        """Make the daemon's user the owner of what root has made."""
        if os.geteuid() == 0:
            owner = self._state.stat()
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _read(folder: Path) -> Sequence[tuple[str, NDArray[np.float32]]]:
    files = sorted(folder.glob("*.flac"))
    if not files:
        raise TeachingError(f"{folder}: it holds no recordings; teach the sound again")
    try:
        return [(file.name, condition(read_recording(file))) for file in files]
    except AudioError as error:
        raise TeachingError(str(error)) from error
