"""Reads YAML as settings need it: strictly, and remembering the line of every key.

A small YAML 1.2: only `true` and `false` are booleans (so `on:` and `off:` are the words they
look like), there are no dates and no base-60 numbers, and a key may stand only once.
"""

import re
from collections.abc import Hashable, Sequence
from typing import Any

import yaml

from daemon.redaction import without_address

MAX_BYTES = 256 * 1024
"""Size above which a file cannot be settings."""

KeyPath = tuple[str | int, ...]


class UnreadableSettingsError(Exception):
    """The text is not the YAML of settings.

    Attributes:
        line: where, from 1, or None.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with fewer surprises."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise UnreadableSettingsError("a key must be a word", key_node.start_mark.line + 1)
            if key in seen:
                raise UnreadableSettingsError(
                    f"key {without_address(str(key))[:80]!r} stands here a second time; "
                    f"keep one of them",
                    key_node.start_mark.line + 1,
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def read_yaml(text: str) -> tuple[object, yaml.Node | None]:
    """Parse one YAML document.

    Args:
        text: the file's content.

    Returns:
        Its value, and its node tree (None for an empty document) for `line_of`.

    Raises:
        UnreadableSettingsError: it is no YAML, or holds a key twice.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        problem = " ".join(part for part in (error.problem, error.context) if part)
        raise UnreadableSettingsError(f"this is not YAML: {problem}", line) from error
    except yaml.YAMLError as error:
        raise UnreadableSettingsError(f"this is not YAML: {error}") from error
    except RecursionError as error:
        raise UnreadableSettingsError("this is nested too deeply") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        # PyYAML's constructors of explicit tags (`!!int x`, `!!timestamp 9999`) raise these.
        raise UnreadableSettingsError(f"a value cannot be read: {error}") from error
    return value, node


def line_of(node: yaml.Node | None, path: KeyPath) -> int | None:
    """Line of a key.

    Args:
        node: node tree of the document.
        path: keys and list indices from the document down.

    Returns:
        The line from 1, of the deepest part of the path that exists; None without any.
    """
    line = None
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        key_node, node = found
        line = key_node.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs: Sequence[tuple[yaml.Node, yaml.Node]] = node.value
        for key_node, value_node in pairs:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value == str(part):
                return key_node, value_node
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
