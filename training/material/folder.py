"""The enlarged folder: links to the recordings there were, clips of packages, one manifest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.console import Console

from aed.audio import SAMPLE_RATE_HZ
from training.clips.manifest import ClipRow, read_manifest, write_manifest
from training.debian.archive import SUFFIXES
from training.debian.packages import Package
from training.debian.recording import recorded
from training.errors import TrainingDataError
from training.material.chimes import CHIMES_OF_A_PROGRAM, PROGRAMS, draw_chime, play
from training.material.chimes import SUFFIXES as SOUNDFONTS
from training.material.pieces import pieces

LICENCE = "DFSG-free, per file in the package copyright"
CHIME = "chime"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    label: str
    session: str
    samples: NDArray[np.float32]


def enlarge(
    data: Path,
    packages: Sequence[Package],
    out: Path,
    console: Console,
    *,
    debs: Path | None = None,
) -> list[ClipRow]:
    """Make or go on with a data folder; packages that are done are kept as they are.

    Args:
        data: the folder to enlarge; it is not touched, `out` links to what it holds.
        packages: whose sounds are added.
        out: the new folder.
        console: for progress, and for packages that cannot be had.
        debs: where packages are downloaded to; below `out` unless given.

    Returns:
        The rows that were added.

    Raises:
        TrainingDataError: `data` has no usable manifest, or `out` cannot be written to.
    """
    rows = list(read_manifest(data))
    added: list[ClipRow] = []
    for _, folder in recorded(
        packages, out, _write, console, debs=debs, suffixes=SUFFIXES | SOUNDFONTS
    ):
        added += (replace(row, path=f"{folder.name}/{row.path}") for row in read_manifest(folder))
    try:
        out.mkdir(parents=True, exist_ok=True)
        _link(data, {PurePosixPath(row.path).parts[0] for row in rows}, out)
        write_manifest(out, [*rows, *added])
    except OSError as error:
        raise TrainingDataError(f"{out}: cannot be written to ({error.strerror})") from error
    return added


def _link(data: Path, folders: Iterable[str], out: Path) -> None:
    for name in sorted(folders):
        link = out / name
        if not link.exists():
            link.symlink_to((data / name).resolve())


def _write(package: Package, files: Sequence[Path], folder: Path) -> None:
    """Write clips of a package and their manifest."""
    rows = []
    clips = _chimes(package, files) if package.kind == "chimes" else _pieces(package, files)
    for number, clip in enumerate(clips):
        path = f"{clip.label}/{number:04d}.flac"
        (folder / path).parent.mkdir(exist_ok=True)
        soundfile.write(folder / path, clip.samples, SAMPLE_RATE_HZ)
        rows.append(
            ClipRow(
                path=path,
                label=clip.label,
                split="train",
                use="ship",
                source=package.source,
                group=f"{package.folder}:{clip.session}",
                licence=LICENCE,
            )
        )
    write_manifest(folder, rows)


def _pieces(package: Package, files: Sequence[Path]) -> Iterator[_Clip]:
    """Each piece of its files that has sound."""
    for piece in pieces(files, all_music=package.kind == "music"):
        try:
            samples = piece.samples()
        except TrainingDataError:
            continue  # an end of a file, or one that is broken in its middle: nothing is lost
        yield _Clip(label=piece.label, session=piece.file.stem, samples=samples)


def _chimes(package: Package, files: Sequence[Path]) -> Iterator[_Clip]:
    """Door chimes on its largest soundfont; the package's name seeds them."""
    found = [path for path in files if path.suffix.lower() in SOUNDFONTS]
    if not found:
        raise TrainingDataError(f"{package.name}: wanted a soundfont in it, found none")
    soundfont = max(found, key=lambda path: path.stat().st_size)
    rng = np.random.default_rng(list(package.name.encode()))
    for name, program in PROGRAMS.items():
        chimes = [draw_chime(rng) for _ in range(CHIMES_OF_A_PROGRAM)]
        for samples in play(soundfont, program, chimes):
            yield _Clip(label=CHIME, session=name, samples=samples)
