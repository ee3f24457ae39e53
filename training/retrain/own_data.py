"""Own clips, and which of them are held out: whole sessions, so that figures mean something.

The same sessions are held out in every run, chosen by the hash of their name.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ontology import LabelSet
from training.clips.bank import Clips, open_bank
from training.clips.manifest import ClipRow
from training.errors import TrainingDataError
from training.labels import LabelMap, node_target
from training.retrain.survey import SurveyedClip

HELD_OUT_SHARE = 0.2
LEAST_NEW_CLIPS = 2
FEW_CLIPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """The recordings of one retraining.

    Attributes:
        labels: columns of the new ontology.
        label_map: what the labels of the rows mean.
        train: clips to learn from.
        held_out: clips of sessions that no gradient sees.
        duration_s: of all of them.
        audio: digest of the samples of each clip, by its path.
        cache: where decoded clips are kept.
    """

    labels: LabelSet
    label_map: LabelMap
    train: tuple[ClipRow, ...]
    held_out: tuple[ClipRow, ...]
    duration_s: float
    audio: Mapping[str, bytes]
    cache: Path

    def bank(self, rows: Sequence[ClipRow]) -> Clips:
        """Decoded clips of some rows."""
        return open_bank(Path("/"), (*self.train, *self.held_out), self.cache).only(rows)

    def digest(self, origin: str) -> str:
        """A hash of what is learned from, of what the labels mean, and of where it begins.

        Args:
            origin: digest of the bundle that is retrained.
        """
        rows, held_out = (
            [(row.path, row.label, row.group, self.audio[row.path].hex()) for row in part]
            for part in (self.train, self.held_out)
        )
        targets = {
            label: (target.true.tolist(), target.unknown.tolist(), target.is_bed)
            for label, target in sorted(self.label_map.targets.items())
        }
        told = json.dumps([rows, held_out, targets, self.labels.ontology.digest, origin])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def taught(self) -> frozenset[str]:
        """Nodes that are true in some clip to learn from, super-categories among them."""
        targets = self.label_map.targets
        heard = np.zeros(len(self.labels), dtype=np.bool_)
        for label in {row.label for row in self.train} & set(targets):
            heard |= targets[label].true
        return frozenset(np.array(self.labels.nodes)[heard].tolist())

    def clips_of(self, rows: Sequence[ClipRow]) -> Counter[str]:
        """How many of some clips are known to be each node, its super-categories apart."""
        counts: Counter[str] = Counter()
        for row in rows:
            target = self.label_map.targets.get(row.label)
            if target is not None and target.node is not None:
                counts[target.node] += 1
        return counts


def own_data(clips: Sequence[SurveyedClip], labels: LabelSet, cache: Path) -> OwnData:
    """Hold out sessions.

    Raises:
        TrainingDataError: no clip is known to be any node.
    """
    held_out = _held_out_groups(clips)
    targets = {each.meaning.key: each.meaning.target for each in clips}
    ids = {node: node_target(labels, node) for node in labels.nodes}
    known = {key: target for key, target in targets.items() if target is not None}
    train = tuple(each.row for each in clips if each.row.group not in held_out)
    if not any(known[row.label].node for row in train if row.label in known):
        raise TrainingDataError("none of the clips is known to be a sound of the ontology")
    return OwnData(
        labels=labels,
        label_map=LabelMap(targets={**ids, **known}, skipped=frozenset()),
        train=train,
        held_out=tuple(each.row for each in clips if each.row.group in held_out),
        duration_s=sum(each.duration_s for each in clips),
        audio={each.row.path: each.digest for each in clips},
        cache=cache,
    )


def refuse_or_warn_of_few(data: OwnData, old_nodes: frozenset[str]) -> list[str]:
    """What is too little to learn from, a sentence for each node.

    Args:
        data: the clips.
        old_nodes: what the old model knows already.

    Raises:
        TrainingDataError: a new node would have to be learned from a single clip.
    """
    count, held_out = data.clips_of(data.train), data.clips_of(data.held_out)
    groups: dict[str, set[str]] = {}
    for row in data.train:
        target = data.label_map.targets.get(row.label)
        if target is not None and target.node is not None:
            groups.setdefault(target.node, set()).add(row.group)
    single = [
        node
        for node in count
        if node not in old_nodes and count[node] + held_out[node] < LEAST_NEW_CLIPS
    ]
    if single:
        raise TrainingDataError("\n".join(_too_few(node, data.labels) for node in single))
    unheld = [node for node in count if not held_out[node]]
    alone = [node for node in unheld if len(groups[node]) == 1]
    bound = [node for node in unheld if node not in alone]
    told = []
    if alone:
        told.append(
            f"of one session each, so that none of it can be held out and nobody will know how "
            f"well it is heard: {', '.join(alone)}. Record on another day, into a folder of its own"
        )
    if bound:
        told.append(f"held out of nothing, as the list has it: {', '.join(bound)}")
    told += [
        f"{node}: only {count[node]} clips to learn from; some 20 from several sessions are good"
        for node in count
        if node not in old_nodes and count[node] < FEW_CLIPS
    ]
    return told


def _too_few(node: str, labels: LabelSet) -> str:
    parent = labels.ontology.node(node).parent
    otherwise = "" if parent is None else f", or label it as {parent.id!r} until you have more"
    return (
        f"{node}: 1 clip is no class: the model would learn that recording, not the sound. Record "
        f"it a few more times, nearer and farther and on other days (some 20 are good){otherwise}"
    )


def _held_out_groups(clips: Sequence[SurveyedClip]) -> frozenset[str]:
    """Groups that lists hold out, and of labels without one a share of their groups."""
    told = {each.row.group for each in clips if each.split == "held_out"}
    bound = {each.row.group for each in clips if each.split == "train"} - told
    groups_of: dict[str, set[str]] = {}
    labels_of: dict[str, set[str]] = {}
    for each in clips:
        groups_of.setdefault(each.meaning.key, set()).add(each.row.group)
        labels_of.setdefault(each.row.group, set()).add(each.meaning.key)
    chosen = set(told)
    for label in sorted({each.meaning.key for each in clips if each.meaning.nodes}):
        wanted = max(1, round(HELD_OUT_SHARE * len(groups_of[label])))
        for group in sorted(groups_of[label] - bound, key=_by_hash):
            if len(groups_of[label] & chosen) >= wanted:
                break
            if _leaves_some(group, labels_of, groups_of, chosen):
                chosen.add(group)
    return frozenset(chosen)


def _leaves_some(
    group: str,
    labels_of: Mapping[str, set[str]],
    groups_of: Mapping[str, set[str]],
    chosen: set[str],
) -> bool:
    """Whether every label of a group is still learned from when it is held out."""
    return all(groups_of[label] - chosen - {group} for label in labels_of[group])


def _by_hash(group: str) -> bytes:
    return hashlib.sha256(group.encode(errors="surrogateescape")).digest()
