"""Reads recordings: every format and rate that libsndfile knows, block by block.

Axes: S samples, C channels.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import soundfile

from aed.audio import AudioChunk
from aed.errors import AudioError

BLOCK_S = 1.0
"""Length of a block, in seconds: what is held in memory of a recording, however long it is."""


def read_recording(path: Path | str, block_s: float = BLOCK_S) -> Iterator[AudioChunk]:
    """Read a recording from its beginning to its end.

    Args:
        path: an audio file.
        block_s: length of the chunks; the last one may be shorter.

    Yields:
        Chunks (S, C) float32 at the recording's own rate.

    Raises:
        AudioError: the file cannot be opened, holds no sample, or breaks off; what comes before
            the break has been yielded, but for the block that it lies in.
    """
    with _opened(path) as recording:
        rate_hz = recording.samplerate
        block_samples = max(1, round(rate_hz * block_s))
        read_samples = 0
        try:
            while len(samples := recording.read(block_samples, dtype="float32", always_2d=True)):
                read_samples += len(samples)
                yield AudioChunk(samples=samples, sample_rate_hz=rate_hz)
        except (soundfile.SoundFileError, OSError) as error:
            if not read_samples:
                raise _unreadable(path, error) from error
            broken_s = read_samples / rate_hz
            raise AudioError(
                f"{path}: it breaks off after {broken_s:.1f} s ({_reason(path, error)})"
            ) from error
    if not read_samples:
        raise AudioError(f"{path}: it holds no audio (0 samples)")


def _opened(path: Path | str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(os.fsencode(path))
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        # soundfile raises TypeError for the suffix `.raw`, which says no rate and no format.
        raise _unreadable(path, error) from error


def _unreadable(path: Path | str, error: Exception) -> AudioError:
    return AudioError(f"{path}: it cannot be read as audio ({_reason(path, error)})")


def is_folder(path: str) -> bool:
    """Whether a path leads to a folder; one that leads nowhere, or is no path at all, does not."""
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError:
        return False


def find_recordings(path: str) -> list[str]:
    """List what a path stands for.

    Args:
        path: a file, or a folder that is searched recursively.

    Returns:
        The path itself if it is not a folder; else every file below it in sorted order, as paths
        relative to it. Hidden files and folders (`.name`), pipes and devices are left out. Links
        are followed, each folder once. A folder that cannot be listed stands there itself, the
        given one as `.`, so that whoever reads the list learns why.
    """
    top = Path(path)
    if not is_folder(path):
        return [path]
    found: list[Path] = []
    seen: set[str] = set()

    def note(error: OSError) -> None:
        found.append(Path(error.filename).relative_to(top))

    for folder, subfolders, names in os.walk(top, onerror=note, followlinks=True):
        here = os.path.realpath(folder)
        if here in seen:
            subfolders.clear()
            continue
        seen.add(here)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        files = [Path(folder, name) for name in names if not name.startswith(".")]
        found += [file.relative_to(top) for file in files if _may_be_read(file)]
    return [str(relative) for relative in sorted(found)]


def _may_be_read(file: Path) -> bool:
    """Whether it is a file, or nobody can say: then reading it says why."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return True


def _reason(path: Path | str, error: Exception) -> str:
    """What libsndfile or the system says, without the path that the message has already."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return "there is no such file"
    except OSError as unreachable:
        return str(unreachable.strerror).lower()
    if isinstance(error, soundfile.LibsndfileError):
        message = str(error.error_string).rstrip(".")
    else:
        message = str(error)
    hindrances = {
        "permission denied": not os.access(path, os.R_OK),
        "it is a folder": stat.S_ISDIR(status.st_mode),
        "it is empty": stat.S_ISREG(status.st_mode) and status.st_size == 0,
    }
    return next((reason for reason, is_so in hindrances.items() if is_so), message)
