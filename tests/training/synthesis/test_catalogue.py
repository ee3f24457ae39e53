import time

import numpy as np
import pytest

from ontology import home
from training.synthesis.catalogue import NODES, render_node
from training.synthesis.rendered import Rendered, Span, at_peak, place


def test_every_node_stands_in_the_home_ontology_once() -> None:
    assert len(set(NODES)) == len(NODES)
    assert set(NODES) <= {node.id for node in home().nodes}


@pytest.mark.parametrize("node", NODES)
def test_every_node_can_be_rendered_into_a_clip(node: str) -> None:
    rendered = render_node(node, 2.0, np.random.default_rng(0))
    assert rendered.samples.shape == (32_000,)
    assert [span.node for span in rendered.spans] == [node]


def test_rendering_keeps_up_with_training() -> None:
    rng = np.random.default_rng(0)
    started_s = time.process_time()
    for node in NODES:
        render_node(node, 4.0, rng)
    mean_s = (time.process_time() - started_s) / len(NODES)
    assert mean_s < 0.05  # about 4 ms on the machine it was written on


def test_placing_moves_and_cuts_sound_spans_and_pulses() -> None:
    sound = Rendered(
        samples=np.ones(16_000, dtype=np.float32),
        spans=(Span(node="clink", onset_s=0.0, offset_s=1.0),),
        pulses=((0.0, 0.2), (0.8, 1.0)),
    )
    placed = place(sound, onset_s=1.5, duration_s=2.0)
    assert placed.samples.sum() == 8_000
    assert placed.samples[23_999] == 0.0
    assert placed.samples[24_000] == 1.0
    assert placed.spans == (Span(node="clink", onset_s=1.5, offset_s=2.0),)
    assert placed.pulses == ((1.5, 1.7),)


def test_silence_has_no_peak_to_scale_to() -> None:
    assert not at_peak(np.zeros(4, dtype=np.float32)).any()
