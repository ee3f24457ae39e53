"""Which posterior is high enough, for how long: thresholds of each node, from three layers.

A later layer wins, number by number: the bundle (its `default`, then its entry for the node), the
ontology's `alert`, the settings (their `default`, then the node). The settings' `default` is for
numbers of which no layer says more: it loosens no critical node whose own one was measured.
Nothing else changes a threshold, and no threshold ever lowers itself.

Alarms pulse. An event must outlast the pause of the timing pattern its node is known by (ISO 8201:
1.5 s in T3; about 5 s between the groups of T4; up to a minute between low-battery chirps), so
where no layer names the hold of just this node, the pattern's pause is its least.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aed.errors import ThresholdsError
from ontology import LONGEST_DWELL_S, LONGEST_HOLD_S, Node, Ontology
from ontology.spelling import advice


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeThresholds:
    """When a node counts as heard.

    Attributes:
        on: posterior from which the dwell runs, in (0, 1).
        off: posterior below which the hold runs, in (0, on].
        dwell_s: time above `on` after which an event starts, in [0, LONGEST_DWELL_S] s.
        hold_s: time below `off` after which it ends, in [0, LONGEST_HOLD_S] s.
    """

    on: float = 0.5
    off: float = 0.3
    dwell_s: float = 0.3
    hold_s: float = 2.0


DEFAULT = NodeThresholds()
"""What holds where no layer says anything."""

PATTERN_HOLD_S: Mapping[str, float] = {"t3": 2.5, "t4": 6.5, "continuous": 2.0}
"""Shortest hold of a node known by a pattern, and of its ancestors, in seconds."""

CHIRP_HOLD_S = 70.0
"""Shortest hold of a node known by the chirp alone; not of its ancestors."""

_FIELDS = ("on", "off", "dwell_s", "hold_s")
_LARGEST = {"on": 1.0, "off": 1.0, "dwell_s": LONGEST_DWELL_S, "hold_s": LONGEST_HOLD_S}

Layer = Mapping[str, Mapping[str, float]]
"""Node id, or `default`, to some of `on`, `off`, `dwell_s`, `hold_s`."""


def resolve(
    bundle: Layer,
    ontology: Ontology,
    settings: Layer | None = None,
) -> Mapping[str, NodeThresholds]:
    """Thresholds of every node of an ontology.

    Args:
        bundle: `thresholds` of a bundle.
        ontology: the tree, with its alert policies.
        settings: what the user wants otherwise.

    Returns:
        Node id to its thresholds, in the order of `ontology.nodes`.

    Raises:
        ThresholdsError: names every unknown node, unknown key and value out of range.
    """
    settings = settings or {}
    known = [node.id for node in ontology.nodes]
    asked = _asked(ontology)
    layers = {"bundle": bundle, "ontology": asked, "settings": settings}
    faults = [fault for name, layer in layers.items() for fault in _faults(name, layer, known)]
    if faults:
        raise ThresholdsError(faults)
    resolved = {}
    for node in ontology.nodes:
        numbers = _layered(node, bundle, asked, settings)
        if numbers["off"] > numbers["on"]:
            faults.append(
                f"thresholds of {node.id}: off must not be above on, got off {numbers['off']} "
                f"and on {numbers['on']} once bundle, ontology and settings are laid over each "
                f"other; set both"
            )
        resolved[node.id] = NodeThresholds(**numbers)
    if faults:
        raise ThresholdsError(faults)
    return resolved


def _asked(ontology: Ontology) -> Layer:
    """What the alert policies of an ontology say."""
    asked = {
        node.id: {
            "on": node.alert.on_threshold,
            "off": node.alert.off_threshold,
            "dwell_s": node.alert.dwell_s,
            "hold_s": node.alert.hold_s,
        }
        for node in ontology.nodes
        if node.alert is not None
    }
    return {
        node_id: {field: value for field, value in numbers.items() if value is not None}
        for node_id, numbers in asked.items()
    }


def _layered(node: Node, bundle: Layer, asked: Layer, settings: Layer) -> dict[str, float]:
    numbers = {field: float(getattr(DEFAULT, field)) for field in _FIELDS}
    numbers |= bundle.get("default", {})
    own = {**bundle.get(node.id, {}), **asked.get(node.id, {})}
    numbers |= settings.get("default", {})
    numbers["hold_s"] = max(numbers["hold_s"], _pattern_hold_s(node))
    numbers |= own
    numbers |= settings.get(node.id, {})
    return {field: float(numbers[field]) for field in _FIELDS}


def _pattern_hold_s(node: Node) -> float:
    """The longest pause within the patterns of a node and its descendants."""
    own = node.alert.pattern if node.alert is not None else ()
    holds = [CHIRP_HOLD_S] if "chirp" in own else []
    for relative in (node, *node.descendants):
        if relative.alert is not None:
            holds += [PATTERN_HOLD_S.get(kind, 0.0) for kind in relative.alert.pattern]
    return max(holds, default=0.0)


def _faults(layer_name: str, layer: Layer, known: list[str]) -> Iterable[str]:
    for node_id, numbers in layer.items():
        where = f"thresholds of {node_id} ({layer_name})"
        if node_id not in known and node_id != "default":
            remedy = advice(str(node_id), known, "see `aed ontology show` for its nodes")
            yield f"{where}: the ontology has no such node; {remedy}"
        for field, value in numbers.items():
            if field not in _FIELDS:
                remedy = advice(str(field), _FIELDS, f"there are {', '.join(_FIELDS)}")
                yield f"{where}: unknown key {field!r}; {remedy}"
            elif not _is_in_range(field, value):
                yield f"{where}: {field} must lie between 0 and {_LARGEST[field]:g}, got {value!r}"


def _is_in_range(field: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if field in ("on", "off"):
        return 0 < value < 1
    return 0 <= value <= _LARGEST[field]
