"""The network of a second look: what it takes, what it gives, and how it is opened.

Axes: T posterior frames, D embedding, N ontology nodes, L log-mel frames, F mel bands, M measures
of tones, G guards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from aed.errors import BundleError
from aed.inference import open_session
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S
from aed.tone_measures import TONE_MEASURES

VERIFIER_FILE = "verifier.onnx"

WINDOW_S = 3.0
"""How far back it looks; less at the start of a stream."""

WINDOW_FRAMES = round(WINDOW_S / POSTERIOR_HOP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The last seconds of a stream, as a verifier's graph takes them; all float32.

    Attributes:
        embedding: (T, D).
        posteriors: (T, N), calibrated.
        log_mel: (T * 10, F).
        tones: (M,), from `tone_measures`.
    """

    embedding: NDArray[np.float32]
    posteriors: NDArray[np.float32]
    log_mel: NDArray[np.float32]
    tones: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A node whose candidates, and those of the nodes below it, get a second look.

    Attributes:
        node: its id.
        threshold: probability from which a candidate is confirmed.
    """

    node: str
    threshold: float


class Judge(Protocol):
    """Whatever gives a window's probabilities: a verifier, or who collects examples for one."""

    @property
    def guards(self) -> Sequence[Guard]:
        """What each probability is of."""

    def judge(self, window: Window) -> NDArray[np.float32]:
        """Probability (G,) that each guard's node sounds in a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """The network of `verifier.onnx`.

    Attributes:
        session: inputs `embedding (1, T, D)`, `posteriors (1, T, N)`, `log_mel (1, L, F)`,
            `tones (1, M)`; output `probability (1, G)`.
        guards: what each column of the output is.
    """

    session: onnxruntime.InferenceSession
    guards: tuple[Guard, ...]

    def judge(self, window: Window) -> NDArray[np.float32]:
        """Probability (G,) that each guard's node sounds in a window."""
        (probability,) = self.session.run(["probability"], as_inputs(window))
        first: NDArray[np.float32] = probability[0]
        return first


def as_inputs(window: Window) -> dict[str, NDArray[np.float32]]:
    """A window as the inputs of a verifier's graph."""
    return {
        "embedding": window.embedding[np.newaxis],
        "posteriors": window.posteriors[np.newaxis],
        "log_mel": window.log_mel[np.newaxis],
        "tones": window.tones[np.newaxis],
    }


def blank_window(dimensions: int, nodes: int, bands: int) -> Window:
    """A window in which nothing was heard."""
    return Window(
        embedding=np.zeros((WINDOW_FRAMES, dimensions), np.float32),
        posteriors=np.zeros((WINDOW_FRAMES, nodes), np.float32),
        log_mel=np.zeros((WINDOW_FRAMES * LOG_MEL_FRAMES_PER_HOP, bands), np.float32),
        tones=np.zeros(len(TONE_MEASURES), np.float32),
    )


def open_verifier(
    where: Path, content: bytes, entries: Sequence[Mapping[str, Any]], like: Window
) -> Verifier:
    """Load a bundle's verifier and see that it gives probabilities.

    Args:
        where: the file, for messages.
        content: what it holds.
        entries: `second_look` of the bundle: `node` and `threshold` of each guard.
        like: any window of the bundle's model; its widths count.

    Raises:
        BundleError: onnxruntime cannot run it, or what it says is not one probability per guard.
    """
    guards = tuple(Guard(node=each["node"], threshold=each["threshold"]) for each in entries)
    try:
        verifier = Verifier(session=open_session(content), guards=guards)
        probability = verifier.judge(like)
    except Exception as error:  # onnxruntime's errors have no common base
        raise BundleError(f"{where}: the second look cannot be run: {error}") from error
    is_probable = np.all((probability >= 0) & (probability <= 1))
    if probability.shape != (len(guards),) or not is_probable:
        raise BundleError(
            f"{where}: wanted {len(guards)} probabilities, one for each entry of `second_look`, "
            f"got {probability}; make it anew with python -m training.second_look"
        )
    return verifier
