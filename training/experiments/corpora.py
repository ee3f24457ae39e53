"""The two data sets of the experiments: clips, each with the deepest node known of it.

Axes: C clips, N ontology nodes.

Sources: ESC-10 (Piczak 2015, "ESC: Dataset for Environmental Sound Classification"), whose five
folds share no recording.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

import ontology
from ontology import LabelSet, Ontology
from training.clips.bank import ClipBank, ClipRow, open_bank, read_manifest
from training.errors import TrainingDataError
from training.experiments.pruning import nearest_kept, pruned, without_leaf
from training.labels import ROOM_LABEL, read_label_map

ESC10_ONTOLOGY = Path(__file__).with_name("esc10.yaml")
LEAST_GROUPS = 6
"""A node of the home set needs recordings from so many sessions, or its clips only teach its
super-category: train, dev and test must each have some."""

_ESC10_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Clips to learn from and to test on.

    Attributes:
        labels: columns of the tree.
        bank: the clips.
        columns: (C,) int64, the deepest node known of each clip; -1 if it is none of the tree.
        folds: (C,) int64, the fold of each clip; 0 where a data set has none.
    """

    labels: LabelSet
    bank: ClipBank
    columns: NDArray[np.int64]
    folds: NDArray[np.int64]

    @property
    def groups(self) -> tuple[str, ...]:
        """What each clip shares with others of its session."""
        return tuple(row.group for row in self.bank.rows)

    def without(self, leaf: str) -> "Corpus":
        """The same clips for a tree without a leaf; its clips are known by their super-category."""
        smaller = LabelSet(without_leaf(self.labels.ontology, leaf))
        left = [node if node != leaf else self._parent(leaf) for node in self.labels.nodes]
        place = np.array([*(smaller.index[node] for node in left), -1])  # -1 stays -1
        return replace(self, labels=smaller, columns=place[self.columns])

    def _parent(self, node: str) -> str:
        return self.labels.nodes[int(self.labels.parent[self.labels.column(node)])]


def open_corpus(
    dataset: str, folder: Path, cache: Path, *, clips_per_node: int, seed: int = 0
) -> Corpus:
    """Open `esc10` or `home` in a data folder.

    Args:
        dataset: which one.
        folder: a folder with a manifest.tsv.
        cache: where decoded clips are kept.
        clips_per_node: most clips of each node; ESC-10 has 40.
        seed: of the choice among more.

    Raises:
        TrainingDataError: the folder has no such clips, or ESC-10's folds are not in their names.
    """
    rows = read_manifest(folder)
    if dataset == "esc10":
        tree, node_of, used = _esc10(rows, folder)
    else:
        tree, node_of, used = _home(rows, folder)
    labels = LabelSet(tree)
    used = _at_most(used, node_of, clips_per_node, np.random.default_rng(seed))
    folds = [_fold(row) if dataset == "esc10" else 0 for row in used]
    columns = [labels.index[node] if (node := node_of[row.label]) else -1 for row in used]
    return Corpus(
        labels=labels,
        bank=open_bank(folder, used, cache),
        columns=np.array(columns, dtype=np.int64),
        folds=np.array(folds, dtype=np.int64),
    )


def _esc10(
    rows: Sequence[ClipRow], folder: Path
) -> tuple[Ontology, Mapping[str, str | None], list[ClipRow]]:
    used = [row for row in rows if PurePosixPath(row.path).parts[0] == "esc10"]
    if not used:
        raise TrainingDataError(
            f"{folder / 'manifest.tsv'}: wanted ESC-10 under esc10/, found no such clip"
        )
    tree = ontology.load(ESC10_ONTOLOGY)
    node_of: dict[str, str | None] = {node.id: node.id for node in tree.nodes}
    if strange := sorted({row.label for row in used} - set(node_of)):
        raise TrainingDataError(
            f"{folder / 'manifest.tsv'}: {', '.join(strange)} under esc10/ is no class of ESC-10"
        )
    return tree, node_of, used


def _home(
    rows: Sequence[ClipRow], folder: Path
) -> tuple[Ontology, Mapping[str, str | None], list[ClipRow]]:
    whole = ontology.home()
    targets = read_label_map(LabelSet(whole)).targets
    used = [row for row in rows if row.label in targets and row.label != ROOM_LABEL]
    sessions: dict[str, set[str]] = {}
    for row in used:
        if node := targets[row.label].node:
            sessions.setdefault(node, set()).add(row.group)
    kept = [node for node, groups in sessions.items() if len(groups) >= LEAST_GROUPS]
    if not kept:
        raise TrainingDataError(
            f"{folder / 'manifest.tsv'}: no sound of the home ontology was recorded in "
            f"{LEAST_GROUPS} sessions or more"
        )
    tree = pruned(whole, kept)
    node_of = {
        label: nearest_kept(whole, target.node, tree) if target.node else None
        for label, target in targets.items()
    }
    return tree, node_of, used


def _at_most(
    rows: Sequence[ClipRow],
    node_of: Mapping[str, str | None],
    most: int,
    rng: np.random.Generator,
) -> list[ClipRow]:
    """At most so many clips of each node, from as many groups as there are, in manifest order."""
    taken: Counter[str | None] = Counter()
    seen: Counter[tuple[str | None, str]] = Counter()
    turns: list[tuple[int, int, int]] = []  # of each row: the how manieth of its group, then chance
    for place in rng.permutation(len(rows)):
        key = (node_of[rows[place].label], rows[place].group)
        turns.append((seen[key], len(turns), int(place)))
        seen[key] += 1
    chosen = []
    for _, _, place in sorted(turns):
        node = node_of[rows[place].label]
        if taken[node] < most:
            taken[node] += 1
            chosen.append(place)
    return [rows[place] for place in sorted(chosen)]


def _fold(row: ClipRow) -> int:
    first = PurePosixPath(row.path).name.split("-")[0]
    if first not in {str(fold) for fold in range(1, _ESC10_FOLDS + 1)}:
        raise TrainingDataError(
            f"{row.path}: wanted a file name that begins with ESC-10's fold, as 1-17367-A.ogg"
        )
    return int(first)
