"""Which synthesised sounds stand in training scenes, how often, and how long each is in doubt."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import ontology
from ontology import Ontology
from ontology.matching import matches

BLUR_FRAMES = 3
"""Frames around a sound in which nobody can say whether it is still there: unknown."""

PAUSE_FRAMES: Mapping[str, int] = {"smoke_alarm": 20, "co_alarm": 60, "low_battery_chirp": 10}
"""The same after alarms with a cadence: only the missing next pulse shows that they are over."""

Odds = tuple[tuple[str, ...], tuple[float, ...]]
"""Node ids, and the probability of each."""


def _odds(weights: Mapping[str, float]) -> Odds:
    total = sum(weights.values())
    return tuple(weights), tuple(weight / total for weight in weights.values())


ALARMS = _odds({"smoke_alarm": 0.6, "co_alarm": 0.18, "fire_bell": 0.1, "low_battery_chirp": 0.12})
TONES = _odds(
    {
        "timer_beep": 3,
        "alarm_clock": 3,
        "phone": 2,
        "doorbell": 6,
        "buzzer": 1,
        "siren": 1,
        "vehicle_alarm": 1.5,
        "car_horn": 1,
        "interface_sound": 2,
    }
)
BREAKS = _odds({"window_glass": 5, "crockery": 3, "clink": 2, "drop": 2})
HOUSEHOLD = _odds({"speech": 2, "dishes": 2, "footsteps": 1, "knock": 1.5, "thump": 1.5, "tap": 1})

SYNTHESISED_NODES = frozenset(ALARMS[0] + TONES[0] + BREAKS[0] + HOUSEHOLD[0])
"""Nodes that scenes teach by synthesised sounds: an ontology to train on must have them."""

KINDS = (ALARMS, TONES, BREAKS, HOUSEHOLD)
"""The kinds, in the order of their shares in `scenes.mixtures.MixtureConfig`."""


def called_in(tree: Ontology) -> Mapping[str, str]:
    """What an ontology calls the nodes of the home ontology that it has, renamed ones among them.

    Whatever can be synthesised is a node of the home ontology and rendered by its id.
    """
    return MappingProxyType({made: node for node, made in matches(ontology.home(), tree).items()})


def kinds_within(nodes: Collection[str]) -> tuple[Odds, ...]:
    """The kinds without the nodes that an ontology lacks; one may be left with none.

    A sound whose node is missing is not rendered as a mere negative: a part of it may have a node.

    Args:
        nodes: those that it has, as the home ontology calls them (see `called_in`).
    """
    kept = []
    for kind, odds in KINDS:
        weights = {node: odd for node, odd in zip(kind, odds, strict=True) if node in nodes}
        kept.append(_odds(weights) if weights else ((), ()))
    return tuple(kept)
