"""YAMNet's TFLite file: the peer that aed is measured against, and a teacher.

Axes: S samples, W windows, C AudioSet classes, E YAMNet's embedding.

Source: the AudioSet models of TensorFlow Models (Apache-2.0).
"""

import csv
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingDataError

YAMNET_FILE = "yamnet_classification.tflite"
YAMNET_CLASSES = "yamnet_class_map.csv"
YAMNET_WINDOW_SAMPLES = 15_600
CLASSES, EMBEDDING = 521, 1_024

_EMBEDDING_TENSOR = "reduce_mean"
"""In the name of the tensor before the last layer."""


class YamnetNetwork:
    """The network on one thread.

    Args:
        folder: where the file and its class map lie.
        embeds: whether its embedding is wanted besides its scores.

    Raises:
        TrainingDataError: the file cannot be used, or its interpreter is not installed.
    """

    def __init__(self, folder: Path, *, embeds: bool = False) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only for this peer
        except ModuleNotFoundError as error:
            raise TrainingDataError(
                "YAMNet needs ai-edge-litert: pip install ai-edge-litert, or do without YAMNet"
            ) from error
        file = folder / YAMNET_FILE
        try:
            with warnings.catch_warnings():  # an inner tensor is what is wanted here
                warnings.filterwarnings("ignore", "Warning: Enabling `experimental_preserve")
                self._interpreter = Interpreter(
                    str(file), num_threads=1, experimental_preserve_all_tensors=embeds
                )
        except ValueError as error:
            raise TrainingDataError(f"{file}: cannot be used as YAMNet ({error})") from error
        self._interpreter.allocate_tensors()
        self._waveform = self._interpreter.get_input_details()[0]["index"]
        self._scores = self._interpreter.get_output_details()[0]["index"]
        found = [
            detail
            for detail in self._interpreter.get_tensor_details()
            if _EMBEDDING_TENSOR in detail["name"] and detail["shape"][-1] == EMBEDDING
        ]
        if embeds and len(found) != 1:
            raise TrainingDataError(
                f"{file}: wanted one tensor of {EMBEDDING} values named {_EMBEDDING_TENSOR}, "
                f"found {len(found)}; use the file of the AudioSet models"
            )
        self._embedding = found[0] if embeds else None

    def scores(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """(C,) of one window (S,) of `YAMNET_WINDOW_SAMPLES`."""
        self._interpreter.set_tensor(self._waveform, window)
        self._interpreter.invoke()
        scores: NDArray[np.float32] = self._interpreter.get_tensor(self._scores)[0]
        return scores

    def scores_and_embedding(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """(C + E,) of one window; the embedding is averaged over its last feature map.

        Raises:
            ValueError: the network was not asked to embed.
        """
        if self._embedding is None:
            raise ValueError("this YamnetNetwork was made without embeds=True")
        scores = self.scores(window)
        scale, zero = self._embedding["quantization"]
        stored = self._interpreter.get_tensor(self._embedding["index"]).reshape(-1)
        return np.concatenate([scores, (stored.astype(np.float32) - zero) * np.float32(scale)])


def yamnet_windows(samples: NDArray[np.float32], hop_samples: int) -> NDArray[np.float32]:
    """(W, YAMNET_WINDOW_SAMPLES): a recording (S,) as YAMNet hears it, a view; none if too short.

    Args:
        samples: the recording.
        hop_samples: from the start of one window to that of the next.
    """
    if len(samples) < YAMNET_WINDOW_SAMPLES:
        return np.empty((0, YAMNET_WINDOW_SAMPLES), np.float32)
    windows: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(
        samples, YAMNET_WINDOW_SAMPLES
    )[::hop_samples]
    return windows


def yamnet_class_ids(folder: Path) -> list[str]:
    """AudioSet id of each class, (C,).

    Raises:
        TrainingDataError: the class map cannot be read.
    """
    path = folder / YAMNET_CLASSES
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row["mid"] for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise TrainingDataError(
            f"{path}: cannot be read as YAMNet's class map ({error})"
        ) from error
