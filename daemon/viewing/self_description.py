"""What this aed is and how it is set, without any secret: for the local page."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aed import __version__
from aed.bundle import Bundle
from daemon.ears.ear import Ear
from daemon.redaction import without_secrets
from daemon.settings.models import CommandSettings, Settings
from daemon.sources.source import Source
from ontology import Node

_MASK = "…"
_OF_THE_MODEL = ("created", "licence", "architecture", "front_end", "quality", "data")


def described(
    settings: Settings, bundle: Bundle, ears: Sequence[tuple[Source, Ear]]
) -> dict[str, Any]:
    """Describe it.

    Args:
        settings: those in use.
        bundle: the one in use.
        ears: each source with the ear that hears it.
    """
    return {
        "version": __version__,
        "node": settings.node,
        "model": {
            "name": bundle.name,
            "digest": bundle.digest,
            "untaught": bundle.untaught,
            **{name: bundle.info[name] for name in _OF_THE_MODEL if name in bundle.info},
        },
        "nodes": [_node(node) for node in bundle.heard_ontology.nodes],
        "sources": [
            {
                "name": source.name,
                "kind": next(p.kind for p in settings.sources if p.name == source.name),
                "thresholds": {node: asdict(each) for node, each in ear.thresholds.items()},
            }
            for source, ear in ears
        ],
        "mel": {"bands": bundle.widths["log_mel"], **bundle.edges_hz},
        "clips": settings.clips is not None,
        "settings": masked(settings),
    }


def masked(settings: Settings) -> dict[str, Any]:
    """Settings as they hold, as plain values; of secrets and addresses nothing but hosts.

    Args:
        settings: validated settings.
    """
    fields = settings.model_dump(mode="json")
    if settings.heartbeat is not None:
        url = settings.heartbeat.url.get_secret_value()
        fields["heartbeat"]["url"] = without_secrets(url)
    if settings.mqtt.username is not None:
        fields["mqtt"]["username"] = _MASK
    for part, given in zip(fields["sources"], settings.sources, strict=True):
        if isinstance(given, CommandSettings):
            # Anything may stand in a command; what a shell would run says which program.
            program = Path(given.command[0]).name
            part["command"] = shlex.quote(program) + (f" {_MASK}" if given.command[1:] else "")
        elif "url" in part:
            part["url"] = without_secrets(part["url"])
    return fields


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "name": node.name,
        "parent": None if node.parent is None else node.parent.id,
        "critical": node.is_critical,
        "alerts": node.alert is not None,
        "patterns": [] if node.alert is None else list(node.alert.pattern),
    }
