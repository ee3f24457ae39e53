"""AudioSet's graph of classes as a tree, in the format of this project's ontologies.

A class with several parents stands under the first that AudioSet lists; the others become its
`see_also`. Ids are made of the names, and are the same whatever part of the graph is taken.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ontology.audioset import AudioSetClass
from ontology.errors import OntologyError
from ontology.faults import Fault
from ontology.reader import MAX_DEPTH, VERSION
from ontology.spelling import advice

LONGEST_ID = 64
_HEADER = """\
# AudioSet's classes as a tree, made by `aed ontology import-audioset`.
# Ids, names and parents are those of AudioSet's ontology (Gemmeke et al. 2017,
# https://github.com/audioset/ontology), licensed under CC BY-SA 4.0; so is this file.
# A class with several parents stands under the first; see_also names the others.
# Nothing here is told to anybody: give `alert` to the nodes that deserve it (docs/ontology.md).
"""


def audioset_tree(classes: Sequence[AudioSetClass], *, under: Sequence[str] = ()) -> str:
    """Returns the YAML text of an ontology of AudioSet's classes.

    Args:
        classes: a graph without cycles; every parent is one of them.
        under: names or ids of classes: they become the top level, and only what stands below them
            is taken. Without any, all classes are.

    Raises:
        OntologyError: there are no such classes (carries one fault for each), or the tree would
            be deeper than an ontology may be.
    """
    by_id = {each.id: each for each in classes}
    ids = _ids(classes)
    top = _resolved(under, by_id, ids) if under else [c.id for c in classes if not c.parents]
    children: dict[str, list[str]] = {each.id: [] for each in classes}
    for each in classes:
        for parent in each.parents:
            children[parent].append(each.id)
    taken = _reachable(top, children)
    above = {id_: [p for p in by_id[id_].parents if p in taken] for id_ in taken}
    _refuse_depth(above)

    def node(id_: str) -> dict[str, Any]:
        content: dict[str, Any] = {
            "id": ids[id_],
            "name": by_id[id_].name,
            "audioset": [id_],
        }
        if others := above[id_][1:]:
            content["see_also"] = [ids[other] for other in others]
        if below := [child for child in children[id_] if above[child][0] == id_]:
            content["children"] = [node(child) for child in below]
        return content

    tree = {
        "version": VERSION,
        "name": "audioset",
        "nodes": [node(each.id) for each in classes if each.id in taken and not above[each.id]],
    }
    text = yaml.safe_dump(
        tree, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return _HEADER + text


def _resolved(
    wanted: Iterable[str], by_id: Mapping[str, AudioSetClass], ids: Mapping[str, str]
) -> list[str]:
    """Returns the AudioSet ids of classes given by name, in any case, or by either id."""
    known = {ids[id_]: id_ for id_ in by_id}
    known |= {each.name.casefold(): id_ for id_, each in by_id.items()}
    known |= {id_.casefold(): id_ for id_ in by_id}
    faults = [
        Fault(
            where="--under",
            line=None,
            path="",
            problem=f"AudioSet has no class {word!r:.80}",
            remedy=advice(word, known, "name a class of ontology/audioset.tsv, as Alarm"),
        )
        for word in wanted
        if word.casefold() not in known
    ]
    if faults:
        raise OntologyError(faults)
    return [known[word.casefold()] for word in wanted]


def _reachable(top: Iterable[str], children: Mapping[str, Sequence[str]]) -> set[str]:
    taken: set[str] = set()
    waiting = list(top)
    while waiting:
        id_ = waiting.pop()
        if id_ not in taken:
            taken.add(id_)
            waiting += children[id_]
    return taken


def _refuse_depth(above: Mapping[str, Sequence[str]]) -> None:
    """Checks that no class stands too deep below the first of its parents, and theirs."""
    for id_ in above:
        lowest, level = id_, 1
        while above[lowest] and level <= MAX_DEPTH:
            lowest, level = above[lowest][0], level + 1
        if level > MAX_DEPTH:
            fault = Fault(
                where="AudioSet's classes",
                line=None,
                path="",
                problem=f"{id_} would stand deeper than level {MAX_DEPTH}",
                remedy="take a part of them with --under",
            )
            raise OntologyError([fault])


def _ids(classes: Sequence[AudioSetClass]) -> dict[str, str]:
    """Returns our id of each class: its name, with its AudioSet id behind where it is taken."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for each in classes:
        slug = _slug(each.name) or "sound"
        if not slug[0].isalpha():
            slug = f"sound_{slug}"
        slug = slug[:LONGEST_ID].rstrip("_")
        if slug in taken:
            suffix = f"_{_slug(each.id)}"
            slug = slug[: LONGEST_ID - len(suffix)].rstrip("_") + suffix
        taken.add(slug)
        ids[each.id] = slug
    return ids


def _slug(text: str) -> str:
    """Returns `smoke_detector` for `Smoke detector`; nothing if no letter or digit is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain.replace("'", "")).strip("_")
