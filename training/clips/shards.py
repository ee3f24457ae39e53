"""Shards from a data folder, for recordings that do not fit on one machine's disk or memory.

`python -m training.clips.shards --data DIR --out DIR` writes them; the folder then stands
wherever a data folder may: `aed train --data DIR`. Every split has shards of its own, and the clips
in them are shuffled once, by their names, so that reading one after another mixes labels and
sources.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import webdataset
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from aed.audio import SAMPLE_RATE_HZ
from ontology import AedError
from training.clips.decoding import decode
from training.clips.manifest import SPLITS, ClipRow, read_manifest
from training.clips.shard_files import AUDIO_SUFFIX, ROW_SUFFIX, Place, pack, pack_row, write_tables
from training.errors import MOST_SHOWN, TrainingDataError

SHARD_MB = 256.0
_TAR_OVERHEAD_BYTES = 2_048
"""Headers and padding of a clip's two members, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What became of a data folder.

    Attributes:
        shards: names of the tar files.
        clips: how many they hold.
        duration_h: hours of sound.
        skipped: a sentence for each clip that was left out.
        lost_labels: labels of which no clip is left.
    """

    shards: tuple[str, ...]
    clips: int
    duration_h: float
    skipped: tuple[str, ...]
    lost_labels: tuple[str, ...]


def write_shards(
    data: Path, out: Path, *, shard_bytes: int, skip_unreadable: bool = False
) -> ShardReport:
    """Write the recordings of a data folder into shards; the same recordings, the same bytes.

    Args:
        data: a folder with a manifest.
        out: a folder that is not there yet, or empty; it appears when it is whole.
        shard_bytes: size at which a shard is full.
        skip_unreadable: leave out and report recordings that are missing or unusable.

    Raises:
        TrainingDataError: `out` is there already or cannot be written, the manifest is wrong, or
            recordings are unusable and not to be skipped (all are named).
    """
    rows = read_manifest(data)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingDataError(f"{out}: is there already; delete it, or name another folder")
    unfinished = out.with_name(f"{out.name}.unfinished-{os.getpid()}")
    writer = _Writer(folder=unfinished, shard_bytes=shard_bytes)
    faults: list[str] = []
    try:
        unfinished.mkdir(parents=True)
        for split in SPLITS:
            chosen = [(number, row) for number, row in enumerate(rows) if row.split == split]
            chosen.sort(key=lambda item: hashlib.sha256(item[1].path.encode()).digest())
            writer.write(split, _decoded(data, chosen, faults))
        if faults and not skip_unreadable:
            advice = "repair them, remove their rows, or leave them out with --skip-unreadable"
            count = f"{data}: {len(faults)} of {len(rows)} recordings cannot be used; {advice}"
            raise TrainingDataError.of_faults([count, *faults])
        kept = [row for row in rows if row.path in writer.places]
        write_tables(unfinished, kept, writer.places)
        unfinished.replace(out)
    except OSError as error:
        raise TrainingDataError(
            f"{out}: cannot be written ({error.strerror}); make room there, or name another folder"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    samples = sum(place.samples for place in writer.places.values())
    return ShardReport(
        shards=tuple(writer.shards),
        clips=len(kept),
        duration_h=samples / SAMPLE_RATE_HZ / 3_600,
        skipped=tuple(faults),
        lost_labels=tuple(sorted({row.label for row in rows} - {row.label for row in kept})),
    )


class _Writer:
    """Writes clips into numbered shards of a folder and remembers where they stand."""

    def __init__(self, *, folder: Path, shard_bytes: int) -> None:
        self.folder, self.shard_bytes = folder, shard_bytes
        self.places: dict[str, Place] = {}
        self.shards: list[str] = []

    def write(self, split: str, clips: Iterator[tuple[int, ClipRow, NDArray[np.int16]]]) -> None:
        """Write all clips of a split, shard after shard."""
        clip = next(clips, None)
        number = 0
        while clip is not None:
            shard = f"{split}-{number:06d}.tar"
            written: dict[str, tuple[ClipRow, int, int]] = {}
            with (
                (self.folder / shard).open("wb") as file,
                webdataset.TarWriter(file, encoder=False, mtime=0, user="", group="") as tar,
            ):
                size_bytes = 0
                while clip is not None and size_bytes < self.shard_bytes:
                    index, row, samples = clip
                    key, audio = f"{index:09d}", pack(samples)
                    parts = {AUDIO_SUFFIX: audio, ROW_SUFFIX: pack_row(row)}
                    size_bytes += tar.write({"__key__": key, **parts}) + _TAR_OVERHEAD_BYTES
                    written[f"{key}.{AUDIO_SUFFIX}"] = row, zlib.crc32(audio), len(samples)
                    clip = next(clips, None)
            self._remember(shard, written)
            number += 1

    def _remember(self, shard: str, written: dict[str, tuple[ClipRow, int, int]]) -> None:
        self.shards.append(shard)
        with tarfile.open(self.folder / shard, "r:") as tar:
            for member in tar:
                if member.name in written:
                    row, crc32, samples = written[member.name]
                    self.places[row.path] = Place(
                        path=row.path,
                        shard=shard,
                        offset_bytes=member.offset_data,
                        size_bytes=member.size,
                        crc32=crc32,
                        samples=samples,
                    )


def _decoded(
    data: Path, rows: Sequence[tuple[int, ClipRow]], faults: list[str]
) -> Iterator[tuple[int, ClipRow, NDArray[np.int16]]]:
    """Samples of each row, with a bar on a terminal; those that cannot be used go to `faults`."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    for number, row in track(rows, "writing shards", console=console, disable=hidden):
        path = data / row.path
        if not path.is_file():
            faults.append(f"{path}: is in the manifest, but not there")
            continue
        try:
            yield number, row, decode(path)
        except TrainingDataError as error:
            faults.append(str(error))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the recordings of a data folder into WebDataset shards."""
    parser = argparse.ArgumentParser(
        prog="python -m training.clips.shards", description=main.__doc__
    )
    data = os.environ.get("AED_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        required=data is None,
        default=Path(data) if data else None,
        help="folder with a manifest.tsv (default: AED_DATA)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="a new folder")
    parser.add_argument("--shard-mb", type=float, default=SHARD_MB, help="size of a full shard")
    parser.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out, and name, recordings that are missing or cannot be used",
    )
    options = parser.parse_args(arguments)
    try:
        report = write_shards(
            options.data,
            options.out,
            shard_bytes=round(options.shard_mb * 1e6),
            skip_unreadable=options.skip_unreadable,
        )
    except AedError as error:
        print(f"shards: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("shards: interrupted; nothing was written", file=sys.stderr)
        return 130
    _print(report, options.out)
    return 0


def _print(report: ShardReport, out: Path) -> None:
    for sentence in report.skipped[:MOST_SHOWN]:
        print(f"skipped: {sentence}", file=sys.stderr)
    if len(report.skipped) > MOST_SHOWN:
        print(f"skipped: ... and {len(report.skipped) - MOST_SHOWN} more", file=sys.stderr)
    if report.lost_labels:
        print(f"no clip is left of: {', '.join(report.lost_labels)}", file=sys.stderr)
    print(
        f"{report.clips} clips ({report.duration_h:.1f} h) in {len(report.shards)} shards of "
        f"{out}, {len(report.skipped)} skipped"
    )


if __name__ == "__main__":
    raise SystemExit(main())
