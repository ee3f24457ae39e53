"""How much a data folder holds of each node of an ontology, and of which nodes too little.

A clip counts for the node that its label means and for all above it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import ontology
from ontology import LabelSet, Ontology
from ontology.matching import matches
from training.clips.manifest import ClipRow
from training.kinds import SYNTHESISED_NODES
from training.labels import ROOM_LABEL, SHIPPED_MAP, LabelMap, read_label_map

LEAST_SESSIONS = 6
"""Recording sessions (the manifest's groups) below which a node cannot be learned and judged: the
same number from which labels spare some for judging (`held_out`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCount:
    """What there is to learn a node from.

    Attributes:
        clips: recordings.
        sessions: groups of recordings that belong together; clips of one session are no evidence
            that another sounds alike.
        is_synthesised: training makes this sound itself, or one below it.
    """

    clips: int
    sessions: int
    is_synthesised: bool

    @property
    def is_too_little(self) -> bool:
        """Whether there are fewer than LEAST_SESSIONS sessions and nothing is synthesised."""
        return self.sessions < LEAST_SESSIONS and not self.is_synthesised


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCounts:
    """What a data folder holds for an ontology; only clips that may train what ships.

    Attributes:
        nodes: counts by id, in the ontology's order.
        background: clips in which nothing of the ontology is known to sound.
        skipped: clips of labels that are not learned from.
        meaningless: label to clips, of labels that mean nothing in this ontology.
    """

    nodes: Mapping[str, NodeCount]
    background: int
    skipped: int
    meaningless: Mapping[str, int]

    @property
    def too_little(self) -> tuple[str, ...]:
        """Nodes that cannot be learned from this folder."""
        return tuple(id_ for id_, count in self.nodes.items() if count.is_too_little)


def count_clips(
    rows: Iterable[ClipRow], tree: Ontology, label_map_file: Path | None = None
) -> DataCounts:
    """Count the clips of a manifest.

    Args:
        rows: of the manifest.
        tree: the ontology.
        label_map_file: what labels mean in it. None takes what they mean in the home ontology,
            carried over to this one: a label of a node that it lacks means the nearest one above.

    Raises:
        TrainingDataError: the label map cannot be read, or names nodes that the ontology lacks.
    """
    labels = LabelSet(tree)
    home = tree if label_map_file is not None else ontology.home()
    label_map = read_label_map(LabelSet(home), label_map_file or SHIPPED_MAP)
    here = {before: after for after, before in matches(home, tree).items()}
    clips: Counter[str] = Counter()
    sessions: defaultdict[str, set[str]] = defaultdict(set)
    other: Counter[str] = Counter()
    meaningless: Counter[str] = Counter()
    for row in rows:
        if row.split != "train" or row.use != "ship":
            continue
        if row.label in (*label_map.skipped, ROOM_LABEL):
            other["skipped"] += 1
        elif (node := _node_of(row.label, label_map, home, here, labels)) is None:
            if row.label in label_map.targets and label_map.targets[row.label].node is None:
                other["background"] += 1
            else:
                meaningless[row.label] += 1
        else:
            for above in tree.node(node).path:
                clips[above.id] += 1
                sessions[above.id].add(row.group)
    made = {
        above.id for id_ in SYNTHESISED_NODES & set(labels.nodes) for above in tree.node(id_).path
    }
    return DataCounts(
        nodes=MappingProxyType(
            {
                id_: NodeCount(
                    clips=clips[id_], sessions=len(sessions[id_]), is_synthesised=id_ in made
                )
                for id_ in labels.nodes
            }
        ),
        background=other["background"],
        skipped=other["skipped"],
        meaningless=MappingProxyType(dict(sorted(meaningless.items()))),
    )


def _node_of(
    label: str, label_map: LabelMap, home: Ontology, here: Mapping[str, str], labels: LabelSet
) -> str | None:
    """The deepest node of the ontology that is known to sound in a clip of this label."""
    target = label_map.targets.get(label)
    meant = [] if target is None or target.node is None else [*home.node(target.node).path]
    if meant and meant[-1].id in here:
        return here[meant[-1].id]
    if label in labels.index:
        return label
    return next((here[node.id] for node in reversed(meant) if node.id in here), None)
