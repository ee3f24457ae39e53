"""The streaming detector: sound of any kind in, ten posteriors a second out.

    AudioChunk -> Conditioner -> blocks of whole 100 ms, at most 1 s -> Inference -> Posteriors

Stream time is counted in samples at 16 kHz from the start of the stream. How the sound was cut
into chunks does not matter: the same sound gives the same posteriors.

Axes: S samples, T posterior frames, N ontology nodes, F mel bands, D embedding.
"""

import logging

import numpy as np
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.conditioning import Conditioner
from aed.inference import HOP_SAMPLES, MOST_FRAMES, Frames
from aed.posteriors import Posteriors

_logger = logging.getLogger(__name__)


class StreamingDetector:
    """Hears one stream with one bundle.

    Args:
        bundle: the model.
    """

    def __init__(self, bundle: Bundle) -> None:
        widths = bundle.widths
        keeps_embedding = bundle.keeps_embedding
        self._nothing = Frames(
            values=np.zeros((0, len(bundle.labels)), np.float32),
            log_mel=np.zeros((0, widths["log_mel"]), np.float32),
            level_dbfs=np.zeros(0, np.float32),
            embedding=(np.zeros((0, widths["embedding"]), np.float32) if keeps_embedding else None),
        )
        # Lives as long as the stream: the resampler, what each layer remembers, the samples that
        # do not fill a frame yet, and how many frames went by.
        self._conditioner = Conditioner()
        self.inference = bundle.new_stream()
        self._pending: list[NDArray[np.float32]] = []
        self._pending_samples = 0
        self._next_frame = 0
        self.lost_frames = 0
        """Posterior frames since the last reset in which the model gave no numbers, heard as 0."""

    def feed(self, chunk: AudioChunk) -> Posteriors:
        """Hear a chunk.

        Args:
            chunk: any length, rate and channel count.

        Returns:
            The frames that this chunk completes, often none.

        Raises:
            AudioError: the chunk has an impossible shape or rate.
        """
        return self.complete([self.inference.run(block) for block in self.take(chunk)])

    def take(self, chunk: AudioChunk) -> list[NDArray[np.float32]]:
        """Take a chunk whose whole frames the caller hands to `inference`, and then `complete`s.

        Args:
            chunk: any length, rate and channel count.

        Returns:
            The samples that are to be heard now, (S,) each, at most 1 s.

        Raises:
            AudioError: the chunk has an impossible shape or rate.
        """
        return self._cut(self._conditioner.feed(chunk))

    def flush(self) -> Posteriors:
        """Hear what is left, padded with silence to a whole frame.

        Returns:
            The last frames; at most a few. Feeding may go on: stream time then continues at the
            next whole frame.
        """
        blocks = self._cut(self._conditioner.flush(), pad=True)
        return self.complete([self.inference.run(block) for block in blocks])

    def reset(self) -> None:
        """Forget the stream; the next chunk is heard at stream time 0."""
        self._conditioner.reset()
        self.inference.reset()
        self._pending.clear()
        self._pending_samples = 0
        self._next_frame = self.lost_frames = 0

    def _cut(self, samples: NDArray[np.float32], *, pad: bool = False) -> list[NDArray[np.float32]]:
        """Queue samples, cut whole frames from them, keep the rest."""
        if len(samples):
            self._pending.append(samples)
            self._pending_samples += len(samples)
        if pad and self._pending_samples % HOP_SAMPLES:
            missing = HOP_SAMPLES - self._pending_samples % HOP_SAMPLES
            self._pending.append(np.zeros(missing, np.float32))
            self._pending_samples += missing
        frames = self._pending_samples // HOP_SAMPLES
        if not frames:
            return []
        heard = np.concatenate(self._pending) if len(self._pending) > 1 else self._pending[0]
        used = frames * HOP_SAMPLES
        self._pending = [heard[used:].copy()] if used < len(heard) else []
        self._pending_samples -= used
        step = MOST_FRAMES * HOP_SAMPLES
        return [heard[start : min(start + step, used)] for start in range(0, used, step)]

    def complete(self, frames: list[Frames]) -> Posteriors:
        """Make posteriors of what `inference` gave for the blocks that were taken.

        Args:
            frames: in the order of the blocks; a network whose states hold no numbers any more
                begins anew.
        """
        lost_before = self.lost_frames
        heard = [self._checked(each) for each in frames] or [self._nothing]
        start_frame = self._next_frame
        self._next_frame += sum(len(each.values) for each in heard)
        embeddings = [each.embedding for each in heard if each.embedding is not None]
        return Posteriors(
            values=_joined([each.values for each in heard]),
            start_frame=start_frame,
            level_dbfs=_joined([each.level_dbfs for each in heard]),
            log_mel=_joined([each.log_mel for each in heard]),
            embedding=_joined(embeddings) if embeddings else None,
            num_lost=self.lost_frames - lost_before,
        )

    def _checked(self, frames: Frames) -> Frames:
        if np.isfinite(frames.values).all():
            return frames
        if not self.lost_frames:
            _logger.error("the model gave no numbers; it begins anew, as at the start of a stream")
        self.lost_frames += len(frames.values)
        self.inference.reset()
        return frames._replace(values=np.zeros_like(frames.values))


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
