import numpy as np
import pytest
import torch
from torch import Tensor

from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet
from tests.aed.model.lively import lively_model
from training.clips.bank import ClipBank, ClipRow
from training.errors import TrainingDataError
from training.labels import Target, node_target
from training.leave_one_group_out import recall_at
from training.release.evaluate import (
    ClipScores,
    NodeScore,
    node_scores,
    score_clips,
    sustained,
    table,
)

pytestmark = pytest.mark.torch


def _clips(scores: list[float], true: list[int], unknown: list[int] | None = None) -> ClipScores:
    """Clips judged by one node."""
    column = np.array(scores, dtype=np.float32)[:, None]
    return ClipScores(
        scores=column,
        sustained=column,
        true=np.array(true, dtype=np.bool_)[:, None],
        unknown=np.array(unknown or [0] * len(true), dtype=np.bool_)[:, None],
        paths=tuple(map(str, scores)),
    )


def test_what_is_sustained_lasts_for_the_dwell_and_may_pause() -> None:
    posteriors = np.zeros((10, 3), dtype=np.float32)
    posteriors[2, :] = 0.9  # one frame
    posteriors[4, :] = 0.7  # a second one, after a pause

    highest = sustained(posteriors, np.array([1, 2, 5]))

    assert highest == pytest.approx([0.9, 0.7, 0.0])


def test_a_clip_shorter_than_the_dwell_sustains_nothing() -> None:
    posteriors = np.full((2, 1), 0.9, dtype=np.float32)

    assert sustained(posteriors, np.array([5])) == pytest.approx([0.0])


def test_average_precision_is_the_one_counted_by_hand() -> None:
    clips = _clips([0.9, 0.8, 0.7, 0.6, 0.5], [1, 0, 1, 0, 1])

    (found,) = node_scores(clips, ["dog"])

    assert found.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)
    assert (found.node, found.positives, found.negatives) == ("dog", 3, 2)


def test_clips_of_which_nothing_is_known_do_not_count() -> None:
    clips = _clips([0.99, 0.9, 0.8, 0.1], [0, 1, 0, 0], [1, 0, 0, 1])

    (found,) = node_scores(clips, ["dog"])

    assert found == NodeScore(node="dog", average_precision=1.0, positives=1, negatives=1)


@pytest.mark.parametrize("true", [[0, 0], [1, 1]])
def test_a_node_without_positives_or_negatives_has_no_figure(true: list[int]) -> None:
    assert node_scores(_clips([0.5, 0.4], true), ["dog"]) == []


def test_the_table_has_a_line_for_each_node() -> None:
    score = NodeScore(node="dog", average_precision=0.5, positives=3, negatives=20)

    lines = table([score], "dev").splitlines()

    assert lines[0] == "dev"
    assert lines[2].split() == ["dog", "0.500", "3", "20"]


def test_recall_is_the_share_above_all_but_the_loudest_negatives() -> None:
    positives = np.array([0.9, 0.6, 0.3], dtype=np.float32)
    negatives = np.array([0.1, 0.8, 0.5], dtype=np.float32)

    found = recall_at(positives, negatives, false_positives=(0, 1, 2, 5))

    assert found == {"0": pytest.approx(1 / 3), "1": pytest.approx(2 / 3), "2": 1.0, "5": 1.0}


# scoring clips


class _LevelMeter(JointModel):
    """Hears nothing but the level: every node's logit is the frame's peak, scaled to ±6."""

    def stream_logits(self, audio: Tensor) -> Tensor:
        assert len(audio) % 1_600 == 0
        peaks = audio.unflatten(0, (-1, 1_600)).abs().amax(1, keepdim=True)  # (T, 1)
        logits: Tensor = (12 * peaks - 6).expand(-1, len(self.labels))
        return logits


def _row(name: str) -> ClipRow:
    return ClipRow(
        path=f"{name}.wav", label=name, split="dev", use="ship", source="", group=name, licence=""
    )


def _bank(clips: dict[str, list[float]]) -> ClipBank:
    """A bank of clips given by their levels, each lasting a quarter of a second."""
    parts = [np.repeat(np.array(levels) * 32_768, 4_000) for levels in clips.values()]
    ends = np.cumsum([len(part) for part in parts])
    bounds = np.stack([ends - [len(part) for part in parts], ends], axis=1)
    samples = np.concatenate(parts).astype(np.int16)
    return ClipBank(tuple(map(_row, clips)), bounds, samples)


def _score(model: JointModel, bank: ClipBank, targets: dict[str, Target]) -> ClipScores:
    size = len(model.labels)
    scale, bias = torch.full((size,), 0.5), torch.full((size,), 1.0)
    return score_clips(model, bank, targets, scale=scale, bias=bias)


@pytest.fixture
def meter(labels: LabelSet) -> JointModel:
    return _LevelMeter(ModelConfig(), labels).eval()


def test_the_highest_calibrated_posterior_of_each_clip_counts(
    meter: JointModel, labels: LabelSet
) -> None:
    bank = _bank({"dog": [0.1, 0.5, 0.2], "cat": [0.25], "rir": [1.0]})
    targets = {name: node_target(labels, name) for name in ("dog", "cat")}

    clips = _score(meter, bank, targets)

    assert clips.paths == ("dog.wav", "cat.wav")  # what has no target is left out
    for row, level in ((0, 0.5), (1, 0.25)):
        branch = 1 / (1 + np.exp(-(0.5 * (12 * level - 6) + 1)))
        expected = branch ** (labels.depth + 1)
        np.testing.assert_allclose(clips.scores[row], expected, atol=1e-3)
    assert clips.true[0, labels.index["dog"]]
    assert clips.true[0, labels.index["pet"]]
    assert not clips.true[0, labels.index["cat"]]


def test_a_real_network_hears_clips_of_any_length(labels: LabelSet) -> None:
    bank = _bank({"dog": [0.1], "cat": [0.1] * 43})
    targets = {name: node_target(labels, name) for name in ("dog", "cat")}

    clips = _score(lively_model(labels), bank, targets)

    assert clips.scores.shape == (2, len(labels))
    assert np.isfinite(clips.scores).all()
    assert (clips.scores > 0).all()


def test_nothing_to_score_is_refused(meter: JointModel) -> None:
    with pytest.raises(TrainingDataError, match="none of 1 clips has a label"):
        _score(meter, _bank({"rir": [1.0]}), {})
