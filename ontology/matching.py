"""Which nodes of two ontologies are the same: by id, and where an id has changed by AudioSet's.

An id is what a node is: a node that keeps its id is the same node wherever it stands and whatever
it is called. One that lost its id is found again if exactly one node that is new has its classes
of AudioSet, or failing that shares one with it, and none but it; a node that was split in two is
new twice.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from types import MappingProxyType

from ontology.tree import Node, Ontology


def matches(old: Ontology, new: Ontology) -> Mapping[str, str]:
    """Returns the old id of every node of `new` that `old` has as well, in the order of `new`.

    No old node is named twice, and `matches(new, old)` says the same the other way round.
    """
    old_ids = {node.id for node in old.nodes}
    new_ids = {node.id for node in new.nodes}
    pairs = {id_: id_ for id_ in old_ids & new_ids}
    lost = [node for node in old.nodes if node.id not in new_ids]
    found = [node for node in new.nodes if node.id not in old_ids]
    for signs in (_all_classes, _each_class):
        pairs |= _only_partners(lost, found, signs)
        gone = set(pairs.values())
        lost = [node for node in lost if node.id not in gone]
        found = [node for node in found if node.id not in pairs]
    return MappingProxyType({node.id: pairs[node.id] for node in new.nodes if node.id in pairs})


def _only_partners(
    lost: Sequence[Node],
    found: Sequence[Node],
    signs: Callable[[Node], Collection[Hashable]],
) -> dict[str, str]:
    """Returns new id to old id of those that share a sign with each other and with no other."""
    bearers: defaultdict[Hashable, set[str]] = defaultdict(set)
    for node in lost:
        for sign in signs(node):
            bearers[sign].add(node.id)
    candidates = {node.id: set().union(*(bearers[sign] for sign in signs(node))) for node in found}
    times = Counter(id_ for ids in candidates.values() for id_ in ids)
    return {
        id_: before
        for id_, ids in candidates.items()
        for before in ids
        if len(ids) == 1 and times[before] == 1
    }


def _all_classes(node: Node) -> Collection[Hashable]:
    return [frozenset(node.audioset)] if node.audioset else []


def _each_class(node: Node) -> Collection[Hashable]:
    return node.audioset
