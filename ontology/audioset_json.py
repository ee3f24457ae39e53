"""Reads AudioSet's `ontology.json`: classes with the ids of their children, a graph without cycles.

Source: https://github.com/audioset/ontology.
"""

import json
from pathlib import Path
from typing import Any

from ontology.audioset import AudioSetClass, advice_for, audioset_classes
from ontology.errors import OntologyError
from ontology.faults import MAX_FAULTS, Fault

MAX_BYTES = 16 * 1024 * 1024
"""Longest file that is read; AudioSet's has 343 kB."""

_SHAPE = 'wanted a list of classes, as [{"id": "/m/0dgw9r", "name": ..., "child_ids": [...]}, ...]'
_WRONG_FILE = "is this the ontology.json of AudioSet?"


def read_audioset_json(path: Path) -> tuple[AudioSetClass, ...]:
    """Returns the classes of a file, each with its parents, in the order of the file.

    Raises:
        OntologyError: it cannot be read or is no such graph; carries every fault.
    """
    return classes_of(_content(path), str(path))


def classes_of(content: object, where: str) -> tuple[AudioSetClass, ...]:
    """Returns the classes that the content of such a file describes.

    Raises:
        OntologyError: it is no such graph; carries every fault.
    """
    if not isinstance(content, list) or not content:
        raise OntologyError([_fault(where, "", f"{_SHAPE}, found something else", _WRONG_FILE)])
    faults: list[Fault] = []
    names: dict[str, str] = {}
    children: list[tuple[str, str, list[Any]]] = []  # path, id, ids below
    for number, entry in enumerate(content):
        path = f"[{number}]"
        problem, remedy = _entry_fault(entry, names)
        if problem:
            faults.append(_fault(where, path, problem, remedy))
            continue
        names[entry["id"]] = " ".join(entry["name"].split())
        children.append((path, entry["id"], entry["child_ids"]))
    parents: dict[str, list[str]] = {id_: [] for id_ in names}
    for path, id_, below in children:
        for place, child in enumerate(below):
            if not isinstance(child, str) or child not in names:
                problem = f"no class {child!r:.80}"
                remedy = "name the id of a class of this file"
                faults.append(_fault(where, f"{path}.child_ids[{place}]", problem, remedy))
            elif id_ not in parents[child]:
                parents[child].append(id_)
    if not faults and (circle := _on_a_circle(parents)):
        problem = f"{circle} stands below itself"
        faults.append(_fault(where, "", problem, "break the circle of child_ids"))
    if faults:
        raise OntologyError(faults[:MAX_FAULTS])
    return tuple(
        AudioSetClass(id=id_, name=name, parents=tuple(parents[id_])) for id_, name in names.items()
    )


def _content(path: Path) -> object:
    where = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            problem = f"longer than {MAX_BYTES // 2**20} MiB"
            raise OntologyError([_fault(where, "", problem, _WRONG_FILE)])
        content: object = json.loads(raw)
    except json.JSONDecodeError as error:
        fault = _fault(where, "", f"not valid JSON: {error.msg}", _WRONG_FILE, line=error.lineno)
        raise OntologyError([fault]) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        problem = f"not valid JSON: {error}"
        raise OntologyError([_fault(where, "", problem, _WRONG_FILE)]) from None
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
        raise OntologyError([_fault(where, "", problem, "check the path")]) from error
    return content


def _entry_fault(entry: object, taken: dict[str, str]) -> tuple[str, str]:
    """Problem and remedy of one class; empty texts if there is none."""
    if not isinstance(entry, dict):
        return "wanted a class, found something else", _WRONG_FILE
    for key, kind, word in (
        ("id", str, "text"),
        ("name", str, "text"),
        ("child_ids", list, "list"),
    ):
        if not isinstance(entry.get(key), kind):
            return f"the {word} {key!r} is missing", "take the file as AudioSet publishes it"
    if not entry["name"].strip():
        return "the name is empty", "take the file as AudioSet publishes it"
    if entry["id"] in taken:
        return f"the id {entry['id']!r} is taken by an earlier class", "keep one of them"
    if entry["id"] not in audioset_classes():
        return f"{entry['id']!r:.80} is no id of AudioSet", advice_for(entry["id"])
    return "", ""


def _on_a_circle(parents: dict[str, list[str]]) -> str | None:
    """An id that stands below itself, or None."""
    open_parents = {id_: set(above) for id_, above in parents.items()}
    children: dict[str, list[str]] = {id_: [] for id_ in parents}
    for id_, above in parents.items():
        for parent in above:
            children[parent].append(id_)
    free = [id_ for id_, above in open_parents.items() if not above]
    while free:
        parent = free.pop()
        del open_parents[parent]
        for child in children[parent]:
            open_parents[child].discard(parent)
            if not open_parents[child]:
                free.append(child)
    return min(open_parents, default=None)


def _fault(where: str, path: str, problem: str, remedy: str, *, line: int | None = None) -> Fault:
    return Fault(where=where, line=line, path=path, problem=problem, remedy=remedy)
