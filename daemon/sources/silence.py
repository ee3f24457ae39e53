"""Whether a source delivers samples that hold no sound.

A muted or dead microphone, or a virtual one, goes on delivering: the same number for ever. Even a
quiet room moves the lowest bit of a live one.
"""

import numpy as np

from aed.audio import AudioChunk

SILENT_S = 30.0


class Silence:
    """Follows one stream."""

    def __init__(self) -> None:
        # The latest frame, (1,) or (1, C), and for how long every frame has been the same.
        self._frame: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None
        self._same_s = 0.0

    def note(self, chunk: AudioChunk) -> bool:
        """Note what has been heard.

        Args:
            chunk: the next of the stream.

        Returns:
            Whether the last `SILENT_S` and more held one value alone (of each channel).
        """
        samples = chunk.samples  # (S,) or (S, C)
        if len(samples):
            frame = samples[-1:]
            is_same = self._frame is None or bool(np.array_equal(self._frame, frame))
            if is_same and bool((samples == frame).all()):
                self._same_s += chunk.duration_s
            else:
                self._same_s = 0.0
            self._frame = frame.copy()
        return self._same_s >= SILENT_S
