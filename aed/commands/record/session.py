"""What a session leaves on disk: a recording of each sound, and a row for it in the manifest.

Nothing is ever written over, and whatever interrupts it, each recording is whole or not there.

Axes: S samples.
"""

import csv
import errno
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.errors import AudioError
from training.clips.manifest import COLUMNS, MANIFEST_NAME

Format = Literal["flac", "wav"]

_LICENCE = "own recording"
_SOURCE = "aed record"
_UNFINISHED = ".part"
_MOST_TRIES = 1_000


class Session:
    """Recordings of one label, made in one go."""

    def __init__(self, folder: Path, *, label: str, group: str | None, file_format: Format) -> None:
        """Make the folder.

        Args:
            folder: where the manifest lies; recordings lie in a folder of it, named by the label.
            label: of every recording.
            group: what the recordings have in common; None for the label and the time.
            file_format: of the files.

        Raises:
            AudioError: the folder cannot be made, or holds a manifest of other columns.
        """
        began = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.group = group or f"{label}-{began}"
        self._label, self._began, self._format = label, began, file_format
        self._manifest = folder / MANIFEST_NAME
        self._folder = folder / label
        self._number = 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._begin_manifest()
        except OSError as error:
            raise AudioError(f"{folder}: cannot be recorded into ({error.strerror})") from error

    def keep(self, samples: NDArray[np.int16]) -> Path:
        """Write a recording and its row.

        Args:
            samples: (S,) int16 at 16 kHz.

        Returns:
            Its path.

        Raises:
            AudioError: the disk refuses.
        """
        try:
            path = self._write(samples)
            self._append(path, len(samples) / SAMPLE_RATE_HZ)
        except (OSError, soundfile.SoundFileError) as error:
            raise AudioError(f"{self._folder}: cannot be recorded into ({error})") from error
        return path

    def _write(self, samples: NDArray[np.int16]) -> Path:
        part = self._folder / f".{self._began}-{os.getpid()}{_UNFINISHED}"
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            soundfile.write(
                descriptor,
                samples,
                SAMPLE_RATE_HZ,
                format=self._format.upper(),
                subtype="PCM_16",
                closefd=False,
            )
            os.fsync(descriptor)
            return self._named(part)
        finally:
            os.close(descriptor)
            part.unlink(missing_ok=True)

    def _named(self, part: Path) -> Path:
        """Give a finished recording the next free name."""
        for _ in range(_MOST_TRIES):
            self._number += 1
            path = self._folder / f"{self._began}-{self._number:03d}.{self._format}"
            try:
                path.hardlink_to(part)
            except FileExistsError:
                continue
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
                    raise
                if path.exists():  # a disk without links, as of a camera
                    continue
                part.rename(path)
            return path
        raise OSError(errno.EEXIST, "too many recordings of this second")

    def _begin_manifest(self) -> None:
        """Begin a manifest, or see that the one that is there goes on like this.

        Raises:
            OSError: it cannot be read or written.
            AudioError: it has other columns.
        """
        header = _row(COLUMNS)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with os.fdopen(os.open(self._manifest, flags, 0o644), "r+b") as file:
            found = file.readline()
            if not found:
                file.write(header)
            elif found.rstrip(b"\r\n") != header.rstrip(b"\n"):
                raise AudioError(
                    f"{self._manifest}: wanted the columns {', '.join(COLUMNS)}; record into "
                    f"another folder (--out)"
                )
            elif not _ends_with_a_line(file):
                file.write(b"\n")

    def _append(self, path: Path, duration_s: float) -> None:
        row = {
            "path": path.relative_to(self._manifest.parent).as_posix(),
            "label": self._label,
            "split": "train",
            "use": "ship",
            "source": _SOURCE,
            "group": self.group,
            "licence": _LICENCE,
            "duration_s": f"{duration_s:.2f}",
        }
        descriptor = os.open(self._manifest, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(descriptor, _row([row[column] for column in COLUMNS]))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _row(cells: "tuple[str, ...] | list[str]") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _ends_with_a_line(file: "io.BufferedRandom | io.BufferedIOBase") -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
