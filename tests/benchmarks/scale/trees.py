"""Trees of any size to measure: AudioSet's own, or regular ones."""

import yaml

import ontology
from ontology import LabelSet
from ontology.audioset import audioset_classes
from ontology.audioset_tree import audioset_tree

AUDIOSET_NODES = 632
_CHILDREN = 5


def labels_of(nodes: int) -> LabelSet:
    """AudioSet's tree if it has as many nodes, else one in which every group holds five."""
    if nodes == AUDIOSET_NODES:
        return LabelSet(ontology.parse(audioset_tree(tuple(audioset_classes().values()))))
    return LabelSet(ontology.parse(_regular(nodes)))


def _regular(nodes: int) -> str:
    found = [{"id": f"n{number}", "name": f"Node {number}"} for number in range(nodes)]
    top: list[object] = []
    for number, node in enumerate(found):
        above = number // _CHILDREN - 1
        siblings = top if above < 0 else found[above].setdefault("children", [])  # type: ignore[arg-type]
        assert isinstance(siblings, list)
        siblings.append(node)
    tree = {"version": 1, "name": f"regular_{nodes}", "nodes": top}
    return yaml.safe_dump(tree, sort_keys=False)
