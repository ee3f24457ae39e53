"""From the YAML graph of a file to an ontology: the rules of the format.

The format is described at the head of `ontology/home.yaml`.
"""

import re

import yaml

from ontology.audioset import advice_for, audioset_classes
from ontology.faults import FaultLog
from ontology.fields import Entry, Fields, line_of, section
from ontology.spelling import advice
from ontology.tree import LONGEST_DWELL_S, LONGEST_HOLD_S, PATTERNS, AlertPolicy, Node

VERSION = 1
MAX_DEPTH = 12
MAX_NODES = 2000

_ROOT_KEYS = ("version", "name", "nodes")
_NODE_KEYS = ("id", "name", "names", "audioset", "see_also", "alert", "children")
_ALERT_KEYS = ("critical", "pattern", "on_threshold", "off_threshold", "dwell_s", "hold_s")
_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class OntologyReader:
    """Reads one file; what is wrong with it ends up in the `FaultLog`."""

    def __init__(self, faults: FaultLog) -> None:
        self._faults = faults
        # Over the whole file: line of each id, number of nodes, every reference to another node.
        self._id_lines: dict[str, int] = {}
        self._num_nodes = 0
        self._references: list[tuple[str | None, Entry]] = []

    def read(self, root: yaml.Node) -> tuple[str, list[Node]]:
        """Returns the name and the top-level nodes; both are of use only if no fault was noted."""
        fields = section(root, "", self._faults, known=_ROOT_KEYS)
        if fields is None:
            return "", []
        self._check_version(fields)
        fields.missing("name", "name the ontology, as `name: home`")
        name = fields.text("name") or ""
        nodes: list[Node] = []
        if not fields.missing("nodes", "list the nodes, each with id and name"):
            nodes = self._nodes(fields, "nodes", depth=1)
            if fields.is_empty_list("nodes"):
                fields.wrong("nodes", "the list of nodes is empty", "write at least one node")
        if self._num_nodes > MAX_NODES:
            problem = f"{self._num_nodes:,} nodes, more than {MAX_NODES:,}"
            fields.wrong("nodes", problem, "keep the sounds that somebody needs to be told apart")
        self._check_references()
        return name, nodes

    def _check_version(self, fields: Fields) -> None:
        if fields.missing("version", f"begin the file with `version: {VERSION}`"):
            return
        version = fields.number("version")
        if version is not None and version != VERSION:
            problem = f"version {version:g} is not supported, only {VERSION}"
            newer = "install a newer aed" if version > VERSION else f"write `version: {VERSION}`"
            fields.wrong("version", problem, newer)

    def _nodes(self, fields: Fields, key: str, *, depth: int) -> list[Node]:
        """Reads the list of nodes under `key`; its items stand on level `depth`, from 1."""
        nodes = []
        for graph_node, path in fields.items(key):
            self._num_nodes += 1
            if depth == MAX_DEPTH + 1:
                problem = f"a node on level {depth}, deeper than {MAX_DEPTH}"
                self._faults.add(line_of(graph_node), path, problem, "move it up")
            node_fields = section(graph_node, path, self._faults, known=_NODE_KEYS)
            if node_fields is not None:
                nodes.append(self._node(node_fields, depth=depth))
        return nodes

    def _node(self, fields: Fields, *, depth: int) -> Node:
        id_ = self._id(fields)
        fields.missing("name", "give the node a name that people understand")
        name = fields.text("name")
        for entry in (see_also := fields.texts("see_also")):
            self._references.append((id_, entry))
        return Node(
            id=id_ or "",
            name=name or "",
            names=self._names(fields),
            audioset=self._audioset(fields),
            see_also=tuple(entry.text for entry in see_also),
            alert=self._alert(fields),
            line=fields.line,
            children=self._nodes(fields, "children", depth=depth + 1),
        )

    def _id(self, fields: Fields) -> str | None:
        if fields.missing("id", "give the node an id, as `id: smoke_alarm`"):
            return None
        id_ = fields.text("id")
        if id_ is None:
            return None
        if not _ID.fullmatch(id_):
            fields.wrong(
                "id",
                f"{id_[:80]!r} cannot be an id",
                f"use up to 64 small letters, digits and _, a letter first{_slug_hint(id_)}",
            )
            return None
        if id_ in self._id_lines:
            problem = f"the id {id_!r} is taken by the node on line {self._id_lines[id_]}"
            fields.wrong("id", problem, "give one of them another id")
            return None
        self._id_lines[id_] = fields.line_of("id")
        return id_

    def _names(self, fields: Fields) -> dict[str, str]:
        names: dict[str, str] = {}
        languages = fields.section("names")
        if languages is None:
            return names
        for language in languages.keys:
            if not _LANGUAGE.fullmatch(language):
                remedy = "write it as de, fr or pt-BR"
                languages.wrong(language, f"{language!r} is no language tag", remedy)
            name = languages.text(language)
            if name is not None:
                names[language] = name
        return names

    def _audioset(self, fields: Fields) -> tuple[str, ...]:
        entries = fields.texts("audioset")
        for entry in entries:
            if entry.text not in audioset_classes():
                problem = f"{entry.text!r} is no id of AudioSet"
                self._faults.add(entry.line, entry.path, problem, advice_for(entry.text))
        return tuple(entry.text for entry in entries)

    def _alert(self, fields: Fields) -> AlertPolicy | None:
        alert = fields.section("alert", known=_ALERT_KEYS)
        if alert is None:
            return None
        patterns = alert.texts("pattern")
        for entry in patterns:
            if entry.text not in PATTERNS:
                remedy = advice(entry.text, PATTERNS, f"the patterns are {', '.join(PATTERNS)}")
                problem = f"unknown pattern {entry.text!r}"
                self._faults.add(entry.line, entry.path, problem, remedy)
        on_threshold = _threshold(alert, "on_threshold")
        off_threshold = _threshold(alert, "off_threshold")
        if on_threshold is not None and off_threshold is not None and off_threshold > on_threshold:
            problem = f"{off_threshold:g} is above on_threshold {on_threshold:g}"
            alert.wrong("off_threshold", problem, "an event would end as soon as it starts")
        return AlertPolicy(
            critical=alert.flag("critical") or False,
            pattern=tuple(entry.text for entry in patterns),
            on_threshold=on_threshold,
            off_threshold=off_threshold,
            dwell_s=_time_s(alert, "dwell_s", LONGEST_DWELL_S),
            hold_s=_time_s(alert, "hold_s", LONGEST_HOLD_S),
        )

    def _check_references(self) -> None:
        for id_, entry in self._references:
            if entry.text not in self._id_lines:
                remedy = advice(entry.text, self._id_lines, "name the id of a node of this file")
                self._faults.add(entry.line, entry.path, f"no node {entry.text!r}", remedy)
            elif entry.text == id_:
                self._faults.add(entry.line, entry.path, "the node names itself", "leave it out")


def _threshold(alert: Fields, key: str) -> float | None:
    value = alert.number(key)
    if value is None or 0.0 < value < 1.0:
        return value
    alert.wrong(key, f"{value:g} is no posterior between 0 and 1", "write a value as 0.5")
    return None


def _time_s(alert: Fields, key: str, longest_s: float) -> float | None:
    value = alert.number(key)
    if value is None or 0.0 <= value <= longest_s:
        return value
    problem = f"{value:g} s is not between 0 and {longest_s:g} s"
    alert.wrong(key, problem, "write a time in seconds")
    return None


def _slug_hint(text: str) -> str:
    """Returns `: smoke_alarm` for `Smoke alarm`, or nothing if no id can be made of the text."""
    slug = re.sub(r"[^a-z0-9]+", "_", text[:64].lower()).strip("_")
    return f": {slug}" if _ID.fullmatch(slug) else ""
