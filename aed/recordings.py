"""Reads recordings: every format and rate that libsndfile knows, block by block.

Axes: S samples, C channels.
"""

import os
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
        AudioError: the file cannot be opened or decoded, or holds no sample.
    """
    try:
        with soundfile.SoundFile(os.fsencode(path)) as recording:
            block_samples = max(1, round(recording.samplerate * block_s))
            is_empty = True
            while len(samples := recording.read(block_samples, dtype="float32", always_2d=True)):
                is_empty = False
                yield AudioChunk(samples=samples, sample_rate_hz=recording.samplerate)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: it cannot be read as audio ({_reason(path, error)})") from error
    if is_empty:
        raise AudioError(f"{path}: it holds no audio (0 samples)")


def find_recordings(path: str) -> list[str]:
    """List what a path stands for.

    Args:
        path: a file, or a folder that is searched recursively.

    Returns:
        The path itself if it is not a folder; else every file below it in sorted order, as paths
        relative to it. Hidden files and folders (`.name`), pipes and devices are left out. Links
        are followed, each folder once.
    """
    top = Path(path)
    if not top.is_dir():
        return [path]
    found: list[Path] = []
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(top, followlinks=True):
        here = os.path.realpath(folder)
        if here in seen:
            subfolders.clear()
            continue
        seen.add(here)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        files = [Path(folder, name) for name in names if not name.startswith(".")]
        found += [file.relative_to(top) for file in files if file.is_file() or not file.exists()]
    return [str(relative) for relative in sorted(found)]


def _reason(path: Path | str, error: Exception) -> str:
    """What libsndfile or the system says, without the path that the message has already."""
    if not Path(path).exists():
        return "there is no such file"
    if not os.access(path, os.R_OK):
        return "permission denied"
    if Path(path).is_file() and Path(path).stat().st_size == 0:
        return "it is empty"
    if isinstance(error, soundfile.LibsndfileError):
        return str(error.error_string).rstrip(".")
    return str(error)
