"""The verifier's graph: what it pools, and that it judges what was fitted."""

import numpy as np
import pytest

from aed.inference import open_session
from aed.tone_measures import TONE_MEASURES
from aed.verifier import Guard, Verifier, Window
from training.second_look.graph import Pooling, verifier

pytestmark = pytest.mark.torch

WIDTHS = {"embedding": 5, "posteriors": 7, "log_mel": 8}


def window(frames: int, seed: int = 0) -> Window:
    rng = np.random.default_rng(seed)
    return Window(
        embedding=rng.standard_normal((frames, 5), dtype=np.float32),
        posteriors=rng.random((frames, 7), dtype=np.float32) ** 4,
        log_mel=rng.standard_normal((10 * frames, 8), dtype=np.float32),
        tones=rng.standard_normal(len(TONE_MEASURES), dtype=np.float32),
    )


@pytest.mark.parametrize("frames", [1, 3, 30])
def test_features_are_means_maxima_and_the_last_half_second(frames: int) -> None:
    heard = window(frames)
    log_posteriors = np.log(np.maximum(heard.posteriors, 1e-4))
    shape = heard.log_mel - heard.log_mel.mean()
    wanted = [
        pooled
        for each, recent in ((heard.embedding, 5), (log_posteriors, 5), (shape, 50))
        for pooled in (each.mean(axis=0), each.max(axis=0), each[-recent:].mean(axis=0))
    ]

    found = Pooling(WIDTHS).features(heard)

    np.testing.assert_allclose(found, np.concatenate([*wanted, heard.tones]), atol=1e-5)


def test_how_far_away_the_microphone_hangs_does_not_change_the_spectrum() -> None:
    near = window(30)
    far = Window(
        embedding=near.embedding,
        posteriors=near.posteriors,
        log_mel=near.log_mel - 4.0,
        tones=near.tones,
    )
    pooling = Pooling(WIDTHS)

    np.testing.assert_allclose(pooling.features(far), pooling.features(near), atol=1e-5)


def test_a_verifier_judges_the_features_that_were_fitted() -> None:
    rng = np.random.default_rng(1)
    heard = window(30, seed=2)
    features = Pooling(WIDTHS).features(heard)
    weights = rng.normal(0, 0.1, (len(features), 2)).astype(np.float32)
    bias = np.array([0.5, -0.5], np.float32)
    judge = Verifier(
        session=open_session(verifier(WIDTHS, weights, bias)),
        guards=(Guard(node="a", threshold=0.5), Guard(node="b", threshold=0.5)),
    )

    wanted = 1 / (1 + np.exp(-(features @ weights + bias)))

    np.testing.assert_allclose(judge.judge(heard), wanted, atol=1e-5)
