"""Every node that can be synthesised, and one call to draw and render it."""

import numpy as np

from training.synthesis.alarms import ALARM_NODES, draw_alarm, render_alarm
from training.synthesis.breaking import render_glass
from training.synthesis.glass import GLASS_NODES, draw_glass
from training.synthesis.household import HOUSEHOLD_NODES, draw_household, render_household
from training.synthesis.rendered import Rendered, place
from training.synthesis.tones import TONE_NODES, draw_tone, render_tone

NODES = (*ALARM_NODES, *TONE_NODES, *GLASS_NODES, *HOUSEHOLD_NODES)
"""Ids of all ontology nodes that can be synthesised."""


def render_node(node: str, duration_s: float, rng: np.random.Generator) -> Rendered:
    """Draw one sound of a node and render it into a clip.

    Args:
        node: one of NODES.
        duration_s: length of the clip.
        rng: source of everything.

    Returns:
        The clip, with silence where the node does not sound. A break begins somewhere in the
        first two thirds of the clip.

    Raises:
        KeyError: no such node.
    """
    if node in ALARM_NODES:
        return render_alarm(draw_alarm(rng, node), duration_s, rng)
    if node in TONE_NODES:
        return render_tone(draw_tone(rng, node), duration_s, rng)
    if node in GLASS_NODES:
        broken = render_glass(draw_glass(rng, node), rng)
        onset_s = float(rng.uniform(0.0, duration_s / 1.5))
        return place(broken, onset_s=onset_s, duration_s=duration_s)
    return render_household(draw_household(rng, node), duration_s, rng)
