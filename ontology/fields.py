"""Reads the mappings of a YAML graph field by field, noting every fault on the way.

A field that is missing or faulty reads as None, so that the reader goes on to the next fault.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from ontology.faults import FaultLog
from ontology.spelling import advice, closest
from ontology.yaml_graph import AliasNode

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_LONGEST_SHOWN = 40
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories that have no place in a line of text; joiners and narrow spaces have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A text of the file and where it stands."""

    text: str
    line: int
    path: str


class Fields:
    """One mapping of the file.

    Unknown, repeated and unreadable keys are noted at once, values when they are asked for.

    Attributes:
        line: line on which the mapping begins, from 1.
        path: keys and list positions that lead to it.
    """

    def __init__(
        self, node: yaml.MappingNode, path: str, faults: FaultLog, *, known: Sequence[str] = ()
    ) -> None:
        """Reads the keys; without `known`, every key is welcome."""
        self.line = line_of(node)
        self.path = path
        self.faults = faults
        self._values: dict[str, yaml.Node] = {}
        # Known keys that an unknown one was probably meant to be: not missing as well.
        self._misspelt: set[str | None] = set()
        key_lines: dict[str, int] = {}
        for key_node, value in node.value:
            line = line_of(key_node)
            if isinstance(key_node, AliasNode):
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                found = description(key_node)
                faults.add(line, path, f"a key must be a word, found {found}", "write a plain word")
                continue
            key = key_node.value
            if key in key_lines:
                problem = f"key {key!r} stands here twice, first on line {key_lines[key]}"
                faults.add(line, self.path_of(key), problem, "keep one of them")
                continue
            key_lines[key] = line
            if known and key not in known:
                remedy = advice(key, known, f"the keys here are {', '.join(known)}")
                faults.add(line, self.path_of(key), f"unknown key {key!r}", remedy)
                self._misspelt.add(closest(key, known))
                continue
            self._values[key] = value

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are known, in the order of the file."""
        return tuple(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def path_of(self, key: str) -> str:
        """Returns the path of the value of `key`."""
        shown = key if re.fullmatch(r"\w+(-\w+)*", key) else repr(key)
        return f"{self.path}.{shown}" if self.path else shown

    def line_of(self, key: str) -> int:
        """Returns the line of the value of `key`, or of the mapping if it has no such key."""
        return line_of(self._values[key]) if key in self else self.line

    def missing(self, key: str, remedy: str) -> bool:
        """Returns whether `key` is missing, and notes it if it is not just misspelt."""
        if key in self:
            return False
        if key not in self._misspelt:
            self.faults.add(self.line, self.path or key, f"the key {key!r} is missing", remedy)
        return True

    def wrong(self, key: str, problem: str, remedy: str) -> None:
        """Notes a fault of the value of `key`."""
        self.faults.add(self.line_of(key), self.path_of(key), problem, remedy)

    def text(self, key: str) -> str | None:
        """Returns a text of one line, without blanks around it."""
        if key not in self:
            return None
        entry = self._text_of(self._values[key], self.path_of(key))
        return None if entry is None else entry.text

    def texts(self, key: str) -> list[Entry]:
        """Returns the items of a list of texts; those that are none are noted and left out."""
        entries = []
        first_lines: dict[str, int] = {}
        for node, path in self.items(key):
            entry = self._text_of(node, path)
            if entry is None:
                continue
            if entry.text in first_lines:
                problem = f"{entry.text!r} is listed twice, first on line {first_lines[entry.text]}"
                self.faults.add(entry.line, path, problem, "keep one of them")
                continue
            first_lines[entry.text] = entry.line
            entries.append(entry)
        return entries

    def items(self, key: str) -> list[tuple[yaml.Node, str]]:
        """Returns the nodes of a list with their paths, without aliases."""
        node = self._values.get(key)
        if node is None or isinstance(node, AliasNode):
            return []
        path = self.path_of(key)
        if not isinstance(node, yaml.SequenceNode):
            remedy = "write the items in brackets or behind dashes, or leave the key out"
            self.wrong(key, f"wanted a list, found {description(node)}", remedy)
            return []
        return [
            (item, f"{path}[{position}]")
            for position, item in enumerate(node.value)
            if not isinstance(item, AliasNode)
        ]

    def is_empty_list(self, key: str) -> bool:
        """Returns whether the value is a list without items."""
        node = self._values.get(key)
        return isinstance(node, yaml.SequenceNode) and not node.value

    def section(self, key: str, *, known: Sequence[str] = ()) -> "Fields | None":
        """Returns a mapping inside this one."""
        node = self._values.get(key)
        if node is None or isinstance(node, AliasNode):
            return None
        return section(node, self.path_of(key), self.faults, known=known)

    def number(self, key: str) -> float | None:
        """Returns a finite number."""
        node = self._values.get(key)
        if node is None or isinstance(node, AliasNode):
            return None
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        value = float(node.value) if plain and _NUMBER.fullmatch(node.value) else math.inf
        if math.isfinite(value):
            return value
        remedy = "write it in decimals, as 0.5, and without quotes"
        self.wrong(key, f"wanted a number, found {description(node)}", remedy)
        return None

    def flag(self, key: str) -> bool | None:
        """Returns true or false."""
        node = self._values.get(key)
        if node is None or isinstance(node, AliasNode):
            return None
        if node.tag == _TAG + "bool" and str(node.value).lower() in _FLAGS:
            return _FLAGS[str(node.value).lower()]
        self.wrong(key, f"wanted true or false, found {description(node)}", "write true or false")
        return None

    def _text_of(self, node: yaml.Node, path: str) -> Entry | None:
        """Returns the text of a node, or None after noting why it has none."""
        if isinstance(node, AliasNode):
            return None
        line = line_of(node)
        if node.tag != _TAG + "str" or not isinstance(node, yaml.ScalarNode):
            remedy = "write a text"
            if isinstance(node, yaml.ScalarNode) and node.value and node.value.isprintable():
                remedy = f'put it in quotes if it is meant as text: "{node.value}"'
            self.faults.add(line, path, f"wanted a text, found {description(node)}", remedy)
            return None
        text = node.value.strip()
        if not text:
            self.faults.add(line, path, "the text is empty", "write something, or leave it out")
            return None
        if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
            problem = f"{text!r} holds a line break or a control character"
            self.faults.add(line, path, problem, "keep it to one line of plain text")
            return None
        return Entry(text=text, line=line, path=path)


def section(
    node: yaml.Node, path: str, faults: FaultLog, *, known: Sequence[str] = ()
) -> Fields | None:
    """Returns the fields of a node, or None after noting that it is no mapping."""
    if isinstance(node, yaml.MappingNode):
        return Fields(node, path, faults, known=known)
    keys = f"write the keys {', '.join(known)} here" if known else "write keys with values here"
    faults.add(line_of(node), path, f"wanted a mapping, found {description(node)}", keys)
    return None


def line_of(node: yaml.Node) -> int:
    """Returns the line on which a node begins, from 1."""
    return int(node.start_mark.line) + 1


def description(node: yaml.Node) -> str:
    """Returns what a reader of the file would call the value."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    value = str(node.value)
    shown = repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…")
    kinds = {
        "int": "the number ",
        "float": "the number ",
        "str": "the text ",
        "timestamp": "a date ",
    }
    if node.tag == _TAG + "null":
        return "nothing"
    return kinds.get(node.tag.removeprefix(_TAG), "") + shown
