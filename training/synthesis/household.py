"""What a home sounds like while nothing is wrong: one door to voices, hits and flows."""

import numpy as np

from training.synthesis.flows import FLOW_NODES, FlowParameters, draw_flow, render_flow
from training.synthesis.hits import HIT_NODES, HitsParameters, draw_hits, render_hits
from training.synthesis.rendered import SAMPLE_RATE_HZ, Rendered, Span
from training.synthesis.voice import VoiceParameters, draw_voice, render_voice

HOUSEHOLD_NODES = ("speech", *HIT_NODES, *FLOW_NODES)
"""Nodes `draw_household` can draw; room noise, which is no event, goes by None."""

HouseholdParameters = VoiceParameters | HitsParameters | FlowParameters


def draw_household(rng: np.random.Generator, node: str | None) -> HouseholdParameters:
    """Draw the parameters of an everyday sound.

    Args:
        rng: source of all choices.
        node: one of HOUSEHOLD_NODES, or None for room noise.

    Raises:
        KeyError: no such node.
    """
    if node == "speech":
        return draw_voice(rng)
    if node in HIT_NODES:
        return draw_hits(rng, node)
    return draw_flow(rng, node)


def render_household(
    params: HouseholdParameters, duration_s: float, rng: np.random.Generator
) -> Rendered:
    """Render an everyday sound into a clip.

    Args:
        params: from `draw_household`.
        duration_s: length of the clip.
        rng: everything the parameters leave open.

    Returns:
        The clip; babble and flows fill it, hits may begin later. Room noise has no span.
    """
    if isinstance(params, VoiceParameters):
        samples = render_voice(params, duration_s, rng)
        span = Span(node="speech", onset_s=0.0, offset_s=len(samples) / SAMPLE_RATE_HZ)
        return Rendered(samples=samples, spans=(span,))
    if isinstance(params, HitsParameters):
        return render_hits(params, duration_s, rng)
    return render_flow(params, duration_s, rng)
