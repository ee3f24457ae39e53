"""What is known of the recordings a detector is judged on: `truth.tsv`, a line for each sound.

A recording without a known sound has one line with an empty node: it is hours of negatives. A sound
without times is somewhere in its recording (a clip label).
"""

import csv
import hashlib
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from training.errors import TrainingDataError
from training.tables import read_table

TRUTH_NAME = "truth.tsv"
COLUMNS = ("path", "kind", "part", "group", "source", "node", "onset_s", "offset_s", "snr_db")
KINDS = ("recording", "mixture")
PARTS = ("development", "confirmation")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSound:
    """A sound that is known to be in a recording.

    Attributes:
        node: deepest ontology node known to be true.
        onset_s: where it begins; None if nobody marked it.
        offset_s: where it ends; None together with `onset_s`.
        snr_db: its loudest 100 ms over the level of everything else; None if unknown.
    """

    node: str
    onset_s: float | None = None
    offset_s: float | None = None
    snr_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording and all sounds in it that matter.

    Attributes:
        path: relative to the folder of the `truth.tsv`.
        kind: `recording` as it was made, or `mixture` of several.
        part: `development` may choose thresholds, `confirmation` only judges.
        group: session; of one session all recordings stand in one part.
        source: where it comes from.
        sounds: what is known to be in it, by time.
    """

    path: str
    kind: str
    part: str
    group: str
    source: str
    sounds: tuple[TrueSound, ...] = ()


def write_truth(folder: Path, recordings: Iterable[Recording]) -> Path:
    """Write `truth.tsv` in one move; returns its path.

    Raises:
        TrainingDataError: it cannot be written.
    """
    path = folder / TRUTH_NAME
    partial = path.with_suffix(".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(COLUMNS)
            for each in recordings:
                about = (each.path, each.kind, each.part, each.group, each.source)
                for sound in each.sounds or (None,):
                    writer.writerow([*about, *_cells(sound)])
        partial.replace(path)
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def read_truth(path: Path, nodes: Collection[str]) -> tuple[Recording, ...]:
    """Read a `truth.tsv`; recordings come in the order of their first lines.

    Args:
        path: the file.
        nodes: ids of the ontology that is judged.

    Raises:
        TrainingDataError: it cannot be read, a column is missing, or lines are wrong: all faults at
            once, each with its line.
    """
    lines = read_table(path, COLUMNS)
    known = frozenset(nodes)
    faults: list[str] = []
    about: dict[str, tuple[str, ...]] = {}
    part_of: dict[str, str] = {}
    sounds: dict[str, list[TrueSound]] = {}
    for number, row in lines:
        found = list(_faults(row, known))
        if not found:
            told = tuple(row[name] for name in COLUMNS[:5])
            if about.setdefault(row["path"], told) != told:
                found.append(f"{row['path']}: other words about it than in its first line")
            if part_of.setdefault(row["group"], row["part"]) != row["part"]:
                found.append(f"group {row['group']} stands in both parts; a session belongs in one")
        faults += [f"{path}:{number}: {fault}" for fault in found]
        if not found:
            sounds.setdefault(row["path"], []).extend(_sound(row))
    if faults:
        raise TrainingDataError.of_faults(faults)
    return tuple(
        Recording(
            path=name,
            kind=told[1],
            part=told[2],
            group=told[3],
            source=told[4],
            sounds=tuple(sorted(sounds[name], key=lambda sound: sound.onset_s or 0.0)),
        )
        for name, told in about.items()
    )


def _cells(sound: TrueSound | None) -> list[str]:
    if sound is None:
        return ["", "", "", ""]
    times = (sound.onset_s, sound.offset_s, sound.snr_db)
    return [sound.node, *("" if value is None else f"{value:.3f}" for value in times)]


def _sound(row: dict[str, str]) -> Iterator[TrueSound]:
    if row["node"]:
        onset, offset, snr = (
            float(row[name]) if row[name] else None for name in ("onset_s", "offset_s", "snr_db")
        )
        yield TrueSound(node=row["node"], onset_s=onset, offset_s=offset, snr_db=snr)


def _faults(row: dict[str, str], nodes: frozenset[str]) -> Iterator[str]:
    """What is wrong with one line, taken alone."""
    if any(cell is None for cell in row.values()) or None in row:
        yield f"wanted {len(COLUMNS)} cells"
        return
    path = PurePosixPath(row["path"])
    if not row["path"].strip() or path.is_absolute() or ".." in path.parts or "\0" in row["path"]:
        yield f"path: wanted one below the folder of this file, found {row['path']!r}"
    for name, allowed in (("kind", KINDS), ("part", PARTS)):
        if row[name] not in allowed:
            yield f"{name}: wanted {' or '.join(allowed)}, found {row[name]!r}"
    if row["node"] and row["node"] not in nodes:
        yield f"node: the ontology has no {row['node']!r}"
    yield from _number_faults(row)


def _number_faults(row: dict[str, str]) -> Iterator[str]:
    numbers = {name: _number(row[name]) for name in ("onset_s", "offset_s", "snr_db")}
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            yield f"{name}: wanted a number, found {row[name]!r}"
            return
    onset, offset = numbers["onset_s"], numbers["offset_s"]
    if (onset is None) != (offset is None):
        yield "onset_s and offset_s: wanted both or neither"
    elif onset is not None and offset is not None and not 0 <= onset < offset:
        yield f"onset_s and offset_s: wanted 0 <= onset < offset, found {onset} and {offset}"
    if not row["node"] and any(value is not None for value in numbers.values()):
        yield "times without a node; name the node, or leave the times empty"


def _number(cell: str) -> float | None:
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return math.nan


def part_of(group: str) -> str:
    """Part of a session of dev clips, by its name alone."""
    return PARTS[hashlib.sha256(group.encode()).digest()[0] % len(PARTS)]
