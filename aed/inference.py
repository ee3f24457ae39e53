"""One stream through the network: 16 kHz samples in, posteriors out, state carried over.

The past of every layer is an explicit input and output of the graph (`state_<k>`,
`next_state_<k>`), zeros at the start of a stream, so any cutting of a stream between two
posteriors gives the same result. Calibration, tree and level are part of the graph too: numpy
beside it takes several times as long for them.

Axes: S samples, T posterior frames, N ontology nodes, L log-mel frames, F mel bands, D embedding.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from aed.posteriors import LOG_MEL_FRAMES_PER_HOP

HOP_SAMPLES = 1_600
"""Samples per posterior at 16 kHz (100 ms)."""

MOST_FRAMES = 10
"""Longest block of posterior frames handed to the network at once (1 s)."""

_Arrays = dict[str, NDArray[np.float32]]


def session_options() -> onnxruntime.SessionOptions:
    """What makes a session keep to one core and never spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; warnings about graph optimisation help nobody here
    return options


def widths_of(session: onnxruntime.InferenceSession) -> dict[str, int]:
    """Last axis of each output."""
    return {node.name: node.shape[-1] for node in session.get_outputs()}


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """Make a session with `session_options`.

    Args:
        model: the ONNX file.

    Raises:
        Exception: onnxruntime's own (it has no common base), if it cannot read the model.
    """
    return onnxruntime.InferenceSession(
        model, session_options(), providers=["CPUExecutionProvider"]
    )


class Frames(NamedTuple):
    """What one call tells of its frames, all float32."""

    values: NDArray[np.float32]  # (T, N), calibrated posteriors
    log_mel: NDArray[np.float32]  # (T * 10, F)
    level_dbfs: NDArray[np.float32]  # (T,)
    embedding: NDArray[np.float32] | None = None  # (T, D), if it is kept


class _Block:
    """Buffers for blocks of one length, bound once: a call then neither copies nor allocates."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        frames: int,
        calibration: _Arrays,
        states: tuple[_Arrays, _Arrays],
        *,
        keeps_embedding: bool,
    ) -> None:
        shapes = {node.name: node.shape for node in session.get_outputs()}
        self.audio = np.zeros((1, frames * HOP_SAMPLES), np.float32)
        self.heard = Frames(
            values=np.zeros((frames, shapes["posteriors"][-1]), np.float32),
            log_mel=np.zeros((frames * LOG_MEL_FRAMES_PER_HOP, shapes["log_mel"][-1]), np.float32),
            level_dbfs=np.zeros(frames, np.float32),
            embedding=(
                np.zeros((frames, shapes["embedding"][-1]), np.float32) if keeps_embedding else None
            ),
        )
        # Two bindings: states are read from one set and written to the other, in turn.
        self.bindings = [session.io_binding(), session.io_binding()]
        for binding, old, new in zip(self.bindings, states, reversed(states), strict=True):
            for name, array in {"audio": self.audio, **calibration}.items():
                _bind(binding.bind_input, name, array)
            _bind(binding.bind_output, "posteriors", self.heard.values[np.newaxis])
            _bind(binding.bind_output, "log_mel", self.heard.log_mel[np.newaxis])
            _bind(binding.bind_output, "level_dbfs", self.heard.level_dbfs[np.newaxis])
            if self.heard.embedding is not None:
                _bind(binding.bind_output, "embedding", self.heard.embedding[np.newaxis])
            for name in old:
                _bind(binding.bind_input, name, old[name])
                _bind(binding.bind_output, f"next_{name}", new[name])


def _bind(bind: Callable[..., None], name: str, array: NDArray[np.float32]) -> None:
    bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)


class Inference:
    """The network's view of one stream.

    Args:
        session: made by `open_session`.
        scale: (N,) float32, calibration of the conditional logits.
        bias: (N,) float32, the same.
        keeps_embedding: hand on the embeddings too, for a second look.

    Attributes:
        session: the network, which other streams use as well.
        calibration: its inputs `scale` and `bias`.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        scale: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        keeps_embedding: bool = False,
    ) -> None:
        self.session = session
        self.calibration = {"scale": scale, "bias": bias}
        self._keeps_embedding = keeps_embedding
        # Lives as long as the stream: what each layer remembers of it, twice, and whose turn it is.
        self._states = (_zero_states(session), _zero_states(session))
        self._turn = 0
        self._blocks: dict[int, _Block] = {}  # by length in posterior frames

    def reset(self) -> None:
        """Begin a new stream."""
        for states in self._states:
            for state in states.values():
                state.fill(0.0)

    @property
    def states(self) -> _Arrays:
        """What each layer remembers of the stream now, (1, …) each; may be written to."""
        return self._states[self._turn]

    @property
    def output_names(self) -> list[str]:
        """The graph's outputs that are read: what `Frames` holds, and the next states."""
        embedding = ["embedding"] if self._keeps_embedding else []
        states = [f"next_{name}" for name in self.states]
        return ["posteriors", "log_mel", "level_dbfs", *embedding, *states]

    def check_length(self, num_samples: int) -> int:
        """Number of posterior frames in a block.

        Raises:
            ValueError: it is no whole number of hops, or too many of them.
        """
        frames, rest = divmod(num_samples, HOP_SAMPLES)
        if rest or not 1 <= frames <= MOST_FRAMES:
            raise ValueError(f"wanted 1 to {MOST_FRAMES} hops of {HOP_SAMPLES}, got {num_samples}")
        return frames

    def run(self, samples: NDArray[np.float32]) -> Frames:
        """Hear the next samples of the stream.

        Args:
            samples: (S,) float32 at 16 kHz, S a multiple of HOP_SAMPLES, one to ten of them.

        Returns:
            What is heard in each frame; the arrays are the caller's.

        Raises:
            ValueError: S is none of these.
        """
        frames = self.check_length(len(samples))
        block = self._blocks.get(frames)
        if block is None:
            block = self._blocks[frames] = _Block(
                self.session,
                frames,
                self.calibration,
                self._states,
                keeps_embedding=self._keeps_embedding,
            )
        block.audio[0] = samples
        self.session.run_with_iobinding(block.bindings[self._turn])
        self._turn = 1 - self._turn
        heard = block.heard
        return Frames(
            values=heard.values.copy(),
            log_mel=heard.log_mel.copy(),
            level_dbfs=heard.level_dbfs.copy(),
            embedding=None if heard.embedding is None else heard.embedding.copy(),
        )


def _zero_states(session: onnxruntime.InferenceSession) -> _Arrays:
    return {
        node.name: np.zeros([1, *node.shape[1:]], np.float32)
        for node in session.get_inputs()
        if node.name.startswith("state_")
    }
