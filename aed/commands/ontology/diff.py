"""`aed ontology diff`: what changed between two files, and what that leaves of a trained model."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aed.commands.ontology.files import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aed.commands import Subparsers
    from ontology.difference import Difference

_DESCRIPTION = """\
Says what changed from one ontology to another, and what a model of the first keeps. A node is its
id; one that lost its id is found again by its AudioSet ids, if those leave no doubt."""


def add_parser(actions: "Subparsers") -> None:
    """Add `diff`."""
    parser = actions.add_parser("diff", help="compare two ontologies", description=_DESCRIPTION)
    parser.add_argument("old", type=Path, metavar="OLD", help="ontology file")
    parser.add_argument("new", type=Path, metavar="NEW", help="ontology file")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of words")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare.

    Args:
        arguments: with `old`, `new` and `json`.

    Returns:
        0, whether anything changed or not.

    Raises:
        OntologyError: a file is wrong; carries every fault.
    """
    from ontology.difference import difference

    found = difference(load(arguments.old), load(arguments.new))
    if arguments.json:
        print(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        print("\n".join(_lines(found)))
    return 0


def _as_json(found: "Difference") -> dict[str, Any]:
    old, new = found.old, found.new
    return {
        "old": {"name": old.name, "nodes": len(old.nodes), "digest": old.digest},
        "new": {"name": new.name, "nodes": len(new.nodes), "digest": new.digest},
        "added": [
            {"id": id_, "path": new.path(id_), "learned_above": found.learned_above(id_)}
            for id_ in found.added
        ],
        "removed": [{"id": id_, "path": old.path(id_)} for id_ in found.removed],
        "moved": [
            {"id": id_, "from": old.path(found.kept[id_]), "to": new.path(id_)}
            for id_ in found.moved
        ],
        "renamed": [{"from": found.kept[id_], "to": id_} for id_ in found.renamed],
        "changed": [
            {
                "id": change.id,
                "key": change.key,
                "from": _plain(change.before),
                "to": _plain(change.after),
            }
            for change in found.changed
        ],
        "doubtful": list(found.doubtful),
        "reordered": found.reordered,
        "kept": len(found.kept),
    }


def _lines(found: "Difference") -> list[str]:
    old, new = found.old, found.new
    if found.is_empty:
        return [f"{new.name}: both say the same, {len(new.nodes)} nodes"]
    lines = [f"{old.name}, {len(old.nodes)} nodes -> {new.name}, {len(new.nodes)} nodes"]
    lines += _section("added", [f"{new.path(id_)}  {new.node(id_).name}" for id_ in found.added])
    lines += _section(
        "removed", [f"{old.path(id_)}  {old.node(id_).name}" for id_ in found.removed]
    )
    lines += _section(
        "moved", [f"{old.path(found.kept[id_])} -> {new.path(id_)}" for id_ in found.moved]
    )
    lines += _section("renamed", [f"{found.kept[id_]} -> {id_}" for id_ in found.renamed])
    lines += _section(
        "changed",
        [
            f"{change.id}: {change.key} {_shown(change.before)} -> {_shown(change.after)}"
            for change in found.changed
        ],
    )
    if found.reordered:
        lines.append("reordered: the order of nodes, which is that of a model's columns")
    return [*lines, *_what_a_model_keeps(found)]


def _what_a_model_keeps(found: "Difference") -> list[str]:
    new = len(found.added)
    begin = f"{new} begin{'s' if new == 1 else ''} anew:" if new else "none begins anew."
    kept = f"{len(found.kept)} branches of {len(found.old.nodes)}"
    lines = [f"A trained model keeps the weights of {kept}; {begin}"]
    for id_ in found.added:
        above = found.learned_above(id_)
        lines.append(
            f"  {id_} from the prototype of {above}"
            if above is not None
            else f"  {id_} from nothing: no branch above it was learned"
        )
    if found.moved:
        lines.append(
            "What moved is asked only where its new parent is heard: train again before use."
        )
    lines += [
        f"{id_} kept its id but none of its AudioSet ids: if it means another sound, give it "
        "another id, so that it begins anew."
        for id_ in found.doubtful
    ]
    return lines


def _section(title: str, items: "Sequence[str]") -> list[str]:
    return [f"{title} ({len(items)})", *(f"  {item}" for item in items)] if items else []


def _shown(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: object) -> Any:  # noqa: ANN401 - any value of the file, as JSON takes it
    from ontology import AlertPolicy

    if isinstance(value, AlertPolicy):
        return {key: held for key, held in asdict(value).items() if held not in (None, ())}
    return dict(value) if hasattr(value, "keys") else value  # type: ignore[call-overload]
