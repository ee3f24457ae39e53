"""From the plain labels of recordings to truth and ignorance at every node of an ontology.

Axes: N ontology nodes.

A label is the deepest node known to be true: its ancestors are true, what lies below is unknown,
everything else is false unless the label map says that it may sound as well. A label that the map
does not list may be the id of a node, of a leaf or of a super-category.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ontology import LabelSet
from ontology.spelling import advice
from training.errors import TrainingDataError
from training.yaml_file import read_mapping

SHIPPED_MAP = Path(__file__).with_name("label_map.yaml")
ROOM_LABEL = "rir"
"""Label of measured room impulse responses, which are no sounds."""

UNLABELLED = "unlabelled"
"""Label of recordings of which nothing is known."""

_KEYS = frozenset({"node", "maybe", "not", "bed", "skip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is known while a sound is heard.

    Attributes:
        node: deepest node known to be true, or None for mere background.
        true: (N,) bool.
        unknown: (N,) bool, disjoint from `true`; what is neither is false.
        is_bed: the sound may fill a whole scene.
    """

    node: str | None
    true: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    is_bed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMap:
    """What the labels of recordings mean.

    Attributes:
        targets: what is known while a sound of a label is heard, ids of nodes included.
        skipped: labels that are known, but not to be learned from.
    """

    targets: Mapping[str, Target]
    skipped: frozenset[str]


def node_target(labels: LabelSet, node: str) -> Target:
    """Target of a sound known to be `node` and nothing else (a synthesised one)."""
    return target_of(labels, node)


def read_label_map(labels: LabelSet, path: Path = SHIPPED_MAP) -> LabelMap:
    """Read a label map.

    Raises:
        TrainingDataError: the file is not a label map, or names nodes that `labels` lacks; every
            fault is told at once.
    """
    rows = read_mapping(path).get("labels")
    if not isinstance(rows, dict):
        raise TrainingDataError(f"{path}: wanted a mapping `labels:` of label to node, found none")
    faults: list[str] = []
    targets: dict[str, Target] = {}
    skipped: set[str] = set()
    for label, row in rows.items():
        found = _row_faults(labels, row)
        if not isinstance(label, str):
            found.insert(0, f"wanted text as a label, found {label!r}; put it into quotes")
        faults += [f"{path}: labels.{label}: {fault}" for fault in found]
        if found:
            continue
        if row.get("skip"):
            skipped.add(label)
            continue
        targets[label] = target_of(
            labels,
            row.get("node"),
            maybe=tuple(row.get("maybe", ())),
            excluded=tuple(row.get("not", ())),
            is_bed=row.get("bed", False),
        )
    if faults:
        raise TrainingDataError("\n".join(faults))
    ids = {node: node_target(labels, node) for node in labels.nodes if node not in rows}
    return LabelMap(targets=MappingProxyType({**ids, **targets}), skipped=frozenset(skipped))


def refuse_unknown(found: Iterable[str], label_map: LabelMap) -> None:
    """Check that every clip's label means something.

    Raises:
        TrainingDataError: some do not; all are named, with how many clips bear them.
    """
    counts = Counter(found)
    known = {*label_map.targets, *label_map.skipped}
    unheard_of = []
    for label in sorted(set(counts) - known):
        guess = advice(label, known, "")
        unheard_of.append(f"{label} ({counts[label]} clips{', ' + guess if guess else ''})")
    if unheard_of:
        raise TrainingDataError(
            f"the label map knows nothing of: {'; '.join(unheard_of)}; add them, mark them skip, "
            "or label the clips with ids of the ontology"
        )


def untaught(labels: LabelSet, targets: Iterable[Target]) -> list[str]:
    """Nodes that are true in none of the targets: there is nothing to learn them from."""
    heard = np.zeros(len(labels.nodes), dtype=np.bool_)
    for target in targets:
        heard |= target.true
    return [node for node, is_heard in zip(labels.nodes, heard, strict=True) if not is_heard]


def _row_faults(labels: LabelSet, row: Any) -> list[str]:  # noqa: ANN401 - whatever YAML held
    if not isinstance(row, dict):
        return [f"wanted a mapping such as {{node: dog}}, found {row!r}"]
    faults = [
        f"unknown key {key!r}, known are {', '.join(sorted(_KEYS))}"
        for key in row
        if key not in _KEYS
    ]
    nodes = [row["node"]] if row.get("node") is not None else []
    for key in ("maybe", "not"):
        listed = row.get(key, [])
        if isinstance(listed, list):
            nodes += listed
        else:
            faults.append(f"{key} must be a list of nodes, found {listed!r}")
    faults += [
        f"no node {node!r} in the ontology"
        for node in nodes
        if not isinstance(node, str) or node not in labels.index
    ]
    faults += [
        f"{key} must be true or false, found {row[key]!r}"
        for key in ("bed", "skip")
        if not isinstance(row.get(key, False), bool)
    ]
    return faults


def target_of(
    labels: LabelSet,
    node: str | None,
    *,
    maybe: Iterable[str] = (),
    excluded: Iterable[str] = (),
    is_bed: bool = False,
) -> Target:
    """Target of a sound known to be `node`.

    Args:
        labels: the ontology; it has all nodes that are named.
        node: the deepest node known to be true; None for none of the ontology.
        maybe: nodes that may sound as well; they and all below them are unknown.
        excluded: nodes that are false although they lie below the others.
        is_bed: the sound may fill a whole scene.
    """
    true = np.zeros(len(labels.nodes), dtype=np.bool_)
    unknown = np.zeros_like(true)
    for other in maybe:
        column = labels.index[other]
        unknown |= labels.ancestors[:, column]  # it and all below it ...
        unknown |= labels.ancestors[column]  # ... and whether its super-categories are there
    if node is not None:
        column = labels.index[node]
        unknown |= labels.ancestors[:, column]
        true |= labels.ancestors[column]
    for other in excluded:
        unknown &= ~labels.ancestors[:, labels.index[other]]
    return Target(node=node, true=true, unknown=unknown & ~true, is_bed=is_bed)
