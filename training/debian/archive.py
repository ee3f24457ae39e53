"""Debian packages as a source of sound: downloaded by apt, unpacked by dpkg, nothing installed."""

import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TypeVar

from training.errors import TrainingDataError

Item = TypeVar("Item")

SUFFIXES = frozenset({".ogg", ".oga", ".wav", ".flac", ".mp3", ".opus", ".aiff", ".aif", ".au"})
"""What libsndfile reads."""


def download(package: str, folder: Path) -> Path:
    """Download a package unless `folder` has it; returns the file.

    Raises:
        TrainingDataError: apt has no such package, or cannot reach its archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = _downloaded(package, folder)
    if found is None:
        done = subprocess.run(
            ["apt-get", "download", "-q", package],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        found = _downloaded(package, folder)
        if found is None:
            lines = done.stderr.strip().splitlines() or ["apt-get said nothing"]
            raise TrainingDataError(f"{package}: cannot be downloaded ({lines[-1]})")
    return found


def unpack(file: Path, folder: Path, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """Unpack a package into an empty folder; returns its files with these suffixes, sorted.

    Raises:
        TrainingDataError: the package is broken.
    """
    done = subprocess.run(
        ["dpkg-deb", "-x", str(file), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise TrainingDataError(f"{file}: cannot be unpacked ({done.stderr.strip()}); delete it")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and path.is_file() and not path.is_symlink()
    )


def _downloaded(package: str, folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(f"{package}_*.deb"))), None)


def evenly(found: Sequence[Item], step: float) -> list[Item]:
    """Every so manieth of what was found, at least one: 1.0 takes all, 2.0 half of it."""
    many = max(int(len(found) / step), min(len(found), 1))
    return [found[int(place * step)] for place in range(many)]
