"""An ontology in memory: a tree of named sounds, on anytree."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from anytree import NodeMixin, PreOrderIter

from ontology.errors import OntologyError
from ontology.faults import Fault
from ontology.spelling import advice

PATTERNS = ("t3", "t4", "continuous", "chirp")
"""Timing patterns that an alarm may follow."""

LONGEST_DWELL_S = 60.0
LONGEST_HOLD_S = 600.0
"""Longest times that anyone may ask for, here or where thresholds are laid over each other: an
alarm that must sound for longer than a minute before it counts warns nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """When and how a sound deserves a person's attention.

    Attributes:
        critical: a person must be told at any hour.
        pattern: timing patterns of `PATTERNS` that are evidence for the sound.
        on_threshold: posterior in (0, 1) from which it counts; None leaves it to the model.
        off_threshold: posterior in (0, 1), not above `on_threshold`, below which it is over.
        dwell_s: how long it must be heard before it counts, in [0, LONGEST_DWELL_S] s.
        hold_s: how long a pause it may make without being over, in [0, LONGEST_HOLD_S] s.
    """

    critical: bool = False
    pattern: tuple[str, ...] = ()
    on_threshold: float | None = None
    off_threshold: float | None = None
    dwell_s: float | None = None
    hold_s: float | None = None


class Node(NodeMixin):  # type: ignore[misc]  # anytree is not typed
    """One sound, or a group of sounds. It is not changed once its ontology is made.

    Attributes:
        id: unique in its ontology, `[a-z][a-z0-9_]*`.
        name: for people, in English.
        names: the name in other languages, by language tag.
        audioset: ids of the AudioSet classes that mean this sound.
        see_also: ids of nodes of the same ontology that could also have been its parent.
        alert: when a person should be told; None if it is nothing to be told about. It does
            not hold for the nodes below.
        line: line of the file on which it begins, from 1; 0 if it comes from no file.
        parent, children, ancestors, depth, is_leaf, ...: from anytree; a top-level node has
            no parent and the depth 0.
    """

    if TYPE_CHECKING:
        parent: "Node | None"
        children: tuple["Node", ...]
        path: tuple["Node", ...]
        ancestors: tuple["Node", ...]
        descendants: tuple["Node", ...]
        depth: int
        is_leaf: bool

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the key of the file; `node.id` reads better than any other word
        name: str,
        names: Mapping[str, str] = MappingProxyType({}),
        audioset: tuple[str, ...] = (),
        see_also: tuple[str, ...] = (),
        alert: AlertPolicy | None = None,
        line: int = 0,
        children: Sequence["Node"] = (),
    ) -> None:
        self.id = id
        self.name = name
        self.names = MappingProxyType(dict(names))
        self.audioset = audioset
        self.see_also = see_also
        self.alert = alert
        self.line = line
        self.children = tuple(children)

    @property
    def is_critical(self) -> bool:
        """Whether a person must be told of it at any hour."""
        return self.alert is not None and self.alert.critical

    @property
    def is_above_critical(self) -> bool:
        """Whether a node below it is critical: it tells of that while it is not sure enough."""
        return any(node.is_critical for node in self.descendants)

    def __repr__(self) -> str:
        return f"Node({'/'.join(node.id for node in self.path)})"


class Ontology:
    """A tree of sounds.

    Attributes:
        name: of the ontology, as `home`.
        version: of the file's format.
        roots: the top-level nodes.
        nodes: all nodes, each before its children (preorder).
        source: the YAML text it was read from.
        digest: SHA-256 in hex of the content: the same for any layout, order of keys or
            comments of the file.
    """

    def __init__(self, *, name: str, version: int, roots: Sequence[Node], source: str) -> None:
        """Makes an ontology of nodes whose ids are unique (`ontology.load` has checked it)."""
        self.name = name
        self.version = version
        self.roots = tuple(roots)
        self.nodes: tuple[Node, ...] = tuple(
            node for root in self.roots for node in PreOrderIter(root)
        )
        self.source = source
        self._by_id = {node.id: node for node in self.nodes}
        content = {
            "version": version,
            "name": name,
            "nodes": [_content(root) for root in self.roots],
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        self.digest = hashlib.sha256(canonical.encode()).hexdigest()

    def node(self, id_: str) -> Node:
        """Returns the node of that id.

        Raises:
            OntologyError: there is none.
        """
        try:
            return self._by_id[id_]
        except KeyError:
            fault = Fault(
                where=f"ontology {self.name!r}",
                line=None,
                path="",
                problem=f"it has no node {id_!r}",
                remedy=advice(id_, self._by_id, "see `aed ontology show` for its nodes"),
            )
            raise OntologyError([fault]) from None

    def path(self, id_: str) -> str:
        """Returns the ids from the top level to the node, as `alarm/life_safety/smoke_alarm`.

        Raises:
            OntologyError: there is no such node.
        """
        return "/".join(node.id for node in self.node(id_).path)

    def __repr__(self) -> str:
        return f"Ontology({self.name!r}, {len(self.nodes)} nodes, {self.digest[:8]})"


def _content(node: Node) -> dict[str, object]:
    """Returns what a node says, for the digest; the order of its children counts."""
    return {
        "id": node.id,
        "name": node.name,
        "names": dict(node.names),
        "audioset": node.audioset,
        "see_also": node.see_also,
        "alert": None if node.alert is None else asdict(node.alert),
        "children": [_content(child) for child in node.children],
    }
