"""The payload by which Home Assistant discovers this aed: one device with all its entities."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aed import __version__
from aed.bundle import Bundle
from daemon.discovery.entities import Entity, entities_of, stub_of
from daemon.mqtt.payloads import read_object, to_json
from daemon.mqtt.topics import Topics
from daemon.settings.models import Settings

MAX_BYTES = 512 * 1024
"""For what is described; the shipped ontology at as many sources as there may be takes half of it.
What is removed comes on top, with some 60 bytes each."""

ORIGIN = "aed"

PLATFORMS = ("binary_sensor", "button", "event", "sensor", "switch")
"""Home Assistant refuses a whole payload for one that it does not know."""

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePayload:
    """What Home Assistant is told.

    Attributes:
        payload: its bytes.
        platforms: platform of every entity in it, by its key.
        num_left_out: entities for which there was no room.
    """

    payload: bytes
    platforms: dict[str, str]
    num_left_out: int


def device_payload(
    settings: Settings, bundle: Bundle, *, once: Mapping[str, str], is_reviving: bool = False
) -> DevicePayload:
    """Describe this aed.

    Args:
        settings: validated settings that fit the bundle.
        bundle: the one that is used.
        once: platform, by its key, of what was described before; what no more is, is removed.
        is_reviving: describe that instead, as well as can be, so that it can be removed by whoever
            was away.
    """
    frame = _frame(settings, bundle)
    entities = entities_of(settings, bundle) if settings.home_assistant.enabled else {}
    room_bytes = MAX_BYTES - len(to_json(frame))
    told: dict[str, Entity] = {}
    for key, entity in entities.items():
        entity_bytes = len(to_json({key: entity}))
        if entity_bytes <= room_bytes:
            room_bytes -= entity_bytes
            told[key] = entity
    # What is to go comes first: Home Assistant leaves a payload at the first entity that it is
    # still busy with.
    gone = {
        key: stub_of(settings, key, platform) if is_reviving else {"platform": platform}
        for key, platform in once.items()
        if key not in told
    }
    return DevicePayload(
        payload=to_json({**frame, "components": {**gone, **told}}),
        platforms={key: entity["platform"] for key, entity in told.items()},
        num_left_out=len(entities) - len(told),
    )


def platforms_in(payload: bytes) -> dict[str, str]:
    """Read from a payload of any aed, or of anybody, what it describes.

    Args:
        payload: what a broker had retained.

    Returns:
        Platform of every entity by its key; nothing if it is no payload of an aed.
    """
    try:
        fields = read_object(payload)
    except ValueError:
        return {}
    origin, components = fields.get("origin"), fields.get("components")
    if not isinstance(origin, dict) or origin.get("name") != ORIGIN:
        return {}
    if not isinstance(components, dict):
        return {}
    parts = {
        key: part
        for key, part in components.items()
        if isinstance(part, dict) and part.keys() != {"platform"}  # a removal
    }
    return sound_platforms({key: part.get("platform") for key, part in parts.items()})


def sound_platforms(found: object) -> dict[str, str]:
    """Keep of what was read somewhere only what Home Assistant can be asked to remove.

    Args:
        found: platforms by key, perhaps.
    """
    if not isinstance(found, dict):
        return {}
    return {
        key: platform
        for key, platform in found.items()
        if isinstance(key, str) and _KEY.fullmatch(key) and platform in PLATFORMS
    }


def _frame(settings: Settings, bundle: Bundle) -> dict[str, Any]:
    return {
        "device": {
            "identifiers": [f"aed_{settings.node}"],
            "name": f"aed {settings.node}",
            "manufacturer": ORIGIN,
            "model": "Acoustic event detector",
            "model_id": f"{bundle.name}@{bundle.digest[:8]}",
            "sw_version": __version__,
        },
        "origin": {"name": ORIGIN, "sw_version": __version__},
        "availability": [{"topic": Topics(node=settings.node).status}],
        "availability_mode": "all",
    }
