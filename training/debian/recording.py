"""Recordings made once of each package: downloaded, unpacked, written beside, moved into place."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from training.debian.archive import SUFFIXES, download, unpack
from training.debian.packages import Package
from training.errors import TrainingDataError

Write = Callable[[Package, list[Path], Path], None]
"""Writes what is wanted of a package, given its files, into a folder."""


def recorded(
    packages: Sequence[Package],
    out: Path,
    write: Write,
    console: Console,
    *,
    debs: Path | None = None,
    suffixes: Collection[str] = SUFFIXES,
) -> Iterator[tuple[Package, Path]]:
    """Give each package and its folder below `out`; those that are there are kept as they are.

    A package that cannot be had is told of and left out.

    Args:
        packages: which.
        out: folder of all.
        write: makes the folder of one.
        console: for progress and faults.
        debs: where packages are downloaded to; below `out` unless given.
        suffixes: of the files that are wanted of a package.

    Raises:
        TrainingDataError: `out` cannot be written to.
    """
    hidden = not console.is_terminal
    for package in track(packages, "packages", console=console, disable=hidden):
        folder = out / package.folder
        try:
            out.mkdir(parents=True, exist_ok=True)
            if not folder.exists():
                _record(package, folder, write, debs or out / ".debs", suffixes)
        except TrainingDataError as error:
            console.print(str(error), markup=False, highlight=False, soft_wrap=True)
            continue
        except OSError as error:
            raise TrainingDataError(f"{out}: cannot be written to ({error.strerror})") from error
        yield package, folder


def _record(
    package: Package, folder: Path, write: Write, debs: Path, suffixes: Collection[str]
) -> None:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with tempfile.TemporaryDirectory(dir=folder.parent) as unpacked:
        write(package, unpack(download(package.name, debs), Path(unpacked), suffixes), partial)
    partial.rename(folder)
