"""The manifest of a data folder: what each recording is, checked before anything is decoded."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from training.errors import TrainingDataError
from training.tables import read_table

MANIFEST_NAME = "manifest.tsv"
COLUMNS = ("path", "label", "split", "use", "source", "group", "licence", "duration_s")
SPLITS = ("train", "dev")
USES = ("ship", "research")
_FIELDS = COLUMNS[:-1]
"""Columns that are kept; how long a clip is its samples tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One row of a manifest."""

    path: str
    label: str
    split: str
    use: str
    source: str
    group: str
    licence: str


def read_manifest(folder: Path) -> tuple[ClipRow, ...]:
    """Read `manifest.tsv` of a data folder.

    Raises:
        TrainingDataError: no such file, a column is missing, or rows are wrong: cells missing or
            empty, unknown splits or uses, a path listed twice or outside the folder, a group in
            two splits. All faults are told at once, each with its line.
    """
    path = folder / MANIFEST_NAME
    advice = f"AED_DATA must name a folder with a {MANIFEST_NAME}"
    lines = read_table(path, COLUMNS, advice)
    rows, faults = [], []
    for number, cells in lines:
        found = list(_cell_faults(cells))
        faults += [f"{path}:{number}: {fault}" for fault in found]
        if not found:
            rows.append((number, ClipRow(**{name: cells[name] for name in _FIELDS})))
    faults += [f"{path}:{fault}" for fault in (*_listed_twice(rows), *_in_two_splits(rows))]
    if faults:
        raise TrainingDataError.of_faults(faults)
    return tuple(row for _, row in rows)


def write_manifest(folder: Path, rows: Iterable[ClipRow]) -> None:
    """Write the manifest of a data folder, in one move; durations are left empty.

    Raises:
        OSError: it cannot be written.
    """
    partial = folder / f".{MANIFEST_NAME}.partial"
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*astuple(row), "") for row in rows)
    partial.replace(folder / MANIFEST_NAME)


def _cell_faults(cells: dict[str | Any, str | Any]) -> Iterator[str]:
    """What is wrong with one row, taken alone."""
    if None in cells:
        yield f"{len(cells[None])} cells more than the header has; remove them"
        return
    if lacking := [name for name, cell in cells.items() if cell is None]:
        yield f"the row ends before {', '.join(lacking)}; add the cells"
        return
    for name in ("path", "label", "group"):
        if not cells[name].strip():
            yield f"{name} is empty; give one"
    for name, known in (("split", SPLITS), ("use", USES)):
        if cells[name] not in known:
            yield f"{name}: wanted {' or '.join(known)}, found {cells[name]!r}"
    if cells["use"] == "ship" and not cells["licence"].strip():
        yield "use is ship, but no licence is stated; state it, or use the row for research only"
    path = PurePosixPath(cells["path"])
    if path.is_absolute() or ".." in path.parts or "\0" in cells["path"]:
        yield f"path: wanted one below the manifest's folder, found {cells['path']!r}"


def _listed_twice(rows: Sequence[tuple[int, ClipRow]]) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, row in rows:
        if row.path in first:
            yield f"{number}: {row.path} stands in line {first[row.path]} already; keep one"
        first.setdefault(row.path, number)


def _in_two_splits(rows: Sequence[tuple[int, ClipRow]]) -> Iterator[str]:
    """Each group that would be both learned from and measured on, told once."""
    first: dict[str, tuple[int, str]] = {}
    told: set[str] = set()
    for number, row in rows:
        line, split = first.setdefault(row.group, (number, row.split))
        if split != row.split and row.group not in told:
            told.add(row.group)
            yield (
                f"{number}: group {row.group} is in split {row.split} here and in {split} in line "
                f"{line}; clips of one recording or session must share a split"
            )
