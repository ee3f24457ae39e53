"""What Home Assistant is told: names, classes, topics, availability, and never too much of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aed.bundle import Bundle
from daemon.discovery.entities import entities_of
from daemon.discovery.payload import MAX_BYTES, PLATFORMS, device_payload, platforms_in
from daemon.health.health import EVERY_S
from daemon.mqtt.topics import Topics
from daemon.settings.models import MAX_SOURCES
from ontology import AlertPolicy, Node, Ontology
from tests.daemon.discovery.announced_home import settings_of

TOPICS = Topics(node="kitchen")


def test_the_device_is_named_after_the_node_and_says_where_it_comes_from(bundle: Bundle) -> None:
    told = json.loads(device_payload(settings_of(), bundle, once={}).payload)

    assert told["device"]["identifiers"] == ["aed_kitchen"]
    assert told["device"]["name"] == "aed kitchen"
    assert told["device"]["model_id"].startswith(f"{bundle.name}@")
    assert told["origin"]["name"] == "aed"
    assert told["origin"]["sw_version"] == told["device"]["sw_version"]
    assert told["availability"] == [{"topic": TOPICS.status}]
    assert told["availability_mode"] == "all"


def test_every_sound_of_the_settings_has_a_binary_sensor_at_every_source(bundle: Bundle) -> None:
    more = "classes: [smoke_alarm, co_alarm, window_glass, dog]"
    entities = entities_of(settings_of("mic", "hall", more=more), bundle)

    sounds = {key: part for key, part in entities.items() if key.startswith("class.")}
    assert {key: part["device_class"] for key, part in sounds.items()} == {
        f"class.{source}.{node}": device_class
        for source in ("mic", "hall")
        for node, device_class in (
            ("smoke_alarm", "smoke"),
            ("co_alarm", "carbon_monoxide"),
            ("window_glass", "safety"),
            ("dog", "sound"),
        )
    }
    smoke = sounds["class.hall.smoke_alarm"]
    assert smoke["platform"] == "binary_sensor"
    assert smoke["name"] == "Smoke alarm (hall)"
    assert smoke["default_entity_id"] == "binary_sensor.aed_kitchen_hall_smoke_alarm"
    assert smoke["unique_id"] == "aed.kitchen.class.hall.smoke_alarm"
    assert smoke["state_topic"] == TOPICS.class_state("hall", "smoke_alarm")
    assert smoke["json_attributes_topic"] == TOPICS.class_attributes("hall", "smoke_alarm")
    topics = [each["topic"] for each in smoke["availability"]]
    assert topics == [TOPICS.status, TOPICS.source_status("hall")]


def test_the_event_entity_knows_every_event_type_of_an_alert(bundle: Bundle) -> None:
    event = entities_of(settings_of(more="classes: [dog]"), bundle)["alert"]

    reportable = [node.id for node in bundle.ontology.nodes if node.alert is not None]
    assert event["event_types"] == reportable
    assert event["state_topic"] == TOPICS.alert
    assert [each["topic"] for each in event["availability"]] == [TOPICS.status, TOPICS.hearing]


def test_mute_and_self_test_ask_for_what_the_contract_says(bundle: Bundle) -> None:
    entities = entities_of(settings_of(), bundle)

    mute, button = entities["mute"], entities["self_test"]
    assert (mute["platform"], button["platform"]) == ("switch", "button")
    assert mute["command_topic"] == "aed/kitchen/request/mute"
    assert json.loads(mute["payload_on"]) == {"for_s": 3600}
    assert json.loads(mute["payload_off"]) == {"for_s": 0}
    assert mute["state_topic"] == "aed/kitchen/mute"
    assert button["command_topic"] == "aed/kitchen/request/self_test"
    assert json.loads(button["payload_press"]) == {}


def test_what_tells_of_a_deaf_source_does_not_vanish_with_it(bundle: Bundle) -> None:
    entities = entities_of(settings_of(), bundle)

    for key in ("problem", "mute", "self_test", "queue", "source.mic.level"):
        assert "availability" not in entities[key], "that of the device: the daemon's status"


def test_a_daemon_that_falls_silent_without_a_will_is_noticed(bundle: Bundle) -> None:
    problem = entities_of(settings_of(), bundle)["problem"]

    assert problem["state_topic"] == TOPICS.health
    assert EVERY_S < problem["expire_after"] <= 3 * EVERY_S


def test_names_are_in_the_users_language_and_ids_in_none(bundle: Bundle) -> None:
    english = entities_of(settings_of(), bundle)
    german = entities_of(settings_of(more="home_assistant: {language: de-CH}"), bundle)
    french = entities_of(settings_of(more="home_assistant: {language: fr}"), bundle)

    assert german["class.mic.smoke_alarm"]["name"] == "Rauchmelder"
    assert german["last_self_test"]["name"] == "Letzter Selbsttest"
    assert french == english
    for entities in (english, german):
        assert all(entity["name"] for entity in entities.values())
        names = [(entity["platform"], entity["name"]) for entity in entities.values()]
        assert len(set(names)) == len(names)
    for part in ("unique_id", "default_entity_id"):
        assert [each[part] for each in english.values()] == [each[part] for each in german.values()]


def test_every_shipped_name_that_can_alert_is_there_in_german(bundle: Bundle) -> None:
    nodes = [node for node in bundle.ontology.nodes if node.alert is not None]

    assert [node.id for node in nodes if not node.names.get("de")] == []


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,5}", fullmatch=True)
SOURCES = st.lists(NAMES, min_size=1, max_size=4, unique=True)


@settings(max_examples=50, deadline=None)
@given(first=NAMES, second=NAMES, sources=SOURCES, others=SOURCES)
def test_no_two_entities_of_any_two_nodes_share_a_unique_id(
    bundle: Bundle, first: str, second: str, sources: list[str], others: list[str]
) -> None:
    made = [
        part["unique_id"]
        for node, names in {first: sources, second: others}.items()
        for part in entities_of(
            settings_of(*names).model_copy(update={"node": node}),
            bundle,
        ).values()
    ]

    assert len(set(made)) == len(made)


def test_all_of_the_shipped_ontology_fits_at_as_many_sources_as_there_may_be(
    bundle: Bundle,
) -> None:
    names = [f"{number:02}{'x' * 62}" for number in range(MAX_SOURCES)]

    made = device_payload(settings_of(*names), bundle, once={})

    assert made.num_left_out == 0
    assert len(made.payload) <= MAX_BYTES


def test_of_an_ontology_that_is_too_large_what_is_critical_is_told(bundle: Bundle) -> None:
    nodes = [
        Node(id=f"n{number}", name=f"Sound {number}", alert=AlertPolicy(critical=number % 10 == 9))
        for number in range(1900)
    ]
    large = Ontology(name="large", version=1, roots=nodes, source="")
    entities = entities_of(settings_of("mic", "hall"), replace(bundle, ontology=large))
    found = [key for key, part in entities.items() if part.get("device_class") == "safety"]

    made = device_payload(settings_of("mic", "hall"), replace(bundle, ontology=large), once={})

    assert len(made.payload) <= MAX_BYTES
    assert made.num_left_out == len(entities) - len(made.platforms) > 0
    assert {"alert", "problem", "mute", *found} <= made.platforms.keys()
    assert len(found) == 2 * 190


def test_what_is_no_more_is_removed_by_its_platform_alone_and_first(bundle: Bundle) -> None:
    once = {"class.attic.dog": "binary_sensor", "alert": "event", "source.attic.lag": "sensor"}

    made = device_payload(settings_of(), bundle, once=once)

    components: dict[str, Any] = json.loads(made.payload)["components"]
    assert list(components.items())[:2] == [
        ("class.attic.dog", {"platform": "binary_sensor"}),
        ("source.attic.lag", {"platform": "sensor"}),
    ]
    assert components["alert"]["unique_id"]
    assert platforms_in(made.payload) == made.platforms
    assert "class.attic.dog" not in made.platforms


def test_what_is_no_more_can_be_described_once_more(bundle: Bundle) -> None:
    once = {"class.attic.dog": "binary_sensor", "alert": "event"}

    made = device_payload(settings_of(), bundle, once=once, is_reviving=True)

    assert platforms_in(made.payload) == {**once, **made.platforms}
    assert "class.attic.dog" not in made.platforms


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"origin":{"name":"zigbee2mqtt"},"components":{"a":{"platform":"sensor"}}}',
        b'{"origin":{"name":"aed"},"components":[]}',
        b'{"origin":{"name":"aed"},"components":{"a":3,"b":{"platform":"lock"}}}',
        b'{"origin":{"name":"aed"},"components":{"c d":{"platform":"sensor"}}}',
        b'{"origin":{"name":"aed"},"components":{"e":{"platform":["sensor"]}}}',
    ],
)
def test_what_is_no_payload_of_an_aed_gives_nothing_to_remove(payload: bytes) -> None:
    assert platforms_in(payload) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(PLATFORMS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["origin", "name", "components", "platform"]) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_lies_on_the_topic_only_what_can_be_removed_is_read(payload: bytes) -> None:
    assert set(platforms_in(payload).values()) <= set(PLATFORMS)
