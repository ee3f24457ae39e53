"""Clips read from shards one by one, in any order, as a bank gives them.

Memory holds the manifest and the index, never the samples: what is read again soon is in the
page cache, which the system bounds. No file stays open, so a bank may be handed to any process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.clips.manifest import ClipRow, read_manifest
from training.clips.shard_files import INDEX_NAME, Place, check, damaged, read_index, unpack


@dataclass(frozen=True, slots=True)
class ShardBank:
    """Clips in shards; the same samples as a `ClipBank` of the recordings they were made from.

    Attributes:
        folder: where the shards are.
        rows: what each clip is.
        places: where each clip is.
    """

    folder: Path
    rows: tuple[ClipRow, ...]
    places: tuple[Place, ...]

    def clip(self, index: int) -> NDArray[np.float32]:
        """Samples (S,) of one clip, full scale ±1.

        Raises:
            TrainingDataError: its shard is gone or damaged.
        """
        place = self.places[index]
        path = self.folder / place.shard
        where = f"{path}: {place.path}"
        try:
            with path.open("rb") as file:
                file.seek(place.offset_bytes)
                content = file.read(place.size_bytes)
        except OSError as error:
            raise damaged(where, str(error.strerror)) from error
        return unpack(check(content, place, where), where).astype(np.float32) / 32768.0

    def only(self, rows: Sequence[ClipRow]) -> "ShardBank":
        """The bank of some of its clips, in the order asked for."""
        place_of = {place.path: place for place in self.places}
        return ShardBank(self.folder, tuple(rows), tuple(place_of[row.path] for row in rows))


def holds_shards(folder: Path) -> bool:
    """Whether the recordings of a data folder stand in shards."""
    return (folder / INDEX_NAME).is_file()


def open_shards(folder: Path) -> ShardBank:
    """The bank of all clips in a folder of shards.

    Raises:
        TrainingDataError: manifest or index cannot be read or do not fit, or shards are missing.
    """
    rows, places = read_manifest(folder), read_index(folder)
    if lacking := [row.path for row in rows if row.path not in places]:
        raise damaged(str(folder / INDEX_NAME), f"lacks {len(lacking)} clips, {lacking[0]} first")
    return ShardBank(folder, rows, tuple(places[row.path] for row in rows))
