"""Turns what pydantic says about settings into faults a person can act on.

Each says what was wanted (the description of the key in `daemon.settings.models`) and what was
found, and never shows a value that could be a secret.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from daemon.errors import SettingsFault
from daemon.redaction import without_address
from daemon.settings.models import Settings
from daemon.settings.yaml_lines import KeyPath, line_of
from ontology.spelling import advice

_SECRET = re.compile(r"passw|secret|token|key|credential|pin$|url", re.IGNORECASE)
_SHOWN_CHARACTERS = 60


def faults_of(
    error: ValidationError, *, where: str, document: yaml.Node | None
) -> list[SettingsFault]:
    """List every fault once, in the order of the file.

    Args:
        error: what pydantic found.
        where: the file.
        document: its node tree, for the lines.
    """
    details = error.errors(include_url=False)
    paths = [_key_path(detail["loc"]) for detail in details]
    faults = []
    for detail, path in zip(details, paths, strict=True):
        has_inner = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
        if detail["type"] == "too_short" and has_inner:
            continue  # pydantic counts the faulty items as absent
        faults.append(
            SettingsFault(
                where=where,
                line=line_of(document, path),
                key=key_text(path),
                problem=_problem(detail, path),
            )
        )
    return sorted(faults, key=lambda fault: (fault.line is None, fault.line or 0))


def key_text(path: KeyPath) -> str:
    """Write a key path as people do: `sources[0].name`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in path]
    return "".join(parts).removeprefix(".")


def _problem(detail: ErrorDetails, path: KeyPath) -> str:
    kind, location, found = detail["type"], detail["loc"], shown(detail["input"], path)
    wanted, known = _described(location[:-1] if kind == "extra_forbidden" else location)
    if kind == "extra_forbidden" and str(path[-1]) in ("password", "pass"):
        return "unknown key; a password never stands in the settings: use password_file"
    sentences = {
        "extra_forbidden": lambda: "; ".join(filter(None, ("unknown key", _remedy(path, known)))),
        "invalid_key": lambda: f"wanted a word as key, found {found}",
        "missing": lambda: f"missing; wanted {wanted}",
        "union_tag_not_found": lambda: f"kind is missing; wanted one of {', '.join(known)}",
        "union_tag_invalid": lambda: (
            f"wanted kind to be one of {', '.join(known)}, found {_short(detail['ctx']['tag'])}"
        ),
        "value_error": lambda: str(detail["ctx"]["error"]),
    }
    if location[-1:] == ("[key]",):
        return f"wanted a node id of lower-case letters, digits and _, found {found}"
    return sentences.get(kind, lambda: f"wanted {wanted}, found {found}")()


def _remedy(path: KeyPath, known: list[str]) -> str:
    return advice(str(path[-1]), known, f"known here: {', '.join(known)}" if known else "")


def shown(value: object, path: KeyPath) -> str:
    """What was found, shortened; a value below a key that may name a secret is not shown."""
    if any(_SECRET.search(str(part)) for part in path):
        return "something else"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list" if value else "an empty list"
    return _short(value)


def _printable(word: str) -> str:
    return without_address(word)[:_SHOWN_CHARACTERS] if word.isprintable() else _short(word)


def _short(value: object) -> str:
    text = repr(without_address(value) if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


@functools.cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def _walk(location: tuple[str | int, ...]) -> Iterator[tuple[str | int | None, dict[str, Any]]]:
    """Follow pydantic's location through the schema.

    Yields:
        The part of the key path, None where pydantic names a union's member, and its schema.
    """
    schema = _resolved(_schema())
    for part in location:
        members = _kinds(schema)
        if part == "[key]":
            continue
        if part in members:
            schema = _resolved({"$ref": members[part]})
            yield None, schema
            continue
        if isinstance(part, int) and "items" in schema:
            schema = _resolved(schema["items"])
            yield part, schema
            continue
        # A mapping from node ids has its pattern of keys in the schema.
        others: dict[str, Any] = next(iter(schema.get("patternProperties", {}).values()), {})
        schema = _resolved(schema.get("properties", {}).get(part, others))
        yield str(part), schema  # a number is a word where a word belongs


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Schema behind references and `… or null`; the outer description stays."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**_resolved(choice), **{k: v for k, v in schema.items() if k != "anyOf"}}
    if "$ref" in schema:
        definition = _schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        # A definition's description is its docstring: about the class, not about what to write.
        inner = {k: v for k, v in definition.items() if k != "description"}
        return {**inner, **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def _key_path(location: tuple[str | int, ...]) -> KeyPath:
    return tuple(part for part, _ in _walk(location) if part is not None)


def _described(location: tuple[str | int, ...]) -> tuple[str, list[str]]:
    """What belongs at pydantic's location, and which keys or kinds are known there."""
    wanted, schema = "a mapping", _resolved(_schema())
    for _, schema in _walk(location):
        known = list(schema.get("properties", ()))
        if "description" in schema:
            wanted = schema["description"]
        elif known:
            wanted = f"a mapping of {', '.join(known)}"
        elif _kinds(schema):
            wanted = "a mapping with kind and name"
    return wanted, list(schema.get("properties") or _kinds(schema))


def _kinds(schema: dict[str, Any]) -> dict[str, str]:
    kinds: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
    return kinds
