"""The enlarged folder: links to the recordings there were, pieces of packages, one manifest."""

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from aed.audio import SAMPLE_RATE_HZ
from training.clips.manifest import COLUMNS, MANIFEST_NAME, ClipRow, read_manifest
from training.errors import TrainingDataError
from training.hours.debian import download, unpack
from training.hours.packages import Package
from training.material.chimes import CHIMES_OF_A_PROGRAM, PROGRAMS, draw_chime, play
from training.material.chimes import SUFFIXES as SOUNDFONTS
from training.material.pieces import pieces

LICENCE = "DFSG-free, per file in the package copyright"
_ROWS = "rows.tsv"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    label: str
    session: str
    samples: NDArray[np.float32]


def enlarge(
    data: Path, packages: Sequence[Package], out: Path, console: Console, *, debs: Path
) -> list[ClipRow]:
    """Make or go on with a data folder; packages that are done are kept as they are.

    Args:
        data: the folder to enlarge; it is not touched, `out` links to what it holds.
        packages: whose sounds are added.
        out: the new folder.
        console: for progress, and for packages that cannot be had.
        debs: where packages are downloaded to.

    Returns:
        The rows that were added.

    Raises:
        TrainingDataError: `data` has no usable manifest, or `out` cannot be written to.
    """
    rows = list(read_manifest(data))
    added: list[ClipRow] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        _link(data, {PurePosixPath(row.path).parts[0] for row in rows}, out)
        hidden = not console.is_terminal
        for package in track(packages, "packages", console=console, disable=hidden):
            try:
                added += _package(package, out, debs)
            except TrainingDataError as error:
                console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        _write_rows(out / MANIFEST_NAME, [*rows, *added])
    except OSError as error:
        raise TrainingDataError(f"{out}: cannot be written to ({error.strerror})") from error
    return added


def _link(data: Path, folders: Iterable[str], out: Path) -> None:
    for name in sorted(folders):
        link = out / name
        if not link.exists():
            link.symlink_to((data / name).resolve())


def _package(package: Package, out: Path, debs: Path) -> list[ClipRow]:
    folder = out / _folder_name(package)
    if not folder.exists():
        partial = out / f".{folder.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        with tempfile.TemporaryDirectory(dir=out) as unpacked:
            clips_of = _chimes if package.kind == "chimes" else _pieces
            clips = clips_of(package, download(package.name, debs), Path(unpacked))
            _write_rows(partial / _ROWS, _write(package, clips, partial))
        partial.rename(folder)
    return _read_rows(folder / _ROWS)


def _write(package: Package, clips: Iterable[_Clip], folder: Path) -> list[ClipRow]:
    rows = []
    for number, clip in enumerate(clips):
        name = f"{clip.label}/{number:04d}.flac"
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, clip.samples, SAMPLE_RATE_HZ)
        rows.append(
            ClipRow(
                path=f"{_folder_name(package)}/{name}",
                label=clip.label,
                split="train",
                use="ship",
                source=f"Debian:{package.name}",
                group=f"{_folder_name(package)}:{clip.session}",
                licence=LICENCE,
            )
        )
    return rows


def _pieces(package: Package, deb: Path, folder: Path) -> Iterator[_Clip]:
    """Each piece of its files that has sound."""
    for piece in pieces(unpack(deb, folder), all_music=package.kind == "music"):
        try:
            samples = piece.samples()
        except TrainingDataError:
            continue  # an end of a file, or one that is broken in its middle: nothing is lost
        yield _Clip(label=piece.label, session=piece.file.stem, samples=samples)


def _chimes(package: Package, deb: Path, folder: Path) -> Iterator[_Clip]:
    """Door chimes on its largest soundfont; the package's name seeds them."""
    found = unpack(deb, folder, SOUNDFONTS)
    if not found:
        raise TrainingDataError(f"{package.name}: wanted a soundfont in it, found none")
    soundfont = max(found, key=lambda path: path.stat().st_size)
    rng = np.random.default_rng(list(package.name.encode()))
    for name, program in PROGRAMS.items():
        chimes = [draw_chime(rng) for _ in range(CHIMES_OF_A_PROGRAM)]
        for samples in play(soundfont, program, chimes):
            yield _Clip(label="chime", session=name, samples=samples)


def _write_rows(path: Path, rows: Sequence[ClipRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*astuple(row), "") for row in rows)


def _read_rows(path: Path) -> list[ClipRow]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [ClipRow(**{name: row[name] for name in COLUMNS[:-1]}) for row in rows]


def _folder_name(package: Package) -> str:
    return f"debian_{package.name.replace('-', '_')}"
