"""The classes of AudioSet: ids, names and parents, to name sounds in words others also use.

Source: Gemmeke et al., "Audio Set: An ontology and human-labeled dataset for audio events",
2017, https://github.com/audioset/ontology. Its tree has 632 nodes, 38 of them with several
parents, and groups sounds by their source; the trees of this package group them by meaning.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ontology.spelling import closest

TABLE_PATH = Path(__file__).with_name("audioset.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSetClass:
    """One class of AudioSet.

    Attributes:
        id: as `/m/01y3hg`.
        name: in English.
        parents: ids of the classes above it; none for the seven roots, several for some.
    """

    id: str
    name: str
    parents: tuple[str, ...]


@functools.cache
def audioset_classes() -> Mapping[str, AudioSetClass]:
    """Returns all classes by id, in AudioSet's order."""
    rows = [
        line.split("\t")
        for line in TABLE_PATH.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    return MappingProxyType(
        {
            id_: AudioSetClass(id=id_, name=name, parents=tuple(parents.split()))
            for id_, name, parents in rows[1:]
        }
    )


def advice_for(unknown: str) -> str:
    """Returns the remedy for a text that is no id of AudioSet: the id that was probably meant."""
    classes = audioset_classes()
    by_name = {audioset_class.name: audioset_class for audioset_class in classes.values()}
    id_ = closest(unknown, classes) if unknown.startswith("/") else None
    name = None if unknown.startswith("/") else closest(unknown, by_name)
    guess = classes[id_] if id_ is not None else by_name[name] if name is not None else None
    if guess is None:
        return "write an id of ontology/audioset.tsv, as /m/01y3hg, or leave it out"
    return f"did you mean {guess.id} ({guess.name})?"
