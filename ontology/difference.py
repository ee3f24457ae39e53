"""What changed from one ontology to another, and what that leaves of a model of the first.

Nodes are matched as `ontology.matching` says. A node has moved if it stands under another parent;
that all of its path changed because something above it did is the change of that other node.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ontology.matching import matches
from ontology.tree import Node, Ontology

_COMPARED = ("name", "names", "audioset", "alert")
"""What a node says beside its id, its place and its `see_also`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A key of a node that both have.

    Attributes:
        id: of the node in the new ontology.
        key: of the file's format, as `names`.
        before: its value in the old ontology.
        after: its value in the new one.
    """

    id: str
    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes; without any, both ontologies have the same digest.

    Attributes:
        old: before.
        new: after.
        kept: new id to old id of every node that both have: branches whose weights a model keeps.
        added: new ids of nodes that begin anew.
        removed: old ids of nodes that are gone.
        moved: new ids of nodes that stand under another parent.
        renamed: new ids of nodes whose id has changed.
        changed: what else a node says differently.
        reordered: whether nodes that stayed with their parent stand in another order there.
        retitled: whether the ontology has another name.
    """

    old: Ontology
    new: Ontology
    kept: Mapping[str, str]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]
    renamed: tuple[str, ...]
    changed: tuple[Change, ...]
    reordered: bool
    retitled: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        lists = (self.added, self.removed, self.moved, self.renamed, self.changed)
        return not (any(lists) or self.reordered or self.retitled)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """New ids of nodes that kept an id and no class of AudioSet: perhaps another sound."""
        return tuple(
            after
            for after, before in self.kept.items()
            if (then := set(self.old.node(before).audioset))
            and (now := set(self.new.node(after).audioset))
            and not then & now
        )

    def learned_above(self, id_: str) -> str | None:
        """New id of the nearest node above an added one that is kept; None if there is none."""
        above = reversed(self.new.node(id_).ancestors)
        return next((node.id for node in above if node.id in self.kept), None)


def difference(old: Ontology, new: Ontology) -> Difference:
    """Returns what changed from `old` to `new`."""
    kept = matches(old, new)
    present = set(kept.values())
    return Difference(
        old=old,
        new=new,
        kept=kept,
        added=tuple(node.id for node in new.nodes if node.id not in kept),
        removed=tuple(node.id for node in old.nodes if node.id not in present),
        moved=tuple(
            after
            for after, before in kept.items()
            if _has_moved(old.node(before), new.node(after), kept)
        ),
        renamed=tuple(after for after, before in kept.items() if after != before),
        changed=tuple(
            change
            for after, before in kept.items()
            for change in _changes(old.node(before), new.node(after), kept)
        ),
        reordered=_reordered(old, new, kept),
        retitled=old.name != new.name,
    )


def _has_moved(before: Node, after: Node, kept: Mapping[str, str]) -> bool:
    if before.parent is None or after.parent is None:
        return before.parent is not after.parent
    return kept.get(after.parent.id) != before.parent.id


def _changes(before: Node, after: Node, kept: Mapping[str, str]) -> list[Change]:
    found = [(key, getattr(before, key), getattr(after, key)) for key in _COMPARED]
    changes = [
        Change(id=after.id, key=key, before=then, after=now)
        for key, then, now in found
        if then != now
    ]
    if tuple(kept.get(id_, id_) for id_ in after.see_also) != before.see_also:
        both = {"before": before.see_also, "after": after.see_also}
        changes.append(Change(id=after.id, key="see_also", **both))
    return changes


def _reordered(old: Ontology, new: Ontology, kept: Mapping[str, str]) -> bool:
    """Whether kept children of a kept parent, or of the top level, changed places."""
    pairs = [
        (old.node(before).children, new.node(after).children) for after, before in kept.items()
    ]
    for then, now in [(old.roots, new.roots), *pairs]:
        before = [node.id for node in then]
        after = [kept[node.id] for node in now if node.id in kept]
        staying = set(before) & set(after)
        if [id_ for id_ in before if id_ in staying] != [id_ for id_ in after if id_ in staying]:
            return True
    return False
