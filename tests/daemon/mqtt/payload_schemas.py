"""JSON Schemas of the payloads: `python -m tests.daemon.mqtt.payload_schemas` writes docs/schemas.

They are made of the dataclasses in `daemon.mqtt.payloads` and their docstrings, so that a payload
cannot change without its schema. More fields may be appended at any time: none forbids them.
"""

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from daemon.mqtt.payloads import (
    ClassAttributes,
    EventPayload,
    HealthPayload,
    InfoPayload,
    MutePayload,
)

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"

PAYLOADS: dict[str, type] = {
    "event": EventPayload,
    "attributes": ClassAttributes,
    "info": InfoPayload,
    "health": HealthPayload,
    "mute": MutePayload,
}
"""By the name of the schema."""

TOPICS = {
    "alert": "event",
    "alert/late": "event",
    "event": "event",
    "source/<name>/class/<id>/attributes": "attributes",
    "info": "info",
    "health": "health",
    "mute": "mute",
    "response/<request>": "response",
}
"""Topics with JSON, below `aed/<node>/`, and the schemas of their payloads."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TIME = {"format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}

AGREED: dict[str, dict[str, Any]] = {
    "response": {
        "$schema": _DIALECT,
        "title": "response",
        "description": "Payload of `response/<request>`: what became of a request.",
        "type": "object",
        "properties": {
            "data": {"type": "object", "description": "the answer; depends on the request."},
            "status": {"enum": ["ok", "error"], "description": "whether it was met."},
            "error": {
                "type": ["string", "null"],
                "description": "why it was not met; null if it was.",
            },
            "transaction": {
                "description": "what the request had under this name; left out if it had none."
            },
        },
        "required": ["data", "status", "error"],
    },
}
"""Schemas of payloads that no dataclass makes: of responses (`daemon.requests.handler`)."""


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its name."""
    return {**{name: _schema(name, payload) for name, payload in PAYLOADS.items()}, **AGREED}


def text_of(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_of(topic: str) -> str | None:
    """Name of the schema of a topic's payload; None if it is no JSON.

    Args:
        topic: below `aed/<node>/`.
    """
    for pattern, name in TOPICS.items():
        if re.fullmatch(re.sub(r"<\w+>", "[^/]+", pattern), topic):
            return name
    return None


def main() -> int:
    """Write the files; returns the exit code."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(text_of(schema))
    return 0


def _schema(name: str, payload: type) -> dict[str, Any]:
    schema: dict[str, Any] = TypeAdapter(payload).json_schema(mode="serialization")
    definitions: dict[str, dict[str, Any]] = schema.pop("$defs", {})
    members = {member.__name__: member for member in _dataclasses()}
    for title, part in [(payload.__name__, schema), *definitions.items()]:
        _describe(part, members[title])
    ordered = {"$schema": _DIALECT, **schema, "title": name}
    return {**ordered, "$defs": definitions} if definitions else ordered


def _dataclasses() -> list[type]:
    module = inspect.getmodule(EventPayload)
    return [member for _, member in inspect.getmembers(module, inspect.isclass)]


def _describe(schema: dict[str, Any], payload: type) -> None:
    words = {**_words(EventPayload), **_words(payload)}
    schema["description"] = inspect.getdoc(payload).split("\n\n")[0]  # type: ignore[union-attr]
    for name, field in schema["properties"].items():
        field.pop("title", None)
        choices = field.get("anyOf", ())
        if all("type" in choice for choice in choices) and choices:
            del field["anyOf"]
            field.update(choices[0], type=[choice["type"] for choice in choices])
        if name == "at" or name.endswith("_at"):
            field.update(_TIME)
        if name in words:
            field["description"] = words[name].replace("None", "null")


def _words(payload: type) -> dict[str, str]:
    """What the docstring says of each attribute."""
    _, _, section = (inspect.getdoc(payload) or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


if __name__ == "__main__":
    sys.exit(main())
