"""Pairs of ontologies, the second made of the first as people edit: the edits are known."""

import copy
from dataclasses import dataclass, field

from hypothesis import strategies as st

import ontology
from ontology import Ontology
from tests.ontology.plans import Plan, ids, plans, to_yaml

NEW_PREFIX = "zz_"
"""Begins every id that an edit makes; no generated plan has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Two ontologies and what was done in between.

    Attributes:
        old: before.
        new: after.
        renamed: new id to old id of nodes of which only the id was changed, and which bear a
            class of AudioSet that nothing else in either ontology bears.
        added: ids that were put in, without classes of AudioSet.
        removed: ids that were taken out, with all below them.
    """

    old: Ontology
    new: Ontology
    renamed: dict[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@st.composite
def edited_ontologies(draw: st.DrawFn) -> Edited:
    """Draws an ontology in which no two nodes share a class of AudioSet, and an edit of it."""
    before = draw(plans(max_nodes=10, max_depth=4).filter(_has_no_second_bearer))
    after = copy.deepcopy(before)
    top_level = _children(after)
    renamed: dict[str, str] = {}
    removed: set[str] = set()
    added: set[str] = set()
    for parent, node in list(_walk(after)):
        if id(node) in {id(each) for _, each in _walk(after)} and len(top_level) > 1:
            match draw(st.sampled_from(["keep", "keep", "rename", "remove", "move", "insert"])):
                case "rename" if node.get("audioset"):
                    old_id = str(node["id"])
                    node["id"] = NEW_PREFIX + old_id[:40]
                    renamed[str(node["id"])] = old_id
                case "remove":
                    _remove(parent or after, node)
                    gone = {str(node["id"]), *(str(each["id"]) for _, each in _walk(node))}
                    removed |= {renamed.pop(id_, id_) for id_ in gone} - added
                    added -= gone
                case "move":
                    _remove(parent or after, node)
                    top_level.append(node)
                case "insert":
                    name = f"{NEW_PREFIX}{len(added)}_{draw(ids)}"
                    _children(node).append({"id": name, "name": name})
                    added.add(name)
                case _:
                    pass
    present = {str(node["id"]) for _, node in _walk(after)}
    for _, node in _walk(after):
        see_also = node.get("see_also", [])
        assert isinstance(see_also, list)
        node["see_also"] = [id_ for id_ in see_also if id_ in present]
    return Edited(
        old=ontology.parse(to_yaml(before)),
        new=ontology.parse(to_yaml(after)),
        renamed=renamed,
        added=frozenset(added),
        removed=frozenset(removed),
    )


def _children(node: Plan) -> list[Plan]:
    key = "nodes" if "nodes" in node else "children"
    children = node.setdefault(key, [])
    assert isinstance(children, list)
    return children


def _walk(node: Plan) -> list[tuple[Plan | None, Plan]]:
    """All nodes below one, or of a whole plan, each with its parent; parents first."""
    found: list[tuple[Plan | None, Plan]] = []
    for child in [*node.get("nodes", []), *node.get("children", [])]:  # type: ignore[misc]
        found.append((None if "nodes" in node else node, child))
        found += _walk(child)
    return found


def _remove(parent: Plan, node: Plan) -> None:
    siblings = _children(parent)
    del siblings[next(place for place, each in enumerate(siblings) if each is node)]


def _has_no_second_bearer(plan: Plan) -> bool:
    classes = [each for _, node in _walk(plan) for each in node.get("audioset", [])]  # type: ignore[attr-defined]
    return len(classes) == len(set(classes))
