"""Taught sounds, ready to be heard: their prototypes, and the ontology with them in it.

A taught sound is a leaf below a node of the model's ontology. It is never critical, and stands
below nothing that is: whoever teaches a sound must not be able to make a smoke alarm of it.

Axes: D embedding, K sounds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.errors import TeachingError
from aed.taught.space import Space
from aed.thresholds import Layer
from ontology import AlertPolicy, Node, Ontology

MOST_SOUNDS = 20
"""Each costs a little of every second, and a place in everybody's mind."""

ON, OFF = 0.5, 0.35
DWELL_S, HOLD_S = 0.2, 2.0

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtSound:
    """One sound that was taught.

    Attributes:
        id: its node, `[a-z][a-z0-9_]*`.
        name: what the user calls it.
        under: id of the node of the model's ontology that it stands below.
        is_alert: whether it deserves a person's attention.
        prototype: (D,) float32 of length 1, the mean direction of its recordings.
        threshold: cosine from which it is that sound.
    """

    id: str
    name: str
    under: str
    is_alert: bool
    prototype: NDArray[np.float32]
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtSounds:
    """All sounds that were taught, for one bundle.

    Attributes:
        space: where they are compared.
        sounds: at least one.
        ontology: the model's, with a leaf for each.
        branches: of that the leaves and what is above them, which deserves no alert here.
    """

    space: Space
    sounds: tuple[TaughtSound, ...]
    ontology: Ontology
    branches: Ontology

    @property
    def thresholds(self) -> Layer:
        """Thresholds of the leaves: the cosine's own has become a posterior of one half."""
        numbers = {"on": ON, "off": OFF, "dwell_s": DWELL_S, "hold_s": HOLD_S}
        return {sound.id: numbers for sound in self.sounds}


def taught_sounds(
    space: Space, sounds: Sequence[TaughtSound], ontology: Ontology
) -> TaughtSounds | None:
    """Put sounds into an ontology.

    Args:
        space: where they are compared.
        sounds: those that were taught; their ids differ.
        ontology: the model's.

    Returns:
        None if there are none.

    Raises:
        TeachingError: one cannot stand where it shall.
    """
    if not sounds:
        return None
    below: dict[str, list[TaughtSound]] = {}
    for sound in sounds:
        check_place(sound.id, sound.under, ontology)
        below.setdefault(sound.under, []).append(sound)
    copies = [_copy(root, below) for root in ontology.roots]
    branches = [branch for root in ontology.roots if (branch := _branch(root, below)) is not None]
    return TaughtSounds(
        space=space,
        sounds=tuple(sounds),
        ontology=_ontology(ontology, copies),
        branches=_ontology(ontology, branches),
    )


def slug(name: str) -> str:
    """The id that a name gives: `doorbell_upstairs` of "Doorbell, upstairs".

    Raises:
        TeachingError: it holds no letter to begin with.
    """
    made = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64].rstrip("_")
    if not _ID.fullmatch(made):
        raise TeachingError(f"wanted a name that begins with a letter from a to z, found {name!r}")
    return made


def check_place(id_: str, under: str, ontology: Ontology) -> None:
    """Check that a taught sound may stand below a node.

    Args:
        id_: of the sound.
        under: id of the node.
        ontology: the model's.

    Raises:
        OntologyError: there is no such node.
        TeachingError: the id is none, or the model's own; or the node is critical, or below one
            that is.
    """
    if not _ID.fullmatch(id_):
        raise TeachingError(
            f"wanted an id of up to 64 small letters, digits and _, a letter first, found {id_!r}"
        )
    node = ontology.node(under)
    if id_ in {each.id for each in ontology.nodes}:
        raise TeachingError(
            f"{id_}: the model knows a sound of that name already; give yours another one"
        )
    critical = [each.id for each in node.path if each.is_critical]
    if critical:
        raise TeachingError(
            f"{id_} cannot stand under {under}: {critical[0]} is critical, and no taught sound "
            f"must be taken for it; choose a node that is not below it"
        )


def _ontology(like: Ontology, roots: Sequence[Node]) -> Ontology:
    return Ontology(name=like.name, version=like.version, roots=roots, source=like.source)


def _leaves(node: Node, below: Mapping[str, Sequence[TaughtSound]]) -> list[Node]:
    """The taught sounds of a node."""
    return [
        Node(id=sound.id, name=sound.name, alert=AlertPolicy() if sound.is_alert else None)
        for sound in below.get(node.id, ())
    ]


def _copy(node: Node, below: Mapping[str, Sequence[TaughtSound]]) -> Node:
    """A node and all below it, for a tree of its own, with its taught sounds."""
    return Node(
        id=node.id,
        name=node.name,
        names=node.names,
        audioset=node.audioset,
        see_also=node.see_also,
        alert=node.alert,
        line=node.line,
        children=[*(_copy(child, below) for child in node.children), *_leaves(node, below)],
    )


def _branch(node: Node, below: Mapping[str, Sequence[TaughtSound]]) -> Node | None:
    """What of a node leads to taught sounds; None if nothing does."""
    branches = [branch for child in node.children if (branch := _branch(child, below)) is not None]
    children = [*branches, *_leaves(node, below)]
    return Node(id=node.id, name=node.name, children=children) if children else None
