import numpy as np
import pytest
import torch

from aed import thresholds
from ontology import LabelSet
from training.release.calibrate import (
    ALLOWED_FALSE,
    LEAST_ON,
    MARGIN,
    MOST_ON,
    choose_thresholds,
    fit_branches,
)
from training.release.evaluate import ClipScores

pytestmark = pytest.mark.torch

FRAMES = 20_000


def _overconfident(scale: float, bias: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (F, 1) of which σ(scale * logit + bias) would be the true probability."""
    generator = torch.Generator().manual_seed(3)
    logits = 2 * torch.randn(FRAMES, 1, generator=generator)
    true = torch.rand(FRAMES, 1, generator=generator) < torch.sigmoid(scale * logits + bias)
    return logits, true


@pytest.mark.parametrize(("scale", "bias"), [(0.5, 0.0), (1.0, 0.0), (1.7, -1.5), (0.3, 1.0)])
def test_a_known_scale_and_bias_are_found_again(scale: float, bias: float) -> None:
    logits, true = _overconfident(scale, bias)

    found_scale, found_bias = fit_branches(logits, true, torch.ones_like(true))

    assert float(found_scale) == pytest.approx(scale, rel=0.06)
    assert float(found_bias) == pytest.approx(bias, abs=0.08)


def test_frames_that_are_not_judged_say_nothing() -> None:
    logits, true = _overconfident(0.5, 0.0)
    judged = torch.ones_like(true)
    judged[FRAMES // 2 :] = False
    misleading = true.clone()
    misleading[FRAMES // 2 :] = ~true[FRAMES // 2 :]

    one = fit_branches(logits, true, judged)
    two = fit_branches(logits, misleading, judged)

    torch.testing.assert_close(one, two, atol=1e-5, rtol=0)


def test_a_branch_that_was_never_judged_stays_as_it_is_beside_one_that_was() -> None:
    logits, true = _overconfident(1.7, -1.5)
    judged = torch.ones(FRAMES, 2, dtype=torch.bool)
    judged[:, 1] = False

    scale, bias = fit_branches(logits.repeat(1, 2), true.repeat(1, 2), judged)

    assert float(scale[1]) == pytest.approx(1.0, abs=1e-3)
    assert float(bias[1]) == pytest.approx(0.0, abs=1e-3)
    assert float(scale[0]) == pytest.approx(1.7, rel=0.06)


def test_a_branch_always_told_right_is_not_stretched_without_bound() -> None:
    """Ten frames of one kind: the prior holds."""
    logits = torch.full((10, 1), 3.0)

    scale, bias = fit_branches(
        logits, torch.ones(10, 1, dtype=torch.bool), torch.ones(10, 1, dtype=torch.bool)
    )

    assert 0.9 < float(scale) < 1.5
    assert abs(float(bias)) < 0.5


# thresholds


def _chosen(
    labels: LabelSet, node: str, rows: list[tuple[float, str]]
) -> dict[str, dict[str, float]]:
    """Thresholds from clips that sustain a score of `node` that is true, false or unknown."""
    column = labels.index[node]
    scores = np.zeros((len(rows), len(labels)), dtype=np.float32)
    scores[:, column] = [score for score, _ in rows]
    true, unknown = np.zeros(scores.shape, dtype=np.bool_), np.zeros(scores.shape, dtype=np.bool_)
    true[:, column] = [said == "true" for _, said in rows]
    unknown[:, column] = [said == "unknown" for _, said in rows]
    paths = tuple(map(str, range(len(rows))))
    clips = ClipScores(
        scores=np.ones_like(scores), sustained=scores, true=true, unknown=unknown, paths=paths
    )
    return choose_thresholds(clips, labels, {"on": 0.6, "off": 0.3})


@pytest.mark.parametrize(
    ("loudest", "on"),
    [(0.7, 0.7 + MARGIN), (0.1, LEAST_ON), (0.999, MOST_ON), (0.48, LEAST_ON), (0.49, 0.51)],
)
def test_on_stands_just_above_all_but_the_few_loudest_negatives_within_bounds(
    labels: LabelSet, loudest: float, on: float
) -> None:
    odd = [(0.97, "false")] * ALLOWED_FALSE
    rows = [(0.95, "true"), *odd, (loudest, "false"), (0.99, "unknown"), (0.02, "false")]

    chosen = _chosen(labels, "window_glass", rows)

    assert chosen["window_glass"]["on"] == pytest.approx(on, abs=1e-3)
    assert chosen["window_glass"]["off"] == pytest.approx(on / 2, abs=1e-3)


def test_every_node_that_deserves_attention_and_no_other_gets_thresholds(
    labels: LabelSet,
) -> None:
    chosen = _chosen(labels, "smoke_alarm", [(0.9, "true")])

    deserving = {node.id for node in labels.ontology.nodes if node.alert is not None}
    assert set(chosen) == {"default", *deserving}
    assert chosen["default"] == {"on": 0.6, "off": 0.3}
    assert chosen["smoke_alarm"]["on"] == LEAST_ON  # no negative: nothing to stand above


@pytest.mark.parametrize(("node", "on"), [("co_alarm", MOST_ON), ("doorbell", LEAST_ON)])
def test_a_critical_node_without_a_recording_must_be_as_sure_as_can_be_asked(
    labels: LabelSet, node: str, on: float
) -> None:
    assert _chosen(labels, node, [(0.1, "false")] * 9)[node]["on"] == on
    assert _chosen(labels, node, [(0.9, "true")])[node]["on"] == LEAST_ON


def test_chosen_thresholds_are_accepted_by_the_detector(labels: LabelSet) -> None:
    rows = [(0.9, "true"), *[(0.75, "false")] * (ALLOWED_FALSE + 1)]
    chosen = _chosen(labels, "smoke_alarm", rows)

    resolved = thresholds.resolve(chosen, labels.ontology)
    assert resolved["smoke_alarm"].on == pytest.approx(0.77)
