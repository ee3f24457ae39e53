"""Which nodes of an ontology a label means, whoever wrote it.

A label is, in this order: the id of a node, its name in any language, a label of
`training/label_map.yaml`, an id or a name of AudioSet, or a label of a public data set. A class of
AudioSet that no node has is known by the nearest class above it that one has: a coarse label
teaches that much. What the label map says of a label's other sounds holds for a node of that id.

Axes: N ontology nodes.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ontology import LabelSet
from ontology.audioset import audioset_classes
from ontology.spelling import advice
from training.labels import ROOM_LABEL, SHIPPED_MAP, UNLABELLED, Target, target_of
from training.yaml_file import read_mapping

_PUBLIC_LABELS = Path(__file__).with_name("public_labels.yaml")
_JOINT = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a clip's labels say.

    Attributes:
        key: the same for all clips of which the same is known.
        nodes: deepest nodes known to be true; none of mere background.
        target: what is known while it is heard; None of impulse responses.
    """

    key: str
    nodes: tuple[str, ...]
    target: Target | None


class Names:
    """The words of one ontology.

    Args:
        labels: the ontology.
    """

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels
        self._map = _rows_within(labels)
        ids = {_plain(node): node for node in labels.nodes}
        named: dict[str, str] = {}
        for node in labels.ontology.nodes:
            for name in (node.name, *node.names.values()):
                named.setdefault(_plain(name), node.id)
        self._nodes = {**named, **ids}
        self._by_class = {
            class_: node.id for node in reversed(labels.ontology.nodes) for class_ in node.audioset
        }

    def node_of(self, word: str) -> str | None:
        """The node that has this id or name; None if none has."""
        return self._nodes.get(_plain(word))

    def is_above(self, node: str, other: str) -> bool:
        """Whether a node is another one or stands above it."""
        index = self._labels.index
        return bool(self._labels.ancestors[index[other], index[node]])

    def meaning(self, words: Sequence[str]) -> Meaning | str:
        """What the labels of one clip say together.

        Labels that AudioSet puts above another one of the same clip add nothing, unless they name
        a node that the ontology puts elsewhere; and of several labels those that no node can
        express are passed over, but for words that nobody knows.

        Returns:
            The meaning, or what is wrong with the labels, for the user.
        """
        if not words:
            return "has no label; give one, or mark it 'unlabelled'"
        if len(words) == 1 and _plain(words[0]) == ROOM_LABEL:
            return Meaning(key=ROOM_LABEL, nodes=(), target=None)
        known = [each for word in self._deepest(words) if (each := self._one(word)) is not None]
        mistyped = [word for word in words if not self._is_word(word)]
        if mistyped or not known:
            return "; ".join(self._unknown(word) for word in mistyped or words)
        return known[0] if len(known) == 1 else self._together(known)

    def _one(self, word: str) -> Meaning | None:
        """What one label says; None if it says nothing here."""
        node = self.node_of(word)
        if (row := self._map.get(_plain(word))) is not None:
            return self._by_map(_plain(word), node, row)
        maybe: Sequence[str] = ()
        if node is None:
            class_ = _class_of(word) or _public_classes().get(_plain(word))
            if class_ is None or not (found := self._nodes_of_class(class_)):
                return None
            node, *maybe = found
        target = target_of(self._labels, node, maybe=maybe)
        key = _JOINT.join([node, *(f"{each}?" for each in maybe)])
        return Meaning(key=key, nodes=(node,), target=target)

    def _is_word(self, word: str) -> bool:
        """Whether it means something to somebody, even if no node of the ontology says it."""
        return (
            self.node_of(word) is not None
            or _plain(word) in self._map
            or _plain(word) in _map_labels()
            or _class_of(word) is not None
            or _plain(word) in _public_classes()
        )

    def _deepest(self, words: Sequence[str]) -> list[str]:
        """The words without those that AudioSet puts above another of them and the ontology too."""
        classes = {word: _class_of(word) for word in words}
        above = frozenset[str]().union(*(_above(each) for each in classes.values() if each))
        return [
            word for word in words if classes[word] not in above or self._stands_apart(word, words)
        ]

    def _stands_apart(self, word: str, words: Sequence[str]) -> bool:
        """Whether a word gives a node that is none of the others' and not above any of theirs."""
        node = self.node_of(word) or self._map.get(_plain(word), {}).get("node")
        meanings = [self._one(other) for other in words if other != word]
        others = [other for each in meanings if each is not None for other in each.nodes]
        return node is not None and not any(self.is_above(node, other) for other in others)

    def _by_map(self, word: str, node: str | None, row: Mapping[str, Any]) -> Meaning:
        """What the label map says, about a node of the same name if there is one."""
        target = target_of(
            self._labels,
            node or row.get("node"),
            maybe=row.get("maybe", ()),
            excluded=row.get("not", ()) if node in (None, row.get("node")) else (),
            is_bed=row.get("bed", False),
        )
        nodes = () if target.node is None else (target.node,)
        return Meaning(key=word, nodes=nodes, target=target)

    def _together(self, known: Sequence[Meaning]) -> Meaning:
        by_key = {each.key: each for each in sorted(known, key=lambda each: each.key)}
        targets = [each.target for each in by_key.values() if each.target is not None]
        true, unknown = targets[0].true.copy(), targets[0].unknown.copy()
        for other in targets[1:]:
            true |= other.true
            unknown |= other.unknown
        nodes = tuple(node for each in by_key.values() for node in each.nodes)
        depth = self._labels.depth
        deepest = max(nodes, key=lambda node: int(depth[self._labels.index[node]]), default=None)
        target = Target(
            node=deepest,
            true=true,
            unknown=unknown & ~true,
            is_bed=all(each.is_bed for each in targets),
        )
        return Meaning(key=_JOINT.join(by_key), nodes=nodes, target=target)

    def _nodes_of_class(self, class_: str) -> list[str]:
        """Nodes of an AudioSet class, or of the nearest classes above it that have one."""
        level = [class_]
        while level:
            found = [self._by_class[each] for each in level if each in self._by_class]
            if found:
                return list(dict.fromkeys(found))
            level = [parent for each in level for parent in audioset_classes()[each].parents]
        return []

    def _unknown(self, word: str) -> str:
        class_ = _class_of(word) or _public_classes().get(_plain(word))
        if class_ is not None:
            name = audioset_classes()[class_].name
            return (
                f"label {word!r}: the ontology has no node for AudioSet's {name!r}, nor for any "
                f"class above it; add {class_} to the `audioset` of a node"
            )
        options = [*self._labels.nodes, *self._map, *_public_classes()]
        options += [node.name for node in self._labels.ontology.nodes]
        options += [_flat(each.name) for each in audioset_classes().values()]
        guess = advice(word, options, "see `aed ontology show` for the ids that can be used")
        return f"unknown label {word!r}: {guess}"


def _rows_within(labels: LabelSet) -> Mapping[str, Mapping[str, Any]]:
    """The rows of the shipped label map that this ontology can express, by label."""
    rows = {}
    for label, row in read_mapping(SHIPPED_MAP)["labels"].items():
        if row.get("skip") or (row.get("node") is not None and row["node"] not in labels.index):
            continue
        kept = {
            key: [node for node in row.get(key, ()) if node in labels.index]
            for key in ("maybe", "not")
        }
        rows[_plain(label)] = {**row, **kept}
    rows[UNLABELLED] = {"maybe": [node.id for node in labels.ontology.roots]}
    return MappingProxyType(rows)


@functools.cache
def _map_labels() -> frozenset[str]:
    """Labels of the shipped map, whether an ontology has their nodes or not."""
    return frozenset(_plain(label) for label in read_mapping(SHIPPED_MAP)["labels"])


@functools.cache
def _above(class_: str) -> frozenset[str]:
    parents = audioset_classes()[class_].parents
    return frozenset(parents).union(*(_above(parent) for parent in parents))


def _class_of(word: str) -> str | None:
    """The AudioSet class that a word is the id or the name of, written in any of the usual ways."""
    word = word.strip()
    return word if word in audioset_classes() else _classes_by_name().get(_flat(word))


@functools.cache
def _classes_by_name() -> Mapping[str, str]:
    return {_flat(each.name): each.id for each in audioset_classes().values()}


@functools.cache
def _public_classes() -> Mapping[str, str]:
    names = read_mapping(_PUBLIC_LABELS)["labels"]
    return {_plain(label): _classes_by_name()[_flat(name)] for label, name in names.items()}


def _plain(word: str) -> str:
    """A word as ids are written, so that case, blanks and hyphens do not matter."""
    return re.sub(r"[\s_-]+", "_", word.strip().casefold())


def _flat(name: str) -> str:
    """A name of AudioSet without what FSD50K and others change in it: commas, brackets, `and`."""
    words = re.findall(r"\w+", name.casefold().replace("_", " "))
    return " ".join(word for word in words if word != "and")
