"""Which recordings are judged, and what is known in each about each node.

Three kinds of list are read: `truth.tsv` (see `truth`), a data folder's `manifest.tsv` (its dev
rows, each label somewhere in its clip), and either by the folder that holds it.

Axes: N ontology nodes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ontology import LabelSet
from training.clips.manifest import MANIFEST_NAME, read_manifest
from training.errors import TrainingDataError
from training.evaluation.truth import TRUTH_NAME, part_of, read_truth
from training.labels import ROOM_LABEL, Target, node_target, read_label_map, refuse_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedNode:
    """A node that is judged.

    Attributes:
        id: of the node.
        column: in the ontology.
        place: among the judged ones, the column of `contestants.Said.scores`.
    """

    id: str
    column: int
    place: int


def judged_nodes(labels: LabelSet, more: Sequence[str] = ()) -> list[JudgedNode]:
    """The critical nodes of an ontology, and more of it.

    Raises:
        TrainingDataError: one of `more` is not in the ontology.
    """
    if unknown := [node for node in more if node not in labels.index]:
        raise TrainingDataError(f"the ontology has no node {', '.join(unknown)}")
    ids = [node.id for node in labels.ontology.nodes if node.is_critical or node.id in more]
    return [
        JudgedNode(id=node, column=labels.index[node], place=place)
        for place, node in enumerate(ids)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSound:
    """A sound in a recording.

    Attributes:
        target: which nodes it makes true, and of which it says nothing.
        onset_s: where it begins; None: somewhere in the recording.
        offset_s: where it ends; None together with `onset_s`.
        snr_db: see `truth.TrueSound`.
    """

    target: Target
    onset_s: float | None = None
    offset_s: float | None = None
    snr_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A recording that is judged.

    Attributes:
        file: where it lies.
        name: as reports name it.
        kind: `recording` or `mixture`.
        part: `development` or `confirmation`.
        sounds: what is known to be in it.
    """

    file: Path
    name: str
    kind: str
    part: str
    sounds: tuple[KnownSound, ...]


def read_material(lists: Sequence[Path], labels: LabelSet) -> tuple[Judged, ...]:
    """Read all recordings of several lists.

    Args:
        lists: files of either kind, or the folders that hold them.
        labels: the ontology that is judged.

    Raises:
        TrainingDataError: a list cannot be used, there is no recording in them, or one stands in
            two of them.
    """
    found: list[Judged] = []
    for path in lists:
        file = _list_in(path)
        is_manifest = file.name == MANIFEST_NAME
        found += _of_manifest(file.parent, labels) if is_manifest else _of_truth(file, labels)
    _refuse_twice(found)
    if not found:
        raise TrainingDataError(f"no recording in {', '.join(map(str, lists))}")
    return tuple(found)


def _list_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in (TRUTH_NAME, MANIFEST_NAME):
        if (path / name).exists():
            return path / name
    raise TrainingDataError(f"{path}: wanted a {TRUTH_NAME} or a {MANIFEST_NAME} in it, found none")


def _of_truth(file: Path, labels: LabelSet) -> list[Judged]:
    return [
        Judged(
            file=file.parent / each.path,
            name=each.path,
            kind=each.kind,
            part=each.part,
            sounds=tuple(
                KnownSound(
                    target=node_target(labels, sound.node),
                    onset_s=sound.onset_s,
                    offset_s=sound.offset_s,
                    snr_db=sound.snr_db,
                )
                for sound in each.sounds
            ),
        )
        for each in read_truth(file, labels.nodes)
    ]


def _of_manifest(folder: Path, labels: LabelSet) -> list[Judged]:
    rows = [row for row in read_manifest(folder) if row.split == "dev" and row.label != ROOM_LABEL]
    label_map = read_label_map(labels)
    refuse_unknown((row.label for row in rows), label_map)
    return [
        Judged(
            file=folder / row.path,
            name=row.path,
            kind="recording",
            part=part_of(row.group),
            sounds=(KnownSound(target=label_map.targets[row.label]),),
        )
        for row in rows
        if row.label in label_map.targets
    ]


def _refuse_twice(found: Iterable[Judged]) -> None:
    seen: set[Path] = set()
    for each in found:
        place = each.file.resolve()
        if place in seen:
            raise TrainingDataError(f"{each.file}: stands in two lists; give it once")
        seen.add(place)
