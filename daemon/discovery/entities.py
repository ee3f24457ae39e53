"""The entities that Home Assistant makes of this aed, each as its discovery wants it.

Their keys and unique ids are a contract: Home Assistant keeps under them what its user has set.
They are made of names that hold no dot, so that none can be another's.
"""

from collections.abc import Iterator
from typing import Any

from aed.bundle import Bundle
from daemon.discovery.words import node_name, word
from daemon.mqtt.payloads import to_json
from daemon.mqtt.topics import OFF, OFFLINE, ON, ONLINE, Topics
from daemon.settings.models import Settings
from daemon.settings.nodes import class_nodes
from ontology import Node

MUTE_S = 3600
"""How long the switch mutes."""

STALE_S = 180
"""Health so old, while `status` is `online`: aed hangs, or it died together with a broker that kept
the `online`."""

Entity = dict[str, Any]
"""Fields of Home Assistant's MQTT discovery."""

_Named = Iterator[tuple[str, Entity]]
"""Entities with their keys."""

_DEVICE_CLASSES = {"smoke_alarm": "smoke", "co_alarm": "carbon_monoxide"}
"""Of the sounds that mean exactly what one of Home Assistant's classes means."""

_IS_ONLINE = f"{{{{ value if value == '{ONLINE.decode()}' else '{OFFLINE.decode()}' }}}}"
"""A source that is silent or stalled is to be trusted no more than one that is gone."""


def entities_of(settings: Settings, bundle: Bundle) -> dict[str, Entity]:
    """Give every entity by its key, the most important first.

    Args:
        settings: validated settings that fit the bundle.
        bundle: the model, with what it was taught.
    """
    maker = _Maker(settings)
    ontology = bundle.heard_ontology
    nodes = [ontology.node(name) for name in class_nodes(settings, bundle)]
    entities = dict(maker.house([node.id for node in ontology.nodes if node.alert is not None]))
    for node in sorted(nodes, key=lambda node: not node.is_critical):
        entities.update(maker.sound(node))
    entities.update(maker.sources())
    return {
        key: {
            "unique_id": _unique_id(settings.node, key),
            "default_entity_id": _entity_id(entity["platform"], settings.node, key),
            "qos": 1,
            **entity,
        }
        for key, entity in entities.items()
    }


def stub_of(settings: Settings, key: str, platform: str) -> Entity:
    """Give the least that Home Assistant makes an entity of, whatever its platform.

    Args:
        settings: validated settings.
        key: of the entity.
        platform: one of Home Assistant's.
    """
    nowhere = Topics(node=settings.node).request("nothing")
    return {
        "platform": platform,
        "unique_id": _unique_id(settings.node, key),
        "state_topic": nowhere,
        "command_topic": nowhere,
        "event_types": [],
    }


class _Maker:
    """Makes the entities of one aed."""

    def __init__(self, settings: Settings) -> None:
        self._topics = Topics(node=settings.node)
        self._language = settings.home_assistant.language
        self._sources = [source.name for source in settings.sources]

    def house(self, reportable: list[str]) -> _Named:
        """Entities of the whole aed.

        Args:
            reportable: every `event_type` of an alert.
        """
        yield (
            "alert",
            {
                "platform": "event",
                "name": self._word("alert"),
                "icon": "mdi:ear-hearing",
                "state_topic": self._topics.alert,
                "event_types": reportable,
                "availability": [self._is_running, {"topic": self._topics.hearing}],
            },
        )
        yield (
            "problem",
            {
                "platform": "binary_sensor",
                "name": self._word("problem"),
                "device_class": "problem",
                "entity_category": "diagnostic",
                "state_topic": self._topics.health,
                "value_template": _on_if("value_json.problem"),
                "json_attributes_topic": self._topics.health,
                "json_attributes_template": "{{ {'problem': value_json.problem} | tojson }}",
                "expire_after": STALE_S,
            },
        )
        yield (
            "mute",
            {
                "platform": "switch",
                "name": self._word("mute"),
                "icon": "mdi:bell-off",
                "command_topic": self._topics.request("mute"),
                "payload_on": to_json({"for_s": MUTE_S}).decode(),
                "payload_off": to_json({"for_s": 0}).decode(),
                "state_topic": self._topics.mute,
                "value_template": _on_if("value_json.muted"),
                "state_on": ON.decode(),
                "state_off": OFF.decode(),
                "json_attributes_topic": self._topics.mute,
            },
        )
        yield (
            "self_test",
            {
                "platform": "button",
                "name": self._word("self_test"),
                "icon": "mdi:stethoscope",
                "entity_category": "diagnostic",
                "command_topic": self._topics.request("self_test"),
                "payload_press": "{}",
            },
        )
        yield (
            "last_self_test",
            self._sensor(
                "last_self_test",
                "value_json.self_test.at if value_json.self_test else none",
                device_class="timestamp",
            ),
        )
        yield (
            "memory",
            self._sensor(
                "memory",
                "value_json.memory_mb",
                device_class="data_size",
                unit_of_measurement="MB",
                state_class="measurement",
            ),
        )
        yield (
            "queue",
            self._sensor("queue", "value_json.outbox_rows", state_class="measurement"),
        )

    def sound(self, node: Node) -> _Named:
        """Whether a sound is being heard, at each source.

        Args:
            node: the sound.
        """
        otherwise = "safety" if node.is_critical else "sound"
        for source in self._sources:
            yield (
                f"class.{source}.{node.id}",
                {
                    "platform": "binary_sensor",
                    "name": self._at(node_name(node, self._language), source),
                    "device_class": _DEVICE_CLASSES.get(node.id, otherwise),
                    "state_topic": self._topics.class_state(source, node.id),
                    "json_attributes_topic": self._topics.class_attributes(source, node.id),
                    "availability": [
                        self._is_running,
                        {
                            "topic": self._topics.source_status(source),
                            "value_template": _IS_ONLINE,
                        },
                    ],
                },
            )

    def sources(self) -> _Named:
        """How each source is."""
        for source in self._sources:
            health = f"value_json.sources.get('{source}', {{}})"
            yield (
                f"source.{source}.level",
                self._sensor(
                    "level",
                    f"{health}.get('level_dbfs')",
                    source,
                    icon="mdi:volume-high",
                    unit_of_measurement="dBFS",
                    state_class="measurement",
                ),
            )
            for key, field, state_class in (
                ("heard", "heard_s", "total_increasing"),
                ("lag", "lag_s", "measurement"),
            ):
                yield (
                    f"source.{source}.{key}",
                    self._sensor(
                        key,
                        f"{health}.get('{field}')",
                        source,
                        device_class="duration",
                        unit_of_measurement="s",
                        state_class=state_class,
                    ),
                )

    @property
    def _is_running(self) -> dict[str, str]:
        return {"topic": self._topics.status}

    def _sensor(self, key: str, value: str, source: str | None = None, **fields: str) -> Entity:
        """A number or time of the topic `health`; what is null there is unknown."""
        return {
            "platform": "sensor",
            "name": self._at(self._word(key), source),
            "entity_category": "diagnostic",
            "state_topic": self._topics.health,
            "value_template": f"{{{{ {value} }}}}",
            **fields,
        }

    def _word(self, key: str) -> str:
        return word(key, self._language)

    def _at(self, name: str, source: str | None) -> str:
        """A name, and of which source if there are several."""
        return name if source is None or len(self._sources) == 1 else f"{name} ({source})"


def _unique_id(node: str, key: str) -> str:
    return f"aed.{node}.{key}"


def _on_if(condition: str) -> str:
    return f"{{{{ '{ON.decode()}' if {condition} else '{OFF.decode()}' }}}}"


def _entity_id(platform: str, node: str, key: str) -> str:
    """The id that Home Assistant proposes; the same in every language."""
    words = ["aed", node, *key.split(".")[key.count(".") and 1 :]]
    return f"{platform}.{'_'.join(words).replace('-', '_').lower()}"
