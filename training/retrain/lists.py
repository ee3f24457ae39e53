"""Lists of clips with columns of one's own choosing: CSV or TSV, a line a clip."""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.errors import TrainingDataError
from training.retrain.listing import Fault, ListedClip, Listing, Split
from training.retrain.naming import Names
from training.tables import read_table

PATH_COLUMNS = ("path", "file", "filename", "file_name", "filepath", "fname", "audio")
LABEL_COLUMNS = ("label", "labels", "class", "classes", "category", "node", "class_name")
GROUP_COLUMNS = ("group", "session", "recording", "source_file", "src_file", "fsid", "speaker")

RECORDED_SOURCE = "aed record"
"""In the column `source` of what `aed record` lists."""

_SPLITS: Mapping[str, Split] = {
    "": "",
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(
        ("dev", "val", "valid", "validation", "test", "eval", "evaluation", "held_out"), "held_out"
    ),
}


def is_list(path: Path) -> bool:
    """Whether a file is a table that has a column of paths and one of labels."""
    try:
        _columns(path)
    except TrainingDataError:
        return False
    return True


def read_list(path: Path, names: Names) -> Listing:
    """Read a list of clips; paths are relative to it.

    A list in which everything is to be learned from holds nothing out on purpose, and what
    `aed record` wrote says nothing of that either: whoever trains may hold some of it out.

    Raises:
        TrainingDataError: it is no table in UTF-8, or has no column of paths or of labels.
    """
    delimiter, columns = _columns(path)
    lines = read_table(path, tuple(columns.values()), delimiter=delimiter)
    clips: list[ListedClip] = []
    faults: list[Fault] = []
    listed: set[str] = set()
    research = 0
    splits: set[Split] = set()
    for number, cells in lines:
        where = f"{path.name}:{number}"
        problem = next(_problems(cells, columns), None)
        clip_path = (cells[columns["path"]] or "").strip()
        listed.add(os.path.normpath(path.parent / clip_path))
        if problem:
            faults.append(Fault(path="", where=where, problem=problem))
            continue
        split = _SPLITS[_cell(cells, columns.get("split")).casefold()]
        if _cell(cells, columns.get("use")).casefold() == "research" and split != "held_out":
            research += 1
            continue
        if _cell(cells, columns.get("source")) == RECORDED_SOURCE:
            split = ""
        else:
            splits.add(split)
        clips.append(
            ListedClip(
                path=clip_path,
                labels=words_of(_cell(cells, columns["label"]), names),
                group=_cell(cells, columns.get("group")) or clip_path,
                split=split,
                where=where,
            )
        )
    if splits == {"train"}:
        clips = [replace(clip, split="") for clip in clips]
    return Listing(
        folder=path.parent,
        layout=f"list {path.name}",
        clips=tuple(clips),
        faults=tuple(faults),
        notes=tuple(_notes(path, columns, research)),
        listed=frozenset(listed),
    )


def words_of(cell: str, names: Names) -> tuple[str, ...]:
    """The labels in a cell: all of it if that means something, else what stands between marks."""
    words = [word.strip() for word in re.split(r"[;|,]", cell)]
    several = tuple(word for word in words if word)
    is_one = len(several) == 1 or not isinstance(names.meaning([cell.strip()]), str)
    return (cell.strip(),) if is_one and cell.strip() else several


def _columns(path: Path) -> tuple[str, dict[str, str]]:
    """The delimiter, and which of the columns is path, label and so on."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline(10_000)
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path}: is not a table in UTF-8: {error}") from error
    delimiter = max("\t,;", key=header.count)
    try:
        titles = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error as error:
        raise TrainingDataError(f"{path}: is not a table: {error}") from error
    by_word = {title.strip().casefold(): title for title in reversed(titles)}
    found = {
        name: by_word[next(word for word in words if word in by_word)]
        for name, words in (
            ("path", PATH_COLUMNS),
            ("label", LABEL_COLUMNS),
            ("group", GROUP_COLUMNS),
            ("split", ("split",)),
            ("use", ("use",)),
            ("source", ("source",)),
        )
        if any(word in by_word for word in words)
    }
    for name, words in (("path", PATH_COLUMNS), ("label", LABEL_COLUMNS)):
        if name not in found:
            raise TrainingDataError(
                f"{path}: wanted a column of {name}s ({', '.join(words)}), found "
                f"{', '.join(map(repr, titles)) or 'no header'}; name one so in the first line"
            )
    return delimiter, found


def _problems(cells: Mapping[Any, Any], columns: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with one line, taken alone."""
    if None in cells:
        yield f"{len(cells[None])} cells more than the header has; put quotes around commas"
        return
    if lacking := [title for title in columns.values() if cells[title] is None]:
        yield f"the line ends before {', '.join(lacking)}; add the cells"
        return
    path = cells[columns["path"]]
    if not path.strip() or "\0" in path:
        yield f"wanted the path of a clip, found {path!r}"
    split = _cell(cells, columns.get("split")).casefold()
    if split not in _SPLITS:
        yield f"split: wanted train, dev or test, found {split!r}"


def _cell(cells: Mapping[Any, Any], title: str | None) -> str:
    return "" if title is None else str(cells[title]).strip()


def _notes(path: Path, columns: Mapping[str, str], research: int) -> Sequence[str]:
    notes = []
    if "group" not in columns:
        notes.append(
            f"{path.name}: no column says which clips are of one session ({GROUP_COLUMNS[0]}), so "
            "each counts as one of its own; if some are cut from one recording, the figures will "
            "be too good"
        )
    if research:
        notes.append(f"{path.name}: {research} clips are for research only, and train nothing")
    return notes
