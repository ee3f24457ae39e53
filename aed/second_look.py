"""The second look: a small network confirms a critical candidate, or demotes it.

It judges what the detector has computed of the last seconds anyway: embeddings, posteriors and
log-mel, and how tonal and how pulsed they are. It runs only when a candidate of a guarded node
(one that the bundle's `second_look` names, or one below it) is about to be confirmed, and again
every `PERIOD_S` for as long as such a candidate stays. So one that is rightly confirmed at the
second attempt comes `PERIOD_S` late, and one that was demoted comes back as the evidence grows.

Axes: T posterior frames, D embedding, N ontology nodes, L log-mel frames, F mel bands, M measures
of tones, G guards.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from aed.errors import BundleError
from aed.inference import open_session
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, Posteriors
from aed.tone_measures import TONE_MEASURES, tone_measures
from ontology import LabelSet

VERIFIER_FILE = "verifier.onnx"

WINDOW_S = 3.0
"""How far back it looks; less at the start of a stream."""

PERIOD_S = 0.5
"""Shortest time between two looks at the candidates of one guard."""

_WINDOW_FRAMES = round(WINDOW_S / POSTERIOR_HOP_S)
PERIOD_FRAMES = round(PERIOD_S / POSTERIOR_HOP_S)


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
        embedding=np.zeros((_WINDOW_FRAMES, dimensions), np.float32),
        posteriors=np.zeros((_WINDOW_FRAMES, nodes), np.float32),
        log_mel=np.zeros((_WINDOW_FRAMES * LOG_MEL_FRAMES_PER_HOP, bands), np.float32),
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


class SecondLook:
    """Second looks at the candidates of one stream.

    Args:
        judge: gives probabilities.
        labels: columns of the posteriors.
        fmin_hz: lower edge of the front end's lowest mel band.
        fmax_hz: upper edge of its highest mel band.
    """

    def __init__(self, judge: Judge, labels: LabelSet, *, fmin_hz: float, fmax_hz: float) -> None:
        self._judge = judge
        self._edges_hz = (fmin_hz, fmax_hz)
        self._guards = _nearest_guards(judge.guards, labels)
        # Live as long as the stream: its last blocks, and the latest look for each guard.
        self._blocks: deque[Posteriors] = deque()
        self._looks: dict[int, tuple[int, float]] = {}  # guard -> frame, probability

    def remember(self, posteriors: Posteriors) -> None:
        """Take in the next frames of the stream.

        Args:
            posteriors: with their embedding.
        """
        self._blocks.append(posteriors)
        oldest = posteriors.start_frame - _WINDOW_FRAMES
        while _end_frame(self._blocks[0]) <= oldest:
            self._blocks.popleft()

    def reset(self) -> None:
        """Forget the stream."""
        self._blocks.clear()
        self._looks.clear()

    def guard_of(self, column: int) -> int | None:
        """Number of the guard of a column; None if its candidates are confirmed without a look."""
        return self._guards.get(column)

    def doubt(self, column: int, frame: int) -> str | None:
        """Why a candidate that is about to be confirmed is not to be; None if it is.

        Args:
            column: the candidate's.
            frame: the present frame, among those remembered last.
        """
        guard = self.guard_of(column)
        if guard is None:
            return None
        looked_frame, probability = self._looks.get(guard, (None, 0.0))
        if looked_frame is None or frame - looked_frame >= PERIOD_FRAMES:
            probability = float(self._judge.judge(self._window(frame))[guard])
            self._looks[guard] = (frame, probability)
        threshold = self._judge.guards[guard].threshold
        if probability >= threshold:
            return None
        return f"the second look gave it {probability:.2f}, under {threshold:.2f}"

    def _window(self, frame: int) -> Window:
        """The frames up to and including `frame`."""
        start = max(frame + 1 - _WINDOW_FRAMES, self._blocks[0].start_frame)
        embeddings, values, log_mels = [], [], []
        for block in self._blocks:
            first, last = max(start - block.start_frame, 0), frame + 1 - block.start_frame
            if block.embedding is None:
                raise ValueError("a second look needs embeddings, the posteriors came without")
            embeddings.append(block.embedding[first:last])
            values.append(block.values[first:last])
            log_mels.append(
                block.log_mel[first * LOG_MEL_FRAMES_PER_HOP : last * LOG_MEL_FRAMES_PER_HOP]
            )
        log_mel = np.concatenate(log_mels)
        return Window(
            embedding=np.concatenate(embeddings),
            posteriors=np.concatenate(values),
            log_mel=log_mel,
            tones=tone_measures(log_mel, *self._edges_hz),
        )


def _nearest_guards(guards: Sequence[Guard], labels: LabelSet) -> dict[int, int]:
    """Column of each guarded node -> its guard: its own, else the nearest above it."""
    own = {labels.index[guard.node]: number for number, guard in enumerate(guards)}
    nearest: dict[int, int] = {}
    for column, parent in enumerate(labels.parent.tolist()):  # parents stand before children
        guard = own.get(column, nearest.get(parent))
        if guard is not None:
            nearest[column] = guard
    return nearest


def _end_frame(block: Posteriors) -> int:
    return block.start_frame + len(block.values)
