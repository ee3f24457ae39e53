"""Sound of any rate and channel count becomes what the model hears: 16 kHz, mono, finite, ±1.

Whatever a microphone, a file or a broken driver delivers, the same few rules apply, in this order:

1. a sample that is NaN or infinite becomes 0 and is counted;
2. a sample beyond full scale is clipped to ±1, as a converter would have done;
3. the channels are averaged;
4. the result is resampled to 16 kHz (soxr, high quality, delay compensated);
5. what the resampler overshoots is clipped to ±1 again, and what is smaller than any converter's
   last bit by far is rounded away, since subnormal numbers slow the network down tenfold.

The output depends on the samples only, never on how they were cut into chunks. A constant offset
(DC) passes: the front end gives it no weight. When the rate changes in mid-stream the old
resampler is flushed, a new one starts and the change is counted, so stream time goes on without a
gap; the channel count may change at any chunk, since channels are averaged first.

Axes: S samples, C channels.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.errors import AudioError

_QUALITY = "HQ"
_ROUNDER = np.float32(2.0**-16)
"""Added and taken away again: nothing smaller than 2**-40 (9e-13) but 0 remains, and samples of 16
and 24 bits stay exactly what they were."""

_EMPTY = np.zeros(0, np.float32)


class Conditioner:
    """Streaming stage from `AudioChunk`s to 16 kHz mono samples."""

    def __init__(self) -> None:
        # Lives as long as the stream: the rate last seen, and the resampler filled at that rate
        # (None at 16 kHz, where samples pass as they are).
        self._rate_hz: int | None = None
        self._resampler: soxr.ResampleStream | None = None

    def feed(self, chunk: AudioChunk) -> NDArray[np.float32]:
        """Return the 16 kHz samples that this chunk completes.

        Args:
            chunk: any number of samples, zero included.

        Returns:
            (S',) float32 in [-1, 1]; may be empty while the resampler's filter fills.

        Raises:
            AudioError: the chunk has no channel, more than two axes, or a rate that cannot be
                resampled to 16 kHz.
        """
        tail = self._prepare(chunk.sample_rate_hz)
        head = self._convert(self._mono(chunk.samples), last=False)
        return np.concatenate([tail, head]) if len(tail) else head

    def flush(self) -> NDArray[np.float32]:
        """Return what the resampler still holds, and end the stream at its last sample.

        Returns:
            (S',) float32 in [-1, 1]. A following `feed` begins a new stream.
        """
        tail = self._convert(_EMPTY, last=True)
        self._rate_hz, self._resampler = None, None
        return tail

    def reset(self) -> None:
        """Forget the stream."""
        self._rate_hz, self._resampler = None, None

    def _prepare(self, rate_hz: int) -> NDArray[np.float32]:
        """Have a resampler for `rate_hz`; return the flushed tail of the one it replaces."""
        if rate_hz == self._rate_hz:
            return _EMPTY
        tail = _EMPTY if self._rate_hz is None else self.flush()
        if rate_hz != SAMPLE_RATE_HZ:
            try:
                self._resampler = soxr.ResampleStream(
                    rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality=_QUALITY
                )
            except (ValueError, RuntimeError, TypeError) as error:
                raise AudioError(
                    f"sound at {rate_hz} Hz cannot be resampled to {SAMPLE_RATE_HZ} Hz ({error}); "
                    f"wanted a rate between 8000 and 192000 Hz"
                ) from error
        self._rate_hz = rate_hz
        return tail

    def _mono(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Clean (S,) or (S, C) samples and average their channels to (S,)."""
        is_mono = samples.ndim == 1
        if samples.ndim not in (1, 2) or not (is_mono or samples.shape[1]):
            raise AudioError(
                f"samples must be shaped (S,) or (S, C) with at least one channel, "
                f"got {samples.shape}"
            )
        samples = samples.astype(np.float32, copy=False)
        if samples.size and not (samples.min() >= -1.0 and samples.max() <= 1.0):  # NaN too
            finite = np.isfinite(samples)
            samples = np.clip(np.where(finite, samples, np.float32(0)), -1.0, 1.0)
        return samples if is_mono else samples.mean(axis=1, dtype=np.float32)

    def _convert(self, mono: NDArray[np.float32], *, last: bool) -> NDArray[np.float32]:
        """Resample (S,) to (S',) where needed."""
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=last)
            mono = np.clip(mono, -1.0, 1.0)
        rounded = mono + _ROUNDER
        rounded -= _ROUNDER
        return rounded
