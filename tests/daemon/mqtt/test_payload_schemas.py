"""The published JSON Schemas say what is published, and the documentation's examples obey them."""

import json
import re
from dataclasses import fields
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from daemon.mqtt.payloads import EventPayload
from tests.daemon.mqtt.payload_schemas import (
    AGREED,
    FOLDER,
    PAYLOADS,
    TOPICS,
    schema_of,
    schemas,
    text_of,
)
from tests.daemon.mqtt.test_contracts import PAYLOADS as EVENTS

DOCUMENT = FOLDER.parent / "mqtt.md"


def documented() -> list[tuple[str, dict[str, Any]]]:
    """Every example with the schema that its section names."""
    sections = re.split(r"^## ", DOCUMENT.read_text(), flags=re.MULTILINE)
    found = []
    for section in sections:
        examples = re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        names = re.findall(r"\(schemas/(\w+)\.json\)", section)
        assert len(names) >= bool(examples), f"an example without a schema: {section[:80]}"
        found += [(names[0], json.loads(example)) for example in examples]
    return found


def faults(name: str, payload: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(schemas()[name])
    return [error.message for error in validator.iter_errors(payload)]


@pytest.mark.parametrize("name", [*PAYLOADS, *AGREED])
def test_a_payload_cannot_change_without_its_published_schema(name: str) -> None:
    published = (FOLDER / f"{name}.json").read_text()

    assert published == text_of(schemas()[name]), "run python -m tests.daemon.mqtt.payload_schemas"


def test_every_schema_is_one_and_describes_every_field() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*PAYLOADS, *AGREED} == {*TOPICS.values()}
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
        for part in [schema, *schema.get("$defs", {}).values()]:
            optional = set(part["properties"]) - set(part["required"])
            assert optional <= {"transaction"}
            undescribed = [
                k for k, field in part["properties"].items() if "description" not in field
            ]
            assert undescribed == []


def test_every_payload_is_documented_by_an_example_that_obeys_its_schema() -> None:
    assert {name for name, _ in documented()} == {*PAYLOADS, *AGREED}
    for name, example in documented():
        assert faults(name, example) == []


def test_examples_have_exactly_the_fields_that_are_published() -> None:
    examples = [(list(example), name) for name, example in documented() if name in PAYLOADS]

    assert examples == [
        ([field.name for field in fields(payload)], name) for name, payload in PAYLOADS.items()
    ]


def test_a_schema_refuses_what_is_missing_or_of_another_type_and_takes_what_is_new() -> None:
    example = next(example for name, example in documented() if name == "health")
    without = {key: value for key, value in example.items() if key != "problem"}
    source = {**example["sources"]["hall"], "heard_s": "60"}

    assert faults("health", {**example, "of_tomorrow": 1}) == []
    assert faults("health", without) == ["'problem' is a required property"]
    assert faults("health", {**example, "at": "yesterday"}) != []
    assert faults("health", {**example, "sources": {"hall": source}}) != []


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_any_event_obeys_its_schema_but_for_times_that_are_none(payload: EventPayload) -> None:
    found = faults("event", json.loads(payload.to_json()))

    assert [fault for fault in found if "does not match" not in fault] == []


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("alert", "event"),
        ("alert/late", "event"),
        ("source/mic/class/dog/attributes", "attributes"),
        ("source/mic/class/dog/state", None),
        ("response/mute", "response"),
        ("status", None),
    ],
)
def test_a_topic_leads_to_its_schema(topic: str, name: str | None) -> None:
    assert schema_of(topic) == name
