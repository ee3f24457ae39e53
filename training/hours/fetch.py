"""`fetch`: recordings of all packages and what is known of them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.console import Console

from aed.audio import SAMPLE_RATE_HZ
from training.clips.decoding import decode
from training.debian.archive import evenly
from training.debian.packages import Package
from training.debian.recording import recorded
from training.errors import TrainingDataError
from training.evaluation.truth import Recording, TrueSound, write_truth
from training.hours.joining import join
from training.hours.names import node_in_name

MOST_S = 3_000.0
"""Of one package; of a larger one files are taken evenly, so that none drowns the others."""

_FACTS = "recordings.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a package gave.

    Attributes:
        package: which.
        hours: of all its recordings.
        recordings: path below the folder of all, and the node its name speaks of.
        faults: files that could not be decoded.
    """

    package: Package
    hours: float
    recordings: tuple[tuple[str, str | None], ...]
    faults: tuple[str, ...]


def fetch(
    packages: Sequence[Package], out: Path, console: Console, *, debs: Path | None = None
) -> list[Fetched]:
    """Make the recordings of all packages and `truth.tsv`; finished packages are kept as they are.

    Args:
        packages: which.
        out: folder of recordings.
        console: for progress and faults.
        debs: where packages are downloaded to; below `out` unless given.

    Raises:
        TrainingDataError: `out` cannot be written to. A package that cannot be had is told of.
    """
    found = []
    for package, folder in recorded(packages, out, _write, console, debs=debs):
        told = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        found.append(
            Fetched(
                package=package,
                hours=told["hours"],
                recordings=tuple((path, node) for path, node in told["recordings"]),
                faults=tuple(told["faults"]),
            )
        )
    write_truth(out, _recordings(found))
    return found


def _write(package: Package, files: Sequence[Path], folder: Path) -> None:
    faults: list[str] = []
    recordings: list[tuple[str, str | None]] = []
    samples = 0
    for number, joined in enumerate(join(_decoded(_evenly(files), faults))):
        name = f"{number:04d}.flac"
        soundfile.write(folder / name, joined.samples, SAMPLE_RATE_HZ)
        recordings.append((f"{package.folder}/{name}", joined.node))
        samples += len(joined.samples)
    facts = {
        "hours": samples / SAMPLE_RATE_HZ / 3600,
        "recordings": recordings,
        "faults": faults,
    }
    (folder / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _decoded(
    files: Sequence[Path], faults: list[str]
) -> Iterator[tuple[str | None, NDArray[np.float32]]]:
    for file in files:
        try:
            samples = decode(file)
        except TrainingDataError as error:
            faults.append(str(error))
            continue
        yield node_in_name(file.stem), (samples / 32768).astype(np.float32)


def _evenly(files: Sequence[Path]) -> list[Path]:
    """As many of the files as last for `MOST_S`, taken evenly."""
    total_s = 0.0
    for file in files:
        try:
            total_s += soundfile.info(file).duration
        except (soundfile.LibsndfileError, OSError):
            continue  # told when it is decoded
    return evenly(files, max(1.0, total_s / MOST_S))


def _recordings(found: Sequence[Fetched]) -> list[Recording]:
    return [
        Recording(
            path=path,
            kind="recording",
            part=each.package.part,
            group=each.package.name,
            source=f"{each.package.source} ({each.package.kind})",
            sounds=() if node is None else (TrueSound(node=node),),
        )
        for each in found
        for path, node in each.recordings
    ]
