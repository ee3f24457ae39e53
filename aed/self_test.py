"""A bundle's own clip, heard again: whether the model still computes what it did for its maker.

Axes: S samples, T posterior frames, N ontology nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.inference import HOP_SAMPLES, MOST_FRAMES, Inference
from aed.joint_inference import run_together

SELF_TEST_TOLERANCE = 1e-3
"""Largest difference between an expected posterior of the self-test and the one computed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestClip:
    """What a bundle carries to be tested with.

    Attributes:
        audio: (S,) float32 at 16 kHz, whole posterior frames.
        posteriors: (T, N) float32, as its maker's machine computed them.
    """

    audio: NDArray[np.float32]
    posteriors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """How a self-test came out.

    Attributes:
        deviation: largest difference between an expected and a computed posterior, up to 1; None
            if something was computed that is no number, or nothing at all.
        problem: what is wrong, as a part of a sentence; None if the test is passed.
    """

    deviation: float | None
    problem: str | None


class SelfTest:
    """One run over the clip, a second of it at a time, so that nobody has to wait for the whole.

    The clip is heard as a source alone is heard, and as two of several are (`joint_inference`).
    """

    def __init__(
        self,
        clip: SelfTestClip,
        alone: Inference,
        together: Sequence[Inference],
        nodes: Sequence[str],
    ) -> None:
        """Begin.

        Args:
            clip: what to hear.
            alone: a new stream through the network to be tested.
            together: two more that are heard in one call.
            nodes: id of each column of the posteriors.
        """
        self._clip = clip
        self._alone, self._together = alone, tuple(together)
        self._nodes = tuple(nodes)
        self._found: list[NDArray[np.float32]] = []  # (streams, T, N) each
        self._next_sample = 0

    def step(self) -> SelfTestResult | None:
        """Hear the next second; gives the result after the last, None before."""
        end = self._next_sample + HOP_SAMPLES * MOST_FRAMES
        block = self._clip.audio[self._next_sample : end]
        try:
            heard = [self._alone.run(block)]
            heard += run_together(self._together, [block] * len(self._together))
        except Exception as error:  # noqa: BLE001 - onnxruntime has no common base of errors
            return SelfTestResult(deviation=None, problem=f"the model fails on the clip: {error}")
        self._found.append(np.stack([each.values for each in heard]))
        self._next_sample = end
        return self._compared() if end >= len(self._clip.audio) else None

    def run(self) -> SelfTestResult:
        """Hear all that is left."""
        while (result := self.step()) is None:
            pass
        return result

    def _compared(self) -> SelfTestResult:
        expected, found = self._clip.posteriors, np.concatenate(self._found, axis=1)
        differences = np.abs(found - expected)
        deviation = float(differences.max())  # NaN if one of them is
        if deviation <= SELF_TEST_TOLERANCE:
            return SelfTestResult(deviation=deviation, problem=None)
        stream, frame, column = np.unravel_index(int(differences.argmax()), found.shape)
        return SelfTestResult(
            deviation=deviation if np.isfinite(deviation) else None,
            problem=(
                f"at {(frame + 1) / 10:.1f} s the posterior of {self._nodes[column]} should be "
                f"{expected[frame, column]:.4f} and is {found[stream, frame, column]:.4f}"
                f"{', heard together with another source' if stream else ''}"
            ),
        )
