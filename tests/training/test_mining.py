import numpy as np
import pytest

from ontology import LabelSet
from training.mining import MOST_OF_A_GROUP, hardest
from training.release.evaluate import ClipScores

pytestmark = pytest.mark.torch


def heard(
    labels: LabelSet, sustained: dict[str, float], *, true: str = "", unknown: str = ""
) -> ClipScores:
    """One clip for each path in which the window seems to break so surely."""
    count, column = len(sustained), labels.index["window_glass"]
    scores = np.zeros((count, len(labels)), np.float32)
    scores[:, column] = list(sustained.values())
    known = {"true": true, "unknown": unknown}
    masks = {name: np.zeros((count, len(labels)), np.bool_) for name in known}
    for index, path in enumerate(sustained):
        for name, marked in known.items():
            masks[name][index, column] = path == marked
    return ClipScores(
        scores=scores,
        sustained=scores,
        true=masks["true"],
        unknown=masks["unknown"],
        paths=tuple(sustained),
    )


def test_the_worst_mistakes_come_first_and_right_answers_never(labels: LabelSet) -> None:
    clips = heard(
        labels,
        {"plate": 0.4, "pane": 0.99, "crash": 0.9, "cymbal": 0.7, "bird": 0.01},
        true="pane",
        unknown="crash",
    )

    found = hardest(clips, labels, {path: path for path in clips.paths}, 10)

    assert [(each.path, each.node) for each in found] == [
        ("cymbal", "window_glass"),
        ("plate", "window_glass"),
    ]


def test_one_session_gives_only_a_few(labels: LabelSet) -> None:
    clips = heard(labels, {f"hit-{number}": 0.9 - 0.01 * number for number in range(9)})

    found = hardest(clips, labels, dict.fromkeys(clips.paths, "drums"), 100)

    assert [each.path for each in found] == [f"hit-{n}" for n in range(MOST_OF_A_GROUP)]
