"""Public data sets as they are unpacked: ESC-50, UrbanSound8K, FSD50K, and AudioSet's segments."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from training.errors import TrainingDataError
from training.retrain.folders import audio_files
from training.retrain.listing import Fault, ListedClip, Listing, Split
from training.tables import read_table

ESC50_LIST = "meta/esc50.csv"
URBANSOUND_LIST = "metadata/UrbanSound8K.csv"
FSD50K_LISTS = {
    "FSD50K.ground_truth/dev.csv": "FSD50K.dev_audio",
    "FSD50K.ground_truth/eval.csv": "FSD50K.eval_audio",
}
_UPLOADERS = "FSD50K.metadata/dev_clips_info_FSD50K.json"

_YOUTUBE_ID_LENGTH = 11
_SEGMENT_CELLS = 4


def read_esc50(folder: Path) -> Listing:
    """List ESC-50: clips of one recording of freesound.org are one session."""
    return _read(folder, ESC50_LIST, "ESC-50", ("filename", "category", "src_file"), "audio")


def read_urbansound(folder: Path) -> Listing:
    """List UrbanSound8K: clips of one recording of freesound.org are one session."""
    columns = ("slice_file_name", "class", "fsID", "fold")
    return _read(folder, URBANSOUND_LIST, "UrbanSound8K", columns, "audio")


def _read(
    folder: Path, name: str, layout: str, columns: tuple[str, ...], audio_folder: str
) -> Listing:
    clips, faults = [], []
    for number, cells in read_table(folder / name, columns, delimiter=","):
        where = f"{name}:{number}"
        if None in cells or any(cells[column] is None for column in columns):
            faults.append(Fault(path="", where=where, problem="has too many or too few cells"))
            continue
        file, label, source, *fold = (cells[column] for column in columns)
        path = "/".join([audio_folder, *(f"fold{each}" for each in fold), file])
        clips.append(ListedClip(path=path, labels=(label,), group=source, where=where))
    return Listing(folder=folder, layout=layout, clips=tuple(clips), faults=tuple(faults))


def read_fsd50k(folder: Path) -> Listing:
    """List FSD50K; its validation and evaluation clips are held out.

    Clips of one uploader are one session where the metadata lie beside the ground truth.
    """
    uploaders = _uploaders(folder / _UPLOADERS)
    clips, faults = [], []
    for name, audio in FSD50K_LISTS.items():
        if not (folder / name).exists():
            continue
        for number, cells in read_table(folder / name, ("fname", "mids"), delimiter=","):
            where = f"{name}:{number}"
            if None in cells or cells["fname"] is None or cells["mids"] is None:
                faults.append(Fault(path="", where=where, problem="has too many or too few cells"))
                continue
            held_out = "eval" in name or cells.get("split") == "val"
            split: Split = "held_out" if held_out else "train"
            file = cells["fname"]
            clips.append(
                ListedClip(
                    path=f"{audio}/{file}.wav",
                    labels=tuple(label for label in cells["mids"].split(",") if label),
                    group=uploaders.get(file, file),
                    split=split,
                    where=where,
                )
            )
    return Listing(folder=folder, layout="FSD50K", clips=tuple(clips), faults=tuple(faults))


def read_segments(path: Path) -> Listing:
    """List the clips of a table of AudioSet (`YTID, start_seconds, end_seconds, positive_labels`).

    Their audio may lie anywhere below its folder, named by the video (`ID.wav`, `YID.flac`,
    `ID_30.000.wav`); segments without audio are counted.
    """
    files = _by_video(audio_files(path.parent))
    clips, faults, without = [], [], 0
    for number, cells in _segments(path):
        where = f"{path.name}:{number}"
        if len(cells) != _SEGMENT_CELLS:
            problem = f"wanted {_SEGMENT_CELLS} cells, found {len(cells)}"
            faults.append(Fault(path="", where=where, problem=problem))
            continue
        video, start, _, labels = cells
        found = files.get(video, [])
        if not found:
            without += 1
            continue
        second = start.split(".")[0]
        file = next((each for each in found if f"_{second}" in PurePath(each).stem), found[0])
        words = tuple(word for word in labels.split(",") if word)
        clips.append(ListedClip(path=file, labels=words, group=video, where=where))
    notes = [f"{path.name}: {without} segments have no audio here"] if without else []
    return Listing(
        folder=path.parent,
        layout=f"AudioSet's segments {path.name}",
        clips=tuple(clips),
        faults=tuple(faults),
        notes=tuple(notes),
    )


def is_segments(path: Path) -> bool:
    """Whether a file is a table of AudioSet's segments."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(1_000)
    except OSError:
        return False
    return head.startswith("#") and "YTID" in head


def _segments(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True)
            for cells in reader:
                if cells and not cells[0].startswith("#"):
                    yield reader.line_num, [cell.strip() for cell in cells]
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingDataError(f"{path}: is not a table in UTF-8: {error}") from error


def _by_video(paths: Iterable[str]) -> dict[str, list[str]]:
    """Files by every video whose id their names may begin with."""
    found: dict[str, list[str]] = {}
    for path in paths:
        stem = PurePath(path).stem
        found.setdefault(stem[:_YOUTUBE_ID_LENGTH], []).append(path)
        if stem.startswith("Y") and len(stem) > _YOUTUBE_ID_LENGTH:
            found.setdefault(stem[1 : _YOUTUBE_ID_LENGTH + 1], []).append(path)
    return found


def _uploaders(path: Path) -> dict[str, str]:
    """The uploader of each clip; empty without the metadata."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(told, dict):
        raise TrainingDataError(f"{path}: wanted an entry for each clip, found {type(told)}")
    return {
        name: str(entry["uploader"])
        for name, entry in told.items()
        if isinstance(entry, dict) and "uploader" in entry
    }
