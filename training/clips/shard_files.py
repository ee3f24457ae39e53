"""Shards of clips: tar files of WebDataset's layout, with a manifest and an index beside them.

    manifest.tsv        the rows of the data folder they were made from
    index.tsv           where in which shard each clip stands
    train-000000.tar    000000017.flac, 000000017.json, 000000042.flac, ...
    dev-000000.tar

FLAC keeps the 16 kHz samples exactly; the JSON is the clip's row of the manifest. Any program that
reads WebDataset shards can read these.

Source: WebDataset, https://github.com/webdataset/webdataset (tar files whose neighbouring members
with one stem are one sample).
"""

import csv
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.clips.manifest import COLUMNS, MANIFEST_NAME, ClipRow
from training.errors import TrainingDataError

INDEX_NAME = "index.tsv"
AUDIO_SUFFIX = "flac"
ROW_SUFFIX = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a clip stands.

    Attributes:
        path: the clip's, in the manifest.
        shard: name of a tar file.
        offset_bytes: where its FLAC begins in that file.
        size_bytes: of its FLAC.
        crc32: of its FLAC.
        samples: how many it holds.
    """

    path: str
    shard: str
    offset_bytes: int
    size_bytes: int
    crc32: int
    samples: int


def pack(samples: NDArray[np.int16]) -> bytes:
    """FLAC of (S,) samples, without loss."""
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def unpack(content: bytes, where: str) -> NDArray[np.int16]:
    """Samples (S,) of a FLAC in a shard.

    Raises:
        TrainingDataError: it is damaged.
    """
    try:
        samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise damaged(where, str(error)) from error
    samples_i16: NDArray[np.int16] = samples
    return samples_i16


def pack_row(row: ClipRow) -> bytes:
    """JSON of a manifest's row."""
    return json.dumps(asdict(row), ensure_ascii=False, sort_keys=True).encode()


def unpack_row(content: bytes, where: str) -> ClipRow:
    """A manifest's row from JSON.

    Raises:
        TrainingDataError: it is damaged.
    """
    try:
        return ClipRow(**json.loads(content))
    except (ValueError, TypeError) as error:
        raise damaged(where, str(error)) from error


def write_tables(folder: Path, rows: Sequence[ClipRow], places: Mapping[str, Place]) -> None:
    """Write manifest and index; both list the clips in the manifest's order."""
    with (folder / MANIFEST_NAME).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        for row in rows:
            duration_s = places[row.path].samples / SAMPLE_RATE_HZ
            table.writerow([*asdict(row).values(), f"{duration_s:.3f}"])
    with (folder / INDEX_NAME).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow([field.name for field in fields(Place)])
        table.writerows(asdict(places[row.path]).values() for row in rows)


def read_index(folder: Path) -> dict[str, Place]:
    """Places of all clips, by their paths.

    Raises:
        TrainingDataError: there is no index, it is damaged, or shards are missing or too short.
    """
    path = folder / INDEX_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            places = {
                row["path"]: Place(
                    path=row["path"],
                    shard=row["shard"],
                    offset_bytes=int(row["offset_bytes"]),
                    size_bytes=int(row["size_bytes"]),
                    crc32=int(row["crc32"]),
                    samples=int(row["samples"]),
                )
                for row in csv.DictReader(file, delimiter="\t")
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise TrainingDataError(f"{path}: cannot be read as an index of shards: {error}") from error
    ends: dict[str, int] = {}
    for place in places.values():
        ends[place.shard] = max(ends.get(place.shard, 0), place.offset_bytes + place.size_bytes)
    if faults := [
        fault for shard, end in ends.items() if (fault := _too_short(folder, shard, end))
    ]:
        raise TrainingDataError.of_faults(faults)
    return places


def check(content: bytes, place: Place, where: str) -> bytes:
    """The FLAC itself, if it is what was written.

    Raises:
        TrainingDataError: it is damaged.
    """
    if len(content) != place.size_bytes or zlib.crc32(content) != place.crc32:
        raise damaged(where, "its check sum is another one")
    return content


def damaged(where: str, reason: str) -> TrainingDataError:
    """The error for a clip or a shard that is not what was written."""
    return TrainingDataError(f"{where}: is damaged ({reason}); copy or make the shards again")


def _too_short(folder: Path, shard: str, end_bytes: int) -> str | None:
    path = folder / shard
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        return f"{path}: is in the index, but cannot be read ({error.strerror}); copy it again"
    if size_bytes < end_bytes:
        return f"{path}: wanted {end_bytes} bytes, found {size_bytes}; copy it again"
    return None
