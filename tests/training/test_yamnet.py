from pathlib import Path

import numpy as np
import pytest

from training.errors import TrainingDataError
from training.yamnet import (
    CLASSES,
    EMBEDDING,
    YAMNET_FILE,
    YAMNET_WINDOW_SAMPLES,
    YamnetNetwork,
    yamnet_class_ids,
)

SMOKE_DETECTOR = "/m/01y3hg"


def _beep() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    time_s = np.arange(YAMNET_WINDOW_SAMPLES, dtype=np.float32) / 16_000
    return np.sin(2 * np.pi * 3_100 * time_s).astype(np.float32) * (time_s % 0.5 < 0.3)


@pytest.mark.yamnet
def test_its_scores_are_the_same_with_and_without_the_embedding(yamnet_folder: Path) -> None:
    window = _beep()

    scores = YamnetNetwork(yamnet_folder).scores(window)
    both = YamnetNetwork(yamnet_folder, embeds=True).scores_and_embedding(window)

    assert scores.shape == (CLASSES,)
    assert both.shape == (CLASSES + EMBEDDING,)
    np.testing.assert_allclose(both[:CLASSES], scores, atol=0.02)  # it is int8 inside
    embedding = both[CLASSES:]
    assert embedding.min() >= 0  # after a ReLU
    assert 0.1 < embedding.max() <= 6
    assert len(np.unique(embedding)) > 20


@pytest.mark.yamnet
def test_a_beep_is_more_of_a_smoke_detector_to_it_than_noise_is(yamnet_folder: Path) -> None:
    column = yamnet_class_ids(yamnet_folder).index(SMOKE_DETECTOR)
    noise = np.random.default_rng(0).standard_normal(YAMNET_WINDOW_SAMPLES).astype(np.float32)
    network = YamnetNetwork(yamnet_folder)

    assert network.scores(_beep())[column] > network.scores(0.1 * noise)[column] + 0.05


@pytest.mark.yamnet
def test_an_embedding_is_only_for_whoever_asked_for_it(yamnet_folder: Path) -> None:
    network = YamnetNetwork(yamnet_folder)

    with pytest.raises(ValueError, match="without embeds=True"):
        network.scores_and_embedding(_beep())


def test_a_folder_without_it_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / YAMNET_FILE).write_bytes(b"no model")

    with pytest.raises(TrainingDataError, match="cannot be used as YAMNet"):
        YamnetNetwork(tmp_path)
    with pytest.raises(TrainingDataError, match="cannot be read as YAMNet's class map"):
        yamnet_class_ids(tmp_path)
