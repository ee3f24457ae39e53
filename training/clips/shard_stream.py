"""Clips of shards one after another, read from front to back: for passes over very much sound.

However much there is, memory holds the clips that are being shuffled and no others. Processes of a
distributed run and workers of a DataLoader each read shards of their own.

`python -m training.clips.shard_stream DIR` hears every clip once and says whether all of them are
whole, as after copying shards to another machine.
"""

import argparse
import sys
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import webdataset
from numpy.typing import NDArray
from torch.utils.data import IterableDataset
from webdataset.tariterators import group_by_keys, tar_file_expander

from aed.audio import SAMPLE_RATE_HZ
from ontology import AedError
from training.clips.manifest import SPLITS, ClipRow
from training.clips.shard_files import (
    AUDIO_SUFFIX,
    ROW_SUFFIX,
    Place,
    check,
    damaged,
    read_index,
    unpack,
    unpack_row,
)
from training.errors import TrainingDataError

Heard = tuple[ClipRow, NDArray[np.float32]]
"""A clip's row and its samples (S,), full scale ±1."""


class ShardStream(IterableDataset[Heard]):
    """All clips of one split of a folder of shards."""

    def __init__(
        self, folder: Path, split: str, *, shuffle_clips: int = 0, seed: int = 0, epoch: int = 0
    ) -> None:
        """Find the shards.

        Args:
            folder: where they are.
            split: `train` or `dev`.
            shuffle_clips: how many clips are held to be drawn from; 0 keeps the shards' order.
            seed: of the order.
            epoch: number of the pass, which changes the order as well.

        Raises:
            TrainingDataError: the index cannot be read, or shards are missing.
        """
        self.folder, self.shuffle_clips, self.seed = folder, shuffle_clips, [seed, epoch]
        self.places: dict[str, Place] = {
            path: place
            for path, place in read_index(folder).items()
            if place.shard.startswith(f"{split}-")
        }

    def __iter__(self) -> Iterator[Heard]:
        shards = sorted({place.shard for place in self.places.values()})
        if not shards:
            return
        order = int(np.random.default_rng(self.seed).integers(2**31))
        stages = [
            webdataset.SimpleShardList(
                [str(self.folder / shard) for shard in shards],
                seed=order if self.shuffle_clips else None,
            ),
            webdataset.split_by_node,
            webdataset.split_by_worker,
            _opened,
            tar_file_expander,
            group_by_keys,
        ]
        if self.shuffle_clips:
            held = self.shuffle_clips
            stages.append(webdataset.shuffle(held, initial=held, seed=order))
        try:
            for sample in webdataset.DataPipeline(*stages):
                yield self._heard(sample)
        except (OSError, ValueError, tarfile.TarError) as error:
            raise damaged(str(self.folder), str(error)) from error

    def _heard(self, sample: dict[str, Any]) -> Heard:
        where = f"{sample['__url__']}: {sample['__key__']}"
        if lacking := {AUDIO_SUFFIX, ROW_SUFFIX} - sample.keys():
            raise damaged(where, f"no {', '.join(sorted(lacking))}")
        row = unpack_row(sample[ROW_SUFFIX], where)
        if row.path not in self.places:
            raise damaged(where, f"{row.path} is not in the index")
        content = check(sample[AUDIO_SUFFIX], self.places[row.path], where)
        return row, unpack(content, where).astype(np.float32) / 32768.0


def _opened(sources: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Open each shard while it is read; webdataset's own opener leaves closing to chance."""
    for source in sources:
        with Path(source["url"]).open("rb") as stream:
            yield {**source, "stream": stream}


def heard_hours(folder: Path) -> float:
    """Hear every clip of a folder of shards; the hours they last.

    Raises:
        TrainingDataError: a clip is damaged or missing.
    """
    samples = 0
    for split in SPLITS:
        stream = ShardStream(folder, split)
        missing = set(stream.places)
        for row, audio in stream:
            missing.discard(row.path)
            samples += len(audio)
        if missing:
            raise TrainingDataError(
                f"{folder}: the shards lack {len(missing)} clips of the index, such as "
                f"{min(missing)}; copy or make the shards again"
            )
    return samples / SAMPLE_RATE_HZ / 3_600


def main(arguments: Sequence[str] | None = None) -> int:
    """Hear every clip of a folder of shards once, and say whether all are whole."""
    parser = argparse.ArgumentParser(
        prog="python -m training.clips.shard_stream", description=main.__doc__
    )
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        print(f"{options.folder}: {heard_hours(options.folder):.1f} h, every clip is whole")
    except AedError as error:
        print(f"shards: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
